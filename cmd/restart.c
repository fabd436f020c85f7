/* SPDX-License-Identifier: MIT */
/* swarmsup restart: a new instance */
#include <stdlib.h>

#include "cmd/cmd.h"

static int
run(const struct args *args)
{
	char *path = ask_path(args, "/v1/restart");
	int code = ask_and_wait(args, "POST", path, NULL);

	free(path);
	return code;
}

const struct cmd cmd_restart = {
	.name = "restart", .synopsis = "NAME...",
	.summary = "Replace running instances by new ones.",
	.options = { { "all", 0, NULL, "every child" },
	    { "no-wait", 0, NULL, "do not wait until it is done" } },
	.words_max = 10000, .run = run,
};
