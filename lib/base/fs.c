/* SPDX-License-Identifier: MIT */
/* See fs.h. */
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define READ_CHUNK 65536

static int
make_folder(const char *path, mode_t mode)
{
	struct stat st;

	if (mkdir(path, mode) == 0)
		return 0;
	if (errno != EEXIST)
		return -1;
	if (stat(path, &st) < 0)
		return -1;
	errno = ENOTDIR;
	return S_ISDIR(st.st_mode) ? 0 : -1;
}

int
fs_mkdirs(const char *path, mode_t mode, struct err *err)
{
	char *copy = mem_strdup(path);
	int ret = 0;

	if (!*path)
		ret = err_sys(err, ENOENT, "cannot make a folder without "
		    "a name");
	for (size_t i = 1, len = strlen(path); i <= len; i++) {
		if (i < len && copy[i] != '/')
			continue;
		copy[i] = '\0';
		if (make_folder(copy, mode) < 0) {
			ret = err_sys(err, errno, "cannot make folder %s",
			    copy);
			break;
		}
		copy[i] = path[i];
	}
	free(copy);
	return ret;
}

int
fs_read(const char *path, struct buf *b, struct err *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	char chunk[READ_CHUNK];
	ssize_t n;
	int ret = 0;

	if (fd < 0)
		return err_sys(err, errno, "cannot open %s", path);
	while ((n = read(fd, chunk, sizeof chunk)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			ret = err_sys(err, errno, "cannot read %s", path);
			break;
		}
		buf_add(b, chunk, n);
		if (!buf_ok(b)) {
			ret = err_sys(err, EFBIG, "%s", path);
			break;
		}
	}
	if (!is_stdin)
		close(fd);
	return ret;
}

static int
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		len -= n;
	}
	return 0;
}

int
fs_write_atomic(const char *path, const void *data, size_t len, mode_t mode,
    struct err *err)
{
	char *tmp = mem_printf("%s.tmp", path);
	int fd, ret = 0;

	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0) {
		ret = err_sys(err, errno, "cannot write %s", tmp);
		goto out;
	}
	if (write_all(fd, data, len) < 0 || fsync(fd) < 0)
		ret = err_sys(err, errno, "cannot write %s", tmp);
	close(fd);
	if (ret == 0 && rename(tmp, path) < 0)
		ret = err_sys(err, errno, "cannot rename %s", tmp);
	if (ret < 0)
		unlink(tmp);
out:
	free(tmp);
	return ret;
}

int
fs_set_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

int
fs_set_cloexec(int fd, int on)
{
	return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0);
}
