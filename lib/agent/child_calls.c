/* SPDX-License-Identifier: MIT */
/* See child_calls.h. */
#include "agent/child_calls.h"

#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/calls.h"
#include "agent/note.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/units.h"

#define PARAMS_MAX 16
#define STATUS_TEXT_MAX 1000		/* bytes that are kept of it */
#define JOINED_MAX 1000			/* groups of one child */

/* A request while it is looked at. */
struct ask {
	struct runner *runner;
	struct channel *channel;
	const struct json_slice *id;
	struct json_member params[PARAMS_MAX];
	int nparams;
	char *text;			/* the parameter that method needs */
};

static void
answer(const struct ask *a, const char *json)
{
	channel_answer(a->channel, a->id, json, strlen(json));
}

static const char null_json[] = "null";

/* The body, or null. */
static struct json_slice
body_of(const struct ask *a)
{
	const struct json_slice *body = json_member(a->params, a->nparams,
	    "body");

	return body ? *body : (struct json_slice){ null_json, 4 };
}

/* False: answered with an error. */
static bool
timeout_of(const struct ask *a, int64_t *ms)
{
	const struct json_slice *value = json_member(a->params, a->nparams,
	    "timeout_ms");

	*ms = CALL_TIMEOUT_MS;
	if (!value)
		return true;
	if (json_integer(value, ms) && *ms >= -1) {
		if (*ms < 0)
			*ms = DURATION_INFINITY;
		return true;
	}
	channel_refuse(a->channel, a->id, -32602,
	    "timeout_ms is a number of milliseconds, or -1 for none");
	return false;
}

/* Remembers who is to be answered later. */
static struct asked *
later(const struct ask *a)
{
	struct asked *asked = channel_asked(a->channel, a->id);

	if (!asked)
		channel_refuse(a->channel, a->id, -32007,
		    "you have %d unanswered requests", CHANNEL_ASKED_MAX);
	return asked;
}

static void
on_called(void *arg, enum call_outcome outcome, const char *result,
    size_t len, const char *text)
{
	struct asked *asked = arg;
	struct json_slice id;
	struct channel *channel = asked_channel(asked, &id);

	if (channel && outcome == CALL_DONE)
		channel_answer(channel, &id, result, len);
	else if (channel)
		channel_refuse(channel, &id, call_error_code(outcome), "%s",
		    text);
	asked_free(asked);
}

static void
serve_call(struct ask *a)
{
	struct json_slice body = body_of(a);
	struct asked *asked;
	int64_t ms;

	if (!a->id) {		/* nobody waits: as a cast */
		const char *text;

		calls_cast(a->runner->agent, a->text, body.text, body.len,
		    &text);
		return;
	}
	if (timeout_of(a, &ms) && (asked = later(a)))
		calls_call(a->runner->agent, a->text, body.text, body.len,
		    a->runner->child->name, ms, on_called, asked);
}

static void
serve_cast(struct ask *a)
{
	struct json_slice body = body_of(a);
	enum call_outcome outcome;
	const char *text;

	outcome = calls_cast(a->runner->agent, a->text, body.text, body.len,
	    &text);
	if (outcome == CALL_DONE)
		answer(a, "true");
	else
		channel_refuse(a->channel, a->id, call_error_code(outcome),
		    "%s: %s", a->text, text);
}

static void
serve_where(struct ask *a)
{
	const struct child *c = core_find(a->runner->agent->core, a->text);
	struct jsonw w;
	struct buf json;

	if (!c) {
		channel_refuse(a->channel, a->id,
		    call_error_code(CALL_NO_NAME), "there is no child %s",
		    a->text);
		return;
	}
	buf_init(&json, 0);
	jsonw_init(&w, &json);
	jsonw_object(&w);
	jsonw_kstr(&w, "name", c->name);
	jsonw_kstr(&w, "host", a->runner->agent->config.host);
	jsonw_key(&w, "pid");
	if (c->pid > 0)
		jsonw_int(&w, c->pid);
	else
		jsonw_null(&w);
	jsonw_kstr(&w, "state", child_state_name(c->state));
	jsonw_end_object(&w);
	channel_answer(a->channel, a->id, json.data, json.len);
	buf_release(&json);
}

