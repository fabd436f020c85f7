/* SPDX-License-Identifier: MIT */
/*
 * The agent: one thread on libevent between the warden (agent/warden_link), the core
 * and its users (agent/api). It carries out what the core decides: spawns and
 * stops through the warden, captures output, keeps what must survive in the
 * store.
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
	char *fleet;			/* name */
	char *host;
	char **files;			/* of -f; NULL: what the store knows */
	struct paths paths;
	int max_children;
};

struct link;		/* agent/warden_link.h */
struct store;		/* agent/store.h */
struct api;		/* agent/api.h */
struct capture;		/* agent/capture.h */
struct channel;		/* agent/channel.h */

struct agent {
	struct agent_config config;
	struct event_base *base;
	struct core *core;
	struct link *link;
	struct store *store;
	struct api *api;
	struct event *tick;		/* the core's deadline */
	struct event *flush;		/* of the store's batch */
	struct runner **slots;		/* by the warden's number */
	struct map *states;		/* names whose state waits in the store
					 * for their next instance */
	uint64_t next_serial;
	char **files;			/* of the fleet document in force */
	int64_t started_ms;
	uint32_t agent_runs;		/* from WELCOME */
	int warden_pid;
	int listen_fd;			/* -1 until KEPT or made */
	bool ready;			/* the warden's list is complete */
	bool stopping;			/* leaves when all have stopped */
	int exit_code;
};

/* The agent's side of a name: child->user. */
struct runner {
	struct agent *agent;
	struct child *child;		/* NULL: nobody knows this name */
	int slot;			/* of the warden; -1: none yet */
	uint64_t serial;		/* of the run in the slot */
	uint64_t instance;
	enum process_kind kind;		/* of the run in the slot */
	struct capture *capture;	/* NULL until there are pipes */
	struct channel *channel;	/* NULL: none now */
	int notify_fd, ready_fd;	/* -1: none */
	struct event *notify, *ready;
};

#define AGENT_REFUSED 78	/* exit code: starting again cannot help */

/* Runs the agent on WARDEN_AGENT_FD until all is done; the exit code. */
int agent_run(const struct agent_config *config);

/* The one door to the core: steps it with `input` (now_ms is filled in),
 * carries out the effects, sets the tick. */
void agent_step(struct agent *agent, struct input *input);
/* The same a moment later: from within an effect. Text is copied. */
void agent_post(struct agent *agent, const struct input *input);
int agent_signal(struct agent *agent, struct child *child, int signo,
    struct err *err);

/* agent/runner.c */
struct runner *runner_of(struct agent *agent, struct child *child);
void runner_spawn(struct runner *r, enum process_kind kind);
void runner_stop(struct runner *r, int64_t kill_after_ms, bool abort_first);
void runner_free(struct runner *r);
void runner_take_fds(struct runner *r, int *fds);
/* agent/packets.c: what the warden says. */
struct wire_head;
void agent_on_packet(void *arg, const struct wire_head *packet, int *fds);

/* agent/apply.c — wishes. Each persists (synced) before it returns 0.
 * err->code: EEXIST, ENOENT, EINVAL. */
struct apply_result {
	char **add, **remove, **change;	/* names of specs */
	size_t unchanged;
};
void apply_result_release(struct apply_result *result);
int agent_apply(struct agent *agent, const struct fleet_spec *fleet,
    bool dry_run, struct apply_result *result, struct err *err);
int agent_add_child(struct agent *agent, const struct child_spec *spec,
    struct err *err);
int agent_remove_spec(struct agent *agent, const char *name, struct err *err);
int agent_scale(struct agent *agent, const char *name, int replicas,
    struct err *err);
int agent_want(struct agent *agent, const char *name, bool wanted,
    struct err *err);
/* handoff: its state goes to the new instance, swarmsup-channel(7). */
void agent_restart(struct agent *agent, const char *name, bool handoff);
int agent_group(struct agent *agent, const char *name, const char *group,
    bool join, struct err *err);
void agent_reload(struct agent *agent);
void agent_load(struct agent *agent);	/* from the store, at start */
/* After the warden's list: listen, adopt is done, start. */
int agent_begin(struct agent *agent, struct err *err);
void agent_shutdown(struct agent *agent);
void agent_reopen_logs(struct agent *agent);

#endif
