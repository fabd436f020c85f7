/* SPDX-License-Identifier: MIT */
/* swarmsup crash: kill it and see it come back */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/cmd.h"

/* Where it is now. */
static int
show_where(const struct args *args, const char *name, double took_ms)
{
	char *path = mem_printf("/v1/where/%s", name);
	struct reply reply;
	int code = ask_agent(args, "GET", path, NULL, &reply);
	json_t *json;

	if (code == EXIT_DONE) {
		json = json_loadb(reply.body.data, reply.body.len, 0, NULL);
		json_object_set_new(json, "took_ms", json_real(took_ms));
		if (args->output && strcmp(args->output, "json") == 0)
			json_dumpf(json, stdout, JSON_COMPACT);
		else
			printf("%s %lld after %.1f ms", json_string_value(
			    json_object_get(json, "host")), (long long)
			    json_integer_value(json_object_get(json, "pid")),
			    took_ms);
		printf("\n");
		json_decref(json);
	}
	buf_release(&reply.body);
	free(path);
	return code;
}

static int
run(const struct args *args)
{
	const char *signo = opts_get(args, "signal");
	char *name = client_encode(args->words[0]), *path = mem_printf(
	    "/v1/crash/%s?signal=%s&timeout_ms=%lld", name,
	    signo ? signo : "KILL", args->timeout_ms >= 0 ?
	    (long long)args->timeout_ms : 60000LL);
	int64_t from_us = clock_boot_us();
	struct reply reply;
	int code = ask_agent(args, "POST", path, NULL, &reply);

	if (code == EXIT_DONE) {
		struct args quiet = *args;

		quiet.output = NULL;
		code = ask_show_wait(&quiet, &reply);
	}
	buf_release(&reply.body);
	if (code == EXIT_DONE)
		code = show_where(args, name, (clock_boot_us() - from_us) /
		    1000.0);
	free(name);
	free(path);
	return code;
}

const struct cmd cmd_crash = {
	.name = "crash", .synopsis = "NAME",
	.summary = "Kill a child, wait for its next instance, print where it "
	    "is.",
	.options = { { "signal", 0, "SIGNAL", "instead of KILL" } },
	.words_min = 1, .words_max = 1, .run = run,
};
