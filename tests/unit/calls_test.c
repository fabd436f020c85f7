/* SPDX-License-Identifier: MIT */
/* Calls by name and by group, and what children ask: an agent with a core,
 * a store in a folder of its own, and children that are we. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/calls.h"
#include "agent/child_calls.h"
#include "agent/store.h"
#include "agent/warden_link.h"
#include "base/clock.h"
#include "base/mem.h"
#include "spec/fleet_spec.h"
#include "tap.h"

static struct agent agent;
static struct peer { const char *name; int fd; } peers[] = {
	{ "a", -1 }, { "b", -1 }, { "c", -1 } };
static char heard[1 << 16];

static void
on_packet(void *arg, const struct wire_head *packet, int *fds)
{
	(void)arg;
	(void)packet;
	(void)fds;
}

static void
turn(void)
{
	for (int i = 0; i < 4; i++)
		event_base_loop(agent.base, EVLOOP_NONBLOCK);
}

static int
fd_of(const char *name)
{
	for (size_t i = 0; i < sizeof peers / sizeof *peers; i++)
		if (strcmp(peers[i].name, name) == 0)
			return peers[i].fd;
	abort();
}

static const char *
hear(const char *name)
{
	ssize_t n;

	turn();
	n = read(fd_of(name), heard, sizeof heard - 1);
	heard[n > 0 ? n : 0] = '\0';
	return heard;
}

static void
say(const char *name, const char *fmt, ...)
{
	char text[4096];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (write(fd_of(name), text, n) != n)
		perror("write");
	turn();
}

/* The child answers the one request that it has heard. */
static void
reply(const char *name, const char *result)
{
	const char *at = strstr(hear(name), "\"id\":");

	say(name, "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"result\":%s}\n", at ?
	    strtoull(at + 5, NULL, 10) : 0, result);
}

/* Children a, b, c with channels, in group g; d without; e does not run. */
static void
begin(const char *dir)
{
	static const char text[] = "{fleet: t, defaults: {channel: true, "
	    "command: x, groups: [g]}, children: {a: {}, b: {}, c: {}, "
	    "d: {channel: false}, e: {autostart: false}}}";
	struct spec_errors errors = { 0 };
	struct fleet_spec *fleet = fleet_spec_parse(text, strlen(text), "t",
	    "/", &errors);
	struct core_config config = { .max_children = 10 };
	struct map_iter it = { 0 };
	struct input in;
	struct err err;
	int pair[2];
	void *spec;

	agent.config.host = mem_strdup("here");
	agent.base = event_base_new();
	agent.core = core_new(&config);
	agent.config.paths.database = mem_printf("%s/state.db", dir);
	agent.store = store_open(agent.config.paths.database, &(char *){ 0 },
	    &err);
	agent.tick = evtimer_new(agent.base, NULL, NULL);
	agent.flush = evtimer_new(agent.base, NULL, NULL);
	agent.slots = mem_array(WIRE_SLOTS_MAX, sizeof *agent.slots);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair) < 0)
		abort();
	agent.link = link_new(agent.base, pair[0], on_packet, NULL);
	while (map_next(fleet->children, &it, NULL, &spec)) {
		in = (struct input){ .type = INPUT_SPEC_PUT, .spec = spec,
		    .name = ((struct child_spec *)spec)->name,
		    .source = "file", .now_ms = 1 };
		core_step(agent.core, &in);
	}
	fleet_spec_free(fleet);
	for (size_t i = 0; i < sizeof peers / sizeof *peers; i++) {
		struct child *c = core_find(agent.core, peers[i].name);
		struct runner *r = runner_of(&agent, c);

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair)
		    < 0)
			abort();
		peers[i].fd = pair[1];
		r->channel = channel_new(agent.base, pair[0], false,
		    child_calls_serve, r);
	}
}

struct outcome { int count; enum call_outcome is; char text[4096]; };

static void
on_done(void *arg, enum call_outcome outcome, const char *result, size_t len,
    const char *text)
{
	struct outcome *o = arg;

	o->count++;
	o->is = outcome;
	snprintf(o->text, sizeof o->text, "%.*s", result ? (int)len : 4000,
	    result ? result : text);
}

static struct calls_one *
call(struct outcome *o, const char *name)
{
	*o = (struct outcome){ 0 };
	return calls_call(&agent, name, "1", 1, NULL, 1000, on_done, o);
}

