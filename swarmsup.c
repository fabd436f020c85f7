/* SPDX-License-Identifier: MIT */
/* swarmsup: a distributed supervisord. This file only finds the verb; they
 * are in cmd/, the map of the rest is lib/README.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/cmd.h"

int
main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "help";
	struct args args = { .self = argv[0] };
	const struct cmd *cmd;
	int code;

	if (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0)
		verb = "help";
	else if (strcmp(verb, "--version") == 0)
		verb = "version";
	cmd = opts_find(verb);
	if (!cmd)
		return EXIT_USAGE;
	code = EXIT_USAGE;
	if (opts_parse(cmd, argv + (argc > 1 ? 2 : 1), &args) == 0)
		code = cmd->run(&args);
	strv_free(args.files);
	strv_free(args.words);
	strv_free(args.values);
	if (fflush(stdout) != 0 && code == EXIT_DONE)
		code = EXIT_FAILED;
	return code;
}
