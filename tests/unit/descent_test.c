/* SPDX-License-Identifier: MIT */
/* Whose process is it: descendants, adopted double forks, strangers. */
#include "agent/descent.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/tap.h"

#define SOCKET "/run/swarmsup/test/descent.sock"

/* A process that sleeps. */
static pid_t
start(char *const envp[])
{
	char *argv[] = { "sleep", "60", NULL };
	pid_t pid = fork();

	if (pid == 0) {
		execve("/bin/sleep", argv, envp);
		_exit(127);
	}
	return pid;
}

/* The environment of a process is there only once it has exec'd. */
static void
wait_for_exec(pid_t pid)
{
	char path[32], target[64];
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
	for (int i = 0; i < 5000; i++) {
		n = readlink(path, target, sizeof target - 1);
		target[n > 0 ? n : 0] = '\0';
		if (strstr(target, "sleep") || strstr(target, "busybox"))
			return;
		usleep(1000);
	}
}

/* Two forks, the middle one gone: we, the subreaper, get the process. */
static pid_t
start_adopted(char *const envp[])
{
	int pair[2];
	pid_t middle, pid = 0;

	if (pipe(pair) < 0)
		return 0;
	middle = fork();
	if (middle == 0) {
		pid = start(envp);
		_exit(write(pair[1], &pid, sizeof pid) != sizeof pid);
	}
	waitpid(middle, NULL, 0);
	if (read(pair[0], &pid, sizeof pid) != sizeof pid)
		pid = 0;
	close(pair[0]);
	close(pair[1]);
	wait_for_exec(pid);
	return pid;
}

static void
end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void
test_descent__child_and_itself_belong_stranger_does_not(void)
{
	char *none[] = { NULL };
	pid_t child = start(none), other = start(none), nobody = 1 << 30;

	ok(descent_is_of(child, child, nobody, "a", 1, SOCKET), "itself");
	ok(descent_is_of(child, getpid(), nobody, "a", 1, SOCKET), "a child");
	ok(!descent_is_of(other, child, nobody, "a", 1, SOCKET), "a sibling");
	ok(!descent_is_of(getpid(), child, nobody, "a", 1, SOCKET),
	    "a parent");
	ok(!descent_is_of(1, child, nobody, "a", 1, SOCKET), "process 1");
	ok(!descent_is_of(0, child, nobody, "a", 1, SOCKET), "process 0");
	is_int(descent_user(child), geteuid(), "its user is ours");
	end(child);
	end(other);
	ok(!descent_is_of(child, getpid(), nobody, "a", 1, SOCKET),
	    "one that is gone");
	ok(descent_user(child) == (uid_t)-1, "and has no user");
}

static void
test_descent__adopted_one_is_known_by_its_environment(void)
{
	char *env[] = { "SWARMSUP_NAME=a", "SWARMSUP_INSTANCE=7",
	    "SWARMSUP_SOCKET=" SOCKET, NULL };
	char *none[] = { NULL };
	pid_t ours, bare, ancestor = start(none);

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	ours = start_adopted(env);
	bare = start_adopted(none);
	ok(descent_is_of(ours, ancestor, getpid(), "a", 7, SOCKET),
	    "adopted by the warden, born of this instance");
	ok(!descent_is_of(ours, ancestor, getpid(), "a", 8, SOCKET),
	    "of another instance");
	ok(!descent_is_of(ours, ancestor, getpid(), "b", 7, SOCKET),
	    "of another name");
	ok(!descent_is_of(ours, ancestor, getpid(), "a", 7, "/other.sock"),
	    "of another agent");
	ok(!descent_is_of(bare, ancestor, getpid(), "a", 7, SOCKET),
	    "adopted, without the environment");
	end(ours);
	end(bare);
	end(ancestor);
}

int
main(void)
{
	test_descent__child_and_itself_belong_stranger_does_not();
	test_descent__adopted_one_is_known_by_its_environment();
	return done();
}
