/* SPDX-License-Identifier: MIT */
/* See http_server.h. Connections and their states; the answers are in
 * http_answer.c, the shape of requests in http_head.c. */
#include "net/http_server.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/http_conn.h"

#define ACCEPT_ROUND 64		/* connections taken per round of the loop */
#define ACCEPT_PAUSE_MS 100	/* when descriptors have run out */
#define REFUSED_MAX 64		/* connections that only hear why not */
#define SERVE_ROUND 16		/* pipelined requests per round */
#define READ_MAX (64 * 1024)	/* bytes at a time */
#define LINGER_MS 2000		/* an early answer's time to be read */
#define SWEEP_MS 1000		/* deadlines are looked at so often */
#define KEEP_BUFFER (64 * 1024)	/* input memory that an idle one keeps */

struct http_server {
	struct event_base *base;
	int fd;
	struct event *accept, *resume, *sweep, *again;
	struct http_limits limits;
	http_handler_fn *handler;
	void *arg;
	LIST_HEAD(, http_conn) conns;
	struct http_counters count;
	uint64_t round;			/* of on_again */
	int64_t warned_ms;
	bool paused;
};

static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);

static void
set_deadline(struct http_conn *c, int64_t in_ms)
{
	c->due_ms = clock_boot_ms() + in_ms;
}

static bool
is_served(const struct http_conn *c)
{
	return c->state == CONN_SERVING || c->state == CONN_STREAMING;
}

static void
conn_free(struct http_conn *c)
{
	LIST_REMOVE(c, next);
	c->server->count.connections--;
	event_free(c->read);
	event_free(c->write);
	close(c->fd);
	buf_release(&c->in);
	buf_release(&c->head_text);
	buf_release(&c->headers);
	if (c->out)
		evbuffer_free(c->out);
	free(c->params);
	free(c);
}

/* Ends a connection; not before the functions that work on it return. */
static void
conn_close(struct http_conn *c)
{
	http_event_fn *on_close = c->on_close;
	bool served = is_served(c);

	c->state = CONN_CLOSED;
	c->on_close = c->on_drain = NULL;
	if (served && on_close) {
		c->busy++;
		on_close(&c->req, c->close_arg);
		c->busy--;
	}
	if (c->busy == 0)
		conn_free(c);
}

/* Leaves a function that worked on a connection. */
static void
conn_leave(struct http_conn *c)
{
	if (--c->busy == 0 && c->state == CONN_CLOSED)
		conn_free(c);
}

/* Has the client closed both halves, or only the one that it sends on? */
static bool
is_hung_up(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR));
}

/* The answer is written; what now? */
static void
conn_settle(struct http_conn *c)
{
	if (c->out && evbuffer_get_length(c->out) > 0)
		return;
	if (c->state == CONN_LINGERING) {
		shutdown(c->fd, SHUT_WR);
		return;
	}
	if (c->state != CONN_WRITING)
		return;
	if (!c->keep || c->half_closed) {
		c->state = CONN_LINGERING;
		shutdown(c->fd, SHUT_WR);
		set_deadline(c, LINGER_MS);
		if (c->half_closed)
			conn_close(c);
		return;
	}
	c->state = CONN_HEAD;
	set_deadline(c, c->in.len > 0 ? c->server->limits.deadline_ms :
	    c->server->limits.idle_ms);
	if (!event_pending(c->read, EV_READ, NULL))
		event_add(c->read, NULL);
	if (c->in.len > 0)	/* another request lies there already */
		event_active(c->read, EV_READ, 0);
}

static void
free_request(struct http_conn *c)
{
	size_t used = c->body_at + c->body_len;

	free(c->params);
	c->params = NULL;
	c->nparams = 0;
	buf_clear(&c->headers);
	c->on_close = c->on_drain = NULL;
	buf_drop(&c->in, used < c->in.len ? used : c->in.len);
	if (c->in.len == 0 && c->in.size > KEEP_BUFFER)
		buf_release(&c->in);
	c->seen = c->body_at = c->body_len = 0;
	c->chunks = (struct http_chunks){ 0 };
}

/* Called by http_answer.c when the answer's last byte is in the queue. */
void
http_conn_answered(struct http_conn *c)
{
	free_request(c);
	c->state = CONN_WRITING;
	set_deadline(c, c->server->limits.deadline_ms);
	if (c->broken)
		event_active(c->read, EV_READ, 0);
	else if (c->busy == 0) {
		c->busy++;
		conn_settle(c);
		conn_leave(c);
	}
}

