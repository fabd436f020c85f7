/* SPDX-License-Identifier: MIT */
/* See calls.h. */
#include "agent/calls.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/jsonw.h"
#include "base/mem.h"

struct calls_counters calls_counters;

const double calls_bucket_s[CALLS_BUCKETS] = { 0.0001, 0.0003, 0.001, 0.003,
    0.01, 0.1, 1, 10 };

const char *const call_outcome_names[] = { [CALL_DONE] = "done",
	[CALL_REFUSED] = "refused", [CALL_TIMEOUT] = "timeout",
	[CALL_GONE] = "gone", [CALL_FULL] = "full",
	[CALL_NO_NAME] = "no_name", [CALL_NO_CHANNEL] = "no_channel",
	[CALL_NOT_RUNNING] = "not_running" };

int
call_http_status(enum call_outcome outcome)
{
	static const int status[] = { [CALL_DONE] = 200, [CALL_REFUSED] = 502,
		[CALL_TIMEOUT] = 504, [CALL_GONE] = 503, [CALL_FULL] = 503,
		[CALL_NO_NAME] = 404, [CALL_NO_CHANNEL] = 409,
		[CALL_NOT_RUNNING] = 503 };

	return status[outcome];
}

int
call_error_code(enum call_outcome outcome)
{
	static const int code[] = { [CALL_DONE] = 0, [CALL_NO_NAME] = -32001,
		[CALL_NO_CHANNEL] = -32002, [CALL_NOT_RUNNING] = -32003,
		[CALL_TIMEOUT] = -32004, [CALL_REFUSED] = -32005,
		[CALL_GONE] = -32006, [CALL_FULL] = -32007 };

	return code[outcome];
}

/* The channel of a name; *outcome and *text if there is none. */
static struct channel *
find(struct agent *agent, const char *name, enum call_outcome *outcome,
    const char **text)
{
	struct child *c = core_find(agent->core, name);
	struct runner *r = c ? c->user : NULL;

	if (!c) {
		*outcome = CALL_NO_NAME;
		*text = "there is no such child";
	} else if (!c->spec->channel) {
		*outcome = CALL_NO_CHANNEL;
		*text = "it has no channel (channel: true in its spec)";
	} else if (!r || !r->channel) {
		*outcome = CALL_NOT_RUNNING;
		*text = "it is not running";
	} else {
		return r->channel;
	}
	calls_counters.by_outcome[*outcome]++;
	return NULL;
}

struct calls_one {
	struct channel *channel;
	uint64_t id;
	int64_t began_us;
	call_done_fn *done;
	void *arg;
	bool early;		/* done before calls_call returned */
};

static void
count(enum call_outcome outcome, int64_t took_us)
{
	int i = 0;

	calls_counters.by_outcome[outcome]++;
	if (outcome != CALL_DONE)
		return;
	while (i < CALLS_BUCKETS && took_us > calls_bucket_s[i] * 1e6)
		i++;
	calls_counters.buckets[i]++;
	calls_counters.total_us += took_us;
}

static void
on_done(void *arg, enum call_outcome outcome, const char *result, size_t len,
    const char *text)
{
	struct calls_one *call = arg;

	count(outcome, clock_boot_us() - call->began_us);
	call->done(call->arg, outcome, result, len, text);
	if (call->channel)
		free(call);
	else
		call->early = true;
}

struct calls_one *
calls_call(struct agent *agent, const char *name, const char *body,
    size_t len, const char *from, int64_t timeout_ms, call_done_fn *done,
    void *arg)
{
	enum call_outcome outcome;
	struct channel *channel;
	struct calls_one *call;
	const char *text;

	channel = find(agent, name, &outcome, &text);
	if (!channel) {
		done(arg, outcome, NULL, 0, text);
		return NULL;
	}
	call = mem_alloc(sizeof *call);
	call->done = done;
	call->arg = arg;
	call->began_us = clock_boot_us();
	call->id = channel_call(channel, body, len, from, timeout_ms, on_done,
	    call);
	if (call->early) {
		free(call);
		return NULL;
	}
	call->channel = channel;
	return call;
}

void
calls_cancel(struct calls_one *call)
{
	channel_cancel(call->channel, call->id);
	free(call);
}

