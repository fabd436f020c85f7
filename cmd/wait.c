/* SPDX-License-Identifier: MIT */
/* swarmsup wait: until names are somewhere */
#include <stdlib.h>

#include "base/mem.h"
#include "cmd/cmd.h"

static int
run(const struct args *args)
{
	const char *what = opts_get(args, "for");
	char *base = mem_printf("/v1/wait?for=%s", what ? what : "settled");
	char *path = ask_path(args, base);
	int code = ask_and_wait(args, "GET", path, NULL);

	free(base);
	free(path);
	return code;
}

const struct cmd cmd_wait = {
	.name = "wait", .synopsis = "NAME...",
	.summary = "Wait until children are settled, running, stopped, exited "
	    "or gone.",
	.options = { { "all", 0, NULL, "every child" },
	    { "for", 0, "STATE", "settled (the default), running, stopped, "
	    "exited, gone" } },
	.words_max = 10000, .run = run,
};
