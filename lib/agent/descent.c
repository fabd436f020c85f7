/* SPDX-License-Identifier: MIT */
/* See descent.h. */
#include "agent/descent.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define DEPTH_MAX 64		/* parents looked at */
#define ENVIRON_MAX 65536

static ssize_t
read_proc(pid_t pid, const char *file, char *text, size_t size)
{
	char path[48];
	ssize_t n, len = 0;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	while (len < (ssize_t)size - 1 &&
	    (n = read(fd, text + len, size - 1 - len)) > 0)
		len += n;
	close(fd);
	text[len] = '\0';
	return len;
}

/* 0: it is not there. */
static pid_t
parent_of(pid_t pid)
{
	char text[1024], *p;
	int parent;

	if (read_proc(pid, "stat", text, sizeof text) <= 0)
		return 0;
	p = strrchr(text, ')');		/* the name may hold anything */
	return p && sscanf(p + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

static bool
has_entry(const char *env, ssize_t len, const char *entry)
{
	for (const char *p = env; p < env + len; p += strlen(p) + 1)
		if (strcmp(p, entry) == 0)
			return true;
	return false;
}

static bool
began_as(pid_t pid, const char *name, uint64_t instance, const char *socket)
{
	char *env = mem_alloc(ENVIRON_MAX), *want[3];
	ssize_t len = read_proc(pid, "environ", env, ENVIRON_MAX);
	bool all = len > 0;

	want[0] = mem_printf("SWARMSUP_NAME=%s", name);
	want[1] = mem_printf("SWARMSUP_INSTANCE=%" PRIu64, instance);
	want[2] = mem_printf("SWARMSUP_SOCKET=%s", socket);
	for (int i = 0; i < 3; i++) {
		all = all && has_entry(env, len, want[i]);
		free(want[i]);
	}
	free(env);
	return all;
}

bool
descent_is_of(pid_t pid, pid_t ancestor, pid_t warden, const char *name,
    uint64_t instance, const char *socket)
{
	pid_t at = pid;

	if (pid <= 1 || ancestor <= 1)
		return false;
	for (int i = 0; i < DEPTH_MAX && at > 1; i++) {
		if (at == ancestor)
			return true;
		at = parent_of(at);
		if (at == warden)
			return began_as(pid, name, instance, socket);
	}
	return false;
}

uid_t
descent_user(pid_t pid)
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof path, "/proc/%d", (int)pid);
	return stat(path, &st) == 0 ? st.st_uid : (uid_t)-1;
}
