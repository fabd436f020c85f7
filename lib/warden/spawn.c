/* SPDX-License-Identifier: MIT */
/*
 * Starting a process. The child borrows our memory until it execs
 * (CLONE_VM|CLONE_VFORK), which makes the cost independent of our size, and
 * means: raw system calls only for what libc does per process (set*id),
 * no allocation, errors by a shared variable.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "warden/loop.h"

#define ARGS_MAX (WIRE_PACKET_MAX / 2)	/* a NUL and a byte each */
#define FDS_BASE 200			/* the child's copies go above */
#define STACK_SIZE 65536

struct request {
	const struct wire_spawn *m;	/* NULL: the agent */
	const char *folder;
	char **argv, **envp;
	pid_t parent;
	int in, out, err, channel, ready;
	int channel_to, ready_to;
	struct rlimit nofile;
	volatile int errnum, stage;
};

static char stack[STACK_SIZE] __attribute__((aligned(64)));
static char *vector[ARGS_MAX];		/* argv and envp of the request */

#define CHILD_SIDE __attribute__((no_sanitize("address", "undefined")))

CHILD_SIDE static int
fail(struct request *r, enum wire_stage stage)
{
	r->errnum = errno;
	r->stage = stage;
	_exit(127);
}

/* Like execvpe(3), but with the PATH of the new environment, without memory
 * of its own, and never by way of a shell. */
CHILD_SIDE static void
exec_path(char **argv, char **envp)
{
	const char *path = "/usr/local/bin:/usr/bin:/bin", *end;
	static char file[PATH_MAX];
	int errnum = ENOENT;

	if (strchr(argv[0], '/')) {
		execve(argv[0], argv, envp);
		return;
	}
	for (char **e = envp; *e; e++)
		if (strncmp(*e, "PATH=", 5) == 0)
			path = *e + 5;
	for (;; path = end + 1) {
		size_t len, name = strlen(argv[0]);

		end = strchrnul(path, ':');
		len = end - path;
		if (len + name + 2 <= sizeof file) {
			memcpy(file, path, len);
			if (len == 0)
				file[len++] = '.';
			file[len++] = '/';
			memcpy(file + len, argv[0], name + 1);
			execve(file, argv, envp);
			if (errno == EACCES)
				errnum = EACCES;
			else if (errno != ENOENT && errno != ENOTDIR)
				return;
		}
		if (!*end)
			break;
	}
	errno = errnum;
}

CHILD_SIDE static void
place_fds(struct request *r)
{
	int from[5] = { r->in, r->out, r->err, r->channel, r->ready };
	int to[5] = { 0, 1, 2, r->channel_to, r->ready_to };

	/* First out of each other's way, then to where they belong. */
	for (int i = 0; i < 5; i++)
		if (from[i] >= 0 && (from[i] = fcntl(from[i], F_DUPFD_CLOEXEC,
		    FDS_BASE)) < 0)
			fail(r, WIRE_STAGE_FD);
	for (int i = 0; i < 5; i++)
		if (from[i] >= 0 && dup2(from[i], to[i]) < 0)
			fail(r, WIRE_STAGE_FD);
}

CHILD_SIDE static void
set_limits(struct request *r)
{
	setrlimit(RLIMIT_NOFILE, &r->nofile);
	for (uint32_t i = 0; i < r->m->nrlimits; i++) {
		const struct wire_rlimit *l = &r->m->rlimits[i];
		struct rlimit limit = { l->soft, l->hard };

		if (syscall(SYS_prlimit64, 0, l->resource, &limit, NULL) < 0)
			fail(r, WIRE_STAGE_RLIMIT);
	}
}

CHILD_SIDE static void
set_user(struct request *r)
{
	const struct wire_spawn *m = r->m;

	if (syscall(SYS_setgroups, (size_t)m->ngroups, m->groups) < 0 ||
	    syscall(SYS_setresgid, m->gid, m->gid, m->gid) < 0 ||
	    syscall(SYS_setresuid, m->uid, m->uid, m->uid) < 0)
		fail(r, WIRE_STAGE_USER);
}

