/* SPDX-License-Identifier: MIT */
/*
 * The channel of one instance: JSON-RPC 2.0 (jsonrpc.org/specification), one
 * object a line, on a stream socket. Requests go out with a deadline and are
 * answered through a callback; requests of the child are served by
 * agent/child_calls. Bytes are peeked, acted upon, then taken, so that the
 * agent's death loses no whole line. A child that breaks the rules hurts
 * itself alone.
 */
#ifndef AGENT_CHANNEL_H
#define AGENT_CHANNEL_H

#include <jansson.h>

#include "agent/agent.h"

#define CHANNEL_CALLS_MAX 1024		/* unanswered calls to one child */

struct channel;

enum call_outcome {
	CALL_DONE,		/* result is the child's */
	CALL_REFUSED,		/* it answered with an error: text */
	CALL_TIMEOUT,
	CALL_GONE,		/* it ended or closed its channel */
	CALL_FULL		/* too many unanswered calls, or too large */
};
/* `result` is borrowed, JSON text of `len` bytes. */
typedef void call_done_fn(void *arg, enum call_outcome outcome,
    const char *result, size_t len, const char *text);

/* Takes fd. `resumed`: an earlier agent spoke on it before: a newline goes
 * out first, so that what it may have left half said ends there. */
struct channel *channel_new(struct runner *runner, int fd, bool resumed);
void channel_free(struct channel *channel);	/* open calls end as GONE */

/* body: JSON text of one value. Returns an id for channel_cancel, 0 when
 * `done` has been called already. */
uint64_t channel_call(struct channel *channel, const char *body, size_t len,
    const char *from, int64_t timeout_ms, call_done_fn *done, void *arg);
void channel_cancel(struct channel *channel, uint64_t id);
int channel_cast(struct channel *channel, const char *body, size_t len);
/* begin_handoff; its answer becomes the store's state and an input. After the
 * time-out, a refusal or no answer: the spec's own `handoff`. */
void channel_begin_handoff(struct channel *channel, const char *to,
    const char *reason);
/* end_handoff with the state; forgotten in the store once it is written. */
void channel_end_handoff(struct channel *channel, const char *state,
    size_t len);
void channel_die(struct channel *channel, const char *reason);

#endif
