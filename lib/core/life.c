/* SPDX-License-Identifier: MIT */
/*
 * How a name comes nearer to what is wanted. life_evaluate looks at the
 * level: what is wanted, what runs, what was sent. The life_on_* handlers
 * record what has happened and then let it look again.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/units.h"
#include "core/child.h"

static uint64_t
next_random(struct core *core)
{
	/* splitmix64 (Steele, Lea, Flood 2014). */
	uint64_t z = core->random += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

/* Is it to run? */
static bool
is_goal(const struct core *core, const struct child *c)
{
	return c->wanted && c->private->entry && !core->stopping;
}

void
life_set_timer(struct core *core, struct child *c)
{
	const struct child_private *p = c->private;
	int64_t due = INT64_MAX;

	if (c->state == CHILD_BACKOFF)
		due = c->next_start_ms;
	else if (c->state == CHILD_STARTING && c->process == PROCESS_MAIN &&
	    c->pid > 0 && c->spec->ready == READY_UPTIME)
		due = c->started_ms + c->spec->min_uptime_ms;
	if (p->watchdog_ms < due)
		due = p->watchdog_ms;
	if (p->hook_ms < due)
		due = p->hook_ms;
	timer_set(core, c, due);
}

static void
spawn(struct core *core, struct child *c, enum process_kind kind)
{
	struct effect *e;

	c->process = kind;
	c->pid = 0;
	c->private->stopping = c->private->crashed = false;
	e = core_effect(core, EFFECT_SPAWN, c);
	e->kind = kind;
	e->instance = c->instance;
}

static void
new_instance(struct core *core, struct child *c)
{
	struct child_private *p = c->private;
	bool hook = c->spec->pre_start != NULL;

	c->instance++;
	p->restart = p->was_running = p->ended_itself = false;
	if (p->handoff == HANDOFF_ASKED)
		p->handoff = HANDOFF_NONE;
	child_spec_unref(p->run_spec);
	p->run_spec = child_spec_ref(c->spec);
	free(c->status_text);
	c->status_text = NULL;
	spawn(core, c, hook ? PROCESS_PRE_START : PROCESS_MAIN);
	child_set_state(core, c, CHILD_STARTING, "%s",
	    hook ? "pre_start runs" : "");
}

static void
try_start(struct core *core, struct child *c)
{
	char reason[sizeof c->reason];

	if (!depend_is_met(core, c, reason, sizeof reason)) {
		child_set_state(core, c, CHILD_PENDING, "%s", reason);
		return;
	}
	if (!c->private->counted && core->active >= core->config.max_children) {
		core->capacity_wait = true;
		child_set_state(core, c, CHILD_PENDING,
		    "max_children (%d) are running on this host",
		    core->config.max_children);
		return;
	}
	new_instance(core, c);
}

static void
send_stop(struct core *core, struct child *c, int64_t kill_after_ms)
{
	struct effect *e;

	c->private->stopping = true;
	c->private->watchdog_ms = INT64_MAX;
	e = core_effect(core, EFFECT_STOP, c);
	e->kind = c->process;
	e->instance = c->instance;
	e->kill_after_ms = kill_after_ms;
}

static void
evaluate_running(struct core *core, struct child *c)
{
	struct child_private *p = c->private;
	bool goal = is_goal(core, c);

	if (p->stopping || (goal && !p->restart))
		return;
	if (core->stopping && c->wanted && p->entry &&
	    depend_holds_stop(core, c))
		return;
	/* post_exit ends by itself, and in bounded time. */
	if (c->process == PROCESS_POST_EXIT)
		return;
	if (goal && p->handoff == HANDOFF_ASKED)
		return;
	send_stop(core, c, c->spec->stop_timeout_ms);
	child_set_state(core, c, CHILD_STOPPING, "%s",
	    goal ? "to be started again" : "");
}

