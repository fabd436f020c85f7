/* SPDX-License-Identifier: MIT */
/* Files and folders, in one of our own. */
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

static mode_t
mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? 0 : st.st_mode & 07777;
}

static void
test_mkdirs__makes_the_whole_path(void)
{
	struct err err;

	is_int(fs_mkdirs("a/b/c", 0700, &err), 0, "three folders");
	is_int(mode_of("a/b"), 0700, "private");
	is_int(fs_mkdirs("a/b/c", 0755, &err), 0, "again is well");
	is_int(mode_of("a/b"), 0700, "and changes nothing");
	is_int(fs_mkdirs("a//d/", 0700, &err), 0, "slashes do no harm");
	is_int(mode_of("a/d"), 0700, "it is there");
	is_int(fs_mkdirs("", 0700, &err), -1, "no name");
	is_int(fs_mkdirs("/", 0700, &err), 0, "the root is there");
	is_int(fs_write_atomic("file", "", 0, 0600, &err), 0, "a file");
	is_int(fs_mkdirs("file", 0700, &err), -1, "in the place of a folder");
	is_int(err.code, ENOTDIR, "is an error");
	is_int(fs_mkdirs("file/x", 0700, &err), -1, "in the way too");
	is_str(err.text, "cannot make folder file: Not a directory",
	    "and is named");
}

static void
test_read__whole_files_up_to_the_limit(void)
{
	struct buf b;
	struct err err;
	char big[200000];

	buf_init(&b, 0);
	memset(big, 'x', sizeof big);
	is_int(fs_write_atomic("big", big, sizeof big, 0640, &err), 0,
	    "written");
	is_int(mode_of("big"), 0640, "with its mode");
	ok(access("big.tmp", F_OK) < 0, "no trace of how");
	is_int(fs_read("big", &b, &err), 0, "read");
	is_int(b.len, sizeof big, "all of it");
	buf_release(&b);
	buf_init(&b, 1000);
	is_int(fs_read("big", &b, &err), -1, "too much is refused");
	is_int(err.code, EFBIG, "as such");
	buf_release(&b);
	buf_init(&b, 0);
	is_int(fs_read("none", &b, &err), -1, "none");
	is_str(err.text, "cannot open none: No such file or directory",
	    "is named");
	is_int(fs_read(".", &b, &err), -1, "a folder is no file");
	buf_release(&b);
}

static void
test_write_atomic__keeps_the_old_when_it_fails(void)
{
	struct buf b;
	struct err err;

	buf_init(&b, 0);
	fs_write_atomic("kept", "old", 3, 0600, &err);
	mkdir("kept.tmp", 0700);
	is_int(fs_write_atomic("kept", "new", 3, 0600, &err), -1, "refused");
	is_int(fs_read("kept", &b, &err), 0, "still there");
	is_str(b.data, "old", "as it was");
	rmdir("kept.tmp");
	buf_clear(&b);
	is_int(fs_write_atomic("kept", "new", 3, 0600, &err), 0, "now");
	fs_read("kept", &b, &err);
	is_str(b.data, "new", "it is new");
	buf_release(&b);
}

static void
test_flags__of_descriptors(void)
{
	int fds[2];
	char c;

	is_int(pipe(fds), 0, "a pipe");
	is_int(fs_set_nonblock(fds[0]), 0, "made non-blocking");
	ok(read(fds[0], &c, 1) < 0 && errno == EAGAIN, "does not block");
	is_int(fs_set_cloexec(fds[0], 1), 0, "close on exec");
	ok(fcntl(fds[0], F_GETFD) & FD_CLOEXEC, "is set");
	fs_set_cloexec(fds[0], 0);
	ok(!(fcntl(fds[0], F_GETFD) & FD_CLOEXEC), "and taken back");
	close(fds[0]);
	close(fds[1]);
	is_int(fs_set_nonblock(fds[0]), -1, "not of a closed one");
}

int
main(void)
{
	char dir[] = "/tmp/fs_test.XXXXXX", command[64];

	if (!mkdtemp(dir) || chdir(dir) < 0)
		return 1;
	umask(022);
	test_mkdirs__makes_the_whole_path();
	test_read__whole_files_up_to_the_limit();
	test_write_atomic__keeps_the_old_when_it_fails();
	test_flags__of_descriptors();
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return chdir("/") < 0 || system(command) != 0 || done();
}
