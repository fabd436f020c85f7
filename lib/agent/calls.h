/* SPDX-License-Identifier: MIT */
/*
 * From a name or a group to the channels behind it: what the control socket
 * (agent/api_call) and the children (agent/child_calls) have in common.
 */
#ifndef AGENT_CALLS_H
#define AGENT_CALLS_H

#include "agent/agent.h"
#include "agent/channel.h"

#define CALL_TIMEOUT_MS 5000		/* unless the caller says */

/* How a way of failing is told: HTTP status, JSON-RPC code. */
int call_http_status(enum call_outcome outcome);
int call_error_code(enum call_outcome outcome);

/* A call under way. */
struct calls_one;

/* Calls `name`; `done` is called in any case, perhaps before this returns
 * (then NULL). body: checked JSON text. from: a name or NULL. */
struct calls_one *calls_call(struct agent *agent, const char *name,
    const char *body, size_t len, const char *from, int64_t timeout_ms,
    call_done_fn *done, void *arg);
void calls_cancel(struct calls_one *call);
/* *text says what is wrong when it is not CALL_DONE. */
enum call_outcome calls_cast(struct agent *agent, const char *name,
    const char *body, size_t len, const char **text);

/* How many names are in the group. */
size_t calls_members(struct agent *agent, const char *group);
/* To how many of them it was sent. */
size_t calls_publish(struct agent *agent, const char *group,
    const char *body, size_t len);

/* Calls all of a group at once, each with this deadline. Never fails whole:
 * json is {"replies": {name: result}, "errors": {name: text}}, borrowed. */
struct multicall;
typedef void multicall_done_fn(void *arg, const char *json, size_t len);
struct multicall *calls_multicall(struct agent *agent, const char *group,
    const char *body, size_t len, const char *from, int64_t timeout_ms,
    multicall_done_fn *done, void *arg);
void calls_multicall_cancel(struct multicall *multicall);

/* For GET /metrics: calls by outcome, and how long those that were answered
 * took: in each bucket, and in all. */
#define CALLS_BUCKETS 8
struct calls_counters {
	uint64_t by_outcome[CALL_NOT_RUNNING + 1];
	uint64_t casts;
	uint64_t buckets[CALLS_BUCKETS + 1];
	uint64_t total_us;
};
extern struct calls_counters calls_counters;
extern const double calls_bucket_s[CALLS_BUCKETS];
extern const char *const call_outcome_names[CALL_NOT_RUNNING + 1];

#endif
