/* SPDX-License-Identifier: MIT */
/* See waiter.h. */
#include "agent/waiter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "agent/api.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/units.h"

enum progress { WAITING, REACHED, HOPELESS };

struct item { uint64_t after; enum progress is; };

struct waiter {
	LIST_ENTRY(waiter) next;
	struct waiters *all;
	struct http_request *req;
	struct map *items;		/* name → struct item */
	size_t waiting;
	enum wait_for what;
	bool progress;
	int old_pid;
	int64_t began_us;
	struct event *deadline;
};

struct waiters {
	struct agent *agent;
	LIST_HEAD(, waiter) list;
};

struct waiters *
waiters_new(struct agent *agent)
{
	struct waiters *w = mem_alloc(sizeof *w);

	w->agent = agent;
	LIST_INIT(&w->list);
	return w;
}

static enum progress
look_at(const struct waiter *w, const struct item *item,
    const struct child *c)
{
	bool done, newer;

	if (!c)
		return w->what == WAIT_GONE || w->what == WAIT_STOPPED ?
		    REACHED : HOPELESS;
	newer = c->instance > item->after;
	switch (w->what) {
	case WAIT_SETTLED: done = child_is_settled(c); break;
	case WAIT_RUNNING: done = c->state == CHILD_RUNNING; break;
	case WAIT_STOPPED: return c->process == PROCESS_NONE && !c->wanted ?
		    REACHED : WAITING;
	case WAIT_EXITED: done = c->process == PROCESS_NONE &&
		    c->state != CHILD_BACKOFF; break;
	case WAIT_GONE: return WAITING;
	case WAIT_RESTARTED: done = newer && child_is_settled(c); break;
	case WAIT_CRASHED: done = newer && (c->pid > 0 ||
		    child_is_settled(c)); break;
	default: done = true;
	}
	if (done)
		return REACHED;
	/* A stop, or an end that is to stay, comes from elsewhere. */
	if (!c->wanted && c->process == PROCESS_NONE)
		return HOPELESS;
	if (w->what == WAIT_RUNNING && c->state == CHILD_EXITED)
		return HOPELESS;
	if (w->what == WAIT_CRASHED && c->process == PROCESS_NONE &&
	    c->state == CHILD_EXITED)
		return HOPELESS;
	return child_is_failed(c) && (w->what < WAIT_RESTARTED || newer ||
	    c->process == PROCESS_NONE) ? HOPELESS : WAITING;
}

static void
waiter_free(struct waiter *w)
{
	LIST_REMOVE(w, next);
	if (w->deadline)
		event_free(w->deadline);
	map_free(w->items, free);
	free(w);
}

void
waiters_free(struct waiters *all)
{
	if (!all)
		return;
	while (!LIST_EMPTY(&all->list))
		waiter_free(LIST_FIRST(&all->list));
	free(all);
}

static void
write_names(struct waiter *w, struct jsonw *out, enum progress which)
{
	struct map_iter it = { 0 };
	const char *name;
	void *value;

	jsonw_array(out);
	while (map_next(w->items, &it, &name, &value)) {
		const struct child *c = core_find(w->all->agent->core, name);

		if (((struct item *)value)->is != which)
			continue;
		if (which == WAITING) {
			jsonw_str(out, name);
			continue;
		}
		jsonw_object(out);
		jsonw_kstr(out, "name", name);
		jsonw_kstr(out, "state", c ? child_state_name(c->state) :
		    "GONE");
		jsonw_kstr(out, "reason", c ? c->reason : "it is no more");
		jsonw_end_object(out);
	}
	jsonw_end_array(out);
}

static void
write_result(struct waiter *w, struct buf *json)
{
	struct map_iter it = { 0 };
	size_t reached = 0;
	struct jsonw out;
	void *value;

	while (map_next(w->items, &it, NULL, &value))
		reached += ((struct item *)value)->is == REACHED;
	jsonw_init(&out, json);
	jsonw_object(&out);
	jsonw_kbool(&out, "done", reached == map_len(w->items));
	jsonw_kint(&out, "total", map_len(w->items));
	jsonw_kint(&out, "ok", reached);
	jsonw_key(&out, "failed");
	write_names(w, &out, HOPELESS);
	jsonw_key(&out, "waiting");
	write_names(w, &out, WAITING);
	jsonw_end_object(&out);
}

