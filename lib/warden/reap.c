/* SPDX-License-Identifier: MIT */
/*
 * The end of processes: exits, the groups and strays they leave behind, the
 * stop plan. An exit is told to the agent only when everything of the
 * instance that can be recognised is gone: a respawn must never meet its
 * predecessor.
 *
 * A stray is a descendant that left the session (double fork). The kernel
 * hands it to us, the subreaper; the environment it was born with says whose.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "warden/loop.h"

#define POLL_FIRST_MS 2
#define POLL_MAX_MS 500
#define ENVIRON_MAX 65536
#define CHILDREN_TEXT_MAX (256 * 1024)

static char text[CHILDREN_TEXT_MAX];	/* of /proc/self/task/…/children */
static char environ_text[ENVIRON_MAX];

static const char *
environ_value(const char *env, size_t len, const char *key)
{
	size_t n = strlen(key);

	for (const char *p = env; p < env + len; p += strlen(p) + 1)
		if (strncmp(p, key, n) == 0)
			return p + n;
	return NULL;
}

/* Reads what the process was started with; 0 when it cannot be read. */
static size_t
environ_of(pid_t pid)
{
	char path[40];
	ssize_t n, len = 0;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	while (len < ENVIRON_MAX - 1 && (n = read(fd, environ_text + len,
	    ENVIRON_MAX - 1 - len)) > 0)
		len += n;
	close(fd);
	environ_text[len] = '\0';
	return len;
}

/* The slot whose child this process descends from, or NULL. Two instances
 * of a name differ in the number. */
static struct slot *
slot_of_stray(pid_t pid, bool *current)
{
	struct table *t = warden.table;
	size_t len = environ_of(pid);
	const char *socket, *name, *instance;

	if (len == 0)
		return NULL;
	socket = environ_value(environ_text, len, "SWARMSUP_SOCKET=");
	name = environ_value(environ_text, len, "SWARMSUP_NAME=");
	instance = environ_value(environ_text, len, "SWARMSUP_INSTANCE=");
	if (!socket || !name || strcmp(socket, t->head.socket) != 0)
		return NULL;
	for (uint32_t i = 0; i < t->head.slots_used; i++) {
		struct slot *s = &t->slots[i];

		if (s->phase == SLOT_FREE || strcmp(s->name, name) != 0)
			continue;
		*current = instance && strcmp(instance, s->instance) == 0;
		return s;
	}
	return NULL;
}

/* Looks at what was adopted. Kills strays of instances whose main process
 * is gone. Returns how many of those (of slot s, if given) there were. */
