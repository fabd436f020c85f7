/* SPDX-License-Identifier: MIT */
/* Lines from a socket: framing, what is peeked and what is taken, limits. */
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/line_reader.h"
#include "tap.h"

#define MAX 1000000

static struct event_base *base;
static int ours, theirs, ends, lines, too_long, left_then;
static struct line_reader *reader;
static struct buf seen;		/* the lines, each with a '|' */
static size_t longest;
static bool free_in_line;

static void
on_line(void *arg, char *line, size_t len)
{
	(void)arg;
	if (!line) {
		too_long++;
		return;
	}
	lines++;
	longest = len > longest ? len : longest;
	if (len < 100)
		buf_printf(&seen, "%s|", line);
	ioctl(ours, FIONREAD, &left_then);
	line[0] = 'x';		/* it is ours to change */
	if (free_in_line) {
		line_reader_free(reader);
		reader = NULL;
	}
}

static void
on_end(void *arg, int errnum)
{
	(void)arg;
	(void)errnum;
	ends++;
}

static void
begin(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) < 0)
		abort();
	ours = pair[0];
	theirs = pair[1];
	ends = lines = too_long = 0;
	longest = 0;
	buf_clear(&seen);
	reader = line_reader_new(base, ours, MAX, on_line, on_end, NULL);
}

static void
end(void)
{
	line_reader_free(reader);
	close(ours);
	if (theirs >= 0)
		close(theirs);
}

static void
turn(void)
{
	for (int i = 0; i < 4; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

static void
run_for(int ms)
{
	int64_t end_ms = clock_boot_ms() + ms;

	while (clock_boot_ms() < end_ms) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		usleep(2000);
	}
}

static void
say(const char *text)
{
	if (write(theirs, text, strlen(text)) < 0)
		perror("write");
	turn();
}

static int
unread(void)
{
	int n;

	ioctl(ours, FIONREAD, &n);
	return n;
}

static void
test_line_reader__lines_come_one_by_one(void)
{
	begin();
	say("one\ntwo\n\nthree\n");
	is_str(seen.data, "one|two||three|", "four lines, one of them empty");
	ok(left_then > 0, "they are in the socket while they are acted upon");
	is_int(unread(), 0, "and taken afterwards");
	say("fo");
	is_int(unread(), 2, "part of a line is only looked at");
	say("ur\nfi");
	is_str(seen.data, "one|two||three|four|", "it is whole");
	is_int(unread(), 2, "the next part stays");
	say("ve\n");
	is_int(lines, 6, "and is completed");
	end();
}

static void
test_line_reader__a_successor_sees_what_was_not_taken(void)
{
	begin();
	say("half a li");
	line_reader_free(reader);
	reader = line_reader_new(base, ours, MAX, on_line, on_end, NULL);
	say("ne\n");
	is_str(seen.data, "half a line|", "nothing is lost");
	end();
}

static void
test_line_reader__a_sender_that_stalls_is_not_blocked(void)
{
	int wrote = 0;

	begin();
	/* Tiny writes fill a socket's buffer long before its bytes do. */
	for (int i = 0; i < 2000; i++)
		wrote += write(theirs, "x", 1) == 1;
	ok(wrote < 2000, "the buffer is full after %d bytes", wrote);
	run_for(300);
	for (; wrote < 2000;) {
		if (write(theirs, "x", 1) == 1)
			wrote++;
		else
			run_for(10);
	}
	say("\n");
	run_for(150);
	is_int(longest, 2000, "the line comes whole");
	is_int(lines, 1, "once");
	end();
}

static void
test_line_reader__long_lines(void)
{
	static char part[50000];
	size_t sent = 0;

	begin();
	memset(part, 'y', sizeof part);
	while (sent < MAX) {
		ssize_t n = write(theirs, part, sizeof part);

		sent += n > 0 ? n : 0;
		turn();
	}
	say("\nshort\n");
	is_int(longest, MAX, "a line as long as is allowed");
	is_str(seen.data, "short|", "and what follows");
	for (sent = 0; sent < 3 * MAX;) {
		ssize_t n = write(theirs, part, sizeof part);

		sent += n > 0 ? n : 0;
		turn();
	}
	is_int(too_long, 0, "one that is too long");
	say("\nafter\n");
	is_int(too_long, 1, "is told once, at its end");
	is_str(seen.data, "short|after|", "and the next one is good");
	end();
}

static void
test_line_reader__the_end(void)
{
	begin();
	say("last\npart");
	close(theirs);
	theirs = -1;
	run_for(200);
	is_int(ends, 1, "the end is told once");
	is_str(seen.data, "last|", "a part without a newline is no line");
	end();
	begin();
	ok(write(theirs, "bye\n", 4) == 4, "a line");
	close(theirs);
	theirs = -1;
	turn();
	ok(ends == 1 && lines == 1, "and the end at once after it");
	end();
}

static void
test_line_reader__a_flood_gets_its_share(void)
{
	int before;

	begin();
	for (int i = 0; i < 500; i++)
		if (write(theirs, "flood flood\n", 12) != 12)
			break;
	before = lines;
	event_base_loop(base, EVLOOP_ONCE);
	is_int(lines - before, LINE_ROUND_LINES, "so many lines a round");
	for (int i = 0; i < 20; i++)
		turn();
	is_int(unread(), 0, "all in the end");
	end();
}

static void
test_line_reader__freed_in_its_callback(void)
{
	begin();
	free_in_line = true;
	say("one\ntwo\n");
	is_int(lines, 1, "no call after that");
	is_int(unread(), 4, "what it acted upon is taken, the rest stays");
	free_in_line = false;
	end();
}

int
main(void)
{
	base = event_base_new();
	buf_init(&seen, 0);
	test_line_reader__lines_come_one_by_one();
	test_line_reader__a_successor_sees_what_was_not_taken();
	test_line_reader__a_sender_that_stalls_is_not_blocked();
	test_line_reader__long_lines();
	test_line_reader__the_end();
	test_line_reader__a_flood_gets_its_share();
	test_line_reader__freed_in_its_callback();
	buf_release(&seen);
	event_base_free(base);
	return done();
}