static void
regroup(struct ask *a, bool join)
{
	const struct child *c = a->runner->child;
	struct err err;

	if (name_check(a->text, &err) < 0)
		channel_refuse(a->channel, a->id, -32602, "%s", err.text);
	else if ((strv_find(c->groups, a->text) >= 0) == join)
		answer(a, "true");	/* without a write to the disk */
	else if (join && strv_len(c->groups) >= JOINED_MAX)
		channel_refuse(a->channel, a->id, -32603, "%s is in %d groups "
		    "already", c->name, JOINED_MAX);
	else if (agent_group(a->runner->agent, a->runner->child->name,
	    a->text, join, &err) < 0)
		channel_refuse(a->channel, a->id, -32603, "%s", err.text);
	else
		answer(a, "true");
}

static void
serve_join(struct ask *a)
{
	regroup(a, true);
}

static void
serve_leave(struct ask *a)
{
	regroup(a, false);
}

static void
serve_members(struct ask *a)
{
	struct core *core = a->runner->agent->core;
	struct jsonw w;
	struct buf json;

	buf_init(&json, 0);
	jsonw_init(&w, &json);
	jsonw_array(&w);
	for (struct child *c = NULL; (c = core_next(core, c));)
		if (strv_find(c->groups, a->text) >= 0)
			jsonw_str(&w, c->name);
	jsonw_end_array(&w);
	channel_answer(a->channel, a->id, json.data, json.len);
	buf_release(&json);
}

static void
serve_publish(struct ask *a)
{
	struct json_slice body = body_of(a);
	char n[24];

	snprintf(n, sizeof n, "%zu", calls_publish(a->runner->agent, a->text,
	    body.text, body.len));
	answer(a, n);
}

static void
on_multicalled(void *arg, const char *json, size_t len)
{
	on_called(arg, CALL_DONE, json, len, NULL);
}

static void
serve_multicall(struct ask *a)
{
	struct json_slice body = body_of(a);
	struct asked *asked;
	int64_t ms;

	if (!a->id)
		serve_publish(a);
	else if (timeout_of(a, &ms) && (asked = later(a)))
		calls_multicall(a->runner->agent, a->text, body.text,
		    body.len, a->runner->child->name, ms, on_multicalled,
		    asked);
}

static void
tell_core(struct runner *r, enum input_type type, const char *text)
{
	struct input in = { .type = type, .name = r->child->name,
	    .instance = r->instance, .text = text };

	agent_step(r->agent, &in);
}

static void
serve_ready(struct ask *a)
{
	tell_core(a->runner, INPUT_READY, NULL);
	note_update(a->runner);
	answer(a, "true");
}

static void
serve_status(struct ask *a)
{
	size_t len = strlen(a->text);

	/* At a character's beginning. */
	if (len > STATUS_TEXT_MAX) {
		len = STATUS_TEXT_MAX;
		while ((a->text[len] & 0xc0) == 0x80)
			len--;
		a->text[len] = '\0';
	}
	tell_core(a->runner, INPUT_STATUS_TEXT, a->text);
	answer(a, "true");
}

static const struct method {
	const char *name;
	const char *needs;	/* a parameter that is a string; NULL: none */
	void (*serve)(struct ask *a);
} methods[] = {
	{ "call", "to", serve_call },
	{ "cast", "to", serve_cast },
	{ "where", "name", serve_where },
	{ "join", "group", serve_join },
	{ "leave", "group", serve_leave },
	{ "members", "group", serve_members },
	{ "publish", "group", serve_publish },
	{ "multicall", "group", serve_multicall },
	{ "ready", NULL, serve_ready },
	{ "status", "text", serve_status },
};

static const struct method *
find_method(const char *name)
{
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (strcmp(methods[i].name, name) == 0)
			return &methods[i];
	return NULL;
}

void
child_calls_serve(void *arg, struct channel *channel,
    const struct channel_request *request)
{
	const struct method *method = find_method(request->method);
	struct ask a = { .runner = arg, .channel = channel,
	    .id = request->id };

	if (!a.runner->child)
		return;		/* nobody knows it any more */
	if (!method) {
		channel_refuse(channel, a.id, -32601, "there is no method "
		    "'%.100s'", request->method);
		return;
	}
	if (request->params)
		a.nparams = json_members(*request->params, a.params,
		    PARAMS_MAX);
	if (a.nparams < 0) {
		channel_refuse(channel, a.id, -32602, "params is an object, "
		    "each key once");
		return;
	}
	if (method->needs)
		a.text = json_string(json_member(a.params, a.nparams,
		    method->needs));
	if (method->needs && !a.text)
		channel_refuse(channel, a.id, -32602, "%s needs '%s', a "
		    "string", method->name, method->needs);
	else
		method->serve(&a);
	free(a.text);
}