CHILD_SIDE static int
child_side(void *arg)
{
	struct request *r = arg;
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int i = 1; i < _NSIG; i++)
		sigaction(i, &dfl, NULL);
	place_fds(r);
	if (r->m) {
		if (setsid() < 0)
			fail(r, WIRE_STAGE_SESSION);
		set_limits(r);
		if (r->m->umask >= 0)
			umask(r->m->umask);
		if (r->m->set_user)
			set_user(r);
		/* As the child's user: it must be able to enter. */
		if (r->folder[0] && chdir(r->folder) < 0)
			fail(r, WIRE_STAGE_FOLDER);
		/* Only now: a change of user clears it. */
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
			fail(r, WIRE_STAGE_SESSION);
		if (getppid() != r->parent)
			_exit(127);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (r->m)
		exec_path(r->argv, r->envp);
	else
		execve("/proc/self/exe", r->argv, environ);
	return fail(r, WIRE_STAGE_EXEC);
}

/* The process ID, or -1 with stage and errnum in r. */
static pid_t
run(struct request *r)
{
	int status, errnum;
	pid_t pid;

	r->parent = getpid();
	r->nofile = warden.nofile;
	/* Signals are blocked for good in the warden (signalfd). */
	pid = clone(child_side, stack + sizeof stack,
	    CLONE_VM | CLONE_VFORK | SIGCHLD, r);
	errnum = errno;
	if (pid < 0) {
		r->stage = WIRE_STAGE_CLONE;
		r->errnum = errnum;
		return -1;
	}
	if (r->stage) {
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		return -1;
	}
	return pid;
}

static int
make_pipe(int fds[2])
{
	if (fds[0] >= 0)
		return 0;
	if (pipe2(fds, O_CLOEXEC) < 0) {
		fds[0] = fds[1] = -1;
		return -1;
	}
	/* The reader must not block; the children's end must. */
	return fcntl(fds[0], F_SETFL, O_NONBLOCK);
}

static int
make_notify(struct slot *s, const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(name);	/* link_check saw its NUL */
	int one = 1;

	if (s->notify >= 0)
		return 0;
	s->notify = socket(AF_UNIX,
	    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->notify < 0)
		return -1;
	memcpy(addr.sun_path + 1, name, len);
	if (setsockopt(s->notify, SOL_SOCKET, SO_PASSCRED, &one,
	    sizeof one) < 0 ||
	    bind(s->notify, (struct sockaddr *)&addr,
	    offsetof(struct sockaddr_un, sun_path) + 1 + len) < 0) {
		close(s->notify);
		s->notify = -1;
		return -1;
	}
	return 0;
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* What the slot keeps over runs: made once. */
static int
make_lasting_fds(struct slot *s, const struct wire_spawn *m)
{
	bool had_out = s->out[0] >= 0, had_err = s->err[0] >= 0,
	    had_notify = s->notify >= 0;

	if (m->want_fds & WIRE_FD_OUT && make_pipe(s->out) < 0)
		return -1;
	if (s->out[0] >= 0 && !had_out)
		s->new_fds |= WIRE_FD_OUT;
	if (m->want_fds & WIRE_FD_ERR && make_pipe(s->err) < 0)
		return -1;
	if (s->err[0] >= 0 && !had_err)
		s->new_fds |= WIRE_FD_ERR;
	if (m->want_fds & WIRE_FD_NOTIFY && make_notify(s, m->notify_name) < 0)
		return -1;
	if (s->notify >= 0 && !had_notify)
		s->new_fds |= WIRE_FD_NOTIFY;
	return 0;
}

/* Descriptors for this run. Those the agent lacks are noted in s->new_fds. */
static int
make_fds(struct slot *s, const struct wire_spawn *m, struct request *r)
{
	int pair[2];

	if (make_lasting_fds(s, m) < 0)
		return -1;
	r->out = s->out[1] >= 0 ? s->out[1] : warden.null_fd;
	r->err = m->want_fds & WIRE_FD_ERR ? s->err[1] : r->out;
	if (m->want_fds & WIRE_FD_CHANNEL) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
		    pair) < 0)
			return -1;
		s->channel = pair[0];
		r->channel = pair[1];
		fcntl(s->channel, F_SETFL, O_NONBLOCK);
		s->new_fds |= WIRE_FD_CHANNEL;
	}
	if (m->want_fds & WIRE_FD_READY) {
		if (pipe2(pair, O_CLOEXEC) < 0)
			return -1;
		s->ready = pair[0];
		r->ready = pair[1];
		fcntl(s->ready, F_SETFL, O_NONBLOCK);
		s->new_fds |= WIRE_FD_READY;
	}
	return 0;
}

