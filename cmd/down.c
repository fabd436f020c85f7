/* SPDX-License-Identifier: MIT */
/* swarmsup down: all children stop, then the agent. */
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "cmd/cmd.h"

/* The warden goes last: once it is gone, all is. */
static int
wait_for_end(const struct args *args, pid_t warden)
{
	int64_t until_ms = args->timeout_ms < 0 ||
	    args->timeout_ms == INT64_MAX ? INT64_MAX :
	    clock_boot_ms() + args->timeout_ms;
	struct timespec pause = { 0, 2000000 };

	while (kill(warden, 0) == 0 || errno == EPERM) {
		if (clock_boot_ms() > until_ms) {
			fprintf(stderr, "swarmsup down: not all have stopped "
			    "yet; it goes on\n");
			return EXIT_NOT_THERE_YET;
		}
		nanosleep(&pause, NULL);
	}
	return EXIT_DONE;
}

static int
run(const struct args *args)
{
	struct err err = { 0 };
	struct reply reply;
	char *socket = client_socket(args->socket, args->fleet, args->files,
	    &err);
	json_t *json;
	pid_t warden;
	int code;

	if (!socket) {
		fprintf(stderr, "%s\n", err.text);
		return EXIT_USAGE;
	}
	code = client_request(socket, "GET", "/v1/agent", NULL, 0, &reply,
	    &err);
	free(socket);
	if (code < 0 && (err.code == ENOENT || err.code == ECONNREFUSED))
		return EXIT_DONE;	/* it is down */
	if (code < 0) {
		fprintf(stderr, "swarmsup down: %s\n", err.text);
		return EXIT_FAILED;
	}
	json = json_loadb(reply.body.data, reply.body.len, 0, NULL);
	warden = json_integer_value(json_object_get(json, "warden_pid"));
	json_decref(json);
	buf_release(&reply.body);
	code = ask_agent(args, "POST", "/v1/shutdown", NULL, &reply);
	buf_release(&reply.body);
	return code != EXIT_DONE || warden <= 1 ? code :
	    wait_for_end(args, warden);
}

const struct cmd cmd_down = {
	.name = "down", .synopsis = "",
	.summary = "Stop all children, dependents first, then the agent.",
	.run = run,
};
