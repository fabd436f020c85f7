/* SPDX-License-Identifier: MIT */
/* swarmsup rm: a child is no more */
#include <stdlib.h>

#include "cmd/cmd.h"

static int
run(const struct args *args)
{
	char *path = ask_path(args, "/v1/children");
	int code = ask_and_wait(args, "DELETE", path, NULL);

	free(path);
	return code;
}

const struct cmd cmd_rm = {
	.name = "rm", .synopsis = "NAME...",
	.summary = "Stop children and forget their specs.",
	.options = { { "all", 0, NULL, "every child" },
	    { "no-wait", 0, NULL, "do not wait until it is done" } },
	.words_max = 10000, .run = run,
};
