/* SPDX-License-Identifier: MIT */
/* See handoff.h. */
#include "agent/handoff.h"

#include <stdlib.h>
#include <string.h>

#include "agent/channel.h"
#include "agent/store.h"
#include "base/jsonw.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/units.h"

#define ANSWER_MAX_MS 10000	/* or the child's stop_timeout, if shorter */

/* The child's answer; false: it is none. */
static bool
read_answer(struct runner *r, const char *text, size_t len,
    enum handoff_kind *answer)
{
	struct json_slice all = { text, len };
	const struct json_slice *state;
	struct json_member member;
	struct err err;
	char *word = json_string(&all);
	bool good = word && (strcmp(word, "restart") == 0 ||
	    strcmp(word, "ignore") == 0);

	if (good)
		*answer = *word == 'i' ? HANDOFF_IGNORE : HANDOFF_RESTART;
	free(word);
	if (good || json_members(all, &member, 1) < 1 ||
	    !(state = json_member(&member, 1, "resume")))
		return good;
	*answer = HANDOFF_RESUME;
	if (store_put_state(r->agent->store, r->child->name, r->instance,
	    state->text, state->len, &err) < 0) {
		log_error("the state of %s cannot be kept, it starts anew: "
		    "%s", r->child->name, err.text);
		*answer = HANDOFF_RESTART;
		return true;
	}
	map_put(r->agent->states, r->child->name, r->agent);
	return true;
}

static void
on_answer(void *arg, enum call_outcome outcome, const char *result,
    size_t len, const char *text)
{
	struct runner *r = arg;
	struct input in = { .type = INPUT_HANDOFF_REPLY,
	    .instance = r->instance };

	if (!r->child)
		return;
	in.name = r->child->name;
	in.answer = r->child->spec->handoff;
	if (outcome != CALL_DONE)
		log_warn("%s: begin_handoff: %s", in.name, text);
	else if (!read_answer(r, result, len, &in.answer))
		log_warn("%s: begin_handoff was answered with neither "
		    "\"restart\", \"ignore\" nor {\"resume\": ...}",
		    in.name);
	/* There is no state to resume from without an answer. */
	if (in.answer == HANDOFF_RESUME &&
	    !map_get(r->agent->states, in.name))
		in.answer = HANDOFF_RESTART;
	agent_post(r->agent, &in);
}

void
handoff_begin(struct runner *r)
{
	int64_t ms = r->child->spec->stop_timeout_ms;
	struct jsonw w;
	struct buf params;

	if (!r->channel) {
		on_answer(r, CALL_NOT_RUNNING, NULL, 0, "it has no channel");
		return;
	}
	buf_init(&params, 0);
	jsonw_init(&w, &params);
	jsonw_object(&w);
	jsonw_kstr(&w, "to", r->agent->config.host);
	jsonw_kstr(&w, "reason", "restart");
	jsonw_end_object(&w);
	channel_ask(r->channel, "begin_handoff", params.data, params.len,
	    ms < ANSWER_MAX_MS ? ms : ANSWER_MAX_MS, on_answer, r);
	buf_release(&params);
}

static void
on_sent(void *arg)
{
	struct runner *r = arg;

	channel_on_sent(r->channel, NULL);
	if (r->child)
		handoff_forget(r->agent, r->child->name);
}

void
handoff_deliver(struct runner *r)
{
	struct buf params;
	uint64_t instance;
	char *state;
	size_t len;

	if (!r->channel || !r->child ||
	    !map_get(r->agent->states, r->child->name))
		return;
	state = store_state(r->agent->store, r->child->name, &instance, &len);
	if (state && instance < r->instance) {
		buf_init(&params, 0);
		buf_puts(&params, "{\"state\":");
		buf_add(&params, state, len);
		buf_putc(&params, '}');
		channel_notify(r->channel, "end_handoff", params.data,
		    params.len);
		buf_release(&params);
		/* It is the store's until the child has all of it. */
		if (channel_unsent(r->channel) == 0)
			on_sent(r);
		else
			channel_on_sent(r->channel, on_sent);
	}
	free(state);
}

void
handoff_forget(struct agent *agent, const char *name)
{
	struct err err;

	if (!agent->states || !map_del(agent->states, name))
		return;
	if (store_delete_state(agent->store, name, &err) < 0)
		log_error("%s", err.text);
}

static int
load_state(void *arg, const char *name, uint64_t instance)
{
	struct agent *agent = arg;

	(void)instance;
	map_put(agent->states, name, agent);
	return 0;
}

void
handoff_load(struct agent *agent)
{
	agent->states = map_new();
	store_each_state(agent->store, load_state, agent);
}
