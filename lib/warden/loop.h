/* SPDX-License-Identifier: MIT */
/*
 * What the files of the warden share: its one global state and the calls
 * between them. Private to lib/warden.
 */
#ifndef WARDEN_LOOP_H
#define WARDEN_LOOP_H

#include <sys/resource.h>

#include "warden/slot.h"

struct warden {
	struct table *table;
	const struct warden_config *config;
	int epoll_fd, timer_fd, signal_fd, null_fd, lock_fd;
	int agent_fd;			/* -1: no agent */
	pid_t agent_pid;		/* 0: none */
	int agent_status;		/* of the last that ended */
	int64_t agent_started_ms, agent_next_ms, agent_delay_ms;
	bool want_out;			/* EPOLLOUT is asked for */
	int phase;			/* of the greeting, see link.c */
	uint32_t greet_at;
	uint32_t host_say;		/* bits 1 << enum wire_host */
	int queue_head, queue_tail;	/* slots with something to say; -1 */
	bool bye;			/* the agent said that all is done */
	bool alone;			/* stop everything without the agent */
	int64_t alive_by_ms;		/* when the agent must have said ALIVE */
	char exec_path[4096];		/* pending WIRE_EXEC; "" */
	int64_t exec_by_ms;
	struct rlimit nofile;		/* as it was before we raised it */
};

extern struct warden warden;

static inline int
slot_index(const struct slot *s)
{
	return s - warden.table->slots;
}

/* link.c */
void link_greet(void);			/* a new agent is on agent_fd */
void link_say(struct slot *s, uint32_t say);
void link_say_host(enum wire_host what);
void link_flush(void);			/* send what the socket takes */
/* Reads a bounded number of packets; -1: the agent has closed. */
int link_read(void);
/* Is this packet whole and sane? The gate that the fuzzer knocks at. */
bool link_check(const void *packet, size_t len);

/* spawn.c */
void spawn_child(struct slot *s, const struct wire_spawn *m);
int spawn_agent(char *const *argv, int fd);
void slot_release(struct slot *s);	/* closes all, phase FREE */

/* reap.c */
void reap_all(void);			/* after SIGCHLD, and at start */
void stop_begin(struct slot *s, int64_t term_ms, int64_t kill_ms);
void stop_step(struct slot *s, int64_t now_ms);	/* its deadline is due */
void reap_stale(void);			/* clear what a dead warden left */

#endif
