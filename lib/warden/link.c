/* SPDX-License-Identifier: MIT */
/*
 * The warden's end of the wire. What is to be said is kept as marks on the
 * slots, not as packets: it takes no memory, it is never blocked by an agent
 * that does not read, and a new agent can be told everything anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "warden/loop.h"

#define READ_BATCH 64		/* packets a round */

enum { GREET_WELCOME, GREET_KEPT, GREET_SLOTS, GREET_READY, GREET_DONE };

static union {
	char bytes[WIRE_PACKET_MAX];
	struct wire_head head;
	struct wire_spawn spawn;
} packet;

/* 1 sent, 0 the socket is full. A dead agent counts as sent: it hangs up. */
static int
put(const void *data, size_t len, const int *fds, int nfds)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * WIRE_FDS_MAX)];
		struct cmsghdr align;
	} control;
	struct iovec iov = { (void *)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (nfds > 0) {
		struct cmsghdr *c;

		memset(&control, 0, sizeof control);
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * nfds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * nfds);
	}
	if (sendmsg(warden.agent_fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
		return 1;
	return errno != EAGAIN && errno != ETOOMANYREFS && errno != ENOBUFS;
}

static uint32_t
slot_fds(const struct slot *s, uint32_t mask, int fds[WIRE_FDS_MAX], int *n)
{
	const int all[WIRE_FDS_MAX] = { s->out[0], s->err[0], s->channel,
	    s->notify, s->ready };
	uint32_t have = 0;

	*n = 0;
	for (int i = 0; i < WIRE_FDS_MAX; i++)
		if (mask & 1u << i && all[i] >= 0) {
			fds[(*n)++] = all[i];
			have |= 1u << i;
		}
	return have;
}

static int
put_welcome(void)
{
	const struct table_head *h = &warden.table->head;
	struct wire_welcome m = { .head.type = WIRE_WELCOME,
	    .version = WIRE_VERSION, .warden_pid = getpid(),
	    .started_ms = h->started_ms, .next_serial = h->next_serial,
	    .agent_runs = h->agent_runs, .stopping = h->stopping };

	return put(&m, sizeof m, NULL, 0);
}

static int
put_kept(const struct kept *k)
{
	struct wire_keep m = { .head.type = WIRE_KEPT, .tag = k->tag };

	return k->tag == 0 || put(&m, sizeof m, &k->fd, 1);
}

static int
put_slot(struct slot *s)
{
	struct wire_slot m = { .head = { WIRE_SLOT, slot_index(s), s->serial },
	    .pid = s->phase == SLOT_RUNNING ? s->pid : 0,
	    .started_ms = s->started_ms,
	    .exited = s->phase == SLOT_EXITED || s->phase == SLOT_LEFTOVERS,
	    .term_ms = s->term_ms, .kill_ms = s->kill_ms };
	int fds[WIRE_FDS_MAX], n;

	if (s->phase == SLOT_FREE)
		return 1;
	memcpy(m.name, s->name, sizeof m.name);
	memcpy(m.note, s->note, sizeof m.note);
	m.fds = slot_fds(s, ~0u, fds, &n);
	if (!put(&m, sizeof m, fds, n))
		return 0;
	s->new_fds = 0;
	s->say &= ~SAY_SPAWNED;
	if (s->phase == SLOT_EXITED)
		link_say(s, s->failed ? SAY_FAILED : SAY_EXITED);
	return 1;
}

/* WELCOME, what is kept, the slots, READY. Goes on where it stopped. */
static int
greet(void)
{
	struct table *t = warden.table;
	struct wire_head ready = { .type = WIRE_READY };

	if (warden.phase == GREET_WELCOME) {
		if (!put_welcome())
			return 0;
		warden.phase = GREET_KEPT;
		warden.greet_at = 0;
	}
	if (warden.phase == GREET_KEPT) {
		for (; warden.greet_at < WIRE_KEPT_MAX; warden.greet_at++)
			if (!put_kept(&t->head.kept[warden.greet_at]))
				return 0;
		warden.phase = GREET_SLOTS;
		warden.greet_at = 0;
	}
	if (warden.phase == GREET_SLOTS) {
		for (; warden.greet_at < t->head.slots_used; warden.greet_at++)
			if (!put_slot(&t->slots[warden.greet_at]))
				return 0;
		warden.phase = GREET_READY;
	}
	if (!put(&ready, sizeof ready, NULL, 0))
		return 0;
	warden.phase = GREET_DONE;
	return 1;
}

static int
put_spawned(struct slot *s)
{
	struct wire_spawned m = { .head = { WIRE_SPAWNED, slot_index(s),
	    s->serial }, .pid = s->pid, .started_ms = s->started_ms };
	int fds[WIRE_FDS_MAX], n;

	m.fds = slot_fds(s, s->new_fds, fds, &n);
	if (!put(&m, sizeof m, fds, n))
		return 0;
	s->new_fds = 0;
	return 1;
}

static int
put_failed(const struct slot *s)
{
	struct wire_spawn_failed m = { .head = { WIRE_SPAWN_FAILED,
	    slot_index(s), s->serial }, .errnum = s->errnum,
	    .stage = s->stage };

	return put(&m, sizeof m, NULL, 0);
}

static int
put_exited(const struct slot *s)
{
	struct wire_exited m = { .head = { WIRE_EXITED, slot_index(s),
	    s->serial }, .status = s->status, .fenced = s->fenced,
	    .when_ms = s->exit_ms };

	return put(&m, sizeof m, NULL, 0);
}

static int
put_slot_says(struct slot *s)
{
	/* A child that ended before its start was told: both, in order. */
	if (s->say & SAY_SPAWNED && !put_spawned(s))
		return 0;
	s->say &= ~SAY_SPAWNED;
	if (s->say & SAY_FAILED && !put_failed(s))
		return 0;
	s->say &= ~SAY_FAILED;
	if (s->say & SAY_EXITED && !put_exited(s))
		return 0;
	s->say &= ~SAY_EXITED;
	return 1;
}

static int
put_host_says(void)
{
	for (uint32_t what = WIRE_HOST_STOP; what <= WIRE_HOST_REOPEN; what++) {
		struct wire_host_signal m = { .head.type = WIRE_HOST,
		    .what = what };

		if (!(warden.host_say & 1u << what))
			continue;
		if (!put(&m, sizeof m, NULL, 0))
			return 0;
		warden.host_say &= ~(1u << what);
	}
	return 1;
}

static int
put_queue(void)
{
	while (warden.queue_head >= 0) {
		struct slot *s = &warden.table->slots[warden.queue_head];

		if (!put_slot_says(s))
			return 0;
		warden.queue_head = s->queue_next;
		s->queued = 0;
	}
	warden.queue_tail = -1;
	return 1;
}

static void
want_out(bool want)
{
	struct epoll_event e = { .events = EPOLLIN | (want ? EPOLLOUT : 0),
	    .data.fd = warden.agent_fd };

	if (want == warden.want_out)
		return;
	warden.want_out = want;
	epoll_ctl(warden.epoll_fd, EPOLL_CTL_MOD, warden.agent_fd, &e);
}

void
link_flush(void)
{
	bool all = true;

	if (warden.agent_fd < 0)
		return;
	if (warden.phase != GREET_DONE)
		all = greet();
	all = all && put_host_says() && put_queue();
	want_out(!all);
}

void
link_greet(void)
{
	warden.phase = GREET_WELCOME;
	warden.want_out = false;
	warden.table->head.agent_runs++;
}

void
link_say(struct slot *s, uint32_t say)
{
	s->say |= say;
	if (s->queued)
		return;
	s->queued = 1;
	s->queue_next = -1;
	if (warden.queue_head < 0)
		warden.queue_head = slot_index(s);
	else
		warden.table->slots[warden.queue_tail].queue_next =
		    slot_index(s);
	warden.queue_tail = slot_index(s);
}

void
link_say_host(enum wire_host what)
{
	warden.host_say |= 1u << what;
}

static size_t
size_of(uint32_t type)
{
	switch (type) {
	case WIRE_SPAWN: return sizeof(struct wire_spawn);
	case WIRE_STOP: case WIRE_EXTEND: return sizeof(struct wire_stop);
	case WIRE_SIGNAL: return sizeof(struct wire_signal);
	case WIRE_MAIN_PID: return sizeof(struct wire_main_pid);
	case WIRE_NOTE: return sizeof(struct wire_note);
	case WIRE_KEEP: case WIRE_DROP: return sizeof(struct wire_keep);
	case WIRE_EXEC: return sizeof(struct wire_exec);
	case WIRE_ACK: case WIRE_FREE: case WIRE_BYE: case WIRE_ALIVE:
		return sizeof(struct wire_head);
	default: return 0;
	}
}

static bool
has_nul(const char *s, size_t size)
{
	return memchr(s, '\0', size) != NULL;
}

static bool
check_spawn(const struct wire_spawn *m, size_t len)
{
	const char *text = (const char *)(m + 1);
	size_t strings = 0;

	if (len != sizeof *m + m->text_len || m->text_len == 0 ||
	    m->argc < 1 || !has_nul(m->name, sizeof m->name) || !m->name[0] ||
	    !has_nul(m->notify_name, sizeof m->notify_name) ||
	    m->ngroups > WIRE_GROUPS_MAX || m->nrlimits > WIRE_RLIMITS_MAX ||
	    m->nsignals < 1 || m->nsignals > WIRE_SIGNALS_MAX ||
	    text[m->text_len - 1] != '\0')
		return false;
	for (uint32_t i = 0; i < m->nsignals; i++)
		if (m->signals[i] < 1 || m->signals[i] >= _NSIG)
			return false;
	for (size_t i = 0; i < m->text_len; i++)
		strings += text[i] == '\0';
	/* 64-bit, so that the sum cannot wrap. */
	return strings == 1 + (uint64_t)m->argc + m->envc;
}

bool
link_check(const void *data, size_t len)
{
	const struct wire_head *h = data;

	if (len < sizeof *h || size_of(h->type) == 0 ||
	    h->slot >= WIRE_SLOTS_MAX)
		return false;
	if (h->type == WIRE_SPAWN)
		return len >= sizeof(struct wire_spawn) &&
		    check_spawn(data, len);
	if (len != size_of(h->type))
		return false;
	if (h->type == WIRE_EXEC) {
		const struct wire_exec *m = data;

		return m->path[0] == '/' && has_nul(m->path, sizeof m->path);
	}
	if (h->type == WIRE_SIGNAL) {
		int signo = ((const struct wire_signal *)data)->signo;

		return signo >= 0 && signo < _NSIG;
	}
	return true;
}

static void
on_spawn(struct slot *s, const struct wire_spawn *m)
{
	struct table_head *h = &warden.table->head;

	if (s->phase != SLOT_FREE && s->phase != SLOT_IDLE) {
		log_error("slot %d (%s) is in use, cannot start %s in it",
		    slot_index(s), s->name, m->name);
		return;
	}
	if (s->phase == SLOT_FREE) {
		int queued = s->queued, next = s->queue_next;

		memset(s, 0, sizeof *s);
		s->queued = queued;
		s->queue_next = next;
		s->heap_at = -1;
		s->out[0] = s->out[1] = s->err[0] = s->err[1] = -1;
		s->notify = s->channel = s->ready = -1;
		if (m->head.slot >= h->slots_used)
			h->slots_used = m->head.slot + 1;
	}
	if (m->head.serial >= h->next_serial)
		h->next_serial = m->head.serial + 1;
	spawn_child(s, m);
}

static void
on_stop(struct slot *s, const struct wire_stop *m)
{
	if (m->head.type == WIRE_EXTEND) {
		if (s->step > 0 || s->asked || s->phase != SLOT_RUNNING)
			return;
		s->term_ms = m->term_ms;
		s->kill_ms = m->kill_ms;
		heap_set(warden.table, s, m->term_ms);
		return;
	}
	if (s->step == 0)
		s->abort_first = m->abort_first != 0;
	s->asked = 1;
	stop_begin(s, m->term_ms, m->kill_ms);
	stop_step(s, clock_boot_ms());
}

static void
on_signal(const struct slot *s, const struct wire_signal *m)
{
	if (s->phase != SLOT_RUNNING)
		return;
	if (m->group && s->leader > 0)
		kill(-s->leader, m->signo);
	if (!m->group || s->pid != s->leader)
		kill(s->pid, m->signo);
}

static void
on_main_pid(struct slot *s, const struct wire_main_pid *m)
{
	int owner = pids_get(m->pid);

	if (s->phase != SLOT_RUNNING || m->pid <= 1 || m->pid == getpid() ||
	    m->pid == warden.agent_pid || owner >= 0)
		return;
	/* The old one stays known as ours, but its end is nothing special. */
	pids_put(s->pid, PIDS_IGNORED);
	pids_put(m->pid, slot_index(s));
	s->pid = m->pid;
}

static void
on_keep(const struct wire_keep *m, int fd)
{
	struct kept *kept = warden.table->head.kept, *place = NULL;

	for (int i = 0; i < WIRE_KEPT_MAX; i++)
		if (kept[i].tag == m->tag || (!place && kept[i].tag == 0))
			place = &kept[i];
	if (place && place->tag == m->tag && place->tag)
		close(place->fd);
	if (m->head.type == WIRE_DROP || fd < 0 || !place || !m->tag) {
		if (place && place->tag == m->tag)
			place->tag = 0;
		if (fd >= 0)
			close(fd);
		return;
	}
	*place = (struct kept){ m->tag, fd };
}

static void
on_ack(struct slot *s)
{
	if (s->phase != SLOT_EXITED)
		return;
	s->phase = SLOT_IDLE;
	s->say = 0;
	if (s->channel >= 0)
		close(s->channel);
	if (s->ready >= 0)
		close(s->ready);
	s->channel = s->ready = -1;
}

static void
on_packet(const struct wire_head *h, int fd)
{
	struct slot *s = &warden.table->slots[h->slot];
	bool current = s->phase != SLOT_FREE && s->serial == h->serial;

	switch (h->type) {
	case WIRE_SPAWN:
		on_spawn(s, (const void *)h);
		break;
	case WIRE_STOP: case WIRE_EXTEND:
		if (current)
			on_stop(s, (const void *)h);
		break;
	case WIRE_SIGNAL:
		if (current)
			on_signal(s, (const void *)h);
		break;
	case WIRE_MAIN_PID:
		if (current)
			on_main_pid(s, (const void *)h);
		break;
	case WIRE_NOTE:
		if (current)
			memcpy(s->note, ((const struct wire_note *)h)->note,
			    sizeof s->note);
		break;
	case WIRE_ACK:
		if (current)
			on_ack(s);
		break;
	case WIRE_FREE:
		if (s->phase == SLOT_IDLE)
			slot_release(s);
		break;
	case WIRE_KEEP: case WIRE_DROP:
		on_keep((const void *)h, fd);
		return;
	case WIRE_EXEC:
		memcpy(warden.exec_path, ((const struct wire_exec *)h)->path,
		    sizeof warden.exec_path);
		warden.exec_by_ms = clock_boot_ms() + 2000;
		break;
	case WIRE_BYE:
		warden.bye = true;
		break;
	case WIRE_ALIVE:
		warden.alive_by_ms = WIRE_NEVER;
		break;
	}
	if (fd >= 0)
		close(fd);
}

int
link_read(void)
{
	for (int i = 0; i < READ_BATCH; i++) {
		union {
			char bytes[CMSG_SPACE(sizeof(int))];
			struct cmsghdr align;
		} control;
		struct iovec iov = { &packet, sizeof packet };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		    .msg_control = control.bytes,
		    .msg_controllen = sizeof control.bytes };
		ssize_t n = recvmsg(warden.agent_fd, &msg,
		    MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		struct cmsghdr *c;
		int fd = -1;

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (n <= 0)
			return -1;
		c = CMSG_FIRSTHDR(&msg);
		if (c && c->cmsg_type == SCM_RIGHTS)
			memcpy(&fd, CMSG_DATA(c), sizeof fd);
		if (link_check(&packet, n) && !(msg.msg_flags & MSG_TRUNC)) {
			on_packet(&packet.head, fd);
			continue;
		}
		log_error("a malformed packet of type %u from the agent",
		    packet.head.type);
		if (fd >= 0)
			close(fd);
	}
	return 0;
}
