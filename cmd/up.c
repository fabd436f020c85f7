/* SPDX-License-Identifier: MIT */
/* swarmsup up: the agent runs, and what it runs is what the file says. Also
 * plan, which is up --dry-run. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "spec/paths.h"

#define AGENT_START_MS 10000	/* for a new agent to answer */

static void
show_mistakes(struct spec_errors *errors)
{
	for (char **l = errors->lines; l && *l; l++)
		fprintf(stderr, "%s\n", *l);
	if (errors->count > SPEC_ERRORS_MAX)
		fprintf(stderr, "and %zu more\n", errors->count -
		    SPEC_ERRORS_MAX);
	spec_errors_release(errors);
}

static int
launch(const struct args *args, const struct fleet_spec *fleet,
    const struct paths *paths, struct err *err)
{
	char **argv = NULL;
	int ret;

	if (paths_make(paths, err) < 0)
		return -1;
	strv_push(&argv, args->self);
	strv_push(&argv, "agent");
	strv_push(&argv, "-F");
	strv_push(&argv, fleet->name);
	for (char **f = fleet->files; f && *f; f++) {
		if (strcmp(*f, "-") == 0)
			continue;
		strv_push(&argv, "-f");
		strv_push(&argv, *f);
	}
	ret = client_launch(argv, paths->agent_log, err);
	strv_free(argv);
	return ret;
}

/* The agent answers, or is started and then answers. */
static int
reach(const struct args *args, const struct fleet_spec *fleet,
    const char *socket, struct err *err)
{
	int64_t until_ms = clock_boot_ms() + AGENT_START_MS;
	struct timespec pause = { 0, 2000000 };
	char *host = paths_host_name();
	struct reply reply;
	struct paths paths;
	int ret;

	paths_init(&paths, fleet->name, host, &fleet->agent);
	ret = client_request(socket, "GET", "/v1/agent", NULL, 5000, &reply,
	    err);
	if (ret < 0 && (err->code == ENOENT || err->code == ECONNREFUSED)) {
		ret = launch(args, fleet, &paths, err);
		while (ret == 0 && client_request(socket, "GET", "/v1/agent",
		    NULL, 5000, &reply, err) < 0) {
			if (clock_boot_ms() > until_ms)
				ret = err_set(err, "the agent does not "
				    "answer; see %s", paths.agent_log);
			nanosleep(&pause, NULL);
		}
	}
	if (ret == 0)
		buf_release(&reply.body);
	paths_release(&paths);
	free(host);
	return ret;
}

static void
show_changes(const struct reply *reply, bool dry_run)
{
	json_t *json = json_loadb(reply->body.data, reply->body.len, 0, NULL),
	    *item, *key;
	size_t i, k;

	json_array_foreach(json_object_get(json, "add"), i, item)
		printf("add     %s\n", json_string_value(item));
	json_array_foreach(json_object_get(json, "change"), i, item) {
		printf("%s %s:", json_is_true(json_object_get(item,
		    "restart")) ? "restart" : "change ",
		    json_string_value(json_object_get(item, "name")));
		json_array_foreach(json_object_get(item, "keys"), k, key)
			printf(" %s", json_string_value(key));
		printf("\n");
	}
	json_array_foreach(json_object_get(json, "remove"), i, item)
		printf("remove  %s\n", json_string_value(item));
	if (dry_run)
		printf("unchanged: %lld\n", (long long)json_integer_value(
		    json_object_get(json, "unchanged")));
	json_decref(json);
}

/* Without an agent everything would be new. */
static void
show_all_new(const struct fleet_spec *fleet)
{
	struct map_iter it = { 0 };
	const char *name;

	while (map_next(fleet->children, &it, &name, NULL))
		printf("add     %s\n", name);
	printf("unchanged: 0\n");
}

static int
apply(struct args *args, const struct fleet_spec *fleet, bool dry_run)
{
	struct reply reply;
	struct buf body;
	int code;

	buf_init(&body, 0);
	fleet_spec_format(fleet, &body);
	code = ask_agent(args, "POST", dry_run ? "/v1/fleet?dry_run=1" :
	    "/v1/fleet", body.data, &reply);
	if (code == EXIT_DONE && args->output &&
	    strcmp(args->output, "json") == 0)
		fwrite(reply.body.data, 1, reply.body.len, stdout);
	else if (code == EXIT_DONE)
		show_changes(&reply, dry_run);
	buf_release(&reply.body);
	buf_release(&body);
	if (code != EXIT_DONE || dry_run || map_len(fleet->children) == 0)
		return code;
	if (opts_get(args, "no-wait"))
		return EXIT_DONE;
	return ask_and_wait(args, "GET", "/v1/wait?all=1&for=settled", NULL);
}

static int
up(const struct args *given, bool dry_run)
{
	char *none[] = { "swarmsup.yaml", NULL };
	struct args args = *given;
	struct spec_errors errors = { 0 };
	struct err err = { 0 };
	struct fleet_spec *fleet;
	char *socket;
	int code;

	fleet = fleet_spec_load(args.files ? args.files : none, &errors);
	if (!fleet) {
		show_mistakes(&errors);
		return EXIT_USAGE;
	}
	if (args.fleet) {
		free(fleet->name);
		fleet->name = mem_strdup(args.fleet);
	}
	socket = client_socket(args.socket, fleet->name, NULL, &err);
	args.socket = socket;
	if (dry_run && access(socket, F_OK) < 0) {
		show_all_new(fleet);
		code = EXIT_DONE;
	} else if (!dry_run && reach(&args, fleet, socket, &err) < 0) {
		fprintf(stderr, "swarmsup up: %s\n", err.text);
		code = EXIT_NO_AGENT;
	} else {
		code = apply(&args, fleet, dry_run);
	}
	free(socket);
	fleet_spec_free(fleet);
	return code;
}

static int
run_up(const struct args *args)
{
	return up(args, opts_get(args, "dry-run") != NULL);
}

static int
run_plan(const struct args *args)
{
	return up(args, true);
}

const struct cmd cmd_up = {
	.name = "up", .synopsis = "",
	.summary = "Make what runs what the fleet file says; starts the agent.",
	.options = { { "dry-run", 0, NULL, "only show the difference" },
	    { "no-wait", 0, NULL, "do not wait until all runs" } },
	.run = run_up,
};

const struct cmd cmd_plan = {
	.name = "plan", .synopsis = "",
	.summary = "Show what up would change.",
	.run = run_plan,
};
