/* SPDX-License-Identifier: MIT */
/* swarmsup signal: a signal to process groups */
#include <stdlib.h>

#include "base/mem.h"
#include "cmd/cmd.h"

static int
run(const struct args *args)
{
	struct args names = *args;
	char *signo = client_encode(args->words[0]), *base, *path;
	struct reply reply;
	int code;

	names.words++;
	base = mem_printf("/v1/signal?signal=%s", signo);
	path = ask_path(&names, base);
	code = ask_agent(args, "POST", path, NULL, &reply);
	buf_release(&reply.body);
	free(signo);
	free(base);
	free(path);
	return code;
}

const struct cmd cmd_signal = {
	.name = "signal", .synopsis = "SIGNAL NAME...",
	.summary = "Send a signal to the process groups of children.",
	.options = { { "all", 0, NULL, "every child" } },
	.words_min = 1, .words_max = 10000, .run = run,
};
