/* SPDX-License-Identifier: MIT */
/* The step function: inputs to their handlers, tables of specs and names.
 * What follows from them is decided in life.c. See core.h. */
#include "core/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/child.h"

struct remembered { uint64_t instance; bool wanted; };

struct core *
core_new(const struct core_config *config)
{
	struct core *core = mem_alloc(sizeof *core);

	core->config = *config;
	core->random = config->seed;
	core->children = map_new();
	core->entries = map_new();
	core->dependents = map_new();
	core->instances = map_new();
	core->wants = map_new();
	return core;
}

static void
free_dead(struct core *core)
{
	while (core->dead) {
		struct child *c = core->dead;

		core->dead = c->private->next;
		child_free(c);
	}
}

static void
entry_free(void *value)
{
	struct entry *e = value;

	child_spec_unref(e->spec);
	free(e->source);
	free(e->children);
	free(e);
}

void
core_free(struct core *core)
{
	if (!core)
		return;
	free_dead(core);
	while (core->first) {
		struct child *c = core->first;

		core->first = c->private->next;
		child_free(c);
	}
	map_free(core->children, NULL);
	map_free(core->entries, entry_free);
	map_free(core->dependents, dependents_free);
	map_free(core->instances, free);
	map_free(core->wants, free);
	free(core->effects);
	free(core->heap);
	free(core);
}

struct effect *
core_effect(struct core *core, enum effect_type type, struct child *c)
{
	struct effect *e;

	if (core->neffects == core->effects_room) {
		core->effects_room = 2 * core->effects_room + 16;
		core->effects = mem_grow(core->effects, core->effects_room,
		    sizeof *core->effects);
	}
	e = &core->effects[core->neffects++];
	*e = (struct effect){ .type = type, .child = c };
	return e;
}

static struct remembered *
remember(struct map *map, const char *name)
{
	struct remembered *r = map_get(map, name);

	if (!r) {
		r = mem_alloc(sizeof *r);
		map_put(map, name, r);
	}
	return r;
}

void
core_set_instance(struct core *core, const char *name, uint64_t instance)
{
	remember(core->instances, name)->instance = instance;
}

void
core_set_wanted(struct core *core, const char *name, bool wanted)
{
	remember(core->wants, name)->wanted = wanted;
}

/* The name is no more: out of all tables, freed at the next step. */
void
core_forget(struct core *core, struct child *c)
{
	struct child_private *p = c->private;

	timer_set(core, c, INT64_MAX);
	core_set_instance(core, c->name, c->instance);
	free(map_del(core->wants, c->name));
	map_del(core->children, c->name);
	if (p->prev)
		p->prev->private->next = p->next;
	else
		core->first = p->next;
	if (p->next)
		p->next->private->prev = p->prev;
	else
		core->last = p->prev;
	p->next = core->dead;
	core->dead = c;
	core_effect(core, EFFECT_FORGET, c);
}

/* Gives a name its spec; makes it if it is new. */
static struct child *
bind_child(struct core *core, struct entry *e, int replica)
{
	char name[NAME_LEN_MAX + 1];
	struct remembered *r;
	struct child *c;

	child_spec_name(e->spec, replica, name);
	c = map_get(core->children, name);
	if (!c) {
		c = child_new(core, name);
		r = map_get(core->instances, name);
		c->instance = r ? r->instance : 0;
		r = map_get(core->wants, name);
		c->wanted = r ? r->wanted : e->spec->autostart;
	} else if (!c->private->entry) {
		c->wanted = e->spec->autostart;	/* back while it stopped */
	}
	child_spec_unref(c->spec);
	c->spec = child_spec_ref(e->spec);
	c->source = e->source;
	c->replica = replica;
	c->private->entry = e;
	child_update_groups(c);
	return c;
}

/* The spec of a running or resting name has changed under it. */
static void
respec(struct core *core, struct child *c, bool changed)
{
	struct child_private *p = c->private;

	(void)core;
	if (!changed)
		return;
	restart_reset(&p->restarts);
	if (c->process == PROCESS_PRE_START || c->process == PROCESS_MAIN) {
		if (p->run_spec && !p->stopping &&
		    child_spec_needs_restart(p->run_spec, c->spec))
			p->restart = true;
		if (p->watchdog_ms == INT64_MAX && c->spec->watchdog_ms > 0 &&
		    c->state == CHILD_RUNNING)
			p->watchdog_ms = core->now_ms + c->spec->watchdog_ms;
	} else if (c->process == PROCESS_NONE && c->wanted &&
	    (c->state == CHILD_FATAL || c->state == CHILD_EXITED ||
	    c->state == CHILD_BACKOFF)) {
		child_set_state(core, c, CHILD_STOPPED, "its spec changed");
	}
}

static struct entry *
entry_new(struct core *core, const char *name)
{
	struct entry *e = mem_alloc(sizeof *e);

	map_put(core->entries, name, e);
	e->prev = core->last_entry;
	if (core->last_entry)
		core->last_entry->next = e;
	else
		core->first_entry = e;
	core->last_entry = e;
	return e;
}

