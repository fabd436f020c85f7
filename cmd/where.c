/* SPDX-License-Identifier: MIT */
/* swarmsup where: host and process ID */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/cmd.h"

static int
run(const struct args *args)
{
	char *name = client_encode(args->words[0]),
	    *path = mem_printf("/v1/where/%s", name);
	struct reply reply;
	int code = ask_agent(args, "GET", path, NULL, &reply);
	json_t *json;

	if (code == EXIT_DONE && args->output &&
	    strcmp(args->output, "json") == 0) {
		fwrite(reply.body.data, 1, reply.body.len, stdout);
	} else if (code == EXIT_DONE) {
		json = json_loadb(reply.body.data, reply.body.len, 0, NULL);
		printf("%s %lld\n", json_string_value(json_object_get(json,
		    "host")), (long long)json_integer_value(json_object_get(
		    json, "pid")));
		json_decref(json);
	}
	buf_release(&reply.body);
	free(name);
	free(path);
	return code;
}

const struct cmd cmd_where = {
	.name = "where", .synopsis = "NAME",
	.summary = "Print the host and the process ID of a child.",
	.words_min = 1, .words_max = 1, .run = run,
};