static void
test_calls__by_name(void)
{
	struct outcome o;
	const char *text;
	struct calls_one *one;

	ok(call(&o, "a") && o.count == 0, "a call goes out");
	reply("a", "{\"x\":1}");
	ok(o.is == CALL_DONE, "and comes back");
	is_str(o.text, "{\"x\":1}", "with what it said");
	ok(!call(&o, "nobody") && o.is == CALL_NO_NAME, "nobody");
	ok(!call(&o, "d") && o.is == CALL_NO_CHANNEL, "no channel");
	ok(!call(&o, "e") && o.is == CALL_NOT_RUNNING, "not running");
	one = call(&o, "b");
	calls_cancel(one);
	reply("b", "1");
	is_int(o.count, 0, "one that was cancelled");
	is_int(calls_cast(&agent, "a", "[2]", 3, &text), CALL_DONE, "a cast");
	ok(strstr(hear("a"), "\"method\":\"cast\",\"params\":{\"body\":[2]}}"),
	    "arrives");
	is_int(calls_cast(&agent, "e", "1", 1, &text), CALL_NOT_RUNNING,
	    "not to one that does not run");
	is_int(calls_counters.by_outcome[CALL_DONE], 1, "calls are counted");
}

static char multi[4096];

static void
on_multi(void *arg, const char *json, size_t len)
{
	(void)arg;
	snprintf(multi, sizeof multi, "%.*s", (int)len, json);
}

static void
test_calls__by_group(void)
{
	struct multicall *m;
	int64_t end_ms;

	is_int(calls_members(&agent, "g"), 5, "five are in the group");
	is_int(calls_members(&agent, "none"), 0, "none in another");
	is_int(calls_publish(&agent, "g", "7", 1), 3, "three hear it");
	ok(strstr(hear("c"), "\"params\":{\"body\":7}"), "one of them is c");
	hear("a");
	hear("b");
	multi[0] = '\0';
	m = calls_multicall(&agent, "g", "8", 1, NULL, 50, on_multi, NULL);
	ok(m && !multi[0], "all are asked");
	reply("c", "3");
	reply("a", "[1]");
	hear("b");
	ok(!multi[0], "one has not answered");
	for (end_ms = clock_boot_ms() + 100; clock_boot_ms() < end_ms;) {
		event_base_loop(agent.base, EVLOOP_NONBLOCK);
		usleep(5000);
	}
	ok(strstr(multi, "\"replies\":{\"c\":3,\"a\":[1]}"), "replies");
	ok(strstr(multi, "\"b\":\"it did not answer in time\"") &&
	    strstr(multi, "\"d\":\"it has no channel") &&
	    strstr(multi, "\"e\":\"it is not running\""), "errors, by name");
	multi[0] = '\0';
	ok(!calls_multicall(&agent, "none", "8", 1, NULL, 50, on_multi,
	    NULL), "nobody to ask");
	is_str(multi, "{\"replies\":{},\"errors\":{}}", "answers at once");
	m = calls_multicall(&agent, "g", "8", 1, NULL, 50, on_multi, NULL);
	calls_multicall_cancel(m);
	multi[0] = '\0';
	reply("a", "1");
	is_str(multi, "", "one that was cancelled");
	hear("b");
	hear("c");
}

#define ASK(id, method, params) \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method \
	"\",\"params\":" params "}\n"

