/* SPDX-License-Identifier: MIT */
/* See line_reader.h. Edge-triggered: what is only peeked at would wake a
 * level-triggered loop all the time. */
#include "net/line_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/mem.h"

#define PEEK_MAX (64 * 1024)	/* bytes looked at together */
#define ROUND_BYTES (4 * PEEK_MAX)
#define DRAIN_ROUNDS 128	/* more than fits into a socket */
#define STALL_MS 100		/* a part that does not grow for so long is
				 * taken: its sender may have filled the
				 * socket's buffer */

struct line_reader {
	int fd;
	size_t max;
	line_fn *on_line;
	line_end_fn *on_end;
	void *arg;
	struct event *read, *stall;
	struct buf held;		/* beginning of a line, taken */
	bool skipping;			/* the rest of one that is too long */
	bool again;			/* `stall` means: go on */
	bool paused, busy, dead, ended;
};

static char scratch[PEEK_MAX + 1];

static void
finish(struct line_reader *r, int errnum)
{
	r->ended = true;
	event_del(r->read);
	event_del(r->stall);
	r->on_end(r->arg, errnum);
}

/* Takes what was looked at. */
static void
take(struct line_reader *r, size_t len)
{
	while (len > 0) {
		ssize_t n = recv(r->fd, scratch, len, MSG_DONTWAIT);

		if (n <= 0)
			return;
		len -= n;
	}
}

/* A line's end has been found at data + len. */
static void
deliver(struct line_reader *r, char *data, size_t len)
{
	data[len] = '\0';
	if (r->skipping) {
		r->skipping = false;
		r->on_line(r->arg, NULL, 0);
	} else if (r->held.len > 0) {
		buf_add(&r->held, data, len);
		if (r->held.len > r->max)
			r->on_line(r->arg, NULL, 0);
		else
			r->on_line(r->arg, r->held.data, r->held.len);
		buf_release(&r->held);
	} else if (len > r->max) {
		r->on_line(r->arg, NULL, 0);
	} else {
		r->on_line(r->arg, data, len);
	}
}

/* Part of a line: into memory. */
static void
hold(struct line_reader *r, const char *data, size_t len)
{
	if (r->skipping)
		return;
	buf_add(&r->held, data, len);
	if (r->held.len <= r->max)
		return;
	buf_release(&r->held);
	r->skipping = true;
}

/* Looks at what lies there. Returns how much of it is done with. */
static size_t
look(struct line_reader *r, size_t len, bool force, int *lines)
{
	size_t at = 0;
	char *end;

	while (!r->dead && !r->paused && *lines < LINE_ROUND_LINES &&
	    (end = memchr(scratch + at, '\n', len - at))) {
		size_t n = end - (scratch + at);

		deliver(r, scratch + at, n);
		at += n + 1;
		++*lines;
	}
	if (r->dead || r->paused || *lines == LINE_ROUND_LINES)
		return at;
	/* What is left is part of a line. */
	if (force || r->held.len > 0 || r->skipping ||
	    len - at >= PEEK_MAX / 2) {
		hold(r, scratch + at, len - at);
		at = len;
	}
	return at;
}

/* A round: true when there may be more than its share. */
static bool
go_round(struct line_reader *r, bool force)
{
	struct timeval stall = { 0, STALL_MS * 1000 };
	size_t total = 0, done;
	int lines = 0;

	while (lines < LINE_ROUND_LINES && total < ROUND_BYTES) {
		ssize_t n = recv(r->fd, scratch, PEEK_MAX,
		    MSG_PEEK | MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return false;
		if (n <= 0) {
			finish(r, n < 0 ? errno : 0);
			return false;
		}
		done = look(r, n, force, &lines);
		take(r, done);
		if (r->dead || r->paused)
			return false;
		if (done < (size_t)n && lines < LINE_ROUND_LINES) {
			event_add(r->stall, &stall);
			return false;
		}
		total += done;
	}
	return true;
}

static void
turn(struct line_reader *r, bool force)
{
	if (r->ended || r->paused)
		return;
	r->busy = true;
	r->again = go_round(r, force) && !r->dead;
	if (r->again)		/* after the others */
		event_add(r->stall, &(struct timeval){ 0, 0 });
	r->busy = false;
	if (r->dead)
		line_reader_free(r);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	turn(arg, false);
}

static void
on_stall(evutil_socket_t fd, short what, void *arg)
{
	struct line_reader *r = arg;

	(void)fd;
	(void)what;
	turn(r, !r->again);
}

struct line_reader *
line_reader_new(struct event_base *base, int fd, size_t max,
    line_fn *on_line, line_end_fn *on_end, void *arg)
{
	struct line_reader *r = mem_alloc(sizeof *r);

	r->fd = fd;
	r->max = max;
	r->on_line = on_line;
	r->on_end = on_end;
	r->arg = arg;
	buf_init(&r->held, 0);
	r->read = event_new(base, fd, EV_READ | EV_PERSIST | EV_ET,
	    on_readable, r);
	r->stall = event_new(base, -1, 0, on_stall, r);
	event_add(r->read, NULL);
	return r;
}

void
line_reader_drain(struct line_reader *r)
{
	bool more = true;

	r->busy = true;
	for (int i = 0; i < DRAIN_ROUNDS && more && !r->dead && !r->ended; i++)
		more = go_round(r, false);
	r->busy = false;
	if (r->dead)
		line_reader_free(r);
}

void
line_reader_pause(struct line_reader *r, bool paused)
{
	if (r->paused && !paused && !r->ended) {
		r->again = true;	/* there will be no new edge */
		event_add(r->stall, &(struct timeval){ 0, 0 });
	}
	r->paused = paused;
}

void
line_reader_free(struct line_reader *r)
{
	if (!r)
		return;
	r->dead = true;
	if (r->busy)
		return;
	event_free(r->read);
	event_free(r->stall);
	buf_release(&r->held);
	free(r);
}