static void
drop_run_fds(struct slot *s)
{
	close_fd(&s->channel);
	close_fd(&s->ready);
	s->new_fds &= ~(WIRE_FD_CHANNEL | WIRE_FD_READY);
}

/* Points argv, envp and folder into the packet's text. */
static void
make_vectors(struct slot *s, const struct wire_spawn *m, struct request *r)
{
	char *p = (char *)(m + 1), **v = vector;

	r->folder = p;
	p += strlen(p) + 1;
	r->argv = v;
	for (uint32_t i = 0; i < m->argc; i++, p += strlen(p) + 1)
		*v++ = p;
	*v++ = NULL;
	r->envp = v;
	s->instance[0] = '\0';
	for (uint32_t i = 0; i < m->envc; i++, p += strlen(p) + 1) {
		struct table_head *head = &warden.table->head;

		*v++ = p;
		if (strncmp(p, "SWARMSUP_INSTANCE=", 18) == 0)
			snprintf(s->instance, sizeof s->instance, "%s", p + 18);
		if (!head->socket[0] && strncmp(p, "SWARMSUP_SOCKET=", 16) == 0)
			snprintf(head->socket, sizeof head->socket, "%s",
			    p + 16);
	}
	*v = NULL;
}

static void
take_plan(struct slot *s, const struct wire_spawn *m)
{
	s->nsignals = m->nsignals;
	memcpy(s->signals, m->signals, sizeof s->signals);
	s->stop_timeout_ms = m->stop_timeout_ms;
	s->term_ms = m->term_ms;
	s->kill_ms = m->kill_ms;
	s->asked = s->abort_first = s->step = s->fenced = s->poll_ms = 0;
	s->failed = 0;
	memcpy(s->note, m->note, sizeof s->note);
}

void
spawn_child(struct slot *s, const struct wire_spawn *m)
{
	struct request r = { .m = m, .in = warden.null_fd, .channel = -1,
	    .ready = -1, .channel_to = m->channel_fd, .ready_to = m->ready_fd };
	pid_t pid = -1;

	s->serial = m->head.serial;
	memcpy(s->name, m->name, sizeof s->name);
	take_plan(s, m);
	make_vectors(s, m, &r);
	drop_run_fds(s);
	if (make_fds(s, m, &r) < 0) {
		r.errnum = errno;
		r.stage = WIRE_STAGE_PIPE;
	} else {
		pid = run(&r);
	}
	close_fd(&r.channel);
	close_fd(&r.ready);
	s->started_ms = clock_boot_ms();
	if (pid < 0) {
		drop_run_fds(s);
		s->pid = s->leader = 0;
		s->phase = SLOT_EXITED;
		s->failed = 1;
		s->errnum = r.errnum;
		s->stage = r.stage;
		s->exit_ms = s->started_ms;
		link_say(s, SAY_FAILED);
		return;
	}
	s->pid = s->leader = pid;
	s->phase = SLOT_RUNNING;
	pids_put(pid, slot_index(s));
	heap_set(warden.table, s, s->term_ms);
	link_say(s, SAY_SPAWNED);
}

int
spawn_agent(char *const *argv, int fd)
{
	struct request r = { .argv = (char **)argv, .in = warden.null_fd,
	    .out = STDOUT_FILENO, .err = STDERR_FILENO, .channel = fd,
	    .channel_to = WARDEN_AGENT_FD, .ready = -1 };
	pid_t pid = run(&r);

	if (pid < 0)
		log_error("cannot start the agent: %s", strerror(r.errnum));
	return pid;
}

void
slot_release(struct slot *s)
{
	heap_clear(warden.table, s);
	for (int i = 0; i < 2; i++) {
		close_fd(&s->out[i]);
		close_fd(&s->err[i]);
	}
	close_fd(&s->notify);
	drop_run_fds(s);
	s->new_fds = 0;
	s->phase = SLOT_FREE;
	s->say = 0;
	s->name[0] = '\0';
}
