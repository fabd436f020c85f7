/* SPDX-License-Identifier: MIT */
/* swarmsup scale: how many there are */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/cmd.h"

static int
run(const struct args *args)
{
	const char *word = args->words[0], *eq = strchr(word, '=');
	char *text, *name, *path;
	int code;

	if (!eq) {
		fprintf(stderr, "swarmsup scale: write NAME=N\n");
		return EXIT_USAGE;
	}
	text = mem_strndup(word, eq - word);
	name = client_encode(text);
	path = mem_printf("/v1/scale?name=%s&replicas=%s", name, eq + 1);
	code = ask_and_wait(args, "POST", path, NULL);
	free(text);
	free(name);
	free(path);
	return code;
}

const struct cmd cmd_scale = {
	.name = "scale", .synopsis = "NAME=N",
	.summary = "Change the number of replicas; the others stay as they are.",
	.options = { { "no-wait", 0, NULL, "do not wait until it is done" } },
	.words_min = 1, .words_max = 1, .run = run,
};
