/* SPDX-License-Identifier: MIT */
/* Requests that change something. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "agent/api.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/units.h"

#define WAIT_DEFAULT_MS 60000

static void
fail(struct call *call, const struct err *err)
{
	int code = err->code == EEXIST ? 409 : err->code == ENOENT ? 404 :
	    err->code == EINVAL ? 400 : 500;

	http_error(call->req, code, "%s", err->text);
}

static void
reply_names(struct call *call, char *const *names)
{
	struct jsonw w;
	struct buf json;

	buf_init(&json, 0);
	jsonw_init(&w, &json);
	jsonw_object(&w);
	jsonw_key(&w, "names");
	jsonw_array(&w);
	for (; names && *names; names++)
		jsonw_str(&w, *names);
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	http_reply(call->req, 200, &json);
	buf_release(&json);
}

/* Answers at once, or when the names are there. */
static void
reply_or_wait(struct call *call, char *const *names, const uint64_t *after,
    enum wait_for what)
{
	struct wait wait = { .what = what, .names = names, .after = after,
	    .timeout_ms = api_timeout(call, WAIT_DEFAULT_MS),
	    .progress = api_query(call, "progress", NULL) };

	if (api_query(call, "wait", NULL))
		waiters_add(call->api->waiters, call->req, &wait);
	else
		reply_names(call, names);
}

static void
fail_spec(struct call *call, struct spec_errors *errors)
{
	struct buf text;

	buf_init(&text, 0);
	for (char **l = errors->lines; l && *l; l++)
		buf_printf(&text, "%s%s", l == errors->lines ? "" : "\n", *l);
	http_error(call->req, 400, "%s", text.data);
	buf_release(&text);
	spec_errors_release(errors);
}

static void
write_list(struct jsonw *w, const char *key, char *const *names)
{
	jsonw_key(w, key);
	jsonw_array(w);
	for (; names && *names; names++)
		jsonw_str(w, *names);
	jsonw_end_array(w);
}

