/* SPDX-License-Identifier: MIT */
/*
 * The core decides: which names are to run, when a crashed one comes back,
 * in which order things start and stop. It is a step function, inputs in,
 * effects out: no descriptor, clock, randomness or thread inside. The agent
 * and the simulator are its two runtimes. It does not spawn, signal, write or
 * talk; it does not know YAML (spec) or sockets (agent).
 *
 * Level, not edge: after each input the core compares what is wanted (specs,
 * stops) with what runs, and emits the difference; a lost effect is found
 * again by the comparison, never by waiting for a message.
 *
 * Restart rules follow OTP's supervisor (permanent, transient, temporary,
 * intensity max_restarts in max_seconds), counted per name instead of per
 * supervisor, with a back-off after the limit as systemd's RestartSteps.
 *
 * Time is int64 milliseconds of CLOCK_BOOTTIME handed in with each input.
 */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spec/child_spec.h"

struct core;
struct child;

/* The life of a name. The table of allowed moves is in core/child.c. */
enum child_state {
	CHILD_PENDING,		/* wanted, held back; `reason` says by what */
	CHILD_STOPPED,		/* not wanted, not running */
	CHILD_STARTING,		/* pre_start or main process, not ready yet */
	CHILD_RUNNING,
	CHILD_BACKOFF,		/* waits for next_start_ms */
	CHILD_STOPPING,		/* signals sent, not gone (or post_exit runs) */
	CHILD_EXITED,		/* ended by itself and is to stay so */
	CHILD_FATAL,		/* gave up; `start` or a new spec tries again */
	CHILD_STATES
};
const char *child_state_name(enum child_state state);	/* "RUNNING" */

/* Which process of an instance: they run one after the other. */
enum process_kind { PROCESS_NONE, PROCESS_PRE_START, PROCESS_MAIN,
    PROCESS_POST_EXIT };

enum input_type {
	INPUT_TICK,		/* nothing but the time */
	INPUT_SPEC_PUT,		/* spec, source: new or changed */
	INPUT_SPEC_DELETE,	/* name of the spec */
	INPUT_START,		/* name: wanted from now on */
	INPUT_STOP,		/* name: not wanted until START */
	INPUT_RESTART,		/* name, handoff: a new instance, once, however
				 * many ask before it runs */
	INPUT_JOIN,		/* name, group */
	INPUT_LEAVE,		/* name, group */
	/* From the warden, by way of the agent. `instance` and `kind` name
	 * the process; reports about an older one are ignored. */
	INPUT_SPAWNED,		/* name, instance, kind, pid */
	INPUT_SPAWN_FAILED,	/* name, instance, kind, text; as an exit 127 */
	INPUT_EXITED,		/* name, instance, kind, status (wait status);
				 * its process group is gone too */
	/* From the child. */
	INPUT_READY,		/* name, instance */
	INPUT_WATCHDOG,		/* name, instance: WATCHDOG=1 */
	INPUT_STOPPING,		/* name, instance: STOPPING=1 */
	INPUT_STATUS_TEXT,	/* name, instance, text */
	INPUT_MAIN_PID,		/* name, instance, pid */
	INPUT_HANDOFF_REPLY,	/* name, instance, answer: the agent has stored
				 * the state, if there is one */
	/* What runs already, when an agent starts anew; with the specs that
	 * it was started from in force, before OPEN. Unknown names are
	 * ignored: their end is the runtime's. */
	INPUT_ADOPT,		/* name, instance, kind, pid, started_ms, ready,
				 * restarts; kind NONE: ended, status */
	INPUT_OPEN,		/* until here nothing is started or stopped:
				 * specs, wants and ADOPTs come first */
	INPUT_STOP_ALL,		/* host stops: reverse order; wants stay */
	INPUT_RESUME_ALL,	/* undoes STOP_ALL */
	INPUT_TYPES
};

struct input {
	enum input_type type;
	int64_t now_ms;
	const char *name;
	const char *source;	/* "file" or "start" */
	const struct child_spec *spec;
	const char *group;
	const char *text;
	uint64_t instance;
	enum process_kind kind;
	int pid;
	int status;
	int64_t started_ms;
	uint32_t restarts;
	bool ready;
	bool handoff;
	enum handoff_kind answer;
	enum child_state ended;		/* EXITED or FATAL */
};