/* The one name of WAIT_CRASHED. */
static void
answer_crashed(struct waiter *w)
{
	struct map_iter it = { 0 };
	const struct child *c;
	const char *name;
	char took[32];
	struct jsonw out;
	struct buf json;
	void *value;

	map_next(w->items, &it, &name, &value);
	c = core_find(w->all->agent->core, name);
	if (((struct item *)value)->is == WAITING) {
		http_error(w->req, 504, "%s was killed and has not come back "
		    "yet (%s)", name, c ? child_state_name(c->state) : "");
		return;
	}
	if (((struct item *)value)->is == HOPELESS) {
		http_error(w->req, 503, "%s was killed and stays away: %s%s%s",
		    name, c ? child_state_name(c->state) : "it is no more",
		    c && c->reason[0] ? ", " : "", c ? c->reason : "");
		return;
	}
	buf_init(&json, 0);
	jsonw_init(&out, &json);
	jsonw_object(&out);
	jsonw_kstr(&out, "name", name);
	jsonw_kstr(&out, "host", w->all->agent->config.host);
	jsonw_key(&out, "pid");
	if (c->pid > 0)
		jsonw_int(&out, c->pid);
	else
		jsonw_null(&out);
	jsonw_kint(&out, "instance", c->instance);
	jsonw_kint(&out, "old_pid", w->old_pid);
	jsonw_key(&out, "took_ms");
	jsonw_raw(&out, took, snprintf(took, sizeof took, "%.3f",
	    (clock_boot_us() - w->began_us) / 1000.0));
	jsonw_end_object(&out);
	http_reply(w->req, 200, &json);
	buf_release(&json);
}

static void
answer(struct waiter *w)
{
	struct buf json;

	if (w->what == WAIT_CRASHED) {
		answer_crashed(w);
		waiter_free(w);
		return;
	}
	buf_init(&json, 0);
	write_result(w, &json);
	if (w->progress) {
		buf_putc(&json, '\n');
		http_stream_write(w->req, json.data, json.len);
		http_stream_end(w->req);
	} else {
		http_reply(w->req, 200, &json);
	}
	buf_release(&json);
	waiter_free(w);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	answer(arg);
}

static void
on_close(struct http_request *req, void *arg)
{
	(void)req;
	waiter_free(arg);
}

static void
add_items(struct waiter *w, const struct wait *wait)
{
	struct core *core = w->all->agent->core;

	for (size_t i = 0; wait->names && wait->names[i]; i++) {
		struct item *item;

		if (map_get(w->items, wait->names[i]))
			continue;
		item = mem_alloc(sizeof *item);
		item->after = wait->after ? wait->after[i] : 0;
		item->is = look_at(w, item, core_find(core, wait->names[i]));
		w->waiting += item->is == WAITING;
		map_put(w->items, wait->names[i], item);
	}
}

void
waiters_add(struct waiters *all, struct http_request *req,
    const struct wait *wait)
{
	int64_t ms = wait->timeout_ms;
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };
	struct waiter *w = mem_alloc(sizeof *w);

	w->all = all;
	w->req = req;
	w->what = wait->what;
	w->old_pid = wait->old_pid;
	w->began_us = clock_boot_us();
	w->items = map_new();
	LIST_INSERT_HEAD(&all->list, w, next);
	add_items(w, wait);
	http_on_close(req, on_close, w);
	if (wait->progress && w->what != WAIT_CRASHED) {
		w->progress = true;
		http_stream_begin(req, 200, "application/x-ndjson");
	}
	if (w->waiting == 0) {
		answer(w);
		return;
	}
	if (ms == DURATION_INFINITY)
		return;
	w->deadline = event_new(all->agent->base, -1, 0, on_deadline, w);
	event_add(w->deadline, &tv);
}

/* A client that does not read misses lines, not the end. */
static void
tell_progress(struct waiter *w, const struct child *c)
{
	struct jsonw out;
	struct buf json;

	if (http_stream_pending(w->req) > HTTP_STREAM_HIGH)
		return;
	buf_init(&json, 0);
	jsonw_init(&out, &json);
	api_write_child(w->all->agent, c, &out);
	buf_putc(&json, '\n');
	http_stream_write(w->req, json.data, json.len);
	buf_release(&json);
}

void
waiters_look(struct waiters *all, const char *name)
{
	const struct child *c = core_find(all->agent->core, name);
	struct waiter *w, *next;

	for (w = LIST_FIRST(&all->list); w; w = next) {
		struct item *item = map_get(w->items, name);

		next = LIST_NEXT(w, next);
		if (!item)
			continue;
		w->waiting -= item->is == WAITING;
		item->is = look_at(w, item, c);
		w->waiting += item->is == WAITING;
		if (w->progress && c)
			tell_progress(w, c);
		if (w->waiting == 0)
			answer(w);
	}
}
