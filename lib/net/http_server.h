/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1.1 on a listening Unix socket, for the socket's owner and root alone,
 * with limits on all that a client can make large or long. Carries requests to
 * one handler; knows no route.
 *
 * It is not evhttp, which cannot notice that a client is gone while its
 * request waits, limits no request's time and no stream's input, answers
 * errors in HTML, and ends a stream when the client closes its sending half.
 *
 * A request is the handler's from the call on until it is answered
 * (http_reply, http_error, http_stream_end) or its on_close was called. What
 * it points to (path, query, body) is valid only until the handler returns.
 */
#ifndef NET_HTTP_SERVER_H
#define NET_HTTP_SERVER_H

#include <event2/event.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "net/http_head.h"

#define HTTP_HEADER_MAX (16 * 1024)
#define HTTP_BODY_MAX MESSAGE_MAX
#define HTTP_CONNECTIONS_MAX 1000
#define HTTP_DEADLINE_MS 30000		/* for a request to arrive whole */
#define HTTP_IDLE_MS 60000		/* between requests */
#define HTTP_STREAM_HIGH (256 * 1024)	/* stop writing; on_drain comes … */
#define HTTP_STREAM_LOW (64 * 1024)	/* … when so much is left */

struct http_limits {		/* 0: the constants above */
	size_t header_max, body_max;
	int connections_max;
	int64_t deadline_ms, idle_ms;
};

struct http_server;
struct http_request;

typedef void http_handler_fn(struct http_request *req, void *arg);
typedef void http_event_fn(struct http_request *req, void *arg);

/* listen_fd: bound, listening, non-blocking; taken. */
struct http_server *http_server_new(struct event_base *base, int listen_fd,
    const struct http_limits *limits, http_handler_fn *handler, void *arg,
    struct err *err);
/* Requests under way get their on_close. */
void http_server_free(struct http_server *server);
/* No new connections; open ones are served. */
void http_server_pause(struct http_server *server);
/* For tests and fuzzers: a connected socket as if it had been accepted. */
void http_server_adopt(struct http_server *server, int fd);

/* What was asked. */
enum http_method http_method(const struct http_request *req);
const char *http_path(const struct http_request *req);
const struct http_param *http_query(const struct http_request *req,
    size_t *count);
const char *http_query_get(const struct http_request *req, const char *key);
/* Followed by a NUL that is not counted. */
const char *http_body(const struct http_request *req, size_t *len);

/* Answers. http_reply: a JSON text, a newline is put after it. */
void http_reply(struct http_request *req, int status, const struct buf *json);
void http_reply_text(struct http_request *req, int status,
    const char *content_type, const char *text, size_t len);
void http_reply_json(struct http_request *req, int status, const char *json,
    size_t len);
/* {"error": "…"} */
void http_error(struct http_request *req, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A header more, before the answer begins. */
void http_header(struct http_request *req, const char *name,
    const char *value);

/* An answer in pieces. Writing never blocks and never calls back: look at
 * http_stream_pending, and write no more above HTTP_STREAM_HIGH. */
void http_stream_begin(struct http_request *req, int status,
    const char *content_type);
void http_stream_write(struct http_request *req, const char *data,
    size_t len);
size_t http_stream_pending(const struct http_request *req);
void http_stream_end(struct http_request *req);

/* The client is gone (or the server goes): the request is no more after the
 * call. Must be set when a request is not answered before the handler
 * returns. */
void http_on_close(struct http_request *req, http_event_fn *fn, void *arg);
/* Less than HTTP_STREAM_LOW is left to send. */
void http_on_drain(struct http_request *req, http_event_fn *fn, void *arg);

struct http_counters { uint64_t requests, refused; int connections; };
struct http_counters http_server_counters(const struct http_server *server);

#endif