/* An answer to what is no request: then it is over. */
static void
refuse(struct http_conn *c, int status, const char *why)
{
	c->server->count.refused++;
	c->state = CONN_SERVING;
	c->keep = false;
	/* What follows is not looked at. */
	c->body_at = c->in.len;
	c->body_len = 0;
	http_error(&c->req, status, "%s", why);
	set_deadline(c, LINGER_MS);
	c->state = CONN_LINGERING;
}

static void
serve(struct http_conn *c)
{
	char *end = c->in.data + c->body_at + c->body_len, kept = *end;

	if (http_query_parse(c->head.query, &c->params, &c->nparams) < 0) {
		refuse(c, 400, "the query has a bad %-escape");
		return;
	}
	c->state = CONN_SERVING;
	c->server->count.requests++;
	/* The body is a C string while it is looked at. Nothing is read into
	 * the buffer meanwhile, so it stays where it is. */
	*end = '\0';
	c->server->handler(&c->req, c->server->arg);
	if (c->state == CONN_SERVING || c->state == CONN_STREAMING) {
		*end = kept;
		/* It is answered later: what it was is needed no more. */
		buf_drop(&c->in, c->body_at + c->body_len);
		if (c->in.len == 0)
			buf_release(&c->in);
		c->body_at = c->body_len = 0;
	} else if (c->in.len > 0) {
		c->in.data[0] = kept;
	}
}

/* The head is whole. 0, or -1: refused. */
static int
begin_request(struct http_conn *c, size_t head_len)
{
	const struct http_limits *limits = &c->server->limits;
	const char *why;
	int status;

	/* Out of the way of a body that makes the buffer move. */
	buf_clear(&c->head_text);
	buf_add(&c->head_text, c->in.data, head_len);
	status = http_head_parse(c->head_text.data, head_len, &c->head, &why);
	c->body_at = head_len;
	c->body_len = 0;
	c->keep = c->head.keep_alive;
	if (status == 0 && c->head.method == HTTP_OTHER) {
		status = 501;
		why = "only GET, POST, PUT and DELETE are known here";
	} else if (status == 0 && c->head.method == HTTP_HEAD) {
		status = 405;
		why = "";
	} else if (status == 0 && c->head.length > (int64_t)limits->body_max) {
		status = 413;
		why = "the body is too large";
	}
	if (status != 0) {
		refuse(c, status, why);
		return -1;
	}
	c->state = CONN_BODY;
	if (c->head.expect_continue && c->in.len == head_len &&
	    (c->head.length > 0 || c->head.chunked))
		http_conn_send(c, "HTTP/1.1 100 Continue\r\n\r\n", 25, NULL,
		    0);
	return 0;
}

/* Looks for a head. True: there is one, or the connection is over. */
static bool
read_head(struct http_conn *c)
{
	size_t skip = strspn(c->in.data, "\r\n"), end;

	if (skip > 0 && c->seen == 0)
		buf_drop(&c->in, skip);		/* RFC 9112, 2.2 */
	end = http_head_end(c->in.data, c->in.len, c->seen);
	c->seen = c->in.len;
	if (end > c->server->limits.header_max ||
	    (end == 0 && c->in.len > c->server->limits.header_max)) {
		refuse(c, 431, "the headers are too large");
		return false;
	}
	return end > 0 && begin_request(c, end) == 0;
}

/* True: the body is whole. */
static bool
read_body(struct http_conn *c)
{
	int status = 0;
	size_t left;

	if (!c->head.chunked) {
		if (c->in.len - c->body_at < (size_t)c->head.length)
			return false;
		c->body_len = c->head.length;
		return true;
	}
	left = http_chunks_decode(&c->chunks, c->in.data + c->body_at,
	    &c->body_len, c->in.len - c->body_at, c->server->limits.body_max,
	    &status);
	c->in.len = c->body_at + c->body_len + left;
	c->in.data[c->in.len] = '\0';
	if (status != 0)
		refuse(c, status, status == 413 ? "the body is too large" :
		    "the chunked body is malformed");
	return status == 0 && c->chunks.state == CHUNK_DONE;
}

/* Others are waiting too: event_active would come before them. */
static void
serve_later(struct http_conn *c)
{
	c->again = c->server->round + 1;
	event_add(c->server->again, &(struct timeval){ 0, 0 });
}

