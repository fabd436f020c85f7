/* SPDX-License-Identifier: MIT */
/* A channel over a socket pair: we are the child. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/channel.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/units.h"
#include "tap.h"

static struct event_base *base;
static struct channel *channel;
static int child, requests, sent;
static char heard[1 << 20];	/* by the child */
static char asked[4096];	/* "METHOD ID PARAMS|" … by the child */
static bool free_on_request;

struct outcome { int count; enum call_outcome is; char text[4096]; };

static void
on_done(void *arg, enum call_outcome outcome, const char *result, size_t len,
    const char *text)
{
	struct outcome *o = arg;

	o->count++;
	o->is = outcome;
	snprintf(o->text, sizeof o->text, "%.*s", result ? (int)(len < 4000 ?
	    len : 4000) : 4000, result ? result : text ? text : "");
}

static void
on_request(void *arg, struct channel *ch, const struct channel_request *r)
{
	size_t n = strlen(asked);

	(void)arg;
	requests++;
	if (n < 3000)
		snprintf(asked + n, sizeof asked - n, "%s %.*s %.*s|",
		    r->method, r->id ? (int)r->id->len : 1,
		    r->id ? r->id->text : "-", r->params ?
		    (int)r->params->len : 1, r->params ? r->params->text :
		    "-");
	if (free_on_request) {
		channel_free(ch);
		channel = NULL;
	} else {
		channel_answer(ch, r->id, "{\"ok\":\n1}", 9);
	}
}

static void
on_sent(void *arg)
{
	(void)arg;
	sent++;
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
begin(bool resumed)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) < 0)
		abort();
	child = pair[1];
	requests = 0;
	asked[0] = '\0';
	channel_counters = (struct channel_counters){ 0 };
	channel = channel_new(base, pair[0], resumed, on_request, NULL);
}

static void
end(void)
{
	channel_free(channel);
	if (child >= 0)
		close(child);
}

static const char *
hear(void)
{
	size_t len = 0;
	ssize_t n;

	do {
		turn();
		n = read(child, heard + len, sizeof heard - 1 - len);
		len += n > 0 ? n : 0;
	} while (n > 0 && len < sizeof heard - 1);
	heard[len] = '\0';
	return heard;
}

static void
say(const char *fmt, ...)
{
	char text[4096];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (write(child, text, n) != n)
		perror("write");
	turn();
}

static unsigned long long
heard_id(void)
{
	const char *at = strstr(hear(), "\"id\":");

	return at ? strtoull(at + 5, NULL, 10) : 0;
}

static uint64_t
call(struct outcome *o, const char *body, int64_t ms)
{
	*o = (struct outcome){ 0 };
	return channel_call(channel, body, strlen(body), "me", ms, on_done, o);
}

static void
test_channel__a_call_and_its_answer(void)
{
	struct outcome o;
	char want[200];
	uint64_t id;

	begin(false);
	id = call(&o, "{\"a\":\n[1,\n2]}", 1000);
	snprintf(want, sizeof want, "{\"jsonrpc\":\"2.0\",\"id\":%llu,"
	    "\"method\":\"call\",\"params\":{\"body\":{\"a\": [1, 2]},"
	    "\"from\":\"me\"}}\n", (unsigned long long)id);
	is_str(hear(), want, "one line, whatever the body's lines");
	is_int(o.count, 0, "no answer yet");
	say("{\"jsonrpc\":\"2.0\",\"id\":%llu,\"result\": {\"x\": [true]} }\n",
	    (unsigned long long)id);
	ok(o.count == 1 && o.is == CALL_DONE, "it is answered");
	is_str(o.text, "{\"x\": [true]}", "with the text as it was said");
	say("{\"id\":%llu,\"result\":2}\n", (unsigned long long)id);
	is_int(o.count, 1, "once");
	is_int(channel_counters.late, 1, "a second answer is dropped");
	ok(channel_cast(channel, "[1]", 3) == 0, "a cast");
	is_str(hear(), "{\"jsonrpc\":\"2.0\",\"method\":\"cast\","
	    "\"params\":{\"body\":[1]}}\n", "has no id");
	end();
}

