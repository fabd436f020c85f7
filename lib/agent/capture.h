/* SPDX-License-Identifier: MIT */
/*
 * Output of one name: from the pipes that the warden keeps into NAME.log, in
 * the Kubernetes CRI format (`TIMESTAMP stream P|F text`) or raw, rotated by
 * size. Bytes leave a pipe only after they are in the file: tee(2) copies
 * them to a scratch pipe, and splice(2) takes them when they are written, so
 * the agent's death loses none and repeats at most the chunk in flight.
 */
#ifndef AGENT_CAPTURE_H
#define AGENT_CAPTURE_H

#include <event2/event.h>

#include "spec/child_spec.h"

struct capture;

/* Takes the descriptors; err_fd -1: one stream. */
struct capture *capture_new(struct event_base *base, const char *dir,
    const struct child_spec *spec, const char *name, int out_fd, int err_fd);
/* A stream of its own for standard error, from now on. Takes fd. */
void capture_add_err(struct capture *capture, struct event_base *base,
    int fd);
void capture_free(struct capture *capture);
/* Sizes and counts as the spec says now. */
void capture_set_limits(struct capture *capture,
    const struct child_spec *spec);
/* Takes what is in the pipes; ends a line that is left open. */
void capture_drain(struct capture *capture);
void capture_reopen(struct capture *capture);
/* Bytes that could not be written (a full disk) since the beginning. */
int64_t capture_dropped(const struct capture *capture);

#endif
