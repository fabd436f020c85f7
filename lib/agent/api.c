/* SPDX-License-Identifier: MIT */
/* Routes, queries, and the names that a request means. See api.h. */
#include "agent/api.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/units.h"

static const struct route {
	int method;
	const char *path;	/* ends with / when something follows */
	void (*serve)(struct call *call);
} routes[] = {
	{ EVHTTP_REQ_GET, "/v1/status", api_status },
	{ EVHTTP_REQ_GET, "/v1/where/", api_where },
	{ EVHTTP_REQ_GET, "/v1/why/", api_why },
	{ EVHTTP_REQ_GET, "/v1/fleet", api_fleet },
	{ EVHTTP_REQ_POST, "/v1/fleet", api_apply },
	{ EVHTTP_REQ_GET, "/v1/agent", api_agent },
	{ EVHTTP_REQ_GET, "/v1/groups", api_groups },
	{ EVHTTP_REQ_GET, "/v1/groups/", api_groups },
	{ EVHTTP_REQ_PUT, "/v1/groups/", api_join },
	{ EVHTTP_REQ_DELETE, "/v1/groups/", api_leave },
	{ EVHTTP_REQ_POST, "/v1/children", api_add },
	{ EVHTTP_REQ_DELETE, "/v1/children", api_remove },
	{ EVHTTP_REQ_POST, "/v1/start", api_start },
	{ EVHTTP_REQ_POST, "/v1/stop", api_stop },
	{ EVHTTP_REQ_POST, "/v1/restart", api_restart },
	{ EVHTTP_REQ_POST, "/v1/signal", api_signal },
	{ EVHTTP_REQ_POST, "/v1/crash/", api_crash },
	{ EVHTTP_REQ_POST, "/v1/scale", api_scale },
	{ EVHTTP_REQ_GET, "/v1/wait", api_wait },
	{ EVHTTP_REQ_POST, "/v1/shutdown", api_shutdown },
	{ EVHTTP_REQ_POST, "/v1/reload", api_reload },
	{ EVHTTP_REQ_POST, "/v1/reopen", api_reopen },
	{ EVHTTP_REQ_GET, "/metrics", api_metrics },
};

static bool
matches(const struct route *r, const char *path)
{
	size_t len = strlen(r->path);

	if (r->path[len - 1] != '/')
		return strcmp(path, r->path) == 0;
	return strncmp(path, r->path, len) == 0 && path[len];
}

static void
on_request(struct evhttp_request *req, void *arg)
{
	struct api *api = arg;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	int method = evhttp_request_get_command(req);
	const struct route *found = NULL;
	struct call call = { .api = api, .agent = api->agent, .req = req };
	bool known = false;

	for (size_t i = 0; path && i < sizeof routes / sizeof *routes; i++)
		if (matches(&routes[i], path)) {
			known = true;
			if (routes[i].method == method)
				found = &routes[i];
		}
	if (!found) {
		http_error(req, known ? 405 : 404, known ?
		    "this method is not for %s" : "there is no %s here",
		    path ? path : "such thing");
		return;
	}
	if (evhttp_parse_query_str(evhttp_uri_get_query(uri) ?
	    evhttp_uri_get_query(uri) : "", &call.query) < 0) {
		http_error(req, 400, "the query cannot be read");
		return;
	}
	call.rest = evhttp_uridecode(path + strlen(found->path), 0, NULL);
	found->serve(&call);
	free(call.rest);
	evhttp_clear_headers(&call.query);
}

struct api *
api_new(struct agent *agent, int listen_fd, struct err *err)
{
	struct api *api = mem_alloc(sizeof *api);

	api->agent = agent;
	api->waiters = waiters_new(agent);
	api->server = http_server_new(agent->base, listen_fd, on_request, api,
	    err);
	return api->server ? api : NULL;
}

void
api_child_changed(struct api *api, struct child *child)
{
	if (api)
		waiters_look(api->waiters, child->name);
}

void
api_child_forgotten(struct api *api, const char *name)
{
	if (api)
		waiters_look(api->waiters, name);
}

const char *
api_query(const struct call *call, const char *key, const char *otherwise)
{
	const char *value = evhttp_find_header(&call->query, key);

	return value ? value : otherwise;
}

int64_t
api_timeout(const struct call *call, int64_t otherwise_ms)
{
	const char *text = api_query(call, "timeout_ms", NULL);
	int64_t ms = text ? strtoll(text, NULL, 10) : otherwise_ms;

	return ms < 0 ? DURATION_INFINITY : ms;
}

static bool
means(const struct child *c, const char *pattern)
{
	if (pattern[0] == '@')
		return strv_find(c->groups, pattern + 1) >= 0;
	return strcmp(c->name, pattern) == 0 ||
	    strcmp(c->spec->name, pattern) == 0 ||
	    (strpbrk(pattern, "*?[") && fnmatch(pattern, c->name, 0) == 0);
}

static size_t
add_matching(const struct call *call, const char *pattern, struct map *seen,
    char ***names)
{
	struct child *one = core_find(call->agent->core, pattern);
	size_t n = 0;

	for (struct child *c = NULL; (c = core_next(call->agent->core, c));) {
		if (one ? c != one : !means(c, pattern))
			continue;
		n++;
		if (!map_put(seen, c->name, c))
			strv_push(names, c->name);
	}
	return n;
}

char **
api_names(struct call *call)
{
	char **names = mem_array(1, sizeof *names);
	struct map *seen = map_new();
	struct evkeyval *kv;
	const char *lost = NULL;
	bool any = false;

	if (api_query(call, "all", NULL)) {
		any = true;
		for (struct child *c = NULL;
		    (c = core_next(call->agent->core, c));)
			strv_push(&names, c->name);
	}
	TAILQ_FOREACH(kv, &call->query, next) {
		if (strcmp(kv->key, "name") != 0)
			continue;
		any = true;
		if (add_matching(call, kv->value, seen, &names) == 0)
			lost = kv->value;
	}
	map_free(seen, NULL);
	if (!lost && any)
		return names;
	strv_free(names);
	if (lost && lost[0] == '@')
		http_error(call->req, 404, "there is no group %s", lost + 1);
	else if (lost)
		http_error(call->req, 404, "there is no child %s", lost);
	else
		http_error(call->req, 400, "no name is given");
	return NULL;
}
