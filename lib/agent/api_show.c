/* SPDX-License-Identifier: MIT */
/* Requests that only look. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/api.h"
#include "agent/capture.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/units.h"

static void
reply(struct call *call, int code, struct buf *json)
{
	http_reply(call->req, code, json);
	buf_release(json);
}

static void
write_exit(const struct child *c, struct jsonw *w)
{
	char name[16];

	jsonw_key(w, "exit_code");
	if (c->has_exited && WIFEXITED(c->last_status))
		jsonw_int(w, WEXITSTATUS(c->last_status));
	else
		jsonw_null(w);
	jsonw_key(w, "signal");
	if (c->has_exited && WIFSIGNALED(c->last_status))
		jsonw_str(w, signal_format(WTERMSIG(c->last_status), name));
	else
		jsonw_null(w);
}

static void
write_names(struct jsonw *w, const char *key, char *const *names)
{
	jsonw_key(w, key);
	jsonw_array(w);
	for (; names && *names; names++)
		jsonw_str(w, *names);
	jsonw_end_array(w);
}

static void
write_fields(const struct agent *agent, const struct child *c,
    struct jsonw *w)
{
	int64_t now_ms = clock_boot_ms();
	char at[32];

	jsonw_kstr(w, "name", c->name);
	jsonw_kstr(w, "state", child_state_name(c->state));
	jsonw_kstr(w, "host", agent->config.host);
	jsonw_key(w, "pid");
	if (c->pid > 0)
		jsonw_int(w, c->pid);
	else
		jsonw_null(w);
	jsonw_kint(w, "epoch", c->epoch);
	jsonw_kint(w, "instance", c->instance);
	jsonw_kstr(w, "started_at", c->pid > 0 ? clock_format(clock_wall_ms() -
	    now_ms + c->started_ms, at) : NULL);
	jsonw_kint(w, "uptime_ms", c->pid > 0 ? now_ms - c->started_ms : 0);
	jsonw_kint(w, "restarts", c->restarts);
	write_exit(c, w);
	write_names(w, "groups", c->groups);
	jsonw_kstr(w, "reason", c->reason);
	jsonw_kstr(w, "status_text", c->status_text);
	jsonw_kstr(w, "spec", c->spec->name);
	jsonw_kstr(w, "source", c->source);
	jsonw_kbool(w, "wanted", c->wanted);
}

void
api_write_child(const struct agent *agent, const struct child *c,
    struct jsonw *w)
{
	jsonw_object(w);
	write_fields(agent, c, w);
	jsonw_end_object(w);
}

static void
write_count(const struct call *call, struct jsonw *w)
{
	size_t states[CHILD_STATES] = { 0 }, specs = 0, active = 0;

	for (const struct child_spec *s = NULL;
	    (s = core_next_spec(call->agent->core, s));)
		specs++;
	for (struct child *c = NULL; (c = core_next(call->agent->core, c));) {
		states[c->state]++;
		active += c->process != PROCESS_NONE;
	}
	jsonw_kint(w, "specs", specs);
	jsonw_kint(w, "active", active);
	jsonw_kint(w, "supervisors", 0);
	jsonw_kint(w, "workers", core_count(call->agent->core));
	jsonw_key(w, "states");
	jsonw_object(w);
	for (int i = 0; i < CHILD_STATES; i++)
		jsonw_kint(w, child_state_name(i), states[i]);
	jsonw_end_object(w);
}

void
api_status(struct call *call)
{
	bool all = !api_query(call, "name", NULL);
	char **names = all ? NULL : api_names(call);
	struct jsonw w;
	struct buf json;

	if (!all && !names)
		return;
	buf_init(&json, 0);
	jsonw_init(&w, &json);
	jsonw_object(&w);
	if (api_query(call, "count", NULL)) {
		write_count(call, &w);
	} else {
		jsonw_key(&w, "children");
		jsonw_array(&w);
		for (struct child *c = NULL; all &&
		    (c = core_next(call->agent->core, c));)
			api_write_child(call->agent, c, &w);
		for (char **n = names; n && *n; n++)
			api_write_child(call->agent, core_find(
			    call->agent->core, *n), &w);
		jsonw_end_array(&w);
	}
	jsonw_end_object(&w);
	strv_free(names);
	reply(call, 200, &json);
}

static struct child *
one_child(struct call *call)
{
	struct child *c = core_find(call->agent->core, call->rest);

	if (!c)
		http_error(call->req, 404, "there is no child %s",
		    call->rest);
	return c;
}

void
api_where(struct call *call)
{
	struct child *c = one_child(call);
	struct jsonw w;
	struct buf json;

	if (!c)
		return;
	buf_init(&json, 0);
	jsonw_init(&w, &json);
	jsonw_object(&w);
	jsonw_kstr(&w, "name", c->name);
	jsonw_kstr(&w, "host", call->agent->config.host);
	jsonw_key(&w, "pid");
	if (c->pid > 0)
		jsonw_int(&w, c->pid);
	else
		jsonw_null(&w);
	jsonw_kstr(&w, "state", child_state_name(c->state));
	if (c->pid == 0)
		jsonw_kstr(&w, "error", "it is not running");
	jsonw_end_object(&w);
	reply(call, c->pid > 0 ? 200 : 503, &json);
}

void
api_why(struct call *call)
{
	struct child *c = one_child(call);
	char *log;
	struct jsonw w;
	struct buf json;

	if (!c)
		return;
	buf_init(&json, 0);
	jsonw_init(&w, &json);
	jsonw_object(&w);
	write_fields(call->agent, c, &w);
	jsonw_kstr(&w, "wanted_by", c->wanted ? (strcmp(c->source, "file") ?
	    "start" : "the fleet file") : NULL);
	jsonw_key(&w, "next_start_in_ms");
	if (c->state == CHILD_BACKOFF)
		jsonw_int(&w, c->next_start_ms - clock_boot_ms());
	else
		jsonw_null(&w);
	log = mem_printf("%s/%s.log", call->agent->config.paths.log_dir,
	    c->name);
	jsonw_kstr(&w, "log", log);
	free(log);
	jsonw_end_object(&w);
	reply(call, 200, &json);
}

void
api_fleet(struct call *call)
{
	struct jsonw w;
	struct buf json;

	buf_init(&json, 0);
	jsonw_init(&w, &json);
	jsonw_object(&w);
	jsonw_kstr(&w, "fleet", call->agent->config.fleet);
	jsonw_key(&w, "children");
	jsonw_object(&w);
	for (const struct child_spec *s = NULL;
	    (s = core_next_spec(call->agent->core, s));) {
		struct buf body;

		buf_init(&body, 0);
		child_spec_format(s, &body);
		jsonw_key(&w, s->name);
		jsonw_raw(&w, body.data, body.len);
		buf_release(&body);
	}
	jsonw_end_object(&w);
	jsonw_end_object(&w);
	reply(call, 200, &json);
}

static int64_t
all_dropped(const struct call *call)
{
	int64_t n = 0;

	for (struct child *c = NULL; (c = core_next(call->agent->core, c));) {
		const struct runner *r = c->user;

		if (r && r->capture)
			n += capture_dropped(r->capture);
	}
	return n;
}

void
api_agent(struct call *call)
{
	const struct agent *a = call->agent;
	int64_t up_ms = clock_boot_ms() - a->started_ms;
	struct jsonw w;
	struct buf json;
	char at[32];

	buf_init(&json, 0);
	jsonw_init(&w, &json);
	jsonw_object(&w);
	jsonw_kstr(&w, "fleet", a->config.fleet);
	jsonw_kstr(&w, "host", a->config.host);
	jsonw_kstr(&w, "version", SWARMSUP_VERSION);
	jsonw_kint(&w, "pid", getpid());
	jsonw_kint(&w, "warden_pid", a->warden_pid);
	jsonw_kstr(&w, "started_at", clock_format(clock_wall_ms() - up_ms,
	    at));
	jsonw_kint(&w, "uptime_ms", up_ms);
	jsonw_kint(&w, "children", core_count(a->core));
	write_names(&w, "files", a->config.files ? a->config.files :
	    a->files);
	jsonw_kstr(&w, "state_dir", a->config.paths.state_dir);
	jsonw_kstr(&w, "log_dir", a->config.paths.log_dir);
	jsonw_kstr(&w, "socket", a->config.paths.socket);
	jsonw_kint(&w, "agent_runs", a->agent_runs);
	jsonw_kint(&w, "dropped_bytes", all_dropped(call));
	jsonw_end_object(&w);
	reply(call, 200, &json);
}

static void
collect(struct map *groups, const struct child *c)
{
	for (char **g = c->groups; g && *g; g++) {
		char ***members = map_get(groups, *g);

		if (!members) {
			members = mem_alloc(sizeof *members);
			map_put(groups, *g, members);
		}
		strv_push(members, c->name);
	}
}

static void
free_members(void *value)
{
	strv_free(*(char ***)value);
	free(value);
}

void
api_groups(struct call *call)
{
	struct map *groups = map_new();
	struct map_iter it = { 0 };
	const char *name;
	char ***one;
	struct jsonw w;
	struct buf json;
	void *value;

	for (struct child *c = NULL; (c = core_next(call->agent->core, c));)
		collect(groups, c);
	one = map_get(groups, call->rest);
	if (call->rest[0] && !one) {
		http_error(call->req, 404, "there is no group %s",
		    call->rest);
		map_free(groups, free_members);
		return;
	}
	buf_init(&json, 0);
	jsonw_init(&w, &json);
	jsonw_object(&w);
	if (one) {
		write_names(&w, "members", *one);
	} else {
		jsonw_key(&w, "groups");
		jsonw_object(&w);
		while (map_next(groups, &it, &name, &value))
			write_names(&w, name, *(char ***)value);
		jsonw_end_object(&w);
	}
	jsonw_end_object(&w);
	map_free(groups, free_members);
	reply(call, 200, &json);
}

/* The Prometheus text format, version 0.0.4. */
void
api_metrics(struct call *call)
{
	struct buf out;

	buf_init(&out, 0);
	buf_puts(&out, "# TYPE swarmsup_child_up gauge\n");
	for (struct child *c = NULL; (c = core_next(call->agent->core, c));)
		buf_printf(&out, "swarmsup_child_up{name=\"%s\"} %d\n",
		    c->name, c->state == CHILD_RUNNING);
	buf_puts(&out, "# TYPE swarmsup_child_restarts_total counter\n");
	for (struct child *c = NULL; (c = core_next(call->agent->core, c));)
		buf_printf(&out, "swarmsup_child_restarts_total{name=\"%s\"} "
		    "%u\n", c->name, c->restarts);
	buf_printf(&out, "# TYPE swarmsup_dropped_bytes_total counter\n"
	    "swarmsup_dropped_bytes_total %" PRId64 "\n", all_dropped(call));
	http_reply_text(call->req, 200, "text/plain; version=0.0.4",
	    out.data, out.len);
	buf_release(&out);
}
