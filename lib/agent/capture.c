/* SPDX-License-Identifier: MIT */
/* See capture.h. */
#include "agent/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

#define CHUNK 65536		/* taken at once */
#define CHUNKS_A_WAKE 16	/* so that a flood does not starve others */
#define PREFIX_MAX 48		/* "TIMESTAMP stream F " */
#define BUSY_PIPE (1 << 20)	/* bytes, for a pipe that runs full */

struct stream {
	struct capture *capture;
	const char *name;	/* "stdout" */
	int fd;
	struct event *event;
	bool open_line;		/* the last record was a P */
	bool busy;
};

struct capture {
	struct stream streams[2];
	char *path;
	int fd;			/* of the file; -1: not open */
	int64_t size;
	int64_t max_size;
	int max_backups;
	enum log_format format;
	int64_t dropped;	/* in all */
	int64_t unsaid;		/* … and not yet told in the file */
	int dropped_errno;
};

/* Shared by all: one thread, and nothing stays in them between calls. */
static int scratch[2] = { -1, -1 };
static int null_fd = -1;
static char chunk[CHUNK];
static char *records;

static void
open_file(struct capture *c)
{
	struct stat st;

	if (c->fd >= 0)
		return;
	c->fd = open(c->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
	    0640);
	if (c->fd >= 0 && fstat(c->fd, &st) == 0)
		c->size = st.st_size;
}

/* NAME.log.9 → .10 … NAME.log → .1; each by one rename. */
static void
rotate(struct capture *c)
{
	char *from, *to;

	for (int i = c->max_backups; i > 0; i--) {
		to = mem_printf("%s.%d", c->path, i);
		from = i > 1 ? mem_printf("%s.%d", c->path, i - 1) :
		    mem_strdup(c->path);
		if (rename(from, to) < 0 && errno != ENOENT)
			log_warn("cannot rename %s: %s", from,
			    strerror(errno));
		free(from);
		free(to);
	}
	if (c->max_backups == 0 && truncate(c->path, 0) < 0)
		log_warn("cannot empty %s: %s", c->path, strerror(errno));
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->size = 0;
}

static void
drop(struct capture *c, size_t len)
{
	if (c->unsaid == 0)
		log_warn("%s: cannot write: %s; output is dropped", c->path,
		    strerror(errno));
	c->dropped_errno = errno;
	c->dropped += len;
	c->unsaid += len;
}

/* Appends, or counts as dropped what did not fit: never waits. */
static void
append(struct capture *c, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = c->fd < 0 ? -1 : write(c->fd, data, len);

		if (n < 0 && c->fd >= 0 && errno == EINTR)
			continue;
		if (n < 0) {
			drop(c, len);
			return;
		}
		c->size += n;
		data += n;
		len -= n;
	}
}

static size_t
prefix(char out[PREFIX_MAX], const char *stream)
{
	static time_t last;
	static char second[24];
	struct timespec ts;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (ts.tv_sec != last || !second[0]) {
		last = ts.tv_sec;
		gmtime_r(&last, &tm);
		strftime(second, sizeof second, "%Y-%m-%dT%H:%M:%S", &tm);
	}
	return snprintf(out, PREFIX_MAX, "%s.%09ldZ %s F ", second,
	    ts.tv_nsec, stream);
}

static void
say_dropped(struct capture *c)
{
	char head[PREFIX_MAX], line[256];
	int64_t n = c->unsaid;

	if (n == 0 || c->format != LOG_CRI || c->fd < 0)
		return;
	prefix(head, "stderr");
	c->unsaid = 0;
	append(c, line, snprintf(line, sizeof line, "%sswarmsup: %lld bytes "
	    "of output were dropped (%s)\n", head, (long long)n,
	    strerror(c->dropped_errno)));
	if (c->unsaid > 0)		/* still no room */
		c->unsaid = n;
}

/* The chunk as CRI records: a P at the end if its line goes on. */
static void
write_cri(struct stream *s, const char *data, size_t len)
{
	char head[PREFIX_MAX], *out = records;
	size_t n = prefix(head, s->name);
	const char *end = data + len;

	while (data < end) {
		const char *nl = memchr(data, '\n', end - data);
		size_t line = (nl ? nl : end) - data;

		memcpy(out, head, n);
		if (!nl)
			out[n - 2] = 'P';
		out += n;
		memcpy(out, data, line);
		out += line;
		*out++ = '\n';
		s->open_line = !nl;
		data += line + (nl != NULL);
	}
	append(s->capture, records, out - records);
}