static void
test_channel__wrong_answers_are_their_callers_alone(void)
{
	struct outcome a, b;
	unsigned long long id;

	begin(false);
	call(&a, "1", 50);
	id = heard_id();
	call(&b, "2", 1000);
	hear();
	say("garbage\n{\"id\":1,\"result\":1}\n{\"id\":\"%llu\","
	    "\"result\":1}\n{\"id\":%llu1,\"result\":1}\n[1]\n\n  \n", id, id);
	ok(a.count == 0 && b.count == 0, "answers to nothing");
	is_int(channel_counters.unknown, 3, "are counted");
	is_int(channel_counters.malformed, 2, "so is what is no JSON-RPC");
	ok(strstr(hear(), "\"id\":null,\"error\":{\"code\":-32700"),
	    "and told");
	say("{\"id\":%llu,\"error\":{\"code\":3,\"message\":\"no \\u00e9\"}}\n",
	    id);
	ok(a.is == CALL_REFUSED, "an error");
	is_str(a.text, "no \xc3\xa9", "has its message");
	call(&a, "1", 1000);
	say("{\"id\":%llu,\"error\":[\"odd\"]}\n", heard_id());
	is_str(a.text, "[\"odd\"]", "an error of another shape");
	call(&a, "1", 1000);
	say("{\"id\":%llu}\n", heard_id());
	ok(a.is == CALL_REFUSED, "neither result nor error");
	call(&a, "1", 1000);
	say("{\"id\":%llu,\"result\":7,\"error\":null}\n", heard_id());
	ok(a.is == CALL_DONE, "JSON-RPC 1.0 says error: null");
	ok(b.count == 0, "the other call waits on");
	end();
	is_int(b.count, 1, "until the channel is closed");
	is_int(b.is, CALL_GONE, "then it has failed");
}

static void
test_channel__deadlines(void)
{
	struct outcome o, never;
	unsigned long long id;
	uint64_t cancelled;

	begin(false);
	call(&never, "0", DURATION_INFINITY);
	call(&o, "1", 30);
	hear();
	run_for(80);
	ok(o.count == 1 && o.is == CALL_TIMEOUT, "no answer in time");
	call(&o, "1", 1000);
	id = heard_id();
	say("{\"id\":%llu,\"result\":1}\n", id - CHANNEL_CALLS_MAX);
	is_int(o.count, 0, "a late answer is not the next call's");
	is_int(channel_counters.late, 1, "it is dropped");
	say("{\"id\":%llu,\"result\":1}\n", id);
	is_int(o.count, 1, "that one has its own");
	cancelled = call(&o, "1", 1000);
	id = heard_id();
	channel_cancel(channel, cancelled);
	channel_cancel(channel, cancelled);
	say("{\"id\":%llu,\"result\":1}\n", id);
	is_int(o.count, 0, "one that was cancelled is answered to nobody");
	is_int(never.count, 0, "one without a deadline waits");
	end();
	is_int(never.is, CALL_GONE, "up to the end");
}

static void
test_channel__an_earlier_agents_ids_are_never_ours(void)
{
	struct outcome o;
	unsigned long long old, id;

	begin(false);
	call(&o, "1", 1000);
	old = heard_id();
	end();
	usleep(2000);
	begin(true);
	is_str(hear(), "\n", "what was half said ends with a newline");
	call(&o, "1", 1000);
	id = heard_id();
	ok(id != old, "%llu is not %llu", id, old);
	say("{\"id\":%llu,\"result\":\"old\"}\n", old);
	is_int(o.count, 0, "the old call's answer is not taken for ours");
	end();
}

static void
test_channel__requests_of_the_child(void)
{
	begin(false);
	say("{\"jsonrpc\":\"2.0\",\"method\":\"where\",\"id\":\"a\","
	    "\"params\":{\"name\":\"x\"}}\n{\"method\":\"ready\"}\n");
	is_str(asked, "where \"a\" {\"name\":\"x\"}|ready - -|",
	    "one with an id, one without");
	is_str(hear(), "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"result\":{\"ok\": 1}}"
	    "\n", "the first is answered");
	say("{\"id\":{},\"method\":\"x\"}\n{\"id\":1,\"method\":2}\n"
	    "{\"method\":\"a\",\"method\":\"b\"}\n[]\n{}\n7\n");
	is_int(requests, 2, "what is none is not served");
	hear();
	is_int(channel_counters.malformed, 6, "but told");
	free_on_request = true;
	say("{\"method\":\"x\"}\n{\"method\":\"y\"}\n");
	ok(channel == NULL && requests == 3, "a channel freed by a request");
	free_on_request = false;
	end();
}