/* Serves what has come in. */
static void
process(struct http_conn *c)
{
	int served = 0;

	while (c->state == CONN_HEAD || c->state == CONN_BODY) {
		if (c->state == CONN_HEAD && (c->in.len == 0 ||
		    !read_head(c)))
			break;
		if (!read_body(c))
			break;
		if (served++ >= SERVE_ROUND) {
			serve_later(c);
			break;
		}
		serve(c);
		if (c->state != CONN_WRITING || c->broken)
			break;
		conn_settle(c);
	}
	if (c->state == CONN_LINGERING)
		conn_settle(c);
}

static void
on_eof(struct http_conn *c)
{
	if (!c->broken && is_served(c) && !is_hung_up(c->fd)) {
		/* It has said all that it will and waits for the answer. */
		c->half_closed = true;
		event_del(c->read);
		return;
	}
	conn_close(c);
}

/* While a request is served, input is read only to see that the client is
 * there, and not without bound. */
static bool
may_read(const struct http_conn *c)
{
	return !is_served(c) && c->state != CONN_WRITING ? true :
	    c->in.len < READ_MAX;
}

static ssize_t
receive(struct http_conn *c)
{
	static char scratch[READ_MAX];
	bool dropped = c->state == CONN_LINGERING;
	size_t want = READ_MAX;
	ssize_t n;

	if (!dropped && c->state == CONN_BODY && !c->head.chunked) {
		/* A large body goes where it will stay. */
		size_t missing = c->body_at + c->head.length - c->in.len;
		char *at;

		if (missing > READ_MAX) {
			want = missing < 16 * READ_MAX ? missing :
			    16 * READ_MAX;
			at = buf_reserve(&c->in, want);
			n = recv(c->fd, at, want, MSG_DONTWAIT);
			if (n > 0)
				buf_added(&c->in, n);
			return n;
		}
	}
	n = recv(c->fd, scratch, want, MSG_DONTWAIT);
	if (n > 0 && !dropped)
		buf_add(&c->in, scratch, n);
	return n;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct http_conn *c = arg;
	bool idle = c->in.len == 0;
	ssize_t n;

	(void)fd;
	(void)what;
	if (c->broken) {
		conn_close(c);
		return;
	}
	if (!may_read(c)) {
		event_del(c->read);
		return;
	}
	n = receive(c);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		on_eof(c);
		return;
	}
	c->busy++;
	process(c);
	if (idle && c->in.len > 0 &&
	    (c->state == CONN_HEAD || c->state == CONN_BODY))
		set_deadline(c, c->server->limits.deadline_ms);
	conn_leave(c);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct http_conn *c = arg;
	int n = evbuffer_write(c->out, fd);

	(void)what;
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		conn_close(c);
		return;
	}
	if (n > 0 && c->state == CONN_WRITING)
		set_deadline(c, c->server->limits.deadline_ms);
	c->busy++;
	if (evbuffer_get_length(c->out) == 0)
		event_del(c->write);
	if (c->state == CONN_STREAMING && c->on_drain &&
	    evbuffer_get_length(c->out) <= HTTP_STREAM_LOW)
		c->on_drain(&c->req, c->drain_arg);
	conn_settle(c);
	conn_leave(c);
}

static void
on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct http_server *server = arg;
	int64_t now_ms = clock_boot_ms();
	struct http_conn *c, *next;

	(void)fd;
	(void)what;
	for (c = LIST_FIRST(&server->conns); c; c = next) {
		next = LIST_NEXT(c, next);
		if (now_ms < c->due_ms || is_served(c))
			continue;
		if ((c->state == CONN_HEAD && c->in.len > 0) ||
		    c->state == CONN_BODY) {
			c->busy++;
			refuse(c, 408, "the request did not arrive in time");
			conn_settle(c);
			conn_leave(c);
		} else {
			conn_close(c);
		}
	}
	if (LIST_EMPTY(&server->conns))
		event_del(server->sweep);
}

static struct http_conn *
next_again(const struct http_server *server)
{
	struct http_conn *c;

	LIST_FOREACH(c, &server->conns, next)
		if (c->again == server->round)
			return c;
	return NULL;
}

/* Goes on with those that had more than their share. Any of them may be gone
 * after one was served, so each is looked up anew. */
static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	struct http_server *server = arg;
	struct http_conn *c;

	(void)fd;
	(void)what;
	server->round++;
	while ((c = next_again(server))) {
		c->again = 0;
		c->busy++;
		process(c);
		conn_leave(c);
	}
}

static bool
is_permitted(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof cred;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 &&
	    (cred.uid == 0 || cred.uid == geteuid());
}

