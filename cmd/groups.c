/* SPDX-License-Identifier: MIT */
/* swarmsup groups: groups of children */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "client/show_children.h"

static int
run(const struct args *args)
{
	char *path = mem_strdup("/v1/groups");
	struct reply reply;
	int code = ask_agent(args, "GET", path, NULL, &reply);

	if (code == EXIT_DONE)
		show_names(reply.body.data, reply.body.len, args->output);
	buf_release(&reply.body);
	free(path);
	return code;
}

const struct cmd cmd_groups = {
	.name = "groups", .synopsis = "",
	.summary = "List the groups.",
	.words_min = 0, .words_max = 0, .run = run,
};