enum call_outcome
calls_cast(struct agent *agent, const char *name, const char *body,
    size_t len, const char **text)
{
	enum call_outcome outcome = CALL_DONE;
	struct channel *channel = find(agent, name, &outcome, text);

	if (!channel)
		return outcome;
	calls_counters.casts++;
	if (channel_cast(channel, body, len) == 0)
		return CALL_DONE;
	*text = channel_is_open(channel) ? "it does not read its channel" :
	    "it has closed its channel";
	return CALL_FULL;
}

static bool
is_member(const struct child *c, const char *group)
{
	return strv_find(c->groups, group) >= 0;
}

size_t
calls_members(struct agent *agent, const char *group)
{
	size_t n = 0;

	for (struct child *c = NULL; (c = core_next(agent->core, c));)
		n += is_member(c, group);
	return n;
}

size_t
calls_publish(struct agent *agent, const char *group, const char *body,
    size_t len)
{
	size_t sent = 0;

	for (struct child *c = NULL; (c = core_next(agent->core, c));) {
		struct runner *r = c->user;

		if (!is_member(c, group) || !r || !r->channel)
			continue;
		calls_counters.casts++;
		sent += channel_cast(r->channel, body, len) == 0;
	}
	return sent;
}

/* One of a multicall's calls. */
struct part {
	struct multicall *all;
	struct calls_one *call;		/* NULL: done */
	char name[NAME_LEN_MAX + 1];
};

struct multicall {
	struct part *parts;
	size_t nparts, waiting;
	struct buf replies, errors;
	bool starting;
	multicall_done_fn *done;
	void *arg;
};

static void
multicall_free(struct multicall *m)
{
	buf_release(&m->replies);
	buf_release(&m->errors);
	free(m->parts);
	free(m);
}

static void
finish(struct multicall *m)
{
	struct buf json;

	buf_init(&json, 0);
	buf_puts(&json, "{\"replies\":{");
	buf_add(&json, m->replies.data, m->replies.len);
	buf_puts(&json, "},\"errors\":{");
	buf_add(&json, m->errors.data, m->errors.len);
	buf_puts(&json, "}}");
	m->done(m->arg, json.data, json.len);
	buf_release(&json);
	multicall_free(m);
}

static void
add_error(struct multicall *m, const char *name, const char *text)
{
	struct jsonw w;

	jsonw_init(&w, &m->errors);
	buf_printf(&m->errors, "%s\"%s\":", m->errors.len ? "," : "", name);
	jsonw_str(&w, text);
}

static void
on_part(void *arg, enum call_outcome outcome, const char *result, size_t len,
    const char *text)
{
	struct part *part = arg;
	struct multicall *m = part->all;

	part->call = NULL;
	if (outcome != CALL_DONE) {
		add_error(m, part->name, text);
	} else if (m->replies.len + len > MESSAGE_MAX) {
		add_error(m, part->name, "all answers together are larger "
		    "than 16 MiB");
	} else {
		buf_printf(&m->replies, "%s\"%s\":", m->replies.len ? "," :
		    "", part->name);
		buf_add(&m->replies, result, len);
	}
	if (--m->waiting == 0 && !m->starting)
		finish(m);
}

struct multicall *
calls_multicall(struct agent *agent, const char *group, const char *body,
    size_t len, const char *from, int64_t timeout_ms,
    multicall_done_fn *done, void *arg)
{
	struct multicall *m = mem_alloc(sizeof *m);
	size_t n = calls_members(agent, group), i = 0;

	buf_init(&m->replies, 0);
	buf_init(&m->errors, 0);
	m->done = done;
	m->arg = arg;
	m->parts = mem_array(n, sizeof *m->parts);
	m->nparts = m->waiting = n;
	m->starting = true;
	/* Names first: a call that fails at once may run anything. */
	for (struct child *c = NULL; (c = core_next(agent->core, c));)
		if (is_member(c, group) && i < n)
			strcpy(m->parts[i++].name, c->name);
	for (i = 0; i < n; i++) {
		struct part *part = &m->parts[i];

		part->all = m;
		part->call = calls_call(agent, part->name, body, len, from,
		    timeout_ms, on_part, part);
	}
	m->starting = false;
	if (m->waiting > 0)
		return m;
	finish(m);
	return NULL;
}

void
calls_multicall_cancel(struct multicall *m)
{
	for (size_t i = 0; i < m->nparts; i++)
		if (m->parts[i].call)
			calls_cancel(m->parts[i].call);
	multicall_free(m);
}
