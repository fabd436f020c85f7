/* SPDX-License-Identifier: MIT */
/* swarmsup why: what holds a child back */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/cmd.h"

static void
show(json_t *json)
{
	const char *key;
	json_t *value;

	json_object_foreach(json, key, value) {
		char *text = json_is_string(value) ?
		    mem_strdup(json_string_value(value)) :
		    json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

		if (!json_is_null(value) && text[0])
			printf("%-17s %s\n", key, text);
		free(text);
	}
}

static int
run(const struct args *args)
{
	char *name = client_encode(args->words[0]),
	    *path = mem_printf("/v1/why/%s", name);
	struct reply reply;
	int code = ask_agent(args, "GET", path, NULL, &reply);

	if (code == EXIT_DONE && args->output &&
	    strcmp(args->output, "json") == 0) {
		fwrite(reply.body.data, 1, reply.body.len, stdout);
	} else if (code == EXIT_DONE) {
		json_t *json = json_loadb(reply.body.data, reply.body.len, 0,
		    NULL);

		show(json);
		json_decref(json);
	}
	buf_release(&reply.body);
	free(name);
	free(path);
	return code;
}

const struct cmd cmd_why = {
	.name = "why", .synopsis = "NAME",
	.summary = "Explain a child: wanted by whom, its state, why.",
	.words_min = 1, .words_max = 1, .run = run,
};
