/* SPDX-License-Identifier: MIT */
/* See clock.h. */
#include "base/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int64_t
now_us(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000;
}

int64_t
clock_boot_us(void)
{
	return now_us(CLOCK_BOOTTIME);
}

int64_t
clock_boot_ms(void)
{
	return clock_boot_us() / 1000;
}

int64_t
clock_wall_ms(void)
{
	return now_us(CLOCK_REALTIME) / 1000;
}

const char *
clock_format(int64_t wall_ms, char out[32])
{
	time_t sec = wall_ms / 1000;
	struct tm tm;
	size_t n;

	gmtime_r(&sec, &tm);
	n = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, 32 - n, ".%03dZ", (int)(wall_ms % 1000));
	return out;
}

const char *
clock_boot_id(void)
{
	static char id[33];
	char text[64];
	ssize_t n;
	int fd, len = 0;

	if (id[0])
		return id;
	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return "";
	n = read(fd, text, sizeof text);
	close(fd);
	for (ssize_t i = 0; i < n && len < 32; i++)
		if (text[i] != '-' && text[i] != '\n')
			id[len++] = text[i];
	id[len] = '\0';
	return id;
}
