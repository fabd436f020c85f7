/* SPDX-License-Identifier: MIT */
/* swarmsup help: the verbs, or one */
#include <stdio.h>

#include "cmd/cmd.h"

static int
run(const struct args *args)
{
	const struct cmd *cmd;

	if (args->nwords > 0) {
		cmd = opts_find(args->words[0]);
		if (!cmd)
			return EXIT_USAGE;
		opts_usage(cmd, true);
		return EXIT_DONE;
	}
	printf("usage: swarmsup VERB [OPTION...] [ARGUMENT...]\n\n");
	for (const struct cmd *const *c = cmd_table; *c; c++)
		printf("  %-10s %s\n", (*c)->name, (*c)->summary);
	printf("\nA verb may be shortened. See 'swarmsup help VERB' and "
	    "swarmsup(1).\n");
	return EXIT_DONE;
}

const struct cmd cmd_help = {
	.name = "help", .synopsis = "[VERB]",
	.summary = "List the verbs, or explain one.",
	.words_max = 1, .run = run,
};
