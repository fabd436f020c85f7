/* SPDX-License-Identifier: MIT */
/*
 * The warden's life: start-up, the loop, its signals, the agent's deaths, the
 * exec in place. See warden.h for what it is and loop.h for its parts.
 */
#include "warden/warden.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "warden/loop.h"

#define ALIVE_TIMEOUT_MS 5000	/* for the agent to take up a TERM */
#define AGENT_QUICK_MS 1000	/* a death sooner than this delays the next */
#define AGENT_DELAY_FIRST_MS 100
#define AGENT_DELAY_MAX_MS 5000
#define AGENT_REFUSED 78	/* its exit code when it can never start */

struct warden warden = { .agent_fd = -1, .queue_head = -1, .queue_tail = -1,
	.alive_by_ms = WIRE_NEVER, .exec_by_ms = WIRE_NEVER };

static void
watch(int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

	epoll_ctl(warden.epoll_fd, EPOLL_CTL_ADD, fd, &e);
}

static void
start_agent(int64_t now_ms)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		log_error("cannot make the agent's socket: %s",
		    strerror(errno));
		warden.agent_next_ms = now_ms + AGENT_DELAY_FIRST_MS;
		return;
	}
	warden.agent_started_ms = now_ms;
	warden.agent_pid = spawn_agent(warden.config->agent_argv, pair[1]);
	close(pair[1]);
	if (warden.agent_pid < 0) {
		close(pair[0]);
		warden.agent_pid = 0;
		warden.agent_next_ms = now_ms + AGENT_DELAY_FIRST_MS;
		return;
	}
	warden.agent_fd = pair[0];
	watch(warden.agent_fd);
	link_greet();
	if (warden.table->head.stopping) {
		link_say_host(WIRE_HOST_STOP);
		warden.alive_by_ms = now_ms + ALIVE_TIMEOUT_MS;
	}
}

static void
close_agent(void)
{
	if (warden.agent_fd >= 0)
		close(warden.agent_fd);
	warden.agent_fd = -1;
}

/* The agent's process is gone: when does the next begin? */
static void
agent_gone(int64_t now_ms)
{
	close_agent();
	if (now_ms - warden.agent_started_ms >= AGENT_QUICK_MS)
		warden.agent_delay_ms = 0;
	warden.agent_next_ms = now_ms + warden.agent_delay_ms;
	warden.agent_delay_ms = warden.agent_delay_ms ?
	    2 * warden.agent_delay_ms : AGENT_DELAY_FIRST_MS;
	if (warden.agent_delay_ms > AGENT_DELAY_MAX_MS)
		warden.agent_delay_ms = AGENT_DELAY_MAX_MS;
}

static int
count_busy(void)
{
	const struct table *t = warden.table;
	int n = 0;

	for (uint32_t i = 0; i < t->head.slots_used; i++)
		n += t->slots[i].phase == SLOT_RUNNING ||
		    t->slots[i].phase == SLOT_LEFTOVERS;
	return n;
}

/* Without the agent, or for somebody in a hurry: all plans at once. */
static void
stop_alone(int64_t now_ms)
{
	struct table *t = warden.table;

	if (!warden.alone)
		log_warn("stopping all children at once");
	warden.alone = true;
	for (uint32_t i = 0; i < t->head.slots_used; i++) {
		struct slot *s = &t->slots[i];

		s->asked = 1;
		stop_begin(s, now_ms, s->stop_timeout_ms == WIRE_NEVER ?
		    WIRE_NEVER : now_ms + s->stop_timeout_ms);
		if (s->phase == SLOT_RUNNING)
			stop_step(s, now_ms);
	}
}

static void
on_term(int64_t now_ms)
{
	if (warden.table->head.stopping) {
		stop_alone(now_ms);
		return;
	}
	warden.table->head.stopping = 1;
	warden.alive_by_ms = now_ms + ALIVE_TIMEOUT_MS;
	link_say_host(WIRE_HOST_STOP);
}

