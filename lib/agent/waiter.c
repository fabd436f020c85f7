/* SPDX-License-Identifier: MIT */
/* See waiter.h. */
#include "agent/waiter.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "base/jsonw.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/units.h"

enum progress { WAITING, REACHED, HOPELESS };

struct item { uint64_t after; enum progress is; };

struct waiter {
	LIST_ENTRY(waiter) next;
	struct waiters *all;
	struct evhttp_request *req;
	struct map *items;		/* name → struct item */
	size_t waiting;
	enum wait_for what;
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
	bool done;

	if (!c)
		return w->what == WAIT_GONE || w->what == WAIT_STOPPED ?
		    REACHED : HOPELESS;
	switch (w->what) {
	case WAIT_SETTLED: done = child_is_settled(c); break;
	case WAIT_RUNNING: done = c->state == CHILD_RUNNING; break;
	case WAIT_STOPPED: done = c->process == PROCESS_NONE && !c->wanted;
		break;
	case WAIT_EXITED: done = c->process == PROCESS_NONE &&
		    c->state != CHILD_BACKOFF; break;
	case WAIT_GONE: return WAITING;
	default: done = c->instance > item->after &&
		    (child_is_settled(c) || c->pid > 0);
	}
	if (done)
		return REACHED;
	return child_is_failed(c) && (w->what != WAIT_NEW_INSTANCE ||
	    c->instance > item->after) ? HOPELESS : WAITING;
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
answer(struct waiter *w)
{
	struct map_iter it = { 0 };
	size_t reached = 0;
	struct jsonw out;
	struct buf json;
	void *value;

	while (map_next(w->items, &it, NULL, &value))
		reached += ((struct item *)value)->is == REACHED;
	buf_init(&json, 0);
	jsonw_init(&out, &json);
	jsonw_object(&out);
	jsonw_kbool(&out, "done", reached == map_len(w->items));
	jsonw_kint(&out, "total", map_len(w->items));
	jsonw_kint(&out, "ok", reached);
	jsonw_key(&out, "failed");
	write_names(w, &out, HOPELESS);
	jsonw_key(&out, "waiting");
	write_names(w, &out, WAITING);
	jsonw_end_object(&out);
	evhttp_connection_set_closecb(evhttp_request_get_connection(w->req),
	    NULL, NULL);
	http_reply(w->req, 200, &json);
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
on_close(struct evhttp_connection *con, void *arg)
{
	struct waiter *w = arg;

	(void)con;
	waiter_free(w);		/* evhttp frees the request itself */
}

void
waiters_add(struct waiters *all, struct evhttp_request *req,
    char *const *names, const uint64_t *after, enum wait_for what,
    int64_t timeout_ms)
{
	struct timeval tv = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };
	struct waiter *w = mem_alloc(sizeof *w);

	w->all = all;
	w->req = req;
	w->what = what;
	w->items = map_new();
	LIST_INSERT_HEAD(&all->list, w, next);
	for (size_t i = 0; names && names[i]; i++) {
		struct item *item = mem_alloc(sizeof *item);

		item->after = after ? after[i] : 0;
		item->is = look_at(w, item, core_find(all->agent->core,
		    names[i]));
		w->waiting += item->is == WAITING;
		free(map_put(w->items, names[i], item));
	}
	if (w->waiting == 0) {
		answer(w);
		return;
	}
	evhttp_connection_set_closecb(evhttp_request_get_connection(req),
	    on_close, w);
	if (timeout_ms == DURATION_INFINITY)
		return;
	w->deadline = event_new(all->agent->base, -1, 0, on_deadline, w);
	event_add(w->deadline, &tv);
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
		if (w->waiting == 0)
			answer(w);
	}
}
