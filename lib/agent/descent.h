/* SPDX-License-Identifier: MIT */
/* Does a process belong to an instance? Asked before one is taken for its
 * main process, because the warden will signal that with its own rights. */
#ifndef AGENT_DESCENT_H
#define AGENT_DESCENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* `pid` descends from `ancestor`; or it has left it by a double fork, was
 * adopted by `warden` and began with the environment of this instance. */
bool descent_is_of(pid_t pid, pid_t ancestor, pid_t warden, const char *name,
    uint64_t instance, const char *socket);
/* Its effective user; -1 (as uid_t) when it is not there. */
uid_t descent_user(pid_t pid);

#endif
