/* SPDX-License-Identifier: MIT */
/*
 * A child's state on its way to its next instance: asked for by
 * begin_handoff, kept in the store while there is no instance, delivered by
 * end_handoff. An agent that dies in between loses nothing; the state may
 * then come twice.
 */
#ifndef AGENT_HANDOFF_H
#define AGENT_HANDOFF_H

#include "agent/agent.h"

/* The core asks: the answer becomes an INPUT_HANDOFF_REPLY. */
void handoff_begin(struct runner *r);
/* An instance with a channel is there: gives it what waits for it. */
void handoff_deliver(struct runner *r);
/* The name is no more. */
void handoff_forget(struct agent *agent, const char *name);
/* At start: which names have a state in the store. */
void handoff_load(struct agent *agent);

#endif
