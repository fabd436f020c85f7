/* SPDX-License-Identifier: MIT */
/* The agent's end of the wire: a queue that never drops, descriptors that
 * find their bit, the end of the warden. */
#include "agent/warden_link.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/tap.h"

#define PACKETS 20000		/* far more than the socket holds */

static struct event_base *base;
static int warden_fd, taken = -1, gone;
static uint32_t last_type;

static void
on_packet(void *arg, const struct wire_head *h, int fds[WIRE_FDS_MAX])
{
	(void)arg;
	if (!h) {
		gone = 1;
		event_base_loopbreak(base);
		return;
	}
	last_type = h->type;
	if (h->type == WIRE_SPAWNED) {
		taken = fds[2];		/* the channel's place */
		fds[2] = -1;
	}
}

static struct link *
new_link(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
		exit(1);
	warden_fd = pair[0];
	return link_new(base, pair[1], on_packet, NULL);
}

static void
test_link__full_socket_loses_nothing_and_keeps_order(void)
{
	struct link *link = new_link();
	struct wire_head h = { .type = WIRE_ACK };
	uint64_t next = 0;
	int wrong = 0;

	for (h.serial = 0; h.serial < PACKETS; h.serial++)
		link_send(link, &h, sizeof h, -1);
	while (next < PACKETS) {
		if (recv(warden_fd, &h, sizeof h, MSG_DONTWAIT) < 0) {
			event_base_loop(base, EVLOOP_ONCE);
			continue;
		}
		wrong += h.serial != next++;
	}
	is_int(next, PACKETS, "all arrive");
	is_int(wrong, 0, "in order");
	link_free(link);
	close(warden_fd);
}

static void
test_link__descriptor_finds_its_bit(void)
{
	struct link *link = new_link();
	struct wire_spawned m = { .head.type = WIRE_SPAWNED,
	    .fds = WIRE_FD_CHANNEL };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct iovec iov = { &m, sizeof m };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof control.bytes };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int out[2];

	if (pipe(out) < 0)
		exit(1);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &out[1], sizeof(int));
	ok(sendmsg(warden_fd, &msg, 0) > 0, "the warden sends a channel");
	event_base_loop(base, EVLOOP_ONCE);
	is_int(last_type, WIRE_SPAWNED, "it arrives");
	ok(taken >= 0 && write(taken, "x", 1) == 1, "with its descriptor");
	close(taken);
	close(out[0]);
	close(out[1]);
	link_free(link);
	close(warden_fd);
}

static void
test_link__end_of_the_warden_is_told(void)
{
	struct link *link = new_link();

	close(warden_fd);
	event_base_dispatch(base);
	is_int(gone, 1, "told once the socket is closed");
	link_free(link);
}

int
main(void)
{
	base = event_base_new();
	test_link__full_socket_loses_nothing_and_keeps_order();
	test_link__descriptor_finds_its_bit();
	test_link__end_of_the_warden_is_told();
	event_base_free(base);
	return done();
}
