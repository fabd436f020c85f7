/* SPDX-License-Identifier: MIT */
/* See warden_link.h. */
#include "agent/warden_link.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

#define READ_BATCH 256

struct item {
	STAILQ_ENTRY(item) next;
	size_t len;
	int fd;
	char bytes[];
};

struct link {
	int fd;
	struct event *readable, *writable;
	STAILQ_HEAD(, item) queue;
	link_fn *on_packet;
	void *arg;
	char *packet;
};

/* 1 sent, 0 full, -1 the warden is gone. */
static int
put(struct link *link, const void *data, size_t len, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { (void *)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		struct cmsghdr *c;

		memset(&control, 0, sizeof control);
		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof control.bytes;
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(c), &fd, sizeof fd);
	}
	if (sendmsg(link->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
		return 1;
	return errno == EAGAIN || errno == ENOBUFS ? 0 : -1;
}

static int
flush(struct link *link)
{
	struct item *item;
	int ret = 1;

	while ((item = STAILQ_FIRST(&link->queue)) &&
	    (ret = put(link, item->bytes, item->len, item->fd)) != 0) {
		STAILQ_REMOVE_HEAD(&link->queue, next);
		if (item->fd >= 0)
			close(item->fd);
		free(item);
	}
	return ret;
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct link *link = arg;

	(void)fd;
	(void)what;
	flush(link);
	if (STAILQ_EMPTY(&link->queue))
		event_del(link->writable);
}

void
link_send(struct link *link, const void *packet, size_t len, int fd)
{
	struct item *item;

	if (STAILQ_EMPTY(&link->queue) && put(link, packet, len, fd) != 0)
		return;
	item = mem_alloc(sizeof *item + len);
	memcpy(item->bytes, packet, len);
	item->len = len;
	item->fd = fd >= 0 ? dup(fd) : -1;
	STAILQ_INSERT_TAIL(&link->queue, item, next);
	event_add(link->writable, NULL);
}

void
link_drain(struct link *link)
{
	while (!STAILQ_EMPTY(&link->queue) && flush(link) == 0) {
		struct pollfd p = { link->fd, POLLOUT, 0 };

		poll(&p, 1, -1);
	}
}

static uint32_t
fds_mask(const struct wire_head *h)
{
	switch (h->type) {
	case WIRE_SPAWNED: return ((const struct wire_spawned *)h)->fds;
	case WIRE_SLOT: return ((const struct wire_slot *)h)->fds;
	case WIRE_KEPT: return 1;
	default: return 0;
	}
}

/* Sorts what came along to the bits of the mask. */
static void
take_fds(struct msghdr *msg, const struct wire_head *h, int fds[WIRE_FDS_MAX])
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	uint32_t mask = fds_mask(h);
	int got[WIRE_FDS_MAX], n = 0, at = 0;

	for (int i = 0; i < WIRE_FDS_MAX; i++)
		fds[i] = -1;
	if (c && c->cmsg_type == SCM_RIGHTS) {
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(got, CMSG_DATA(c), n * sizeof(int));
	}
	for (int i = 0; i < WIRE_FDS_MAX; i++)
		if (mask & 1u << i && at < n)
			fds[i] = got[at++];
}

static void
on_readable(evutil_socket_t sock, short what, void *arg)
{
	struct link *link = arg;

	(void)sock;
	(void)what;
	for (int i = 0; i < READ_BATCH; i++) {
		union {
			char bytes[CMSG_SPACE(sizeof(int) * WIRE_FDS_MAX)];
			struct cmsghdr align;
		} control;
		struct iovec iov = { link->packet, WIRE_PACKET_MAX };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		    .msg_control = control.bytes,
		    .msg_controllen = sizeof control.bytes };
		const struct wire_head *h = (void *)link->packet;
		int fds[WIRE_FDS_MAX];
		ssize_t n;

		n = recvmsg(link->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < (ssize_t)sizeof *h) {
			link->on_packet(link->arg, NULL, NULL);
			return;
		}
		take_fds(&msg, h, fds);
		link->on_packet(link->arg, h, fds);
		for (int k = 0; k < WIRE_FDS_MAX; k++)
			if (fds[k] >= 0)
				close(fds[k]);
	}
}

struct link *
link_new(struct event_base *base, int fd, link_fn *on_packet, void *arg)
{
	struct link *link = mem_alloc(sizeof *link);

	link->fd = fd;
	link->on_packet = on_packet;
	link->arg = arg;
	link->packet = mem_alloc(WIRE_PACKET_MAX);
	STAILQ_INIT(&link->queue);
	link->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable,
	    link);
	link->writable = event_new(base, fd, EV_WRITE | EV_PERSIST,
	    on_writable, link);
	event_add(link->readable, NULL);
	return link;
}

void
link_free(struct link *link)
{
	struct item *item;

	if (!link)
		return;
	while ((item = STAILQ_FIRST(&link->queue))) {
		STAILQ_REMOVE_HEAD(&link->queue, next);
		if (item->fd >= 0)
			close(item->fd);
		free(item);
	}
	event_free(link->readable);
	event_free(link->writable);
	free(link->packet);
	close(link->fd);
	free(link);
}
