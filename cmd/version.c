/* SPDX-License-Identifier: MIT */
/* swarmsup version: what this is */
#include <stdio.h>

#include "cmd/cmd.h"

static int
run(const struct args *args)
{
	(void)args;
	printf("swarmsup %s\n", SWARMSUP_VERSION);
	return EXIT_DONE;
}

const struct cmd cmd_version = {
	.name = "version", .synopsis = "", .summary = "Print the version.",
	.run = run,
};
