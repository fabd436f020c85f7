/* SPDX-License-Identifier: MIT */
/* Requests that go on to children, over their channels. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/api.h"
#include "agent/calls.h"
#include "base/mem.h"

/* A request whose answer is a child's. */
struct pending {
	struct http_request *req;
	struct calls_one *call;
	struct multicall *multicall;
	char *name;
};

static void
pending_free(struct pending *p)
{
	free(p->name);
	free(p);
}

static void
on_close(struct http_request *req, void *arg)
{
	struct pending *p = arg;

	(void)req;
	if (p->call)
		calls_cancel(p->call);
	if (p->multicall)
		calls_multicall_cancel(p->multicall);
	pending_free(p);
}

static struct pending *
pending_new(struct call *call)
{
	struct pending *p = mem_alloc(sizeof *p);

	p->req = call->req;
	p->name = mem_strdup(call->rest);
	http_on_close(call->req, on_close, p);
	return p;
}

/* The request's body, checked; false: answered with 400. */
static bool
body_of(struct call *call, struct json_slice *body)
{
	size_t len;
	const char *text = http_body(call->req, &len), *wrong;

	if (len == 0) {
		*body = (struct json_slice){ "null", 4 };
		return true;
	}
	wrong = json_check(text, len, body);
	if (wrong)
		http_error(call->req, 400, "the body is not JSON: there is "
		    "%s", wrong);
	return !wrong;
}

static void
refuse(struct http_request *req, enum call_outcome outcome, const char *name,
    const char *text)
{
	if (outcome == CALL_NO_NAME)
		http_error(req, 404, "there is no child %s", name);
	else if (outcome == CALL_REFUSED)
		http_error(req, 502, "%s", text);
	else
		http_error(req, call_http_status(outcome), "%s: %s", name,
		    text);
}

static void
on_called(void *arg, enum call_outcome outcome, const char *result,
    size_t len, const char *text)
{
	struct pending *p = arg;

	if (outcome == CALL_DONE)
		http_reply_json(p->req, 200, result, len);
	else
		refuse(p->req, outcome, p->name, text);
	if (p->call)
		pending_free(p);
}

void
api_call(struct call *call)
{
	struct json_slice body;
	struct calls_one *one;
	struct pending *p;

	if (!body_of(call, &body))
		return;
	p = pending_new(call);
	one = calls_call(call->agent, call->rest, body.text, body.len, NULL,
	    api_timeout(call, CALL_TIMEOUT_MS), on_called, p);
	if (one)
		p->call = one;
	else
		pending_free(p);
}

void
api_cast(struct call *call)
{
	static const char sent[] = "{\"sent\":true}";
	enum call_outcome outcome;
	struct json_slice body;
	const char *text;

	if (!body_of(call, &body))
		return;
	outcome = calls_cast(call->agent, call->rest, body.text, body.len,
	    &text);
	if (outcome == CALL_DONE)
		http_reply_json(call->req, 200, sent, strlen(sent));
	else
		refuse(call->req, outcome, call->rest, text);
}

/* False: answered with 404. */
static bool
is_group(struct call *call)
{
	if (calls_members(call->agent, call->rest) > 0)
		return true;
	http_error(call->req, 404, "there is no group %s", call->rest);
	return false;
}

void
api_publish(struct call *call)
{
	struct json_slice body;
	char json[40];

	if (!body_of(call, &body) || !is_group(call))
		return;
	snprintf(json, sizeof json, "{\"sent\":%zu}", calls_publish(
	    call->agent, call->rest, body.text, body.len));
	http_reply_json(call->req, 200, json, strlen(json));
}

static void
on_multicalled(void *arg, const char *json, size_t len)
{
	struct pending *p = arg;

	http_reply_json(p->req, 200, json, len);
	if (p->multicall)
		pending_free(p);
}

void
api_multicall(struct call *call)
{
	struct json_slice body;
	struct multicall *all;
	struct pending *p;

	if (!body_of(call, &body) || !is_group(call))
		return;
	p = pending_new(call);
	all = calls_multicall(call->agent, call->rest, body.text, body.len,
	    NULL, api_timeout(call, CALL_TIMEOUT_MS), on_multicalled, p);
	if (all)
		p->multicall = all;
	else
		pending_free(p);
}