static void
test_child_calls__one_child_calls_another(void)
{
	say("a", ASK("1", "call", "{\"to\":\"b\",\"body\":{\"q\":1}}"));
	ok(strstr(hear("b"), "\"params\":{\"body\":{\"q\":1},\"from\":\"a\"}"),
	    "b hears the call and from whom");
	say("b", "{\"id\":%llu,\"result\":\"yes\"}\n",
	    strtoull(strstr(heard, "\"id\":") + 5, NULL, 10));
	is_str(hear("a"), "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"yes\"}\n",
	    "a gets the answer");
	say("a", ASK("\"x\"", "call", "{\"to\":\"a\",\"body\":2}"));
	reply("a", "22");
	is_str(hear("a"), "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":22}\n",
	    "a child may call itself");
	say("a", ASK("2", "call", "{\"to\":\"nobody\"}"));
	ok(strstr(hear("a"), "\"id\":2,\"error\":{\"code\":-32001"), "nobody");
	say("a", ASK("3", "call", "{\"to\":\"b\",\"timeout_ms\":10}"));
	usleep(20000);
	ok(strstr(hear("a"), "\"id\":3,\"error\":{\"code\":-32004"),
	    "no answer in time");
	hear("b");
	say("a", ASK("4", "call", "{\"to\":\"b\",\"timeout_ms\":\"soon\"}"));
	ok(strstr(hear("a"), "-32602"), "a bad time-out");
	say("a", "{\"method\":\"call\",\"params\":{\"to\":\"b\"}}\n");
	ok(strstr(hear("b"), "\"method\":\"cast\""),
	    "a call that waits for no answer is a cast");
	say("a", ASK("5", "cast", "{\"to\":\"c\",\"body\":[]}"));
	ok(strstr(hear("c"), "{\"body\":[]}"), "a cast");
	is_str(hear("a"), "{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":true}\n",
	    "was sent");
}

static void
test_child_calls__groups(void)
{
	say("a", ASK("1", "join", "{\"group\":\"h\"}"));
	is_str(hear("a"), "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":true}\n",
	    "a child joins");
	say("a", ASK("2", "members", "{\"group\":\"h\"}"));
	ok(strstr(hear("a"), "\"result\":[\"a\"]"), "is a member");
	is_int(calls_members(&agent, "h"), 1, "for all");
	say("a", ASK("3", "join", "{\"group\":\"h\"}"));
	ok(strstr(hear("a"), "true"), "joining again is no error");
	say("b", ASK("4", "publish", "{\"group\":\"h\",\"body\":5}"));
	ok(strstr(hear("b"), "\"result\":1"), "one is told");
	ok(strstr(hear("a"), "{\"body\":5}"), "it hears");
	say("a", ASK("5", "leave", "{\"group\":\"h\"}"));
	hear("a");
	is_int(calls_members(&agent, "h"), 0, "it leaves");
	say("a", ASK("6", "join", "{\"group\":\"no spaces\"}"));
	ok(strstr(hear("a"), "-32602"), "a group has a name's letters");
	say("b", ASK("7", "multicall", "{\"group\":\"none\"}"));
	ok(strstr(hear("b"), "\"result\":{\"replies\":{},\"errors\":{}}"),
	    "multicall of nobody");
}

static void
test_child_calls__the_rest(void)
{
	static char long_text[3000];

	say("a", ASK("1", "where", "{\"name\":\"b\"}"));
	ok(strstr(hear("a"), "{\"name\":\"b\",\"host\":\"here\",\"pid\":null,"),
	    "where");
	say("a", ASK("1", "where", "{\"name\":\"nobody\"}"));
	ok(strstr(hear("a"), "-32001"), "where is nobody");
	say("a", ASK("1", "what", "{}"));
	ok(strstr(hear("a"), "-32601"), "an unknown method");
	say("a", ASK("1", "where", "{}"));
	ok(strstr(hear("a"), "-32602"), "a missing parameter");
	say("a", ASK("1", "where", "[\"b\"]"));
	ok(strstr(hear("a"), "-32602"), "parameters by place");
	say("a", ASK("1", "where", "{\"name\":7}"));
	ok(strstr(hear("a"), "-32602"), "of the wrong type");
	say("a", "{\"method\":\"what\"}\n");
	is_str(hear("a"), "", "a wrong notification is not answered");
	memset(long_text, 'x', sizeof long_text - 1);
	say("a", "{\"method\":\"status\",\"params\":{\"text\":\"%s\"}}\n",
	    long_text);
	say("a", "{\"method\":\"ready\"}\n");
	is_str(hear("a"), "", "status and ready are notifications");
}

int
main(void)
{
	char dir[] = "/tmp/calls-test-XXXXXX", *command;

	if (!mkdtemp(dir))
		abort();
	begin(dir);
	test_calls__by_name();
	test_calls__by_group();
	test_child_calls__one_child_calls_another();
	test_child_calls__groups();
	test_child_calls__the_rest();
	store_close(agent.store);
	command = mem_printf("rm -rf %s", dir);
	if (system(command) != 0)
		perror(command);
	free(command);
	return done();
}
