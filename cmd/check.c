/* SPDX-License-Identifier: MIT */
/* swarmsup check: is the fleet file right? */
#include <stdio.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "spec/fleet_spec.h"

static int
run(const struct args *args)
{
	char *none[] = { "swarmsup.yaml", NULL };
	char **files = args->nwords ? args->words : args->files ?
	    args->files : none;
	struct spec_errors errors = { 0 };
	struct fleet_spec *fleet = fleet_spec_load(files, &errors);

	for (char **l = errors.lines; l && *l; l++)
		fprintf(stderr, "%s\n", *l);
	if (errors.count > SPEC_ERRORS_MAX)
		fprintf(stderr, "and %zu more\n", errors.count -
		    SPEC_ERRORS_MAX);
	spec_errors_release(&errors);
	if (!fleet)
		return EXIT_USAGE;
	printf("%s: %zu children, no mistakes\n", fleet->name,
	    map_len(fleet->children));
	fleet_spec_free(fleet);
	return EXIT_DONE;
}

const struct cmd cmd_check = {
	.name = "check", .synopsis = "[FILE...]",
	.summary = "Check the fleet file; nothing is done.",
	.words_max = 100, .run = run,
};
