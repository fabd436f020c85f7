/* SPDX-License-Identifier: MIT */
/* swarmsup agent: the warden, and behind --serve the agent. */
#include "agent/agent.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "warden/warden.h"

/* Files and fleet name; with neither, the file of this folder. */
static int
configure(const struct args *args, struct agent_config *config)
{
	char *none[] = { "swarmsup.yaml", NULL };
	char **files = args->files ? args->files : args->fleet ? NULL : none;
	struct spec_errors errors = { 0 };
	struct fleet_spec *fleet = files ? fleet_spec_load(files, &errors) :
	    NULL;

	for (char **l = errors.lines; l && *l; l++)
		fprintf(stderr, "%s\n", *l);
	spec_errors_release(&errors);
	if (files && !fleet && !opts_get(args, "serve"))
		return -1;
	for (char **f = files; f && *f; f++) {
		char *full = realpath(*f, NULL);

		strv_push(&config->files, full ? full : *f);
		free(full);
	}
	config->host = paths_host_name();
	config->fleet = mem_strdup(args->fleet ? args->fleet :
	    fleet ? fleet->name : "fleet");
	config->max_children = fleet ? fleet->agent.max_children :
	    CHILDREN_MAX;
	paths_init(&config->paths, config->fleet, config->host,
	    fleet ? &fleet->agent : NULL);
	fleet_spec_free(fleet);
	return 0;
}

/* The command line of the same thing, with --serve. */
static char **
argv_of(const struct args *args, const struct agent_config *config)
{
	char **argv = NULL;

	strv_push(&argv, args->self);
	strv_push(&argv, "agent");
	strv_push(&argv, "--serve");
	strv_push(&argv, "-F");
	strv_push(&argv, config->fleet);
	for (char **f = config->files; f && *f; f++) {
		strv_push(&argv, "-f");
		strv_push(&argv, *f);
	}
	return argv;
}

static int
run(const struct args *args)
{
	/* Static: what they point to is held until the process ends. */
	static struct agent_config config;
	static struct warden_config warden;
	struct err err;
	int code;

	if (configure(args, &config) < 0)
		return EXIT_USAGE;
	if (opts_get(args, "serve"))
		/* What it holds goes with the process: no clearing up, which
		 * would only keep the warden waiting. */
		_exit(agent_run(&config));
	if (paths_make(&config.paths, &err) < 0) {
		fprintf(stderr, "swarmsup agent: %s\n", err.text);
		return EXIT_FAILED;
	}
	warden.table_path = config.paths.table;
	warden.agent_argv = argv_of(args, &config);
	warden.warden_argv = warden.agent_argv;
	code = warden_run(&warden, &err);
	if (code < 0) {
		fprintf(stderr, "swarmsup agent: %s\n", err.text);
		return EXIT_FAILED;
	}
	return code;
}

const struct cmd cmd_agent = {
	.name = "agent", .synopsis = "",
	.summary = "Run the supervisor of this host in the foreground.",
	.options = { { "serve", 0, NULL, "be the warden's child (internal)" } },
	.run = run,
};