static void
evaluate_idle(struct core *core, struct child *c)
{
	if (!c->private->entry) {
		child_set_state(core, c, CHILD_STOPPED, "%s", "");
		core_forget(core, c);
		return;
	}
	if (!is_goal(core, c)) {
		child_set_state(core, c, CHILD_STOPPED, "%s",
		    c->wanted ? "all are stopped" : "");
		return;
	}
	switch (c->state) {
	case CHILD_EXITED: case CHILD_FATAL:
		break;
	case CHILD_BACKOFF:
		if (core->now_ms >= c->next_start_ms)
			try_start(core, c);
		break;
	default:
		try_start(core, c);
	}
}

void
life_evaluate(struct core *core, struct child *c)
{
	if (!core->open)
		return;
	if (c->process != PROCESS_NONE)
		evaluate_running(core, c);
	else
		evaluate_idle(core, c);
	life_set_timer(core, c);
}

/* Nothing of it runs any more. Did it end by itself, and what now? */
static void
conclude(struct core *core, struct child *c)
{
	struct child_private *p = c->private;
	bool asked = p->stopping && !p->crashed;
	int64_t delay_ms = 0;

	c->process = PROCESS_NONE;
	c->pid = 0;
	p->stopping = p->crashed = false;
	p->watchdog_ms = p->hook_ms = INT64_MAX;
	child_count(core, c);
	if (!is_goal(core, c)) {
		life_evaluate(core, c);
		depend_changed(core, c);
		return;
	}
	if (p->restart || (asked && !p->ended_itself)) {
		p->restart = false;
		try_start(core, c);
		return;
	}
	if (!restart_is_due(c->spec, c->last_status)) {
		child_set_state(core, c, CHILD_EXITED, "restart is not due");
		return;
	}
	c->restarts++;
	switch (restart_decide(&p->restarts, c->spec, p->was_running,
	    core->now_ms, next_random(core), &delay_ms)) {
	case RESTART_LATER:
		c->next_start_ms = core->now_ms + delay_ms;
		child_set_state(core, c, CHILD_BACKOFF,
		    "failed too often; next try after %lld ms",
		    (long long)delay_ms);
		break;
	case RESTART_GIVE_UP:
		child_set_state(core, c, CHILD_FATAL,
		    "more than %d restarts in %lld ms",
		    c->spec->max_restarts,
		    (long long)c->spec->max_seconds_ms);
		break;
	default:
		try_start(core, c);
	}
}

/* Room may have become free: those that wait for it look again. */
static void
offer_room(struct core *core)
{
	if (!core->capacity_wait || core->active >= core->config.max_children)
		return;
	core->capacity_wait = false;
	for (struct child *c = core->first; c; c = c->private->next)
		if (c->state == CHILD_PENDING)
			life_evaluate(core, c);
}

void
life_on_ended(struct core *core, struct child *c, int status, bool never_ran)
{
	struct child_private *p = c->private;
	enum process_kind kind = c->process;
	bool asked = p->stopping && !p->crashed;

	if (kind == PROCESS_PRE_START && status == 0 && !asked && !never_ran &&
	    !p->restart && is_goal(core, c)) {
		spawn(core, c, PROCESS_MAIN);
		life_set_timer(core, c);
		return;
	}
	if (kind != PROCESS_POST_EXIT) {
		c->last_status = status;
		c->last_exit_ms = core->now_ms;
		c->has_exited = true;
	}
	if (kind == PROCESS_MAIN && !never_ran && c->spec->post_exit) {
		p->ended_itself = !asked;
		p->watchdog_ms = INT64_MAX;
		p->hook_ms = c->spec->stop_timeout_ms == DURATION_INFINITY ?
		    INT64_MAX : core->now_ms + c->spec->stop_timeout_ms;
		spawn(core, c, PROCESS_POST_EXIT);
		p->stopping = asked;
		child_set_state(core, c, CHILD_STOPPING, "post_exit runs");
		life_set_timer(core, c);
		return;
	}
	if (kind == PROCESS_PRE_START && !asked)
		p->ended_itself = true;
	conclude(core, c);
	life_set_timer(core, c);
	offer_room(core);
}

