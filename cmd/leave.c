/* SPDX-License-Identifier: MIT */
/* swarmsup leave: groups of children */
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
	char *path = mem_printf("/v1/groups/%s/%s", args->words[0],
	    args->words[1]);
	struct reply reply;
	int code = ask_agent(args, "DELETE", path, NULL, &reply);

	if (code == EXIT_DONE)
		show_names(reply.body.data, reply.body.len, args->output);
	buf_release(&reply.body);
	free(path);
	return code;
}

const struct cmd cmd_leave = {
	.name = "leave", .synopsis = "GROUP NAME",
	.summary = "Take a child out of a group, for good.",
	.words_min = 2, .words_max = 2, .run = run,
};