static void
on_signals(int64_t now_ms)
{
	struct signalfd_siginfo si;

	while (read(warden.signal_fd, &si, sizeof si) == sizeof si) {
		switch (si.ssi_signo) {
		case SIGTERM: case SIGINT:
			on_term(now_ms);
			break;
		case SIGHUP:
			link_say_host(WIRE_HOST_RELOAD);
			break;
		case SIGUSR2:
			link_say_host(WIRE_HOST_REOPEN);
			break;
		}
	}
	/* The agent may have hung up first: its end is seen here. */
	reap_all();
}

static void
keep_over_exec(int on)
{
	struct table *t = warden.table;

	fs_set_cloexec(warden.lock_fd, on);
	for (int i = 0; i < WIRE_KEPT_MAX; i++)
		if (t->head.kept[i].tag)
			fs_set_cloexec(t->head.kept[i].fd, on);
	for (uint32_t i = 0; i < t->head.slots_used; i++) {
		const struct slot *s = &t->slots[i];
		const int fds[] = { s->out[0], s->out[1], s->err[0], s->err[1],
		    s->notify, s->channel, s->ready };

		for (size_t k = 0; k < sizeof fds / sizeof *fds; k++)
			if (s->phase != SLOT_FREE && fds[k] >= 0)
				fs_set_cloexec(fds[k], on);
	}
}

/* Becomes the new binary; comes back only if that fails. */
static void
exec_in_place(void)
{
	log_info("becoming %s", warden.exec_path);
	keep_over_exec(0);
	setrlimit(RLIMIT_NOFILE, &warden.nofile);
	execv(warden.exec_path, warden.config->warden_argv);
	log_error("cannot run %s: %s; going on as before", warden.exec_path,
	    strerror(errno));
	keep_over_exec(1);
	warden.exec_path[0] = '\0';
	warden.exec_by_ms = WIRE_NEVER;
	warden.agent_next_ms = 0;
}

static int64_t
next_wake_ms(void)
{
	const struct slot *s = heap_first(warden.table);
	int64_t next_ms = s ? s->next_ms : WIRE_NEVER;

	if (warden.agent_pid == 0 && warden.agent_next_ms < next_ms)
		next_ms = warden.agent_next_ms;
	if (warden.alive_by_ms < next_ms)
		next_ms = warden.alive_by_ms;
	if (warden.exec_by_ms < next_ms)
		next_ms = warden.exec_by_ms;
	return next_ms;
}