enum effect_type {
	EFFECT_SPAWN,		/* child, kind, instance: start this process */
	EFFECT_STOP,		/* child: stop_signals, then KILL, by the warden;
				 * kill_after_ms 0: KILL at once */
	EFFECT_BEGIN_HANDOFF,	/* child: ask it; answer by HANDOFF_REPLY */
	EFFECT_END_HANDOFF,	/* child: give the new instance the state */
	EFFECT_STATE,		/* child went `from` → child->state: history,
				 * waiters, persistence of stops and counters */
	EFFECT_WANT,		/* child's `wanted` or runtime groups changed */
	EFFECT_FORGET,		/* name is no more: close its pipes, drop it */
	EFFECT_ALL_STOPPED,	/* after STOP_ALL: nothing runs */
	EFFECT_TYPES
};

struct effect {
	enum effect_type type;
	struct child *child;	/* valid until the next core_step; FORGET: its
				 * last appearance */
	enum process_kind kind;
	uint64_t instance;
	int64_t kill_after_ms;	/* DURATION_INFINITY: never */
	bool watchdog;		/* STOP because the watchdog was missed: ABRT */
	enum child_state from;
};

struct effects { const struct effect *items; size_t count; };

/* Everything about a name that others may read. Written by the core alone. */
struct child {
	char name[NAME_LEN_MAX + 1];
	struct child_spec *spec;	/* of the wanted generation */
	int replica;
	const char *source;
	enum child_state state;
	char reason[160];		/* why PENDING, BACKOFF, FATAL, EXITED */
	bool wanted;			/* false: an operator's stop, or not
					 * autostarted */
	uint64_t epoch;			/* 1 until there are other hosts */
	uint64_t instance;		/* of the current or last instance */
	uint32_t restarts;		/* by crash, since spec or start */
	enum process_kind process;	/* what runs now */
	int pid;			/* of the main process; 0: none */
	int64_t started_ms;		/* of the main process */
	int64_t state_ms;		/* when `state` began */
	int64_t next_start_ms;		/* when BACKOFF */
	bool has_exited;		/* the two below are valid */
	int last_status;		/* wait status of the last main process */
	int64_t last_exit_ms;
	char *status_text;		/* from STATUS= or `status`; may be NULL */
	char **groups;			/* spec's and joined, less left */
	char **joined, **left;		/* by INPUT_JOIN / INPUT_LEAVE */
	void *user;			/* the runtime's own; core never reads */
	struct child_private *private;	/* core/child.c */
};

struct core_config {
	uint64_t seed;			/* for jitter */
	int max_children;
};

struct core *core_new(const struct core_config *config);
void core_free(struct core *core);

/* Cannot fail; an input that makes no sense changes nothing. The effects are
 * valid until the next call. Effects must be carried out in order. */
struct effects core_step(struct core *core, const struct input *input);

/* When the next INPUT_TICK is due, or INT64_MAX. */
int64_t core_deadline_ms(const struct core *core);

/* Lookups. NULL when there is none. Iteration in order of first appearance:
 * for (struct child *c = NULL; (c = core_next(core, c)) != NULL;) */
struct child *core_find(const struct core *core, const char *name);
struct child *core_next(const struct core *core, const struct child *after);
size_t core_count(const struct core *core);
const struct child_spec *core_spec(const struct core *core, const char *name,
    const char **source);
const struct child_spec *core_next_spec(const struct core *core,
    const struct child_spec *after);
/* Before core knows of any instance of `name`, tell it the highest number
 * ever used, so that `instance` only counts up. */
void core_set_instance(struct core *core, const char *name, uint64_t instance);
/* Operator's stop or start remembered from before; applied when the name
 * appears. Call before the INPUT_SPEC_PUT. */
void core_set_wanted(struct core *core, const char *name, bool wanted);

/* Does the name stand where it is to stand (RUNNING, or EXITED as its restart
 * kind allows, or STOPPED as wanted)? */
bool child_is_settled(const struct child *child);
/* Settled is out of reach without help: FATAL, or EXITED with a failure. */
bool child_is_failed(const struct child *child);

#endif
