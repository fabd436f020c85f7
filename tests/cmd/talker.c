/* SPDX-License-Identifier: MIT */
/*
 * A child that talks on its channel, well or badly, for the tests. It answers
 * each call as argv[1] says:
 *   echo    with the body          pid     with its process ID
 *   error   with an error          late    with the body, after 300 ms
 *   never   not at all             wrong   with other ids, garbage, nothing
 *   flood   after a flood of requests that it does not wait for
 *   deaf    reads nothing, ever    close   closes the channel
 *   ask     sends the body, an object without braces, as a request of its
 *           own, and answers with what it hears
 *   state   keeps a state: a call replaces it and gets the old one;
 *           begin_handoff gives it away, end_handoff takes it
 * What it hears besides is written to standard output, a line each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static FILE *in, *out;
static char *state, *asker;
static const char *how;

/* The raw value after `key` up to one of `ends`, which is the last of its
 * kind; NULL if there is none. */
static char *
raw(const char *line, const char *key, const char *end)
{
	const char *from = strstr(line, key), *to = NULL;

	if (!from)
		return NULL;
	from += strlen(key);
	for (const char *p = from; (p = strstr(p, end)); p++)
		to = p;
	return to ? strndup(from, to - from) : NULL;
}

static void
say(const char *fmt, const char *a, const char *b)
{
	fprintf(out, fmt, a, b);
	fflush(out);
}

static void
flood(void)
{
	for (int i = 0; i < 100000; i++)
		fprintf(out, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":"
		    "\"where\",\"params\":{\"name\":\"flood\"}}\n", i);
	fflush(out);
}

static void
on_call(const char *id, const char *body)
{
	static const char result[] = "{\"jsonrpc\":\"2.0\",\"id\":%s,"
	    "\"result\":%s}\n";
	char text[32];

	snprintf(text, sizeof text, "%d", (int)getpid());
	if (strcmp(how, "echo") == 0) {
		say(result, id, body);
	} else if (strcmp(how, "pid") == 0) {
		say(result, id, text);
	} else if (strcmp(how, "error") == 0) {
		say("{\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":{\"code\":1,"
		    "\"message\":\"no %s today\"}}\n", id, "luck");
	} else if (strcmp(how, "late") == 0) {
		usleep(300000);
		say(result, id, body);
	} else if (strcmp(how, "wrong") == 0) {
		say("garbage\n\n{\"jsonrpc\":\"2.0\",\"id\":12345%s,"
		    "\"result\":%s}\n", id, body);
		say("{\"id\":%s}\n[]\n{\"id\":\"%s\",\"result\":1}\n", id, id);
	} else if (strcmp(how, "flood") == 0) {
		flood();
		say(result, id, body);
	} else if (strcmp(how, "close") == 0) {
		fclose(in);
		fclose(out);
		pause();
	} else if (strcmp(how, "state") == 0) {
		say(result, id, state);
		free(state);
		state = strdup(body);
	}
}

/* "ask": the body is a string of JSON members, its quotes escaped. */
static void
ask(const char *id, const char *body)
{
	free(asker);
	asker = strdup(id);
	fputs("{\"jsonrpc\":\"2.0\",\"id\":\"mine\",", out);
	for (const char *p = body + 1; *p && p[1]; p++)
		if (*p != '\\')
			fputc(*p, out);
	fputs("}\n", out);
	fflush(out);
}

static void
on_line(char *line)
{
	char *id = raw(line, "\"id\":", ",\"method\""), *body;

	if (id && strstr(line, "\"method\":\"call\"")) {
		body = raw(line, "{\"body\":", ",\"from\":");
		if (strcmp(how, "ask") == 0)
			ask(id, body);
		else
			on_call(id, body);
		free(body);
	} else if (id && strstr(line, "\"method\":\"begin_handoff\"")) {
		say("{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"resume\":%s}"
		    "}\n", id, state);
	} else if (strstr(line, "\"method\":\"end_handoff\"")) {
		free(state);
		state = raw(line, "{\"state\":", "}}");
	} else if (asker && strstr(line, "\"id\":\"mine\"")) {
		char *answer = raw(line, "\"id\":\"mine\",", "}");

		say("{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{%s}}\n",
		    asker, answer);
		free(answer);
		free(asker);
		asker = NULL;
	} else {
		printf("heard %s", line);
		fflush(stdout);
	}
	free(id);
}

int
main(int argc, char **argv)
{
	const char *fd = getenv("SWARMSUP_CHANNEL_FD");
	char *line = NULL;
	size_t room = 0;

	how = argc > 1 ? argv[1] : "echo";
	if (!fd)
		return 3;
	state = strdup("null");
	in = fdopen(atoi(fd), "r");
	out = fdopen(dup(atoi(fd)), "w");
	if (!in || !out)
		return 3;
	if (strcmp(how, "deaf") == 0)
		for (;;)
			pause();
	while (getline(&line, &room, in) > 0)
		on_line(line);
	return 0;
}
