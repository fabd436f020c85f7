/* SPDX-License-Identifier: MIT */
/*
 * The agent's end of the wire to the warden (warden/wire.h): packets with
 * descriptors in, packets out through a queue that never drops.
 */
#ifndef AGENT_WARDEN_LINK_H
#define AGENT_WARDEN_LINK_H

#include <event2/event.h>

#include "warden/wire.h"

struct link;

/* Called for each packet; descriptors not taken (set to -1) are closed.
 * fds[i] belongs to bit i of the packet's mask, or fds[0] for KEPT. NULL
 * packet: the warden is gone. */
typedef void link_fn(void *arg, const struct wire_head *packet,
    int fds[WIRE_FDS_MAX]);

struct link *link_new(struct event_base *base, int fd, link_fn *on_packet,
    void *arg);
void link_free(struct link *link);
/* fd: -1, or a descriptor to send along (not taken). */
void link_send(struct link *link, const void *packet, size_t len, int fd);
/* Writes out the queue, blocking: before the process ends. */
void link_drain(struct link *link);

#endif
