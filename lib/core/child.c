/* SPDX-License-Identifier: MIT */
/*
 * A name's states as a table: what each may become. Deciding is in life.c;
 * here a move is checked, recorded and made known.
 */
#include "core/child.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define S(state) (1u << CHILD_##state)

static const struct {
	const char *name;
	unsigned next;		/* allowed next states */
	bool process;		/* may one run? */
	bool idle;		/* may none run? */
} states[CHILD_STATES] = {
	[CHILD_PENDING] = { "PENDING", S(STOPPED) | S(STARTING), false, true },
	[CHILD_STOPPED] = { "STOPPED", S(PENDING) | S(STARTING) | S(EXITED) |
	    S(FATAL), false, true },
	[CHILD_STARTING] = { "STARTING", S(RUNNING) | S(STOPPING) |
	    S(BACKOFF) | S(EXITED) | S(FATAL) | S(PENDING) | S(STOPPED),
	    true, false },
	[CHILD_RUNNING] = { "RUNNING", S(STARTING) | S(STOPPING) | S(BACKOFF) |
	    S(EXITED) | S(FATAL) | S(PENDING) | S(STOPPED), true, false },
	[CHILD_BACKOFF] = { "BACKOFF", S(STARTING) | S(STOPPED) | S(PENDING),
	    false, true },
	[CHILD_STOPPING] = { "STOPPING", S(STOPPED) | S(STARTING) |
	    S(BACKOFF) | S(EXITED) | S(FATAL) | S(PENDING), true, false },
	[CHILD_EXITED] = { "EXITED", S(STOPPED) | S(STARTING) | S(PENDING),
	    false, true },
	[CHILD_FATAL] = { "FATAL", S(STOPPED) | S(STARTING) | S(PENDING),
	    false, true },
};

const char *
child_state_name(enum child_state state)
{
	return states[state].name;
}

void
child_set_state(struct core *core, struct child *c, enum child_state state,
    const char *reason, ...)
{
	enum child_state from = c->state;
	va_list ap;

	va_start(ap, reason);
	vsnprintf(c->reason, sizeof c->reason, reason, ap);
	va_end(ap);
	child_count(core, c);
	/* A new instance goes through STARTING anew. */
	if (state == from && state != CHILD_STARTING)
		return;
	assert(state == from || states[from].next & 1u << state);
	assert(c->process == PROCESS_NONE ? states[state].idle :
	    states[state].process);
	c->state = state;
	c->state_ms = core->now_ms;
	child_count(core, c);
	core_effect(core, EFFECT_STATE, c)->from = from;
	depend_changed(core, c);
}

/* Keeps the number of names that take up room on the host. */
void
child_count(struct core *core, struct child *c)
{
	bool active = c->process != PROCESS_NONE || c->state == CHILD_BACKOFF;

	if (active == c->private->counted)
		return;
	c->private->counted = active;
	core->active += active ? 1 : -1;
}

struct child *
child_new(struct core *core, const char *name)
{
	struct child *c = mem_alloc(sizeof *c);
	struct child_private *p = mem_alloc(sizeof *p);

	snprintf(c->name, sizeof c->name, "%s", name);
	c->private = p;
	c->state = CHILD_STOPPED;
	c->state_ms = core->now_ms;
	c->epoch = 1;
	p->heap_at = -1;
	p->watchdog_ms = p->hook_ms = INT64_MAX;
	p->prev = core->last;
	if (core->last)
		core->last->private->next = c;
	else
		core->first = c;
	core->last = c;
	map_put(core->children, name, c);
	return c;
}

void
child_free(struct child *c)
{
	child_spec_unref(c->spec);
	child_spec_unref(c->private->run_spec);
	restart_reset(&c->private->restarts);
	free(c->private);
	free(c->status_text);
	strv_free(c->groups);
	strv_free(c->joined);
	strv_free(c->left);
	free(c);
}

/* The spec's groups and the joined ones, less those that were left. */
void
child_update_groups(struct child *c)
{
	strv_free(c->groups);
	c->groups = NULL;
	for (char **g = c->spec->groups; g && *g; g++)
		if (strv_find(c->left, *g) < 0 && strv_find(c->groups, *g) < 0)
			strv_push(&c->groups, *g);
	for (char **g = c->joined; g && *g; g++)
		if (strv_find(c->groups, *g) < 0)
			strv_push(&c->groups, *g);
}

bool
child_is_settled(const struct child *c)
{
	if (!c->wanted)
		return c->state == CHILD_STOPPED;
	return c->state == CHILD_RUNNING ||
	    (c->state == CHILD_EXITED && !child_is_failed(c));
}

bool
child_is_failed(const struct child *c)
{
	if (!c->wanted)
		return false;
	return c->state == CHILD_FATAL || (c->state == CHILD_EXITED &&
	    (!c->has_exited || (c->last_status & 0x7f) != 0 ||
	    !child_spec_is_success(c->spec, c->last_status >> 8 & 0xff)));
}
