/* SPDX-License-Identifier: MIT */
/* swarmsup start: run again, or add a child */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/jsonw.h"
#include "base/mem.h"
#include "cmd/cmd.h"

/* Options that are keys of the spec, in YAML. */
static const char *const keys[] = { "restart", "user", "replicas",
    "working_dir", "min_uptime", NULL };

static void
write_spec(const struct args *args, char **argv, struct buf *out)
{
	char cwd[4096];
	struct jsonw w;

	jsonw_init(&w, out);
	jsonw_object(&w);
	jsonw_key(&w, "command");
	jsonw_array(&w);
	for (; *argv; argv++)
		jsonw_str(&w, *argv);
	jsonw_end_array(&w);
	if (!opts_get(args, "working_dir") && getcwd(cwd, sizeof cwd))
		jsonw_kstr(&w, "working_dir", cwd);
	for (const char *const *k = keys; *k; k++)
		if (opts_get(args, *k))
			jsonw_kstr(&w, *k, opts_get(args, *k));
	jsonw_key(&w, "groups");
	jsonw_array(&w);
	for (char **v = args->values; v && *v; v++)
		if (strncmp(*v, "group=", 6) == 0)
			jsonw_str(&w, *v + 6);
	jsonw_end_array(&w);
	jsonw_end_object(&w);
}

/* NAME -- CMD ARG...: OTP's start_child. */
static int
add(const struct args *args, char **mark)
{
	struct buf body;
	char *path;
	int code;

	if (mark != args->words + 1 || !mark[1]) {
		fprintf(stderr, "swarmsup start: write NAME -- CMD ARG...\n");
		return EXIT_USAGE;
	}
	buf_init(&body, 0);
	write_spec(args, mark + 1, &body);
	path = ask_path(args, "/v1/children");
	code = ask_and_wait(args, "POST", path, body.data);
	buf_release(&body);
	free(path);
	return code;
}

static int
run(const struct args *args)
{
	int mark = strv_find(args->words, "--"), code;
	char *path;

	if (mark >= 0)
		return add(args, args->words + mark);
	path = ask_path(args, "/v1/start");
	code = ask_and_wait(args, "POST", path, NULL);
	free(path);
	return code;
}

const struct cmd cmd_start = {
	.name = "start", .synopsis = "NAME... | NAME -- CMD ARG...",
	.summary = "Start stopped children, or add one on the fly.",
	.options = { { "all", 0, NULL, "every child" },
	    { "no-wait", 0, NULL, "do not wait until it is done" },
	    { "restart", 0, "KIND", "permanent, transient or temporary" },
	    { "group", 0, "GROUP", "put it into a group" },
	    { "user", 0, "USER", "run it as this user" },
	    { "replicas", 0, "N", "that many, NAME-0 ..." },
	    { "working_dir", 0, "DIR", "run it there, not here" },
	    { "min_uptime", 0, "DURATION", "when it counts as running" } },
	.words_max = 10000, .run = run,
};
