/* SPDX-License-Identifier: MIT */
/*
 * Where things lie on a host: control socket and warden's table in the runtime
 * folder, database and agent's log in the state folder, output in the log
 * folder. Follows the XDG base directory specification, and the file system
 * hierarchy for root.
 */
#ifndef SPEC_PATHS_H
#define SPEC_PATHS_H

#include "base/err.h"
#include "spec/fleet_spec.h"

struct paths {
	char *run_dir;		/* RUN/FLEET */
	char *socket;		/* RUN/FLEET/HOST.sock */
	char *table;		/* RUN/FLEET/HOST.table */
	char *state_dir;
	char *database;
	char *agent_log;
	char *log_dir;
};

/* agent may be NULL: the defaults. */
void paths_init(struct paths *paths, const char *fleet, const char *host,
    const struct agent_spec *agent);
void paths_release(struct paths *paths);
/* Makes the folders: run_dir and state_dir 0700, log_dir 0750. Refuses a
 * run_dir or state_dir that belongs to somebody else. */
int paths_make(const struct paths *paths, struct err *err);

/* The folder that holds the runtime folders of all fleets. */
char *paths_run_root(void);
/* The kernel's host name, made fit to be a name. Caller frees. */
char *paths_host_name(void);

#endif