/* One timer for all deadlines, on the clock that goes on in suspend. */
static void
set_timer(void)
{
	static int64_t set_ms = WIRE_NEVER;
	int64_t next_ms = next_wake_ms();
	struct itimerspec spec = { 0 };

	if (next_ms == set_ms)
		return;
	set_ms = next_ms;
	if (next_ms != WIRE_NEVER) {
		next_ms = next_ms < 1 ? 1 : next_ms;
		spec.it_value.tv_sec = next_ms / 1000;
		spec.it_value.tv_nsec = next_ms % 1000 * 1000000;
	}
	timerfd_settime(warden.timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

static void
on_deadlines(int64_t now_ms)
{
	struct slot *s;

	/* A step may leave a slot due at once; the next round has it. */
	for (int i = 0; i < WIRE_SLOTS_MAX; i++) {
		s = heap_first(warden.table);
		if (!s || s->next_ms > now_ms)
			break;
		stop_step(s, now_ms);
	}
	if (now_ms >= warden.alive_by_ms) {
		warden.alive_by_ms = WIRE_NEVER;
		log_warn("the agent does not take up the stop");
		stop_alone(now_ms);
	}
	if (now_ms >= warden.exec_by_ms && warden.agent_pid > 0) {
		warden.exec_by_ms = WIRE_NEVER;
		kill(warden.agent_pid, SIGKILL);
	}
}

/* What follows from the agent's end, if it has ended. -1: go on; else the
 * exit code. */
static int
after_agent(int64_t now_ms)
{
	if (warden.agent_pid > 0)
		return -1;
	if (warden.agent_started_ms && warden.agent_fd >= 0)
		agent_gone(now_ms);
	if (warden.exec_path[0])
		exec_in_place();
	if (warden.bye)
		return 0;
	if (WIFEXITED(warden.agent_status) && WEXITSTATUS(warden.agent_status)
	    == AGENT_REFUSED && count_busy() == 0)
		return 1;
	if (now_ms >= warden.agent_next_ms && !warden.alone)
		start_agent(now_ms);
	return -1;
}

static void
drain_timer(void)
{
	uint64_t ticks;

	if (read(warden.timer_fd, &ticks, sizeof ticks) < 0)
		return;
}

static int
loop(void)
{
	struct epoll_event events[4];

	for (;;) {
		int code, n;
		int64_t now_ms = clock_boot_ms();

		on_deadlines(now_ms);
		if ((code = after_agent(now_ms)) >= 0)
			return code;
		if (warden.alone && count_busy() == 0) {
			if (warden.agent_pid > 0)
				kill(warden.agent_pid, SIGKILL);
			return 0;
		}
		link_flush();
		set_timer();
		n = epoll_wait(warden.epoll_fd, events, 4, -1);
		now_ms = clock_boot_ms();
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;

			if (fd == warden.signal_fd)
				on_signals(now_ms);
			else if (fd == warden.timer_fd)
				drain_timer();
			else if (fd == warden.agent_fd && link_read() < 0)
				/* Its exit follows; till then, silence. */
				epoll_ctl(warden.epoll_fd, EPOLL_CTL_DEL, fd,
				    NULL);
		}
	}
}

/* What we inherited by exec: know the processes and what is unsaid. */
static void
resume(void)
{
	struct table *t = warden.table;

	heap_rebuild(t);
	for (uint32_t i = 0; i < t->head.slots_used; i++) {
		struct slot *s = &t->slots[i];

		s->queued = 0;
		s->say = 0;
		if (s->phase != SLOT_RUNNING)
			continue;
		pids_put(s->leader, s->leader == s->pid ? (int)i :
		    PIDS_IGNORED);
		pids_put(s->pid, i);
	}
	keep_over_exec(1);
	if (t->head.stopping)
		warden.alive_by_ms = clock_boot_ms() + ALIVE_TIMEOUT_MS;
}

static void
raise_nofile(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &warden.nofile);
	limit = warden.nofile;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Inherited descriptors are nobody's business but ours. */
static void
close_on_exec_all(void)
{
	for (int fd = 3; fd < 256; fd++)
		fs_set_cloexec(fd, 1);
}

static int
set_up(const struct warden_config *config, struct err *err)
{
	sigset_t set;

	close_on_exec_all();
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	warden.config = config;
	warden.signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	warden.timer_fd = timerfd_create(CLOCK_BOOTTIME,
	    TFD_NONBLOCK | TFD_CLOEXEC);
	warden.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	warden.null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (warden.signal_fd < 0 || warden.timer_fd < 0 ||
	    warden.epoll_fd < 0 || warden.null_fd < 0)
		return err_sys(err, errno, "cannot start the warden");
	raise_nofile();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	watch(warden.signal_fd);
	watch(warden.timer_fd);
	return 0;
}

int
warden_run(const struct warden_config *config, struct err *err)
{
	struct table_head *h;
	int code;

	if (set_up(config, err) < 0)
		return -1;
	warden.table = table_open(config->table_path, config->resume,
	    &warden.lock_fd, err);
	if (!warden.table)
		return -1;
	h = &warden.table->head;
	if (config->resume && (h->magic != TABLE_MAGIC ||
	    h->version != WIRE_VERSION))
		return err_set(err, "%s: another version's table",
		    config->table_path);
	if (config->resume) {
		resume();
	} else {
		if (h->magic == TABLE_MAGIC && h->version == WIRE_VERSION)
			reap_stale();
		table_init(warden.table, warden.lock_fd);
	}
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0)
		log_debug("cannot lock memory: %s", strerror(errno));
	reap_all();
	code = loop();
	unlink(config->table_path);
	return code;
}
