/* SPDX-License-Identifier: MIT */
/* What most verbs do: ask the agent, turn its answer into an exit code. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/units.h"
#include "cmd/cmd.h"

#define WAIT_DEFAULT_MS 60000

static int
exit_of(int http)
{
	switch (http) {
	case 200: case 201: return EXIT_DONE;
	case 400: return EXIT_USAGE;
	case 404: return EXIT_NO_NAME;
	case 503: return EXIT_NOT_THERE_YET;
	case 408: case 504: return EXIT_TIMEOUT;
	default: return EXIT_FAILED;
	}
}

static void
show_error(const struct args *args, const struct reply *reply)
{
	json_t *json = json_loadb(reply->body.data, reply->body.len, 0, NULL);
	const char *text = json_string_value(json_object_get(json, "error"));

	fprintf(stderr, "swarmsup %s: %s\n", args->cmd->name, text ? text :
	    "the agent answered with an error");
	json_decref(json);
}

int
ask_agent(const struct args *args, const char *method, const char *path,
    const char *body, struct reply *reply)
{
	struct err err = { 0 };
	char *socket;
	int code;

	*reply = (struct reply){ 0 };
	buf_init(&reply->body, 0);
	socket = client_socket(args->socket, args->fleet, args->files, &err);
	if (!socket) {
		fprintf(stderr, "%s\n", err.text);
		return EXIT_USAGE;
	}
	if (client_request(socket, method, path, body, 0, reply, &err) < 0) {
		fprintf(stderr, "swarmsup %s: %s\n", args->cmd->name,
		    err.text);
		code = err.code == EPIPE ? EXIT_FAILED : EXIT_NO_AGENT;
	} else if ((code = exit_of(reply->code)) != EXIT_DONE) {
		show_error(args, reply);
	}
	free(socket);
	return code;
}

char *
ask_path(const struct args *args, const char *path)
{
	struct buf out;
	char mark = strchr(path, '?') ? '&' : '?';

	buf_init(&out, 0);
	buf_puts(&out, path);
	for (char **w = args->words; *w && strcmp(*w, "--") != 0; w++) {
		char *name = client_encode(*w);

		buf_printf(&out, "%cname=%s", mark, name);
		mark = '&';
		free(name);
	}
	if (opts_get(args, "all"))
		buf_printf(&out, "%call=1", mark);
	return buf_take(&out);
}

int
ask_show_wait(const struct args *args, const struct reply *reply)
{
	json_t *json = json_loadb(reply->body.data, reply->body.len, 0, NULL),
	    *failed = json_object_get(json, "failed"),
	    *waiting = json_object_get(json, "waiting"), *item;
	int code = EXIT_DONE;
	size_t i;

	json_array_foreach(failed, i, item) {
		fprintf(stderr, "swarmsup %s: %s is %s: %s\n",
		    args->cmd->name, json_string_value(json_object_get(item,
		    "name")), json_string_value(json_object_get(item,
		    "state")), json_string_value(json_object_get(item,
		    "reason")));
		code = EXIT_FAILED;
	}
	json_array_foreach(waiting, i, item) {
		fprintf(stderr, "swarmsup %s: %s is not there yet (swarmsup "
		    "why %s)\n", args->cmd->name, json_string_value(item),
		    json_string_value(item));
		code = code == EXIT_DONE ? EXIT_NOT_THERE_YET : code;
	}
	if (args->output && strcmp(args->output, "json") == 0)
		fwrite(reply->body.data, 1, reply->body.len, stdout);
	json_decref(json);
	return code;
}

int
ask_and_wait(const struct args *args, const char *method, const char *path,
    const char *body)
{
	int64_t ms = args->timeout_ms >= 0 ? args->timeout_ms :
	    WAIT_DEFAULT_MS;
	char *full = mem_printf("%s%stimeout_ms=%lld%s", path,
	    strchr(path, '?') ? "&" : "?", ms == DURATION_INFINITY ? -1LL :
	    (long long)ms, opts_get(args, "no-wait") ? "" : "&wait=1");
	struct reply reply;
	int code = ask_agent(args, method, full, body, &reply);

	if (code == EXIT_DONE && !opts_get(args, "no-wait"))
		code = ask_show_wait(args, &reply);
	buf_release(&reply.body);
	free(full);
	return code;
}
