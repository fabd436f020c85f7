/* SPDX-License-Identifier: MIT */
/* See http_server.h. */
#include "net/http_server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/jsonw.h"
#include "base/log.h"
#include "base/mem.h"

#define ACCEPT_PAUSE_MS 100	/* when descriptors have run out */

struct http_server {
	struct evhttp *http;
	struct evconnlistener *listener;
	struct event *resume;
	http_handler_fn *handler;
	void *arg;
};

static bool
is_permitted(struct evhttp_request *req)
{
	struct evhttp_connection *c = evhttp_request_get_connection(req);
	int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(c));
	struct ucred cred;
	socklen_t len = sizeof cred;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return false;
	return cred.uid == 0 || cred.uid == geteuid();
}

static void
on_request(struct evhttp_request *req, void *arg)
{
	struct http_server *server = arg;

	if (is_permitted(req))
		server->handler(req, server->arg);
	else
		http_error(req, 403, "this socket is its owner's");
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct http_server *server = arg;

	(void)fd;
	(void)what;
	evconnlistener_enable(server->listener);
}

static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
	struct timeval tv = { 0, ACCEPT_PAUSE_MS * 1000 };
	struct http_server *server = arg;

	log_warn("cannot accept a connection: %s", strerror(errno));
	evconnlistener_disable(listener);
	event_add(server->resume, &tv);
}

struct http_server *
http_server_new(struct event_base *base, int listen_fd,
    http_handler_fn *handler, void *arg, struct err *err)
{
	struct http_server *server = mem_alloc(sizeof *server);

	server->handler = handler;
	server->arg = arg;
	server->http = evhttp_new(base);
	server->listener = evconnlistener_new(base, NULL, NULL,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, listen_fd);
	if (!server->listener || !evhttp_bind_listener(server->http,
	    server->listener)) {
		err_set(err, "cannot serve the control socket");
		evhttp_free(server->http);
		free(server);
		return NULL;
	}
	evconnlistener_set_error_cb(server->listener, on_accept_error);
	server->resume = event_new(base, -1, 0, on_resume, server);
	evhttp_set_max_headers_size(server->http, HTTP_HEADER_MAX);
	evhttp_set_max_body_size(server->http, HTTP_BODY_MAX);
	evhttp_set_timeout(server->http, HTTP_TIMEOUT_S);
	evhttp_set_allowed_methods(server->http, EVHTTP_REQ_GET |
	    EVHTTP_REQ_POST | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE);
	evhttp_set_gencb(server->http, on_request, server);
	return server;
}

void
http_server_free(struct http_server *server)
{
	if (!server)
		return;
	event_free(server->resume);
	evhttp_free(server->http);
	free(server);
}

void
http_reply(struct evhttp_request *req, int code, const struct buf *json)
{
	struct evbuffer *out = evhttp_request_get_output_buffer(req);

	evhttp_add_header(evhttp_request_get_output_headers(req),
	    "Content-Type", "application/json");
	evbuffer_add(out, json->data, json->len);
	evbuffer_add(out, "\n", 1);
	evhttp_send_reply(req, code, NULL, NULL);
}

void
http_error(struct evhttp_request *req, int code, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	struct jsonw w;
	struct buf out;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	buf_init(&out, 0);
	jsonw_init(&w, &out);
	jsonw_object(&w);
	jsonw_kstr(&w, "error", text);
	jsonw_end_object(&w);
	http_reply(req, code, &out);
	buf_release(&out);
}