static void
on_spec_put(struct core *core, const struct input *in)
{
	struct entry *e = map_get(core->entries, in->spec->name);
	struct child_spec *old = e ? e->spec : NULL;
	struct child **before = e ? e->children : NULL;
	int nbefore = e ? e->nchildren : 0;
	bool changed = !old || !child_spec_equal(old, in->spec);

	if (!e)
		e = entry_new(core, in->spec->name);
	if (old)
		depend_unlink(core, old);
	e->spec = child_spec_ref(in->spec);
	free(e->source);
	e->source = mem_strdup(in->source ? in->source : "file");
	depend_link(core, e->spec);
	/* First all lose it, then those that are still meant get it back. */
	for (int i = 0; i < nbefore; i++) {
		before[i]->private->entry = NULL;
		before[i]->source = "";
	}
	e->nchildren = e->spec->replicas;
	e->children = mem_array(e->nchildren, sizeof *e->children);
	for (int i = 0; i < e->nchildren; i++) {
		char name[NAME_LEN_MAX + 1];
		struct child *c = map_get(core->children,
		    child_spec_name(e->spec, i, name));

		if (c && !c->private->entry && i < nbefore && before[i] == c)
			c->private->entry = e;	/* not one that comes back */
		e->children[i] = bind_child(core, e, i);
	}
	for (int i = 0; i < nbefore; i++)
		if (!before[i]->private->entry)
			life_evaluate(core, before[i]);
	for (int i = 0; i < e->nchildren; i++) {
		respec(core, e->children[i], changed);
		life_evaluate(core, e->children[i]);
	}
	free(before);
	child_spec_unref(old);
}

static void
on_spec_delete(struct core *core, const struct input *in)
{
	struct entry *e = map_del(core->entries, in->name);

	if (!e)
		return;
	depend_unlink(core, e->spec);
	if (e->prev)
		e->prev->next = e->next;
	else
		core->first_entry = e->next;
	if (e->next)
		e->next->prev = e->prev;
	else
		core->last_entry = e->prev;
	for (int i = 0; i < e->nchildren; i++) {
		e->children[i]->private->entry = NULL;
		e->children[i]->source = "";
	}
	for (int i = 0; i < e->nchildren; i++)
		life_evaluate(core, e->children[i]);
	entry_free(e);
}

static void
want(struct core *core, struct child *c, bool wanted)
{
	if (c->wanted == wanted)
		return;
	c->wanted = wanted;
	core_effect(core, EFFECT_WANT, c);
}

static void
on_start(struct core *core, struct child *c)
{
	want(core, c, true);
	if (c->process == PROCESS_NONE && (c->state == CHILD_FATAL ||
	    c->state == CHILD_EXITED || c->state == CHILD_BACKOFF)) {
		restart_reset(&c->private->restarts);
		c->restarts = 0;
		child_set_state(core, c, CHILD_STOPPED, "%s", "");
	}
	life_evaluate(core, c);
}

static void
on_restart(struct core *core, struct child *c, bool handoff)
{
	struct child_private *p = c->private;

	if (c->process == PROCESS_NONE || !c->wanted || p->stopping ||
	    c->process == PROCESS_POST_EXIT) {
		/* It starts anew anyway, or from nothing. */
		on_start(core, c);
		return;
	}
	if (p->restart)
		return;
	p->restart = true;
	if (handoff && c->spec->channel && c->process == PROCESS_MAIN &&
	    c->pid > 0) {
		p->handoff = HANDOFF_ASKED;
		core_effect(core, EFFECT_BEGIN_HANDOFF, c)->instance =
		    c->instance;
	}
	life_evaluate(core, c);
}

static void
on_handoff_reply(struct core *core, struct child *c, enum handoff_kind answer)
{
	struct child_private *p = c->private;

	if (p->handoff != HANDOFF_ASKED)
		return;
	p->handoff = answer == HANDOFF_RESUME ? HANDOFF_RESUMING :
	    HANDOFF_NONE;
	if (answer == HANDOFF_IGNORE) {
		p->restart = false;
		snprintf(c->reason, sizeof c->reason, "not restarted: it "
		    "answered begin_handoff with ignore");
		core_effect(core, EFFECT_STATE, c)->from = c->state;
	}
	life_evaluate(core, c);
}

static void
on_group(struct core *core, struct child *c, const char *group, bool join)
{
	char ***to = join ? &c->joined : &c->left;
	char **from = join ? c->left : c->joined;
	int at = strv_find(from, group);

	if (at >= 0) {
		free(from[at]);
		for (; from[at]; at++)
			from[at] = from[at + 1];
	}
	if (strv_find(*to, group) < 0)
		strv_push(to, group);
	child_update_groups(c);
	core_effect(core, EFFECT_WANT, c);
}

static void
on_stop_all(struct core *core, bool stop)
{
	core->stopping = stop;
	core->all_stopped = false;
	/* The next may be freed only by a later step: next stays valid. */
	for (struct child *c = core->first, *next; c; c = next) {
		next = c->private->next;
		life_evaluate(core, c);
	}
}

