/* SPDX-License-Identifier: MIT */
/*
 * Requests that wait for names to get somewhere: answered when all are there,
 * when those that are not cannot get there, or at the deadline.
 */
#ifndef AGENT_WAITER_H
#define AGENT_WAITER_H

#include "agent/agent.h"
#include "net/http_server.h"

enum wait_for { WAIT_SETTLED, WAIT_RUNNING, WAIT_STOPPED, WAIT_EXITED,
    WAIT_GONE, WAIT_NEW_INSTANCE };

struct waiters;

struct waiters *waiters_new(struct agent *agent);
/* names: copied. after: the instance that a newer one is waited for, by
 * name, for WAIT_NEW_INSTANCE. The answer is {"done", "total", "ok",
 * "failed": [{name, state, reason}], "waiting": [name]}. */
void waiters_add(struct waiters *waiters, struct evhttp_request *req,
    char *const *names, const uint64_t *after, enum wait_for what,
    int64_t timeout_ms);
void waiters_look(struct waiters *waiters, const char *name);

#endif
