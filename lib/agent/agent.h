/* SPDX-License-Identifier: MIT */
/*
 * The agent: one thread on libevent between the warden (agent/link), the core
 * and its users (agent/api). It carries out what the core decides: spawns and
 * stops through the warden, captures output, keeps what must survive in the
 * store, speaks the children's channels, tells waiters and followers.
 *
 * It holds nothing that its death may lose: children, pipes, channels and the
 * listening socket are the warden's, wishes are the store's.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include <event2/event.h>

#include "base/err.h"
#include "core/core.h"
#include "spec/fleet_spec.h"
#include "spec/paths.h"

struct agent_config {
	char *fleet;			/* name; never NULL */
	char *host;
	char **files;			/* of -f; NULL: what the store remembers */
	struct paths paths;		/* runtime, state and log places */
	int max_children;
};

struct link;		/* agent/link.h: the warden's packets */
struct store;		/* agent/store.h: SQLite */
struct api;		/* agent/api.h: HTTP on the Unix socket */
struct journal;		/* agent/journal.h: events, kept and followed */

struct agent {
	struct agent_config config;
	struct event_base *base;
	struct core *core;
	struct link *link;
	struct store *store;
	struct api *api;
	struct journal *journal;
	struct event *tick;		/* the core's deadline */
	uint64_t revision;		/* of the fleet document */
	char **files;			/* of the fleet document in force */
	int64_t started_ms;
	uint32_t agent_runs;		/* from WELCOME */
	int warden_pid;
	bool stopping;			/* leaves when all have stopped */
};

/* child->user: the agent's side of a name. Made when the core first shows
 * the name, freed at EFFECT_FORGET. */
struct runner {
	struct agent *agent;
	struct child *child;
	int slot;			/* of the warden; -1: none yet */
	uint64_t serial;		/* of the run in the slot */
	struct capture *capture;	/* NULL until there are pipes */
	struct channel *channel;	/* NULL: none now */
	struct notify *notify;		/* sd_notify socket; NULL: none */
	struct event *ready;		/* ready pipe */
	uint64_t handoff_instance;	/* a state in the store waits for the
					 * first newer instance; 0: none */
};

/* Runs the agent on the warden's socket WARDEN_AGENT_FD until all is done;
 * returns the exit code, or -1 with *err when it could not start. */
int agent_run(const struct agent_config *config, struct err *err);

/* The one door to the core: steps it with `input` (now_ms is filled in),
 * carries out the effects, sets the tick. Not to be called while effects are
 * being carried out: agent_post() puts the input in a queue instead, and is
 * always safe. Strings in a posted input are copied, the spec is counted. */
void agent_step(struct agent *agent, struct input *input);
void agent_post(struct agent *agent, const struct input *input);

static inline struct runner *
runner_of(const struct child *child)
{
	return child->user;
}

/* A signal to the process group of a running child. 0, or -1 when nothing
 * runs. */
int agent_signal(struct agent *agent, struct child *child, int signo,
    struct err *err);

/* agent/apply.c — wishes. Each persists (synced) before it returns 0. */
struct apply_result {
	char **add, **remove;		/* names of specs */
	struct map *change;		/* name → char ** of keys */
	struct map *restart;		/* name → non-NULL: running instances are
					 * replaced */
	size_t unchanged;
};
void apply_result_release(struct apply_result *result);
/* The fleet file's document. dry_run: only the difference. */
int agent_apply(struct agent *agent, const struct fleet_spec *fleet,
    bool dry_run, struct apply_result *result, struct err *err);
/* err->code: EEXIST, ENOENT, ENOSPC (too many children). */
int agent_add_child(struct agent *agent, const struct child_spec *spec,
    struct err *err);
int agent_remove_spec(struct agent *agent, const char *spec_name,
    struct err *err);
int agent_scale(struct agent *agent, const char *spec_name, int replicas,
    struct err *err);
int agent_want(struct agent *agent, const char *name, bool wanted,
    struct err *err);
int agent_restart(struct agent *agent, const char *name, bool handoff);
int agent_group(struct agent *agent, const char *name, const char *group,
    bool join, struct err *err);
/* Re-reads the files of the document (HUP, POST /v1/reload). */
int agent_reload(struct agent *agent, struct err *err);
void agent_reopen_logs(struct agent *agent);
/* Stops all children in order; then leaves, with the warden, unless
 * keep_agent, which is remembered over restarts until the next apply. */
int agent_shutdown(struct agent *agent, bool keep_agent, struct err *err);
/* Becomes another binary: warden and agent, children untouched. */
int agent_upgrade(struct agent *agent, const char *path, uint32_t wire_version,
    struct err *err);

#endif
