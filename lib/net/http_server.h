/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1.1 (RFC 9112) on a listening Unix socket, by libevent's evhttp, with
 * limits, for the socket's owner and root alone. Carries requests to one
 * handler; knows no route.
 */
#ifndef NET_HTTP_SERVER_H
#define NET_HTTP_SERVER_H

#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "base/buf.h"
#include "base/err.h"

#define HTTP_HEADER_MAX (16 * 1024)
#define HTTP_BODY_MAX (16 * 1024 * 1024)
#define HTTP_TIMEOUT_S 30		/* for more of a request to arrive */

struct http_server;

typedef void http_handler_fn(struct evhttp_request *req, void *arg);

/* listen_fd: bound, listening, non-blocking; taken. */
struct http_server *http_server_new(struct event_base *base, int listen_fd,
    http_handler_fn *handler, void *arg, struct err *err);
void http_server_free(struct http_server *server);

/* Answers with a JSON text. */
void http_reply(struct evhttp_request *req, int code, const struct buf *json);
/* Answers {"error": "…"}. */
void http_error(struct evhttp_request *req, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
