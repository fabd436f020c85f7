/* SPDX-License-Identifier: MIT */
/*
 * The warden: parent and fencer (design: it stays dumb, and so alive). It
 * spawns, reaps, signals and keeps deadlines and descriptors; it starts the
 * agent again when that dies. It knows no spec, no JSON, no network, and after
 * start-up it allocates nothing.
 *
 * Its table of slots is a file mapped in the runtime folder: it survives an
 * exec in place, and after a double kill the next warden finds in it whom to
 * clear away.
 */
#ifndef WARDEN_WARDEN_H
#define WARDEN_WARDEN_H

#include "base/err.h"

/* The agent's end of the socket pair, in the agent. */
#define WARDEN_AGENT_FD 3

struct warden_config {
	const char *table_path;	/* RUNTIME/FLEET/HOST.table */
	char **agent_argv;	/* what to exec as the agent (/proc/self/exe) */
	char **warden_argv;	/* what to exec in place on WIRE_EXEC */
	int resume;		/* 1: exec'd in place, the table is ours */
};

/* Runs until WIRE_BYE; returns the exit code, or -1 when it could not start
 * (another warden holds the table's lock, say). Never returns after a fork. */
int warden_run(const struct warden_config *config, struct err *err);

#endif
