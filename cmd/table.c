/* SPDX-License-Identifier: MIT */
/* The verbs, in the order of help. */
#include "cmd/cmd.h"

#define VERBS(V) V(up) V(down) V(check) V(plan) V(start) V(stop) V(restart) \
	V(rm) V(signal) V(scale) V(crash) V(where) V(why) V(status) \
	V(groups) V(members) V(join) V(leave) V(logs) V(wait) V(agent) \
	V(help) V(version)

#define DECLARE(name) extern const struct cmd cmd_##name;
#define ROW(name) &cmd_##name,

VERBS(DECLARE)

const struct cmd *const cmd_table[] = { VERBS(ROW) NULL };
