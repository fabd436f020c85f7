/* SPDX-License-Identifier: MIT */
/* swarmsup status: a line per name */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "client/show_children.h"
#include "cmd/cmd.h"

static int
run(const struct args *args)
{
	bool count = opts_get(args, "count"), raw = args->output &&
	    strcmp(args->output, "json") == 0;
	char *path = ask_path(args, count ? "/v1/status?count=1" :
	    "/v1/status");
	struct reply reply;
	int code = ask_agent(args, "GET", path, NULL, &reply);

	free(path);
	if (code == EXIT_DONE && (count || raw))
		fwrite(reply.body.data, 1, reply.body.len, stdout);
	else if (code == EXIT_DONE && show_children(reply.body.data,
	    reply.body.len, args->output) > 0 && (args->nwords > 0 ||
	    opts_get(args, "exit-code")))
		code = EXIT_NOT_THERE_YET;
	buf_release(&reply.body);
	return code;
}

const struct cmd cmd_status = {
	.name = "status", .alias = "ps", .synopsis = "[NAME...]",
	.summary = "Show children: name, state, host, pid, uptime, restarts.",
	.options = { { "count", 0, NULL, "only how many" },
	    { "exit-code", 0, NULL, "3 if one is not running" } },
	.words_max = 10000, .run = run,
};
