/* SPDX-License-Identifier: MIT */
/*
 * The channel of one instance, swarmsup-channel(7): JSON-RPC 2.0
 * (jsonrpc.org/specification), one object a line, on a stream socket. Requests
 * to the child have a deadline and are answered through a callback; what the
 * child asks is the owner's (agent/child_calls). Bodies and results pass as
 * the text that they are.
 *
 * A child that breaks the rules hurts itself alone: what it says is read in
 * bounded portions, what it does not read is kept up to a bound, an answer
 * that comes too late or to nothing is dropped.
 */
#ifndef AGENT_CHANNEL_H
#define AGENT_CHANNEL_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "net/json_text.h"

#define CHANNEL_CALLS_MAX 1024		/* unanswered calls to one child */
#define CHANNEL_ASKED_MAX 1024		/* unanswered requests of one child */
#define CHANNEL_LINE_MAX (MESSAGE_MAX + 4096)	/* a message's envelope too */
#define CHANNEL_QUEUE_MAX (CHANNEL_LINE_MAX + 1024 * 1024)

struct channel;

enum call_outcome {
	CALL_DONE,		/* result is the child's */
	CALL_REFUSED,		/* it answered with an error: text */
	CALL_TIMEOUT,
	CALL_GONE,		/* it ended or closed its channel */
	CALL_FULL,		/* too many unanswered calls, or it does not
				 * read */
	/* agent/calls.c, before there is a channel: */
	CALL_NO_NAME, CALL_NO_CHANNEL, CALL_NOT_RUNNING
};
/* `result` is borrowed, JSON text of `len` bytes. */
typedef void call_done_fn(void *arg, enum call_outcome outcome,
    const char *result, size_t len, const char *text);

/* A request or notification of the child; borrowed. */
struct channel_request {
	char *method;
	const struct json_slice *params;	/* NULL: none */
	const struct json_slice *id;		/* NULL: a notification */
};
typedef void channel_request_fn(void *arg, struct channel *channel,
    const struct channel_request *request);

/* Takes fd, non-blocking. `resumed`: an earlier agent spoke on it: a newline
 * goes out first, so that what may be left half said ends there. */
struct channel *channel_new(struct event_base *base, int fd, bool resumed,
    channel_request_fn *on_request, void *arg);
/* Open calls end as GONE. May be called from within its callbacks. */
void channel_free(struct channel *channel);
bool channel_is_open(const struct channel *channel);
/* The child has ended: what it said last is heard before channel_free. */
void channel_drain(struct channel *channel);
/* Bytes that the child has not taken yet. */
size_t channel_unsent(const struct channel *channel);
/* Called each time when there are none left. */
void channel_on_sent(struct channel *channel, void (*fn)(void *arg));

/* body: checked JSON text of one value. from: a name, or NULL. Returns an id
 * for channel_cancel, 0 when `done` has been called already. */
uint64_t channel_call(struct channel *channel, const char *body, size_t len,
    const char *from, int64_t timeout_ms, call_done_fn *done, void *arg);
/* Any other request; params: JSON text. */
uint64_t channel_ask(struct channel *channel, const char *method,
    const char *params, size_t len, int64_t timeout_ms, call_done_fn *done,
    void *arg);
/* `done` will not be called; a late answer is dropped. */
void channel_cancel(struct channel *channel, uint64_t id);
/* A notification. -1: it does not read, or is gone. */
int channel_notify(struct channel *channel, const char *method,
    const char *params, size_t len);
int channel_cast(struct channel *channel, const char *body, size_t len);

/* Answers to what the child asked. A NULL id was a notification: nothing is
 * sent. */
void channel_answer(struct channel *channel, const struct json_slice *id,
    const char *result, size_t len);
void channel_refuse(struct channel *channel, const struct json_slice *id,
    int code, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* For an answer that comes later: remembers the id. NULL: it has too many
 * unanswered requests (or id is NULL, nobody waits). */
struct asked *channel_asked(struct channel *channel,
    const struct json_slice *id);
/* The channel to answer on and the id; NULL: gone meanwhile. */
struct channel *asked_channel(const struct asked *asked,
    struct json_slice *id);
void asked_free(struct asked *asked);

/* Of all channels since the agent began. */
struct channel_counters {
	uint64_t malformed;		/* lines that are no JSON-RPC */
	uint64_t unknown;		/* answers to nothing */
	uint64_t late;			/* answers after the deadline */
	uint64_t dropped;		/* what a child did not read */
};
extern struct channel_counters channel_counters;

#endif