static int
sweep_strays(const struct slot *only)
{
	char path[64];
	ssize_t n, len = 0;
	int fd, found = 0;

	snprintf(path, sizeof path, "/proc/self/task/%d/children",
	    (int)getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	while ((n = read(fd, text + len, sizeof text - 1 - len)) > 0)
		len += n;
	close(fd);
	text[len] = '\0';
	for (char *p = text, *end; *p; p = end) {
		pid_t pid = strtol(p, &end, 10);
		bool current = false;
		struct slot *s;

		if (end == p)
			break;
		while (*end == ' ')
			end++;
		if (pid == warden.agent_pid || pids_get(pid) != PIDS_NONE)
			continue;
		s = slot_of_stray(pid, &current);
		if (!s) {
			pids_put(pid, PIDS_IGNORED);
			continue;
		}
		if (current && s->phase == SLOT_RUNNING)
			continue;
		kill(pid, SIGKILL);
		found += !only || s == only;
	}
	return found;
}

static bool
group_lives(pid_t leader)
{
	return leader > 0 && (kill(-leader, 0) == 0 || errno == EPERM);
}

static void
finish(struct slot *s)
{
	heap_clear(warden.table, s);
	s->phase = SLOT_EXITED;
	s->pid = s->leader = 0;
	link_say(s, SAY_EXITED);
}

/* The main process is gone. May the rest still end by itself? */
static bool
has_grace(const struct slot *s, int64_t now_ms)
{
	return s->step > 0 && s->step <= s->nsignals && now_ms < s->kill_ms;
}

static void
check_leftovers(struct slot *s, int64_t now_ms)
{
	bool lives = group_lives(s->leader);

	if (lives && !has_grace(s, now_ms))
		kill(-s->leader, SIGKILL);
	if (!lives && sweep_strays(s) == 0) {
		finish(s);
		return;
	}
	s->poll_ms = s->poll_ms ? 2 * s->poll_ms : POLL_FIRST_MS;
	if (s->poll_ms > POLL_MAX_MS) {
		s->poll_ms = POLL_MAX_MS;
		log_warn("%s: its process group %d cannot be ended yet",
		    s->name, (int)s->leader);
	}
	heap_set(warden.table, s, now_ms + s->poll_ms);
}

static void
on_main_exit(struct slot *s, int status, int64_t now_ms)
{
	s->status = status;
	s->exit_ms = now_ms;
	s->phase = SLOT_LEFTOVERS;
	s->poll_ms = 0;
}

static int
status_of(const siginfo_t *si)
{
	if (si->si_code == CLD_EXITED)
		return (si->si_status & 0xff) << 8;
	return si->si_status | (si->si_code == CLD_DUMPED ? 0x80 : 0);
}

static void
on_exit_of(const siginfo_t *si, int64_t now_ms)
{
	pid_t pid = si->si_pid;
	int index = pids_get(pid);
	struct slot *s = index >= 0 ? &warden.table->slots[index] : NULL;
	bool is_main = s && s->pid == pid && s->phase == SLOT_RUNNING;

	/* While the zombie is there, its number can be nobody else's. */
	if (is_main && !has_grace(s, now_ms) && s->leader == pid)
		kill(-pid, SIGKILL);
	while (waitid(P_PID, pid, NULL, WEXITED) < 0 && errno == EINTR)
		;
	pids_del(pid);
	if (pid == warden.agent_pid) {
		log_warn("the agent (process %d) ended: %s %d", pid,
		    si->si_code == CLD_EXITED ? "exit code" : "signal",
		    si->si_status);
		warden.agent_pid = 0;
		warden.agent_status = status_of(si);
	}
	if (is_main)
		on_main_exit(s, status_of(si), now_ms);
}

void
reap_all(void)
{
	struct table *t = warden.table;
	int64_t now_ms = clock_boot_ms();
	static int ended[WIRE_SLOTS_MAX];
	bool strays = false;
	int n = 0;

	for (;;) {
		siginfo_t si = { 0 };
		int index;

		if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) < 0 ||
		    si.si_pid == 0)
			break;
		index = pids_get(si.si_pid);
		on_exit_of(&si, now_ms);
		if (index >= 0 && t->slots[index].phase == SLOT_LEFTOVERS &&
		    t->slots[index].poll_ms == 0 && n < WIRE_SLOTS_MAX)
			ended[n++] = index;
	}
	if (n == 0)
		return;
	/* One look at the adopted for the whole batch. */
	strays = sweep_strays(NULL) > 0;
	for (int i = 0; i < n; i++) {
		struct slot *s = &t->slots[ended[i]];

		if (s->phase != SLOT_LEFTOVERS)
			continue;
		if (strays || group_lives(s->leader))
			check_leftovers(s, now_ms);
		else
			finish(s);
	}
}

/* The signals share the time from term_ms to kill_ms. */
static int64_t
step_due(const struct slot *s, uint32_t step)
{
	uint32_t n = s->nsignals + s->abort_first;
	int64_t span = s->kill_ms - s->term_ms;

	if (step >= n)
		return s->kill_ms;
	if (s->kill_ms == WIRE_NEVER || span < 0)
		return s->term_ms + 10000 * step;
	return s->term_ms + span / n * step;
}

static void
signal_all(const struct slot *s, int signo)
{
	pid_t leader = s->leader;

	/* A main process that left the session (MAINPID) is signalled by
	 * itself as well. */
	if (s->pid != leader && s->pid > 0)
		kill(s->pid, signo);
	if (leader > 0 && kill(-leader, signo) < 0 && errno == EPERM)
		log_warn("%s: not permitted to send signal %d", s->name,
		    signo);
}

