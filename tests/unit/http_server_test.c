/* SPDX-License-Identifier: MIT */
/* The HTTP server over socket pairs: what it answers, refuses, outlives. */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/http_server.h"
#include "tap.h"

static struct event_base *base;
static struct http_server *server;
static struct http_request *parked;
static int closed, drained;
static struct buf seen;		/* "METHOD path?k=v,… body" of each request */

static void
on_close(struct http_request *req, void *arg)
{
	(void)arg;
	closed++;
	if (req == parked)
		parked = NULL;
}

static void
on_drain(struct http_request *req, void *arg)
{
	(void)req;
	(void)arg;
	drained++;
}

static void
handler(struct http_request *req, void *arg)
{
	const struct http_param *params;
	const char *path = http_path(req), *body;
	size_t n, len;

	(void)arg;
	buf_printf(&seen, "%d %s?", http_method(req), path);
	params = http_query(req, &n);
	for (size_t i = 0; i < n; i++)
		buf_printf(&seen, "%s=%s,", params[i].key, params[i].value);
	body = http_body(req, &len);
	buf_printf(&seen, " %zu:%.20s\n", len, body);
	if (strcmp(path, "/park") == 0 || strcmp(path, "/stream") == 0) {
		parked = req;
		http_on_close(req, on_close, NULL);
		http_on_drain(req, on_drain, NULL);
		if (path[1] == 's')
			http_stream_begin(req, 200, "text/plain");
		return;
	}
	if (strcmp(path, "/missing") == 0) {
		http_error(req, 404, "there is no \"%s\"", path);
		return;
	}
	if (strcmp(path, "/large") == 0) {
		struct buf big;

		buf_init(&big, 0);
		memset(buf_reserve(&big, 4000000), 'x', 4000000);
		buf_added(&big, 4000000);
		http_reply(req, 200, &big);
		buf_release(&big);
		return;
	}
	http_reply_json(req, 200, "{}", 2);
}

static void
turn(void)
{
	for (int i = 0; i < 8; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

static int
client(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
	    pair) < 0)
		abort();
	http_server_adopt(server, pair[1]);
	return pair[0];
}

static void
say(int fd, const char *text)
{
	ssize_t n = send(fd, text, strlen(text), MSG_NOSIGNAL);

	(void)n;
	turn();
}

/* All that lies there, as a string; the status of its first line. */
static char heard[1 << 20];
static bool ended;

static int
hear(int fd)
{
	size_t len = 0;
	ssize_t n;

	turn();
	while ((n = recv(fd, heard + len, sizeof heard - 1 - len, 0)) > 0)
		len += n;
	ended = n == 0;
	heard[len] = '\0';
	return len > 12 ? atoi(heard + 9) : 0;
}

/* The answer to these bytes on a connection of their own. */
static int
answer_to(const char *request)
{
	int fd = client(), status;

	say(fd, request);
	status = hear(fd);
	close(fd);
	turn();
	return status;
}

