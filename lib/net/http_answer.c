/* SPDX-License-Identifier: MIT */
/* Looking at a request and answering it: whole, as an error, or in pieces. */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include "base/jsonw.h"
#include "base/mem.h"
#include "net/http_conn.h"

enum http_method
http_method(const struct http_request *req)
{
	return req->conn->head.method;
}

const char *
http_path(const struct http_request *req)
{
	return req->conn->head.path;
}

const struct http_param *
http_query(const struct http_request *req, size_t *count)
{
	*count = req->conn->nparams;
	return req->conn->params;
}

const char *
http_query_get(const struct http_request *req, const char *key)
{
	const struct http_conn *c = req->conn;

	for (size_t i = 0; i < c->nparams; i++)
		if (strcmp(c->params[i].key, key) == 0)
			return c->params[i].value;
	return NULL;
}

const char *
http_body(const struct http_request *req, size_t *len)
{
	*len = req->conn->body_len;
	return req->conn->in.data + req->conn->body_at;
}

void
http_conn_send(struct http_conn *c, const char *a, size_t a_len,
    const char *b, size_t b_len)
{
	struct iovec iov[2] = { { (void *)a, a_len }, { (void *)b, b_len } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = b_len ? 2 : 1 };
	size_t sent = 0;
	ssize_t n;

	if (c->broken)
		return;
	if (!c->out || evbuffer_get_length(c->out) == 0) {
		n = sendmsg(c->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			/* The close is noticed from the loop. */
			c->broken = true;
			event_active(c->read, EV_READ, 0);
			return;
		}
		sent = n > 0 ? n : 0;
	}
	if (sent == a_len + b_len)
		return;
	if (!c->out)
		c->out = evbuffer_new();
	if (sent < a_len)
		evbuffer_add(c->out, a + sent, a_len - sent);
	sent = sent > a_len ? sent - a_len : 0;
	if (b_len > sent)
		evbuffer_add(c->out, b + sent, b_len - sent);
	event_add(c->write, NULL);
}

/* RFC 9110, 6.6.1: one that has a clock says so. */
static const char *
date(void)
{
	static char text[40];
	static time_t last;
	time_t now = time(NULL);
	struct tm tm;

	if (now != last) {
		gmtime_r(&now, &tm);
		strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
		last = now;
	}
	return text;
}

void
http_header(struct http_request *req, const char *name, const char *value)
{
	buf_printf(&req->conn->headers, "%s: %s\r\n", name, value);
}

/* The head of an answer; length -1: in pieces. */
static void
make_head(struct http_conn *c, struct buf *out, int status,
    const char *content_type, int64_t length)
{
	buf_printf(out, "HTTP/1.1 %d %s\r\nDate: %s\r\n", status,
	    http_reason(status), date());
	if (content_type)
		buf_printf(out, "Content-Type: %s\r\n", content_type);
	if (length >= 0)
		buf_printf(out, "Content-Length: %lld\r\n",
		    (long long)length);
	else if (!c->head.http10)
		buf_puts(out, "Transfer-Encoding: chunked\r\n");
	else
		c->keep = false;
	if (!c->keep)
		buf_puts(out, "Connection: close\r\n");
	else if (c->head.http10)
		buf_puts(out, "Connection: keep-alive\r\n");
	buf_add(out, c->headers.data, c->headers.len);
	buf_puts(out, "\r\n");
}

/* Two pieces of a body, one answer. */
static void
reply(struct http_request *req, int status, const char *content_type,
    const char *text, size_t len, const char *more)
{
	struct http_conn *c = req->conn;
	struct buf out;
	bool bodyless = c->head.method == HTTP_HEAD;

	assert(c->state == CONN_SERVING);
	buf_init(&out, 0);
	make_head(c, &out, status, content_type, bodyless ? 0 :
	    (int64_t)(len + strlen(more)));
	if (len < 4096 && !bodyless) {		/* one piece is quicker */
		buf_add(&out, text, len);
		buf_puts(&out, more);
		http_conn_send(c, out.data, out.len, NULL, 0);
	} else {
		http_conn_send(c, out.data, out.len, text, bodyless ? 0 : len);
		if (*more && !bodyless)
			http_conn_send(c, more, strlen(more), NULL, 0);
	}
	buf_release(&out);
	http_conn_answered(c);
}

void
http_reply(struct http_request *req, int status, const struct buf *json)
{
	reply(req, status, "application/json", json->data, json->len, "\n");
}

void
http_reply_json(struct http_request *req, int status, const char *json,
    size_t len)
{
	reply(req, status, "application/json", json, len, "\n");
}

void
http_reply_text(struct http_request *req, int status,
    const char *content_type, const char *text, size_t len)
{
	reply(req, status, content_type, text, len, "");
}

void
http_error(struct http_request *req, int status, const char *fmt, ...)
{
	struct jsonw w;
	struct buf text, out;
	va_list ap;

	buf_init(&text, 0);
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	buf_init(&out, 0);
	jsonw_init(&w, &out);
	jsonw_object(&w);
	jsonw_kstr(&w, "error", text.data);
	jsonw_end_object(&w);
	if (status == 405)
		http_header(req, "Allow", "GET, POST, PUT, DELETE");
	http_reply(req, status, &out);
	buf_release(&out);
	buf_release(&text);
}

void
http_stream_begin(struct http_request *req, int status,
    const char *content_type)
{
	struct http_conn *c = req->conn;
	struct buf out;

	assert(c->state == CONN_SERVING);
	buf_init(&out, 0);
	make_head(c, &out, status, content_type, -1);
	c->state = CONN_STREAMING;
	http_conn_send(c, out.data, out.len, NULL, 0);
	buf_release(&out);
}

void
http_stream_write(struct http_request *req, const char *data, size_t len)
{
	struct http_conn *c = req->conn;
	char size[24];

	assert(c->state == CONN_STREAMING);
	if (len == 0)
		return;
	if (c->head.http10) {
		http_conn_send(c, data, len, NULL, 0);
		return;
	}
	snprintf(size, sizeof size, "%zx\r\n", len);
	http_conn_send(c, size, strlen(size), data, len);
	http_conn_send(c, "\r\n", 2, NULL, 0);
}

size_t
http_stream_pending(const struct http_request *req)
{
	return req->conn->out ? evbuffer_get_length(req->conn->out) : 0;
}

void
http_stream_end(struct http_request *req)
{
	struct http_conn *c = req->conn;

	assert(c->state == CONN_STREAMING);
	if (!c->head.http10)
		http_conn_send(c, "0\r\n\r\n", 5, NULL, 0);
	http_conn_answered(c);
}

void
http_on_close(struct http_request *req, http_event_fn *fn, void *arg)
{
	req->conn->on_close = fn;
	req->conn->close_arg = arg;
}

void
http_on_drain(struct http_request *req, http_event_fn *fn, void *arg)
{
	req->conn->on_drain = fn;
	req->conn->drain_arg = arg;
}
