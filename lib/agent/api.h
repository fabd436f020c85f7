/* SPDX-License-Identifier: MIT */
/*
 * The control socket's requests: HTTP/1.1 and JSON, swarmsup-api(7). The table
 * of routes is in api.c, what they do in api_show.c and api_wish.c.
 */
#ifndef AGENT_API_H
#define AGENT_API_H

#include "agent/agent.h"
#include "agent/waiter.h"
#include "base/jsonw.h"
#include "net/http_server.h"

struct api {
	struct agent *agent;
	struct http_server *server;
	struct waiters *waiters;
};

/* A request being served. */
struct call {
	struct api *api;
	struct agent *agent;
	struct http_request *req;	/* what it points to is gone when the
					 * handler returns */
	char *rest;		/* of the path: "NAME", "GROUP/NAME" */
};

/* listen_fd: bound and listening; taken. */
struct api *api_new(struct agent *agent, int listen_fd, struct err *err);
void api_free(struct api *api);
void api_child_changed(struct api *api, struct child *child);
void api_child_forgotten(struct api *api, const char *name);

/* The names that `name=` (names, globs, @group, specs) and `all=` mean, NULL-
 * terminated, the caller's. NULL when one means nothing: answered with 404. */
char **api_names(struct call *call);
const char *api_query(const struct call *call, const char *key,
    const char *otherwise);
int64_t api_timeout(const struct call *call, int64_t otherwise_ms);
void api_write_child(const struct agent *agent, const struct child *c,
    struct jsonw *w);

/* api_show.c */
void api_status(struct call *call);
void api_where(struct call *call);
void api_why(struct call *call);
void api_fleet(struct call *call);
void api_agent(struct call *call);
void api_groups(struct call *call);
void api_metrics(struct call *call);
/* api_call.c */
void api_call(struct call *call);
void api_cast(struct call *call);
void api_publish(struct call *call);
void api_multicall(struct call *call);
/* api_wish.c */
void api_apply(struct call *call);
void api_add(struct call *call);
void api_remove(struct call *call);
void api_start(struct call *call);
void api_stop(struct call *call);
void api_restart(struct call *call);
void api_signal(struct call *call);
void api_crash(struct call *call);
void api_scale(struct call *call);
void api_wait(struct call *call);
void api_join(struct call *call);
void api_leave(struct call *call);
void api_shutdown(struct call *call);
void api_reload(struct call *call);
void api_reopen(struct call *call);

#endif