void
life_on_ready(struct core *core, struct child *c)
{
	if (c->state != CHILD_STARTING || c->process != PROCESS_MAIN)
		return;
	c->private->was_running = true;
	if (c->spec->watchdog_ms > 0)
		c->private->watchdog_ms = core->now_ms + c->spec->watchdog_ms;
	child_set_state(core, c, CHILD_RUNNING, "%s", "");
	life_set_timer(core, c);
}

void
life_on_spawned(struct core *core, struct child *c, const struct input *in)
{
	c->pid = c->process == PROCESS_MAIN ? in->pid : 0;
	if (c->process != PROCESS_MAIN)
		return;
	c->started_ms = core->now_ms;
	if (c->private->handoff == HANDOFF_RESUMING) {
		c->private->handoff = HANDOFF_NONE;
		core_effect(core, EFFECT_END_HANDOFF, c);
	}
	if (c->spec->ready == READY_UPTIME && c->spec->min_uptime_ms == 0)
		life_on_ready(core, c);
	else
		depend_changed(core, c);
	life_set_timer(core, c);
}

static void
on_watchdog_missed(struct core *core, struct child *c)
{
	send_stop(core, c, c->spec->stop_timeout_ms);
	core->effects[core->neffects - 1].watchdog = true;
	c->private->crashed = true;
	child_set_state(core, c, CHILD_STOPPING,
	    "no WATCHDOG=1 within %lld ms", (long long)c->spec->watchdog_ms);
}

void
life_on_timer(struct core *core, struct child *c)
{
	struct child_private *p = c->private;

	if (p->hook_ms <= core->now_ms) {
		bool asked = p->stopping;

		p->hook_ms = INT64_MAX;
		send_stop(core, c, 0);
		p->stopping = asked;
	} else if (p->watchdog_ms <= core->now_ms) {
		p->watchdog_ms = INT64_MAX;
		on_watchdog_missed(core, c);
	} else if (c->state == CHILD_STARTING) {
		life_on_ready(core, c);
	} else {
		life_evaluate(core, c);
	}
	life_set_timer(core, c);
}

void
life_adopt(struct core *core, struct child *c, const struct input *in)
{
	struct child_private *p = c->private;

	if (c->process != PROCESS_NONE)
		return;
	if (in->kind == PROCESS_NONE) {
		if (!c->wanted || (in->ended != CHILD_EXITED &&
		    in->ended != CHILD_FATAL))
			return;
		c->has_exited = true;
		c->last_status = in->status;
		child_set_state(core, c, in->ended, "it ended before this "
		    "agent began");
		return;
	}
	if (in->instance > c->instance)
		c->instance = in->instance;
	c->process = in->kind;
	c->restarts = in->restarts;
	c->started_ms = in->started_ms;
	c->pid = in->kind == PROCESS_MAIN ? in->pid : 0;
	p->run_spec = child_spec_ref(c->spec);
	p->was_running = in->ready;
	p->ended_itself = in->kind == PROCESS_POST_EXIT;
	if (in->ready && c->spec->watchdog_ms > 0)
		p->watchdog_ms = core->now_ms + c->spec->watchdog_ms;
	child_set_state(core, c, CHILD_STARTING, "%s", "");
	if (in->kind == PROCESS_POST_EXIT) {
		p->hook_ms = c->spec->stop_timeout_ms == DURATION_INFINITY ?
		    INT64_MAX : core->now_ms + c->spec->stop_timeout_ms;
		child_set_state(core, c, CHILD_STOPPING, "post_exit runs");
	} else if (in->ready) {
		child_set_state(core, c, CHILD_RUNNING, "%s", "");
	}
	life_set_timer(core, c);
}
