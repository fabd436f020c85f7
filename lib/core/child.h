/* SPDX-License-Identifier: MIT */
/*
 * One name inside the core: its private part, its states and their moves.
 * Private to lib/core.
 */
#ifndef CORE_CHILD_H
#define CORE_CHILD_H

#include "base/map.h"
#include "core/core.h"
#include "core/intensity.h"

enum handoff_stage { HANDOFF_NONE, HANDOFF_ASKED, HANDOFF_RESUMING };

/* A spec in force and the names that stand for it. */
struct entry {
	struct child_spec *spec;
	char *source;
	struct child **children;	/* by replica */
	int nchildren;
	struct entry *prev, *next;	/* in order of appearance */
};

/* Who names a spec in depends_on, by the names of their specs. */
struct dependents { char **names; };

struct child_private {
	struct child *prev, *next;	/* in order of appearance */
	struct entry *entry;		/* NULL: its spec is gone */
	struct child_spec *run_spec;	/* what the running instance is of */
	struct restart_log restarts;
	bool stopping;			/* STOP was sent for this process */
	bool crashed;			/* … but by the watchdog: a crash */
	bool ended_itself;		/* main ended unasked; post_exit runs */
	bool restart;			/* a new instance is wanted once */
	bool was_running;		/* this instance had been RUNNING */
	enum handoff_stage handoff;
	int64_t watchdog_ms;		/* due; INT64_MAX: not armed */
	int64_t hook_ms;		/* post_exit must be done */
	int64_t timer_ms;		/* key in the heap */
	int heap_at;			/* -1: no timer */
	bool counted;			/* in core's number of active ones */
};

struct core {
	struct core_config config;
	struct map *children, *entries, *dependents;
	struct child *first, *last;
	struct entry *first_entry, *last_entry;
	struct map *instances, *wants;	/* remembered for names to come */
	struct effect *effects;
	size_t neffects, effects_room;
	struct child **heap;
	int heap_len, heap_room;
	struct child *dead;		/* forgotten in this step, by next */
	uint64_t random;
	int64_t now_ms;
	int active;			/* with a process or in BACKOFF */
	bool capacity_wait;		/* somebody is PENDING for room */
	bool open, stopping, all_stopped;
};

/* core/child.c */
void child_set_state(struct core *core, struct child *c,
    enum child_state state, const char *reason, ...)
    __attribute__((format(printf, 4, 5)));
struct child *child_new(struct core *core, const char *name);
void child_free(struct child *c);
void child_update_groups(struct child *c);
void child_count(struct core *core, struct child *c);

/* core/core.c */
struct effect *core_effect(struct core *core, enum effect_type type,
    struct child *c);
void core_forget(struct core *core, struct child *c);

/* core/life.c: bring a name nearer to what is wanted. */
void life_evaluate(struct core *core, struct child *c);
void life_on_spawned(struct core *core, struct child *c,
    const struct input *in);
void life_on_ended(struct core *core, struct child *c, int status,
    bool never_ran);
void life_on_timer(struct core *core, struct child *c);
void life_on_ready(struct core *core, struct child *c);
void life_set_timer(struct core *core, struct child *c);
void life_adopt(struct core *core, struct child *c, const struct input *in);

/* core/depend.c */
bool depend_is_met(const struct core *core, const struct child *c,
    char *reason, size_t size);
bool depend_holds_stop(const struct core *core, const struct child *c);
void depend_changed(struct core *core, const struct child *c);
void depend_link(struct core *core, const struct child_spec *spec);
void depend_unlink(struct core *core, const struct child_spec *spec);
void dependents_free(void *value);

/* core/timer.c: children ordered by timer_ms. */
void timer_set(struct core *core, struct child *c, int64_t due_ms);
struct child *timer_first(const struct core *core);

#endif
