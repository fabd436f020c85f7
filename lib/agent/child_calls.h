/* SPDX-License-Identifier: MIT */
/*
 * What a child may ask over its channel, swarmsup-channel(7): call, cast,
 * where, join, leave, members, publish, multicall, ready, status.
 */
#ifndef AGENT_CHILD_CALLS_H
#define AGENT_CHILD_CALLS_H

#include "agent/channel.h"

/* The channel_request_fn of a child's channel; arg: its struct runner. */
void child_calls_serve(void *arg, struct channel *channel,
    const struct channel_request *request);

#endif