static ssize_t
take_chunk(struct stream *s)
{
	ssize_t n = tee(s->fd, scratch[1], CHUNK, SPLICE_F_NONBLOCK), got = 0;

	while (n > 0 && got < n) {
		ssize_t r = read(scratch[0], chunk + got, n - got);

		if (r <= 0)
			abort();	/* what tee gave must be there */
		got += r;
	}
	return n;
}

static void
take_away(struct stream *s, ssize_t n)
{
	while (n > 0) {
		ssize_t r = splice(s->fd, NULL, null_fd, NULL, n, 0);

		if (r <= 0)
			return;
		n -= r;
	}
}

/* One chunk; 0 when there is none. */
static ssize_t
capture_chunk(struct stream *s)
{
	struct capture *c = s->capture;
	ssize_t n = take_chunk(s);

	if (n <= 0)
		return 0;
	open_file(c);
	say_dropped(c);
	if (c->format == LOG_CRI)
		write_cri(s, chunk, n);
	else
		append(c, chunk, n);
	take_away(s, n);
	if (c->max_size > 0 && c->size >= c->max_size)
		rotate(c);
	if (n == CHUNK && !s->busy) {
		s->busy = true;
		fcntl(s->fd, F_SETPIPE_SZ, BUSY_PIPE);
	}
	return n;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;

	(void)fd;
	(void)what;
	for (int i = 0; i < CHUNKS_A_WAKE; i++)
		if (capture_chunk(s) == 0)
			break;
}

static void
make_scratch(void)
{
	if (null_fd >= 0)
		return;
	if (pipe2(scratch, O_CLOEXEC) < 0)
		abort();
	fcntl(scratch[0], F_SETPIPE_SZ, CHUNK);
	null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	/* The worst chunk is all newlines. */
	records = mem_alloc((size_t)CHUNK * (PREFIX_MAX + 2));
}

static void
stream_init(struct capture *c, struct event_base *base, int i, int fd)
{
	struct stream *s = &c->streams[i];

	s->capture = c;
	s->name = i == 0 ? "stdout" : "stderr";
	s->fd = fd;
	if (fd < 0)
		return;
	s->event = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, s);
	event_add(s->event, NULL);
}

struct capture *
capture_new(struct event_base *base, const char *dir,
    const struct child_spec *spec, const char *name, int out_fd, int err_fd)
{
	struct capture *c = mem_alloc(sizeof *c);

	make_scratch();
	c->path = mem_printf("%s/%s.log", dir, name);
	c->fd = -1;
	capture_set_limits(c, spec);
	stream_init(c, base, 0, out_fd);
	stream_init(c, base, 1, err_fd);
	return c;
}

void
capture_add_err(struct capture *c, struct event_base *base, int fd)
{
	if (c->streams[1].fd >= 0)
		close(fd);	/* cannot be: the slot has one */
	else
		stream_init(c, base, 1, fd);
}

void
capture_free(struct capture *c)
{
	if (!c)
		return;
	capture_drain(c);
	for (int i = 0; i < 2; i++) {
		if (c->streams[i].event)
			event_free(c->streams[i].event);
		if (c->streams[i].fd >= 0)
			close(c->streams[i].fd);
	}
	capture_reopen(c);
	free(c->path);
	free(c);
}

void
capture_set_limits(struct capture *c, const struct child_spec *spec)
{
	c->max_size = spec->log_max_size;
	c->max_backups = spec->log_max_backups;
	c->format = spec->log_format;
}

void
capture_drain(struct capture *c)
{
	for (int i = 0; i < 2; i++) {
		struct stream *s = &c->streams[i];
		/* Somebody else may write on: not for ever. */
		int64_t left = 2 * BUSY_PIPE;

		while (s->fd >= 0 && left > 0) {
			ssize_t n = capture_chunk(s);

			if (n == 0)
				break;
			left -= n;
		}
		if (s->open_line && c->format == LOG_CRI) {
			open_file(c);
			write_cri(s, "\n", 1);
		}
		s->open_line = false;
	}
}

void
capture_reopen(struct capture *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

int64_t
capture_dropped(const struct capture *c)
{
	return c->dropped;
}
