/* SPDX-License-Identifier: MIT */
/*
 * Requests that wait for names to get somewhere: answered when all are there,
 * when those that are not cannot get there any more, or at the deadline. With
 * progress, a line of JSON for each change comes before.
 */
#ifndef AGENT_WAITER_H
#define AGENT_WAITER_H

#include "agent/agent.h"
#include "net/http_server.h"

enum wait_for { WAIT_SETTLED, WAIT_RUNNING, WAIT_STOPPED, WAIT_EXITED,
    WAIT_GONE,
    WAIT_RESTARTED,	/* a newer instance, settled or failed */
    WAIT_CRASHED	/* one name: its next instance executes. Answered with
			 * {name, host, pid, instance, old_pid, took_ms} */
};

struct wait {
	enum wait_for what;
	int64_t timeout_ms;		/* DURATION_INFINITY: none */
	bool progress;
	char *const *names;		/* copied */
	const uint64_t *after;		/* instances, by name, that newer ones
					 * are waited for; NULL: none */
	int old_pid;			/* of WAIT_CRASHED */
};

struct waiters;

struct waiters *waiters_new(struct agent *agent);
/* After the server, which ends the requests. */
void waiters_free(struct waiters *waiters);
/* Takes the request, and answers it when the time has come, perhaps at once:
 * {"done", "total", "ok", "failed": [{name, state, reason}], "waiting":
 * [name]}. */
void waiters_add(struct waiters *waiters, struct http_request *req,
    const struct wait *wait);
/* Something about this name has changed; it may be no more. */
void waiters_look(struct waiters *waiters, const char *name);

#endif
