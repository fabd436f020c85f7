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
	enum http_method method;
	const char *path;	/* ends with / when something follows */
	void (*serve)(struct call *call);
} routes[] = {
	{ HTTP_GET, "/v1/status", api_status },
	{ HTTP_GET, "/v1/where/", api_where },
	{ HTTP_GET, "/v1/why/", api_why },
	{ HTTP_GET, "/v1/fleet", api_fleet },
	{ HTTP_POST, "/v1/fleet", api_apply },
	{ HTTP_GET, "/v1/agent", api_agent },
	{ HTTP_GET, "/v1/groups", api_groups },
	{ HTTP_GET, "/v1/groups/", api_groups },
	{ HTTP_PUT, "/v1/groups/", api_join },
	{ HTTP_DELETE, "/v1/groups/", api_leave },
	{ HTTP_POST, "/v1/children", api_add },
	{ HTTP_DELETE, "/v1/children", api_remove },
	{ HTTP_POST, "/v1/start", api_start },
	{ HTTP_POST, "/v1/stop", api_stop },
	{ HTTP_POST, "/v1/restart", api_restart },
	{ HTTP_POST, "/v1/signal", api_signal },
	{ HTTP_POST, "/v1/crash/", api_crash },
	{ HTTP_POST, "/v1/scale", api_scale },
	{ HTTP_GET, "/v1/wait", api_wait },
	{ HTTP_POST, "/v1/call/", api_call },
	{ HTTP_POST, "/v1/cast/", api_cast },
	{ HTTP_POST, "/v1/publish/", api_publish },
	{ HTTP_POST, "/v1/multicall/", api_multicall },
	{ HTTP_POST, "/v1/shutdown", api_shutdown },
	{ HTTP_POST, "/v1/reload", api_reload },
	{ HTTP_POST, "/v1/reopen", api_reopen },
	{ HTTP_GET, "/metrics", api_metrics },
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
on_request(struct http_request *req, void *arg)
{
	struct api *api = arg;
	char *path = mem_strdup(http_path(req));
	const struct route *found = NULL;
	struct call call = { .api = api, .agent = api->agent, .req = req };
	bool known = false;

	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
		if (matches(&routes[i], path)) {
			known = true;
			if (routes[i].method == http_method(req))
				found = &routes[i];
		}
	if (found) {
		call.rest = path + strlen(found->path);
		found->serve(&call);
	} else if (known) {
		http_error(req, 405, "this method is not for %s", path);
	} else {
		http_error(req, 404, "there is no %s here", path);
	}
	free(path);
}

struct api *
api_new(struct agent *agent, int listen_fd, struct err *err)
{
	struct api *api = mem_alloc(sizeof *api);

	api->agent = agent;
	api->waiters = waiters_new(agent);
	api->server = http_server_new(agent->base, listen_fd, NULL,
	    on_request, api, err);
	if (api->server)
		return api;
	api_free(api);
	return NULL;
}

void
api_free(struct api *api)
{
	if (!api)
		return;
	http_server_free(api->server);	/* ends what waits */
	waiters_free(api->waiters);
	free(api);
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
	const char *value = http_query_get(call->req, key);

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
	const struct http_param *params;
	const char *lost = NULL;
	bool any = false;
	size_t n;

	if (api_query(call, "all", NULL)) {
		any = true;
		for (struct child *c = NULL;
		    (c = core_next(call->agent->core, c));)
			strv_push(&names, c->name);
	}
	params = http_query(call->req, &n);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(params[i].key, "name") != 0)
			continue;
		any = true;
		if (add_matching(call, params[i].value, seen, &names) == 0)
			lost = params[i].value;
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
