/* SPDX-License-Identifier: MIT */
/*
 * The control socket: HTTP/1.1 and JSON over the listening Unix socket that
 * the warden keeps (swarmsup-api(7)). Routes are a table in api.c; handlers
 * are grouped in api_<subject>.c. Waiters live in agent/waiter.
 */
#ifndef AGENT_API_H
#define AGENT_API_H

#include "agent/agent.h"

/* listen_fd: bound and listening; taken. */
struct api *api_new(struct agent *agent, int listen_fd, struct err *err);
void api_free(struct api *api);

/* Called by the agent after each change of a name, and when one is gone. */
void api_child_changed(struct api *api, struct child *child);
void api_child_forgotten(struct api *api, const char *name);

#endif