static void
test_http__a_request_is_taken_apart(void)
{
	int fd = client();

	buf_clear(&seen);
	say(fd, "POST /v1/a%2Db%40c?name=x%20y&name=@g+h&all HTTP/1.1\r\n"
	    "Host: x\r\nContent-Length: 5\r\n\r\nhello");
	is_int(hear(fd), 200, "it is answered");
	is_str(seen.data, "2 /v1/a-b@c?name=x y,name=@g h,all=, 5:hello\n",
	    "path, query and body are decoded");
	ok(strstr(heard, "Content-Length: 3\r\n") && strstr(heard, "\r\n\r\n{}\n"),
	    "with a length and a newline at its end");
	ok(!ended, "and the connection stays");
	say(fd, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	is_int(hear(fd), 200, "a second request on it");
	ok(ended, "it ends when that asks for it");
	close(fd);
}

static void
test_http__bytes_may_come_one_by_one_and_all_at_once(void)
{
	static const char one[] = "PUT /x HTTP/1.1\r\nHost: x\r\n"
	    "Content-Length: 3\r\n\r\nabc";
	int fd = client(), count = 0;

	for (size_t i = 0; one[i]; i++) {
		char c[2] = { one[i], 0 };

		is_int(hear(fd), 0, "no answer before the end");
		say(fd, c);
	}
	is_int(hear(fd), 200, "one byte at a time");
	buf_clear(&seen);
	for (int i = 0; i < 100; i++) {
		ssize_t n = write(fd, one, strlen(one));

		(void)n;
	}
	for (int i = 0; i < 20; i++)
		turn();
	hear(fd);
	for (char *p = heard; (p = strstr(p, "HTTP/1.1 200")); p++)
		count++;
	is_int(count, 100, "a hundred in one go: each has its answer");
	close(fd);
}

static void
test_http__chunked_bodies(void)
{
	int fd = client();

	buf_clear(&seen);
	say(fd, "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
	    "\r\n5;ext=1\r\nhello\r\n");
	is_int(hear(fd), 0, "not whole yet");
	say(fd, "6\r\n world\r\n0\r\nTrailer: 1\r\n\r\nGET /next HTTP/1.1\r\n"
	    "Host: x\r\n\r\n");
	is_int(hear(fd), 200, "answered");
	is_str(seen.data, "2 /c? 11:hello world\n1 /next? 0:\n",
	    "the body is put together, and the next request is found");
	close(fd);
	is_int(answer_to("POST /c HTTP/1.1\r\nHost: x\r\n"
	    "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"), 400, "no size");
	is_int(answer_to("POST /c HTTP/1.1\r\nHost: x\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n"), 400,
	    "a chunk longer than it says");
	is_int(answer_to("POST /c HTTP/1.1\r\nHost: x\r\n"
	    "Transfer-Encoding: chunked\r\n\r\nfffffff\r\n"), 413,
	    "a chunk beyond the limit");
	is_int(answer_to("POST /c HTTP/1.1\r\nHost: x\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n-1\r\n"), 400,
	    "a negative size");
}

static void
test_http__what_is_wrong_is_answered_in_json(void)
{
	static const struct { const char *bytes; int status; } rows[] = {
		{ "hello\r\n\r\n", 400 },
		{ "GET /\r\n\r\n", 400 },
		{ "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505 },
		{ "GET / HTTP/1.1\r\n\r\n", 400 },
		{ "GET x HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
		{ "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
		{ "GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
		{ "GET /?a=%0 HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
		{ "BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n", 501 },
		{ "OPTIONS / HTTP/1.1\r\nHost: x\r\n\r\n", 501 },
		{ "GET / HTTP/1.1\r\nHost x\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: a\001b\r\n\r\n", 400 },
		{ "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
		    400 },
		{ "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5x\r\n\r\n",
		    400 },
		{ "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
		    "Content-Length: 2\r\n\r\n", 400 },
		{ "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n", 400 },
		{ "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n"
		    "\r\n", 501 },
		{ "POST / HTTP/1.1\r\nHost: x\r\nExpect: cake\r\n\r\n", 417 },
		{ "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 16777217\r\n"
		    "\r\n", 413 },
		{ "POST / HTTP/1.1\r\nHost: x\r\n"
		    "Content-Length: 99999999999999999999\r\n\r\n", 413 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		is_int(answer_to(rows[i].bytes), rows[i].status,
		    rows[i].bytes[0] == 'h' ? "not HTTP" :
		    http_reason(rows[i].status));
		if (!strstr(heard, "\r\n\r\n{\"error\":\"") || !ended)
			ok(0, "row %zu: an error in JSON, then the end", i);
	}
	is_int(answer_to("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"), 405, "HEAD");
	ok(strstr(heard, "Content-Length: 0\r\n") &&
	    strstr(heard, "Allow: GET"), "without a body");
	is_int(answer_to("GET /missing HTTP/1.1\r\nHost: x\r\n\r\n"), 404,
	    "an error of the handler");
	ok(strstr(heard, "{\"error\":\"there is no \\\"/missing\\\"\"}\n"),
	    "its text");
}

static void
test_http__a_head_has_a_limit(void)
{
	struct buf big;

	buf_init(&big, 0);
	buf_puts(&big, "GET / HTTP/1.1\r\nHost: x\r\nX: ");
	while (big.len < HTTP_HEADER_MAX)
		buf_puts(&big, "xxxxxxxxxxxxxxxx");
	is_int(answer_to(big.data), 431, "17 KB of headers that do not end");
	buf_puts(&big, "\r\n\r\n");
	is_int(answer_to(big.data), 431, "and that do");
	buf_release(&big);
}

static void
test_http__expect_continue(void)
{
	int fd = client();

	say(fd, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
	    "Expect: 100-continue\r\n\r\n");
	is_int(hear(fd), 100, "go on");
	say(fd, "ok");
	is_int(hear(fd), 200, "then the answer");
	close(fd);
	is_int(answer_to("POST /x HTTP/1.1\r\nHost: x\r\n"
	    "Content-Length: 20000000\r\nExpect: 100-continue\r\n\r\n"), 413,
	    "or the refusal before anything is sent");
}

static void
test_http__one_that_sends_a_gigabyte_hears_why_not(void)
{
	static char junk[65536];
	int fd = client();
	size_t taken = 0;
	ssize_t n;

	say(fd, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n"
	    "\r\n");
	for (int i = 0; i < 2000; i++) {
		n = send(fd, junk, sizeof junk, MSG_NOSIGNAL);
		taken += n > 0 ? n : 0;
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	is_int(hear(fd), 413, "the answer lies there while it sends on");
	ok(taken > 1000000, "what it sent on was thrown away");
	close(fd);
	turn();
}

static void
test_http__a_stream_is_chunked_and_bounded(void)
{
	static char piece[65536];
	int fd = client(), n = 0;

	say(fd, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	ok(parked != NULL, "a stream");
	http_stream_write(parked, "one\n", 4);
	http_stream_write(parked, "", 0);
	http_stream_write(parked, "two two\n", 8);
	is_int(hear(fd), 200, "its head");
	ok(strstr(heard, "Transfer-Encoding: chunked\r\n") &&
	    strstr(heard, "\r\n\r\n4\r\none\n\r\n8\r\ntwo two\n\r\n"),
	    "its pieces");
	memset(piece, 'x', sizeof piece);
	while (http_stream_pending(parked) < HTTP_STREAM_HIGH && n++ < 1000)
		http_stream_write(parked, piece, sizeof piece);
	ok(n < 100, "a client that does not read is seen (%d pieces)", n);
	drained = 0;
	turn();
	is_int(drained, 0, "nothing drains while it does not");
	for (int i = 0; i < 20 && drained == 0; i++)
		hear(fd);
	ok(drained > 0, "it does when it reads");
	http_stream_end(parked);
	do
		hear(fd);
	while (!strstr(heard, "0\r\n\r\n") && *heard);
	ok(strstr(heard, "0\r\n\r\n") && !ended, "the end, and no close");
	say(fd, "GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
	is_int(hear(fd), 200, "the connection serves on");
	close(fd);
	fd = client();
	say(fd, "GET /stream HTTP/1.0\r\n\r\n");
	http_stream_write(parked, "one\n", 4);
	http_stream_end(parked);
	hear(fd);
	ok(strstr(heard, "\r\n\r\none\n") && ended,
	    "HTTP/1.0 gets it plain, up to the close");
	close(fd);
	turn();
}

static void
test_http__a_client_that_goes_is_noticed(void)
{
	int fd = client();

	closed = 0;
	say(fd, "GET /park HTTP/1.1\r\nHost: x\r\n\r\n");
	ok(parked && closed == 0, "a request that waits");
	close(fd);
	turn();
	is_int(closed, 1, "its client is gone");
	fd = client();
	say(fd, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	close(fd);
	http_stream_write(parked, "x", 1);
	http_stream_write(parked, "y", 1);
	is_int(closed, 1, "writing does not call back");
	turn();
	is_int(closed, 2, "the loop does");
	fd = client();
	say(fd, "GET /park HTTP/1.1\r\nHost: x\r\n\r\n");
	shutdown(fd, SHUT_WR);
	turn();
	is_int(closed, 2, "one that only sends no more waits on");
	http_reply_json(parked, 200, "1", 1);
	is_int(hear(fd), 200, "and gets its answer");
	ok(ended, "then the end");
	close(fd);
	turn();
}

static void
test_http__flood_behind_a_waiting_request_is_not_read(void)
{
	static char junk[65536];
	int fd = client();
	size_t taken = 0;
	ssize_t n;

	say(fd, "GET /park HTTP/1.1\r\nHost: x\r\n\r\n");
	for (int i = 0; i < 100; i++) {
		n = send(fd, junk, sizeof junk, MSG_NOSIGNAL);
		taken += n > 0 ? n : 0;
		turn();
	}
	ok(taken < 2000000, "%zu bytes were taken", taken);
	http_reply_json(parked, 200, "1", 1);
	is_int(hear(fd), 200, "the answer comes all the same");
	close(fd);
	turn();
}

static void
test_http__large_answers_wait_for_the_reader(void)
{
	int fd = client();
	size_t len = 0;

	say(fd, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n"
	    "GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
	for (int i = 0; i < 100; i++) {
		hear(fd);
		len += strlen(heard);
	}
	ok(len > 4000000, "4 MB arrive");
	ok(strstr(heard, "{}\n") || len > 4000200, "and the next answer");
	close(fd);
	turn();
}

static void
run_for(int ms)
{
	int64_t end_ms = clock_boot_ms() + ms;

	while (clock_boot_ms() < end_ms) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		usleep(5000);
	}
}

static void
test_http__slow_and_silent_clients_are_cut_off(void)
{
	struct http_limits limits = { .deadline_ms = 200, .idle_ms = 200,
	    .connections_max = 3 };
	struct http_server *old = server;
	int silent, half, slow, waiting, more;

	server = http_server_new(base, -1, &limits, handler, NULL, NULL);
	silent = client();
	half = client();
	say(half, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab");
	slow = client();
	more = client();
	is_int(hear(more), 503, "one too many");
	ok(strstr(heard, "too many connections"), "is told so");
	close(more);
	turn();
	for (int i = 0; i < 20; i++) {
		say(slow, "X");
		run_for(25);
	}
	hear(silent);
	ok(ended, "one that says nothing");
	is_int(hear(half), 408, "one that says half");
	is_int(hear(slow), 408, "one that says a byte at a time");
	close(silent);
	close(half);
	close(slow);
	turn();
	waiting = client();
	say(waiting, "GET /park HTTP/1.1\r\nHost: x\r\n\r\n");
	run_for(400);
	is_int(hear(waiting), 0, "one whose answer takes longer");
	ok(!ended && parked, "is not cut off");
	http_reply_json(parked, 200, "1", 1);
	is_int(hear(waiting), 200, "and is answered");
	run_for(400);
	hear(waiting);
	ok(ended, "idle, it is closed after a while");
	close(waiting);
	turn();
	is_int(http_server_counters(server).connections, 0, "none is left");
	http_server_free(server);
	server = old;
}

static void
test_http__descriptors_that_run_out_come_back(void)
{
	char path[] = "/tmp/http-test-XXXXXX", *name;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct http_server *listening;
	struct rlimit limit, old;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), c[8], n = 0;

	if (!mkdtemp(path))
		abort();
	name = mem_printf("%s/s", path);
	strcpy(addr.sun_path, name);
	if (bind(fd, (void *)&addr, sizeof addr) < 0 || listen(fd, 64) < 0)
		abort();
	listening = http_server_new(base, fd, NULL, handler, NULL, NULL);
	for (int i = 0; i < 8; i++)
		c[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	getrlimit(RLIMIT_NOFILE, &old);
	limit = old;
	limit.rlim_cur = dup(0);
	close(limit.rlim_cur);
	setrlimit(RLIMIT_NOFILE, &limit);
	for (int i = 0; i < 8; i++)
		if (connect(c[i], (void *)&addr, sizeof addr) == 0)
			say(c[i], "GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
	is_int(hear(c[0]), 0, "no descriptor: no answer yet");
	setrlimit(RLIMIT_NOFILE, &old);
	run_for(300);
	for (int i = 0; i < 8; i++)
		n += hear(c[i]) == 200;
	is_int(n, 8, "all are answered when there are some again");
	for (int i = 0; i < 8; i++)
		close(c[i]);
	turn();
	http_server_free(listening);
	unlink(name);
	rmdir(path);
	free(name);
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	buf_init(&seen, 0);
	server = http_server_new(base, -1, NULL, handler, NULL, NULL);
	test_http__a_request_is_taken_apart();
	test_http__bytes_may_come_one_by_one_and_all_at_once();
	test_http__chunked_bodies();
	test_http__what_is_wrong_is_answered_in_json();
	test_http__a_head_has_a_limit();
	test_http__expect_continue();
	test_http__one_that_sends_a_gigabyte_hears_why_not();
	test_http__a_stream_is_chunked_and_bounded();
	test_http__a_client_that_goes_is_noticed();
	test_http__flood_behind_a_waiting_request_is_not_read();
	test_http__large_answers_wait_for_the_reader();
	test_http__slow_and_silent_clients_are_cut_off();
	test_http__descriptors_that_run_out_come_back();
	http_server_free(server);
	event_base_free(base);
	buf_release(&seen);
	return done();
}
