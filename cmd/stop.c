/* SPDX-License-Identifier: MIT */
/* swarmsup stop: not wanted until start */
#include <stdlib.h>

#include "cmd/cmd.h"

static int
run(const struct args *args)
{
	char *path = ask_path(args, "/v1/stop");
	int code = ask_and_wait(args, "POST", path, NULL);

	free(path);
	return code;
}

const struct cmd cmd_stop = {
	.name = "stop", .synopsis = "NAME...",
	.summary = "Stop children; they stay stopped until start.",
	.options = { { "all", 0, NULL, "every child" },
	    { "no-wait", 0, NULL, "do not wait until it is done" } },
	.words_max = 10000, .run = run,
};