/* Reports of a process: only of the one that runs now. */
static void
on_report(struct core *core, struct child *c, const struct input *in)
{
	struct child_private *p = c->private;
	bool is_main = c->process == PROCESS_MAIN;

	if (in->instance != c->instance || c->process == PROCESS_NONE)
		return;
	switch (in->type) {
	case INPUT_SPAWNED:
		if (in->kind == c->process)
			life_on_spawned(core, c, in);
		break;
	case INPUT_SPAWN_FAILED:
		if (in->kind != c->process)
			break;
		life_on_ended(core, c, 127 << 8, true);
		if (in->text && map_get(core->children, in->name) == c)
			snprintf(c->reason, sizeof c->reason, "%s", in->text);
		break;
	case INPUT_EXITED:
		if (in->kind == c->process)
			life_on_ended(core, c, in->status, false);
		break;
	case INPUT_READY:
		if (is_main && c->pid > 0)
			life_on_ready(core, c);
		break;
	case INPUT_WATCHDOG:
		if (is_main && p->watchdog_ms != INT64_MAX)
			p->watchdog_ms = core->now_ms + c->spec->watchdog_ms;
		life_set_timer(core, c);
		break;
	case INPUT_STOPPING:
		if (!is_main || p->stopping || c->pid == 0)
			break;
		p->watchdog_ms = INT64_MAX;
		child_set_state(core, c, CHILD_STOPPING,
		    "it said that it stops");
		life_set_timer(core, c);
		break;
	case INPUT_STATUS_TEXT:
		free(c->status_text);
		c->status_text = mem_strdup(in->text);
		break;
	case INPUT_MAIN_PID:
		if (is_main && c->pid > 0)
			c->pid = in->pid;
		break;
	case INPUT_HANDOFF_REPLY:
		on_handoff_reply(core, c, in->answer);
		break;
	default:
		break;
	}
}

static void
on_name_input(struct core *core, const struct input *in)
{
	struct child *c = in->name ? map_get(core->children, in->name) : NULL;

	if (!c)
		return;
	switch (in->type) {
	case INPUT_START:
		if (c->private->entry)
			on_start(core, c);
		break;
	case INPUT_STOP:
		want(core, c, false);
		c->private->restart = false;
		life_evaluate(core, c);
		break;
	case INPUT_RESTART:
		if (c->private->entry)
			on_restart(core, c, in->handoff);
		break;
	case INPUT_JOIN: case INPUT_LEAVE:
		on_group(core, c, in->group, in->type == INPUT_JOIN);
		break;
	case INPUT_ADOPT:
		life_adopt(core, c, in);
		break;
	default:
		on_report(core, c, in);
	}
}

static void
run_timers(struct core *core)
{
	struct child *c;

	while ((c = timer_first(core)) &&
	    c->private->timer_ms <= core->now_ms)
		life_on_timer(core, c);
}

struct effects
core_step(struct core *core, const struct input *in)
{
	free_dead(core);
	core->neffects = 0;
	if (in->now_ms > core->now_ms)
		core->now_ms = in->now_ms;
	switch (in->type) {
	case INPUT_TICK:
		break;
	case INPUT_SPEC_PUT:
		on_spec_put(core, in);
		break;
	case INPUT_SPEC_DELETE:
		on_spec_delete(core, in);
		break;
	case INPUT_OPEN:
		core->open = true;
		on_stop_all(core, core->stopping);
		break;
	case INPUT_STOP_ALL: case INPUT_RESUME_ALL:
		on_stop_all(core, in->type == INPUT_STOP_ALL);
		break;
	default:
		on_name_input(core, in);
	}
	if (core->open)
		run_timers(core);
	if (core->stopping && core->open && core->active == 0 &&
	    !core->all_stopped) {
		core->all_stopped = true;
		core_effect(core, EFFECT_ALL_STOPPED, NULL);
	}
	return (struct effects){ core->effects, core->neffects };
}

int64_t
core_deadline_ms(const struct core *core)
{
	const struct child *c = timer_first(core);

	return c && core->open ? c->private->timer_ms : INT64_MAX;
}

struct child *
core_find(const struct core *core, const char *name)
{
	return map_get(core->children, name);
}

struct child *
core_next(const struct core *core, const struct child *after)
{
	return after ? after->private->next : core->first;
}

size_t
core_count(const struct core *core)
{
	return map_len(core->children);
}

const struct child_spec *
core_spec(const struct core *core, const char *name, const char **source)
{
	const struct entry *e = map_get(core->entries, name);

	if (e && source)
		*source = e->source;
	return e ? e->spec : NULL;
}

const struct child_spec *
core_next_spec(const struct core *core, const struct child_spec *after)
{
	const struct entry *e = after ?
	    map_get(core->entries, after->name) : NULL;

	e = after ? e ? e->next : NULL : core->first_entry;
	return e ? e->spec : NULL;
}
