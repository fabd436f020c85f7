/* SPDX-License-Identifier: MIT */
/* swarmsup logs: the output of a child, decoded from its CRI records. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/cmd.h"

#define LINES_DEFAULT 100

/* "TIMESTAMP stream P|F text": prints the text, the timestamp if asked. */
static void
show_record(const char *record, size_t len, bool times)
{
	const char *at = record, *end = record + len;

	for (int i = 0; i < 3 && at; i++) {
		at = memchr(at, ' ', end - at);
		at = at ? at + 1 : NULL;
	}
	if (!at || (at[-2] != 'P' && at[-2] != 'F')) {
		fwrite(record, 1, len, stdout);	/* not CRI */
		putchar('\n');
		return;
	}
	if (times)
		fwrite(record, 1, strcspn(record, " ") + 1, stdout);
	fwrite(at, 1, end - at, stdout);
	if (at[-2] == 'F')
		putchar('\n');
}

/* The last `lines` of the file. */
static int
show_file(const char *path, long lines, bool times)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	long total = 0;
	ssize_t n;

	if (!file)
		return EXIT_DONE;	/* it has not said anything */
	while (getline(&line, &room, file) > 0)
		total++;
	rewind(file);
	for (long i = 0; (n = getline(&line, &room, file)) > 0; i++)
		if (i >= total - lines)
			show_record(line, n - (line[n - 1] == '\n'), times);
	free(line);
	fclose(file);
	return EXIT_DONE;
}

static int
run(const struct args *args)
{
	char *name = client_encode(args->words[0]),
	    *path = mem_printf("/v1/why/%s", name);
	const char *text = opts_get(args, "lines"), *log;
	struct reply reply;
	json_t *json;
	int code;

	code = ask_agent(args, "GET", path, NULL, &reply);
	free(name);
	free(path);
	json = code == EXIT_DONE ? json_loadb(reply.body.data,
	    reply.body.len, 0, NULL) : NULL;
	log = json_string_value(json_object_get(json, "log"));
	if (log)
		code = show_file(log, text ? atol(text) : LINES_DEFAULT,
		    opts_get(args, "timestamps") != NULL);
	json_decref(json);
	buf_release(&reply.body);
	return code;
}

const struct cmd cmd_logs = {
	.name = "logs", .synopsis = "NAME",
	.summary = "Show the output of a child.",
	.options = { { "lines", 'n', "N", "the last N lines (100)" },
	    { "timestamps", 0, NULL, "with the time of each" } },
	.words_min = 1, .words_max = 1, .run = run,
};