void
http_server_adopt(struct http_server *server, int fd)
{
	struct http_conn *c = mem_alloc(sizeof *c);
	int64_t sweep_ms = server->limits.deadline_ms / 4;
	struct timeval tv;

	sweep_ms = sweep_ms < SWEEP_MS ? sweep_ms : SWEEP_MS;
	tv = (struct timeval){ sweep_ms / 1000, sweep_ms % 1000 * 1000 };
	if (LIST_EMPTY(&server->conns))
		event_add(server->sweep, &tv);
	c->server = server;
	c->req.conn = c;
	c->fd = fd;
	buf_init(&c->in, 0);
	buf_init(&c->head_text, 0);
	buf_init(&c->headers, HTTP_HEADER_MAX);
	c->read = event_new(server->base, fd, EV_READ | EV_PERSIST,
	    on_readable, c);
	c->write = event_new(server->base, fd, EV_WRITE | EV_PERSIST,
	    on_writable, c);
	LIST_INSERT_HEAD(&server->conns, c, next);
	server->count.connections++;
	event_add(c->read, NULL);
	set_deadline(c, server->limits.deadline_ms);
	c->busy++;
	if (!is_permitted(fd))
		refuse(c, 403, "this socket is for its owner and root");
	else if (server->count.connections > server->limits.connections_max)
		refuse(c, 503, "too many connections");
	conn_settle(c);
	conn_leave(c);
}

static void
pause_accept(struct http_server *server)
{
	struct timeval tv = { 0, ACCEPT_PAUSE_MS * 1000 };
	int64_t now_ms = clock_boot_ms();

	if (now_ms - server->warned_ms > 10000)
		log_warn("cannot accept a connection: %s", strerror(errno));
	server->warned_ms = now_ms;
	event_del(server->accept);
	event_add(server->resume, &tv);
}

static void
on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct http_server *server = arg;

	(void)what;
	for (int i = 0; i < ACCEPT_ROUND; i++) {
		int client = accept4(fd, NULL, NULL,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (client >= 0 && server->count.connections >=
		    server->limits.connections_max + REFUSED_MAX)
			close(client);
		else if (client >= 0)
			http_server_adopt(server, client);
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR && errno != ECONNABORTED) {
			pause_accept(server);
			return;
		}
	}
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct http_server *server = arg;

	(void)fd;
	(void)what;
	if (!server->paused)
		event_add(server->accept, NULL);
}

static void
on_nothing(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

struct http_server *
http_server_new(struct event_base *base, int listen_fd,
    const struct http_limits *limits, http_handler_fn *handler, void *arg,
    struct err *err)
{
	struct http_server *server = mem_alloc(sizeof *server);
	struct http_limits *l = &server->limits;

	if (limits)
		*l = *limits;
	l->header_max = l->header_max ? l->header_max : HTTP_HEADER_MAX;
	l->body_max = l->body_max ? l->body_max : HTTP_BODY_MAX;
	l->connections_max = l->connections_max ? l->connections_max :
	    HTTP_CONNECTIONS_MAX;
	l->deadline_ms = l->deadline_ms ? l->deadline_ms : HTTP_DEADLINE_MS;
	l->idle_ms = l->idle_ms ? l->idle_ms : HTTP_IDLE_MS;
	server->base = base;
	server->fd = listen_fd;
	server->handler = handler;
	server->arg = arg;
	LIST_INIT(&server->conns);
	server->accept = event_new(base, listen_fd, EV_READ | EV_PERSIST,
	    listen_fd < 0 ? on_nothing : on_acceptable, server);
	server->resume = event_new(base, -1, 0, on_resume, server);
	server->again = event_new(base, -1, 0, on_again, server);
	server->sweep = event_new(base, -1, EV_PERSIST, on_sweep, server);
	if (listen_fd >= 0 && event_add(server->accept, NULL) < 0) {
		err_sys(err, errno, "cannot serve the control socket");
		http_server_free(server);
		return NULL;
	}
	return server;
}

void
http_server_pause(struct http_server *server)
{
	server->paused = true;
	event_del(server->accept);
}

void
http_server_free(struct http_server *server)
{
	if (!server)
		return;
	while (!LIST_EMPTY(&server->conns))
		conn_close(LIST_FIRST(&server->conns));
	event_free(server->accept);
	event_free(server->resume);
	event_free(server->sweep);
	event_free(server->again);
	if (server->fd >= 0)
		close(server->fd);
	free(server);
}

struct http_counters
http_server_counters(const struct http_server *server)
{
	return server->count;
}
