/* SPDX-License-Identifier: MIT */
/*
 * Lines from a stream socket whose other end is not trusted. Bytes are peeked,
 * given to the callback line by line, and only then taken from the socket: if
 * the reader dies meanwhile, its successor on the same socket sees them again.
 * (A line that comes slowly or does not fit into the socket's buffer is taken
 * into memory as it comes: what there is of it dies with the reader.)
 *
 * A sender that never stops gets its share of each round of the loop, no more.
 */
#ifndef NET_LINE_READER_H
#define NET_LINE_READER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#define LINE_ROUND_LINES 64		/* lines per round of the loop */

struct line_reader;

/* line: `len` bytes without the newline, then a NUL; valid in the callback
 * and its to change. NULL: there was one of more than `max` bytes, it has been
 * thrown away. */
typedef void line_fn(void *arg, char *line, size_t len);
/* The end, or an error (errnum not 0). Nothing more will be called. */
typedef void line_end_fn(void *arg, int errnum);

/* fd: non-blocking, not taken. It is watched edge-triggered, and an event of
 * the owner's on it (to write) must be so too: libevent cannot mix. The reader may be freed in its callbacks. */
struct line_reader *line_reader_new(struct event_base *base, int fd,
    size_t max, line_fn *on_line, line_end_fn *on_end, void *arg);
void line_reader_free(struct line_reader *reader);
/* Delivers what lies there now, up to the end: the sender is gone. */
void line_reader_drain(struct line_reader *reader);
/* While paused nothing is read; the sender has to wait. */
void line_reader_pause(struct line_reader *reader, bool paused);

#endif
