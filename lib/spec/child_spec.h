/* SPDX-License-Identifier: MIT */
/*
 * A child spec: what the user wants to run, as OTP means it. Shapes only;
 * reading YAML is spec/fleet_spec. A spec is immutable once parsed, counted by
 * reference, and stands for `replicas` names (see child_spec_name).
 *
 * Durations are milliseconds, DURATION_INFINITY where that is allowed.
 */
#ifndef SPEC_CHILD_SPEC_H
#define SPEC_CHILD_SPEC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"

#define STOP_SIGNALS_MAX 8
#define RLIMITS_MAX 16
#define REPLICAS_MAX 5000

enum restart_kind { RESTART_PERMANENT, RESTART_TRANSIENT, RESTART_TEMPORARY };
enum max_restarts_action { MAX_RESTARTS_BACKOFF, MAX_RESTARTS_STOP };
enum handoff_kind { HANDOFF_RESTART, HANDOFF_RESUME, HANDOFF_IGNORE };
enum depend_on { DEPEND_STARTED, DEPEND_READY, DEPEND_COMPLETED };
enum ready_kind { READY_UPTIME, READY_NOTIFY, READY_FD };
enum log_format { LOG_CRI, LOG_RAW };

struct depend { char *name; enum depend_on condition; };
struct rlimit_spec { int resource; rlim_t soft, hard; };

struct child_spec {
	int refs;

	char *name;		/* the key in `children` */
	int replicas;		/* 1: the name alone; else NAME-0 … */

	/* What is run. argv is final: a string command has been split, and
	 * `shell: true` has become {"/bin/sh", "-c", TEXT}. */
	char **argv;
	char **environment;	/* "K=V", NULL-terminated, may be NULL */
	char **env_files;	/* re-read at each spawn; "-PATH" may be absent */
	char *working_dir;	/* absolute; NULL: the agent's */
	char *user, *group;	/* name or number; NULL: the agent's own */
	int umask;		/* -1: the agent's own */
	struct rlimit_spec rlimits[RLIMITS_MAX];
	int nrlimits;
	char **pre_start;	/* argv or NULL */
	char **post_exit;

	bool autostart;
	struct depend *depends;
	int ndepends;

	enum restart_kind restart;
	uint8_t success_exit_codes[32];		/* a bit per code */
	int max_restarts;
	int64_t max_seconds_ms;
	enum max_restarts_action on_max_restarts;
	int64_t backoff_initial_ms, backoff_max_ms;
	int backoff_factor_permille;		/* 2000: doubles */
	int backoff_jitter_permille;		/* 200: ±20 % */
	int64_t min_uptime_ms;

	int stop_signals[STOP_SIGNALS_MAX];	/* tried in this order, each */
	int nstop_signals;			/* for its share of the time-out */
	int64_t stop_timeout_ms;

	char **groups;				/* may be NULL */
	bool channel;
	enum handoff_kind handoff;
	enum ready_kind ready;
	int ready_fd;				/* when READY_FD */
	int64_t watchdog_ms;			/* 0: none; READY_NOTIFY only */

	int64_t log_max_size;			/* bytes; 0: never rotate */
	int log_max_backups;
	enum log_format log_format;
	bool stderr_separate;
};

struct child_spec *child_spec_ref(const struct child_spec *spec);
void child_spec_unref(struct child_spec *spec);

/* The name of replica i: NAME, or NAME-i when replicas > 1. */
const char *child_spec_name(const struct child_spec *spec, int i,
    char out[NAME_LEN_MAX + 1]);

/* 1–128 of [A-Za-z0-9_.@:-], the first a letter or digit. */
int name_check(const char *name, struct err *err);

bool child_spec_is_success(const struct child_spec *spec, int exit_code);

/* The canonical JSON of a spec: every key whose value differs from its
 * built-in default, in the manual's order. Parsing it gives an equal spec;
 * equal specs give equal text. */
void child_spec_format(const struct child_spec *spec, struct buf *out);
bool child_spec_equal(const struct child_spec *a, const struct child_spec *b);
/* Would a running instance of `a` have to be replaced to become `b`? False
 * for what applies in place: restart rules, groups, log sizes, replicas … */
bool child_spec_needs_restart(const struct child_spec *a,
    const struct child_spec *b);
/* A copy that stands for another number of names (`scale`). */
struct child_spec *child_spec_scaled(const struct child_spec *spec,
    int replicas);
/* The keys that differ, for plan: NULL-terminated, static strings. */
size_t child_spec_diff(const struct child_spec *a, const struct child_spec *b,
    const char **keys, size_t max);

#endif
