/* SPDX-License-Identifier: MIT */
/* One connection of the HTTP server: what http_server.c (reading, states) and
 * http_answer.c (writing) share. Private to lib/net. */
#ifndef NET_HTTP_CONN_H
#define NET_HTTP_CONN_H

#include <event2/buffer.h>
#include <sys/queue.h>

#include "net/http_server.h"

enum conn_state {
	CONN_HEAD,		/* a request's head is awaited, or nothing */
	CONN_BODY,		/* its body is */
	CONN_SERVING,		/* the handler has it */
	CONN_STREAMING,		/* … and has begun its answer */
	CONN_WRITING,		/* answered; not all is sent */
	CONN_LINGERING,		/* answered for good: input is thrown away, so
				 * that the client gets to read the answer */
	CONN_CLOSED		/* freed when nobody works on it any more */
};

struct http_request { struct http_conn *conn; };

struct http_conn {
	LIST_ENTRY(http_conn) next;
	struct http_server *server;
	struct http_request req;	/* the one at hand */
	enum conn_state state;
	int busy;			/* functions that work on it */
	int fd;
	struct event *read, *write;
	int64_t due_ms;
	struct buf in;
	size_t seen;			/* of the head, by http_head_end */
	size_t body_at, body_len;
	struct buf head_text;
	struct http_head head;		/* points into head_text */
	struct http_chunks chunks;
	struct http_param *params;
	size_t nparams;
	struct evbuffer *out;		/* NULL until something must wait */
	struct buf headers;		/* more of them, for the answer */
	uint64_t again;			/* requests wait in `in`: the round */
	bool keep;			/* for another request */
	bool half_closed;		/* the client sends no more */
	bool broken;			/* cannot be written to */
	http_event_fn *on_close, *on_drain;
	void *close_arg, *drain_arg;
};

/* Sends two pieces, or queues what the socket does not take now. */
void http_conn_send(struct http_conn *c, const char *a, size_t a_len,
    const char *b, size_t b_len);
/* http_server.c: the answer is complete. */
void http_conn_answered(struct http_conn *c);

#endif