/* Where two of the plan's signals would be due, only the last is sent. */
static void
next_signal(struct slot *s)
{
	uint32_t n = s->nsignals + s->abort_first;
	int signo = SIGKILL;

	if (s->step < n)
		signo = s->abort_first && s->step == 0 ? SIGABRT :
		    s->signals[s->step - s->abort_first];
	signal_all(s, signo);
	if (signo != SIGKILL)
		signal_all(s, SIGCONT);
	s->step++;
}

void
stop_step(struct slot *s, int64_t now_ms)
{
	uint32_t n = s->nsignals + s->abort_first;

	if (s->phase == SLOT_LEFTOVERS) {
		check_leftovers(s, now_ms);
		return;
	}
	if (s->phase != SLOT_RUNNING) {
		heap_clear(warden.table, s);
		return;
	}
	if (s->step == 0 && !s->asked)
		s->fenced = 1;
	if (now_ms >= s->kill_ms && s->step < n)
		s->step = n;
	if (now_ms >= step_due(s, s->step))
		next_signal(s);
	if (s->step > n) {		/* KILL again until it is gone */
		s->step = n;
		heap_set(warden.table, s, now_ms + POLL_MAX_MS);
		s->kill_ms = now_ms;
	} else {
		heap_set(warden.table, s, step_due(s, s->step));
	}
}

void
stop_begin(struct slot *s, int64_t term_ms, int64_t kill_ms)
{
	if (s->phase != SLOT_RUNNING && s->phase != SLOT_LEFTOVERS)
		return;
	if (s->step > 0) {		/* under way: it can only get shorter */
		if (kill_ms < s->kill_ms) {
			s->kill_ms = kill_ms;
			heap_set(warden.table, s, kill_ms);
		}
		return;
	}
	s->term_ms = term_ms;
	s->kill_ms = kill_ms;
	if (s->phase == SLOT_RUNNING)
		heap_set(warden.table, s, term_ms);
}

static void
kill_stale_slot(const struct slot *s)
{
	int64_t began;

	if (s->phase != SLOT_RUNNING && s->phase != SLOT_LEFTOVERS)
		return;
	if (s->leader <= 0)
		return;
	began = proc_started_ms(s->leader);
	if (began >= 0 && llabs(began - s->started_ms) > PROC_START_SLACK_MS)
		return;		/* the number is somebody else's now */
	/* Without its leader the number proves nothing; the rest of such a
	 * group is found by its environment. */
	if (began >= 0)
		kill(-s->leader, SIGKILL);
}

static bool
is_stale(pid_t pid, const char *socket)
{
	size_t len = environ_of(pid);
	const char *value = len ? environ_value(environ_text, len,
	    "SWARMSUP_SOCKET=") : NULL;
	const char *name = len ? environ_value(environ_text, len,
	    "SWARMSUP_NAME=") : NULL;

	return value && name && strcmp(value, socket) == 0;
}

/* Kills by environment; returns how many there were. */
static int
kill_stale_strays(const char *socket)
{
	struct dirent *e;
	int found = 0;
	DIR *dir;

	if (!socket[0] || !(dir = opendir("/proc")))
		return 0;
	while ((e = readdir(dir))) {
		pid_t pid = atoi(e->d_name);

		if (pid <= 1 || pid == getpid() || !is_stale(pid, socket))
			continue;
		found++;
		kill(pid, SIGKILL);
	}
	closedir(dir);
	return found;
}

void
reap_stale(void)
{
	const struct table *t = warden.table;
	int64_t give_up = clock_boot_ms() + 10000;
	struct timespec pause = { 0, 5000000 };

	if (strcmp(t->head.boot_id, clock_boot_id()) != 0)
		return;
	for (uint32_t i = 0; i < t->head.slots_used; i++)
		kill_stale_slot(&t->slots[i]);
	while (kill_stale_strays(t->head.socket) > 0 &&
	    clock_boot_ms() < give_up)
		nanosleep(&pause, NULL);
}
