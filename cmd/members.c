/* SPDX-License-Identifier: MIT */
/* swarmsup members: groups of children */
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
	char *path = mem_printf("/v1/groups/%s", args->words[0]);
	struct reply reply;
	int code = ask_agent(args, "GET", path, NULL, &reply);

	if (code == EXIT_DONE)
		show_names(reply.body.data, reply.body.len, args->output);
	buf_release(&reply.body);
	free(path);
	return code;
}

const struct cmd cmd_members = {
	.name = "members", .synopsis = "GROUP",
	.summary = "List the children of a group.",
	.words_min = 1, .words_max = 1, .run = run,
};