static void
test_channel__asked_outlives_the_channel(void)
{
	struct json_slice id = { "12", 2 }, got;
	struct asked *a, *b;
	int n = 0;

	begin(false);
	ok(!channel_asked(channel, NULL), "a notification waits for nothing");
	a = channel_asked(channel, &id);
	b = channel_asked(channel, &id);
	ok(asked_channel(a, &got) == channel && got.len == 2, "remembered");
	asked_free(a);
	end();
	ok(asked_channel(b, &got) == NULL, "the channel is gone");
	asked_free(b);
	begin(false);
	{
		struct asked *many[CHANNEL_ASKED_MAX + 1];

		while (n <= CHANNEL_ASKED_MAX &&
		    (many[n] = channel_asked(channel, &id)))
			n++;
		is_int(n, CHANNEL_ASKED_MAX, "not more than so many");
		while (n > 0)
			asked_free(many[--n]);
	}
	end();
}

static void
test_channel__a_child_that_does_not_read(void)
{
	static char big[1 << 20];
	struct outcome o;
	int n = 0;

	begin(false);
	memset(big, '1', sizeof big);
	while (n < 40 && channel_cast(channel, big, sizeof big) == 0)
		n++;
	ok(n >= 16 && n < 20, "%d MiB are kept for it", n);
	channel_call(channel, big, sizeof big, NULL, 1000, on_done, &o);
	is_int(o.is, CALL_FULL, "then calls fail at once");
	ok(strstr(o.text, "does not read"), "and say why");
	say("{\"method\":\"status\",\"id\":1}\n");
	is_int(requests, 0, "and it is not listened to");
	channel_on_sent(channel, on_sent);
	sent = 0;
	for (int i = 0; i < 2000 && channel_unsent(channel) > 0; i++)
		hear();
	is_int(channel_unsent(channel), 0, "until it reads");
	run_for(20);
	is_int(requests, 1, "then it is");
	ok(sent > 0, "and who waits for that is told");
	end();
}

static void
test_channel__a_flood_of_requests_is_bounded(void)
{
	int said = 0;

	begin(false);
	for (int i = 0; i < 200000; i++)
		if (write(child, "{\"method\":\"where\",\"id\":1}\n", 26) == 26)
			said++;
		else
			turn();
	ok(channel_unsent(channel) < 2 * 1024 * 1024,
	    "%zu bytes of answers wait for one that does not read",
	    channel_unsent(channel));
	ok(requests < said, "the rest waits in its socket");
	end();
}

static void
test_channel__calls_are_bounded(void)
{
	static struct outcome many[CHANNEL_CALLS_MAX + 1];

	begin(false);
	for (int i = 0; i <= CHANNEL_CALLS_MAX; i++) {
		call(&many[i], "1", 1000);
		hear();
	}
	is_int(many[CHANNEL_CALLS_MAX].is, CALL_FULL, "one too many");
	is_int(many[0].count, 0, "the others wait");
	end();
	is_int(many[0].count, 1, "all are told");
	is_int(many[CHANNEL_CALLS_MAX - 1].is, CALL_GONE, "at its end");
}

static void
test_channel__the_child_ends(void)
{
	struct outcome o;

	begin(false);
	call(&o, "1", 1000);
	say("{\"id\":%llu,\"result\":\"last words\"}\n", heard_id());
	is_str(o.text, "\"last words\"", "an answer before the end");
	call(&o, "1", 1000);
	close(child);
	child = -1;
	turn();
	ok(o.count == 1 && o.is == CALL_GONE, "an open call ends with it");
	ok(!channel_is_open(channel), "it is closed");
	call(&o, "1", 1000);
	is_int(o.is, CALL_GONE, "later ones end at once");
	is_int(channel_cast(channel, "1", 1), -1, "casts too");
	end();
	begin(false);
	call(&o, "1", 1000);
	hear();
	{
		char line[100];
		int n = snprintf(line, sizeof line, "{\"id\":%llu,"
		    "\"result\":1}\n", (unsigned long long)(strstr(heard,
		    "\"id\":") ? strtoull(strstr(heard, "\"id\":") + 5, NULL,
		    10) : 0));

		ok(write(child, line, n) == n, "it answers and is gone");
	}
	close(child);
	child = -1;
	channel_drain(channel);
	is_int(o.is, CALL_DONE, "what it said last is heard");
	end();
}

int
main(void)
{
	base = event_base_new();
	test_channel__a_call_and_its_answer();
	test_channel__wrong_answers_are_their_callers_alone();
	test_channel__deadlines();
	test_channel__an_earlier_agents_ids_are_never_ours();
	test_channel__requests_of_the_child();
	test_channel__asked_outlives_the_channel();
	test_channel__a_child_that_does_not_read();
	test_channel__a_flood_of_requests_is_bounded();
	test_channel__calls_are_bounded();
	test_channel__the_child_ends();
	event_base_free(base);
	return done();
}
