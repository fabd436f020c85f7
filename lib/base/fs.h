/* SPDX-License-Identifier: MIT */
/* Files and folders: the few calls that libc makes long. */
#ifndef BASE_FS_H
#define BASE_FS_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* mkdir -p; folders that it makes get `mode`. */
int fs_mkdirs(const char *path, mode_t mode, struct err *err);
/* The whole of a file; fails with EFBIG beyond b->limit. "-" is stdin. */
int fs_read(const char *path, struct buf *b, struct err *err);
/* Writes path.tmp, fsyncs, renames. */
int fs_write_atomic(const char *path, const void *data, size_t len,
    mode_t mode, struct err *err);
int fs_set_nonblock(int fd);
int fs_set_cloexec(int fd, int on);

#endif