static void
write_changes(const struct call *call, struct jsonw *w,
    const struct fleet_spec *fleet, char *const *names, struct map *old)
{
	(void)call;
	jsonw_key(w, "change");
	jsonw_array(w);
	for (; names && *names; names++) {
		const struct child_spec *a = map_get(old, *names),
		    *b = map_get(fleet->children, *names);
		const char *keys[64];
		size_t n = child_spec_diff(a, b, keys, 64);

		jsonw_object(w);
		jsonw_kstr(w, "name", *names);
		jsonw_key(w, "keys");
		jsonw_array(w);
		for (size_t i = 0; i < n; i++)
			jsonw_str(w, keys[i]);
		jsonw_end_array(w);
		jsonw_kbool(w, "restart", child_spec_needs_restart(a, b));
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

/* The specs of now, for the difference's keys. */
static struct map *
specs_now(const struct call *call)
{
	struct map *map = map_new();

	for (const struct child_spec *s = NULL;
	    (s = core_next_spec(call->agent->core, s));)
		map_put(map, s->name, child_spec_ref(s));
	return map;
}

void
api_apply(struct call *call)
{
	struct spec_errors errors = { 0 };
	struct apply_result result;
	struct fleet_spec *fleet;
	struct map *old;
	struct err err;
	struct jsonw w;
	struct buf json;
	size_t len;
	const char *body = http_body(call->req, &len);

	fleet = fleet_spec_parse(body, len, "request", "/", &errors);
	if (!fleet) {
		fail_spec(call, &errors);
		return;
	}
	old = specs_now(call);
	if (agent_apply(call->agent, fleet, api_query(call, "dry_run", NULL),
	    &result, &err) < 0) {
		fail(call, &err);
	} else {
		buf_init(&json, 0);
		jsonw_init(&w, &json);
		jsonw_object(&w);
		write_list(&w, "add", result.add);
		write_changes(call, &w, fleet, result.change, old);
		write_list(&w, "remove", result.remove);
		jsonw_kint(&w, "unchanged", result.unchanged);
		jsonw_end_object(&w);
		http_reply(call->req, 200, &json);
		buf_release(&json);
	}
	apply_result_release(&result);
	map_free(old, (void (*)(void *))child_spec_unref);
	fleet_spec_free(fleet);
}

/* The names of a spec, NULL-terminated, the caller's. */
static char **
names_of(const struct child_spec *spec)
{
	char one[NAME_LEN_MAX + 1], **names = NULL;

	for (int i = 0; i < spec->replicas; i++)
		strv_push(&names, child_spec_name(spec, i, one));
	return names;
}

void
api_add(struct call *call)
{
	const char *name = api_query(call, "name", "");
	struct spec_errors errors = { 0 };
	struct child_spec *spec;
	struct err err;
	size_t len;
	const char *body = http_body(call->req, &len);
	char **names = NULL;

	spec = child_spec_parse(name, body, len, "/", &errors);
	if (!spec) {
		fail_spec(call, &errors);
		return;
	}
	if (agent_add_child(call->agent, spec, &err) < 0) {
		fail(call, &err);
	} else {
		names = names_of(spec);
		reply_or_wait(call, names, NULL, WAIT_SETTLED);
	}
	strv_free(names);
	child_spec_unref(spec);
}

void
api_remove(struct call *call)
{
	char **names = api_names(call), **specs = NULL;
	struct err err;
	int ret = 0;

	if (!names)
		return;
	for (char **n = names; *n; n++) {
		const struct child *c = core_find(call->agent->core, *n);

		if (c && core_spec(call->agent->core, c->spec->name, NULL) &&
		    strv_find(specs, c->spec->name) < 0)
			strv_push(&specs, c->spec->name);
	}
	for (char **s = specs; s && *s && ret == 0; s++)
		ret = agent_remove_spec(call->agent, *s, &err);
	if (ret < 0)
		fail(call, &err);
	else
		reply_or_wait(call, names, NULL, WAIT_GONE);
	strv_free(specs);
	strv_free(names);
}

static void
want(struct call *call, bool wanted)
{
	char **names = api_names(call);
	struct err err;
	int ret = 0;

	if (!names)
		return;
	for (char **n = names; *n && ret == 0; n++)
		ret = agent_want(call->agent, *n, wanted, &err);
	if (ret < 0)
		fail(call, &err);
	else
		reply_or_wait(call, names, NULL, wanted ? WAIT_SETTLED :
		    WAIT_STOPPED);
	strv_free(names);
}

void
api_start(struct call *call)
{
	want(call, true);
}

void
api_stop(struct call *call)
{
	want(call, false);
}

void
api_restart(struct call *call)
{
	char **names = api_names(call);
	uint64_t *after;
	size_t i = 0;

	if (!names)
		return;
	after = mem_array(strv_len(names) + 1, sizeof *after);
	for (char **n = names; *n; n++, i++) {
		const struct child *c = core_find(call->agent->core, *n);

		after[i] = c->instance;
		agent_restart(call->agent, *n,
		    api_query(call, "handoff", NULL));
	}
	reply_or_wait(call, names, after, WAIT_RESTARTED);
	free(after);
	strv_free(names);
}

void
api_signal(struct call *call)
{
	const char *text = api_query(call, "signal", "");
	char **names;
	struct err err;
	int signo;

	if (signal_parse(text, &signo, &err) < 0) {
		http_error(call->req, 400, "%s", err.text);
		return;
	}
	names = api_names(call);
	for (char **n = names; n && *n; n++) {
		struct child *c = core_find(call->agent->core, *n);

		if (agent_signal(call->agent, c, signo, &err) < 0) {
			http_error(call->req, 503, "%s", err.text);
			strv_free(names);
			return;
		}
	}
	if (names)
		reply_names(call, names);
	strv_free(names);
}

void
api_crash(struct call *call)
{
	struct child *c = core_find(call->agent->core, call->rest);
	char *names[] = { call->rest, NULL };
	struct wait wait = { .what = WAIT_CRASHED, .names = names,
	    .timeout_ms = api_timeout(call, WAIT_DEFAULT_MS) };
	struct err err;
	int signo;

	if (!c) {
		http_error(call->req, 404, "there is no child %s",
		    call->rest);
	} else if (signal_parse(api_query(call, "signal", "KILL"), &signo,
	    &err) < 0) {
		http_error(call->req, 400, "%s", err.text);
	} else if (c->pid == 0 || agent_signal(call->agent, c, signo, &err)
	    < 0) {
		http_error(call->req, 503, "%s is not running (%s)", c->name,
		    child_state_name(c->state));
	} else {
		wait.after = &c->instance;
		wait.old_pid = c->pid;
		waiters_add(call->api->waiters, call->req, &wait);
	}
}

void
api_scale(struct call *call)
{
	const char *name = api_query(call, "name", ""),
	    *text = api_query(call, "replicas", "");
	char *end, **names;
	long n = strtol(text, &end, 10);
	struct err err;

	if (!*text || *end || n < 1 || n > REPLICAS_MAX) {
		http_error(call->req, 400, "replicas must be a number from 1 "
		    "to %d", REPLICAS_MAX);
		return;
	}
	if (agent_scale(call->agent, name, n, &err) < 0) {
		fail(call, &err);
		return;
	}
	names = names_of(core_spec(call->agent->core, name, NULL));
	reply_or_wait(call, names, NULL, WAIT_SETTLED);
	strv_free(names);
}

void
api_wait(struct call *call)
{
	static const char *const words[] = { "settled", "running", "stopped",
	    "exited", "gone", NULL };
	const char *what = api_query(call, "for", "settled");
	struct wait wait = { .timeout_ms = api_timeout(call, WAIT_DEFAULT_MS),
	    .progress = api_query(call, "progress", NULL) };
	char **names;
	int i = 0;

	while (words[i] && strcmp(words[i], what) != 0)
		i++;
	if (!words[i]) {
		http_error(call->req, 400, "cannot wait for '%s': it is "
		    "settled, running, stopped, exited or gone", what);
		return;
	}
	names = api_names(call);
	wait.what = i;
	wait.names = names;
	if (names)
		waiters_add(call->api->waiters, call->req, &wait);
	strv_free(names);
}

static void
group(struct call *call, bool join)
{
	char *slash = strchr(call->rest, '/'),
	    *name = slash ? slash + 1 : call->rest;
	char *names[] = { name, NULL };
	struct err err;

	if (!slash) {
		http_error(call->req, 400, "the path is GROUP/NAME");
		return;
	}
	*slash = '\0';
	if (!core_find(call->agent->core, name))
		http_error(call->req, 404, "there is no child %s", name);
	else if (name_check(call->rest, &err) < 0)
		http_error(call->req, 400, "%s", err.text);
	else if (agent_group(call->agent, name, call->rest, join, &err) < 0)
		fail(call, &err);
	else
		reply_names(call, names);
}

void
api_join(struct call *call)
{
	group(call, true);
}

void
api_leave(struct call *call)
{
	group(call, false);
}

void
api_shutdown(struct call *call)
{
	reply_names(call, NULL);
	agent_shutdown(call->agent);
}

void
api_reload(struct call *call)
{
	agent_reload(call->agent);
	reply_names(call, NULL);
}

void
api_reopen(struct call *call)
{
	agent_reopen_logs(call->agent);
	reply_names(call, NULL);
}
