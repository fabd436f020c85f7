/* SPDX-License-Identifier: MIT */
/* Fleet files: what is refused, with which words, and what comes through. */
#include <stdlib.h>

#include "base/mem.h"
#include "spec/fleet_spec.h"
#include "tap.h"

static struct spec_errors errors;

static struct fleet_spec *
parse(const char *text)
{
	spec_errors_release(&errors);
	return fleet_spec_parse(text, strlen(text), "f", "/d", &errors);
}

static const struct { const char *text, *error; } wrong[] = {
	{ "children:\n  a: {comand: x}\n", "f:2:7: unknown key 'comand' in a "
	    "child (did you mean 'command'?)" },
	{ "children:\n  a: {}\n", "f:2:3: child a has no command" },
	{ "children:\n  a: {command: x}\n  a: {command: y}\n",
	    "f:3:3: duplicate key 'a' (first at line 2)" },
	{ "children: [a]\n", "f:1:11: children must be a map of names, not a "
	    "list" },
	{ "hosts: {}\n", "f:1:1: unknown key 'hosts' in the fleet file" },
	{ "a: b: c\n", "f:1:5: mapping values are not allowed in this "
	    "context" },
	{ "children:\n  -a: {command: x}\n", "f:2:3: '-a' cannot be a name: "
	    "use letters, digits and _ . @ : -, a letter or digit first" },
	{ "children:\n  a: {command: \"x 'y\"}\n",
	    "f:2:16: command: a ' is not closed" },
	{ "children:\n  a: {command: x, restart: alwys}\n",
	    "f:2:28: restart cannot be 'alwys'; it is one of permanent, "
	    "transient, temporary, always, on-failure, never (did you mean "
	    "'always'?)" },
	{ "children:\n  a: {command: x, stop_timeout: 5}\n",
	    "f:2:33: stop_timeout: '5' is not a duration such as 100ms, 5s, "
	    "2m, 1h" },
	{ "children:\n  a: {command: x, replicas: 0}\n",
	    "f:2:29: replicas must be a whole number from 1 to 5000" },
	{ "children:\n  a: {command: x, user: nobody-such}\n",
	    "f:2:25: user: there is no user 'nobody-such' on this machine" },
	{ "children:\n  a: {command: x, umask: \"9\"}\n",
	    "f:2:26: umask must be octal, such as 022" },
	{ "children:\n  a: {command: x, rlimits: {nofiles: 3}}\n",
	    "f:2:29: unknown key 'nofiles' in rlimits (did you mean "
	    "'nofile'?)" },
	{ "children:\n  a: {command: x, ready: {fd: 1}}\n",
	    "f:2:31: fd must be a whole number from 3 to 63" },
	{ "children:\n  a: {command: x, ready: {watchdog: 3s}}\n",
	    "f:2:26: ready: watchdog needs notify: true" },
	{ "children:\n  a: {command: x, on_max_restarts: relocate}\n",
	    "f:2:36: on_max_restarts cannot be 'relocate'; it is one of "
	    "backoff, stop" },
	{ "children:\n  a: {command: x, environment: {A: }}\n",
	    "f:2:36: environment: the value of A must be a text (write \"\" "
	    "for an empty one)" },
	{ "children:\n  a: {command: x, environment: {SWARMSUP_X: 1}}\n",
	    "f:2:33: environment: names that begin with SWARMSUP_ are "
	    "swarmsup's own" },
	{ "children:\n  a: {command: x, depends_on: [b]}\n",
	    "f:2:3: a depends on b, and there is no such child" },
	{ "children:\n  a: {command: x, depends_on: [b]}\n"
	    "  b: {command: x, depends_on: [a]}\n",
	    "f:2:3: depends_on goes round in a circle: a -> b -> a" },
	{ "children:\n  a: {command: x, replicas: 2}\n  a-1: {command: y}\n",
	    "f:3:3: the name a-1 is also a name of child a" },
	{ "children: *none\n", "f:1:11: no anchor &none stands before *none" },
	{ "--- {}\n--- {}\n", "f:2:1: a second document (---) begins here; "
	    "there can be one" },
};

static void
test_fleet__mistakes_are_told_with_their_places(void)
{
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct fleet_spec *fleet = parse(wrong[i].text);

		ok(fleet == NULL, "refused: %s", wrong[i].error);
		is_str(errors.lines ? errors.lines[0] : NULL, wrong[i].error,
		    "with these words");
		fleet_spec_free(fleet);
	}
}

static void
test_fleet__all_mistakes_at_once(void)
{
	ok(parse("children:\n  a: {x: 1}\n  b: {command: [], y: 2}\n") == NULL,
	    "refused");
	is_int(errors.count, 4, "four mistakes");
}

/* Nine levels of ten aliases each: a thousand million nodes. */
static void
test_fleet__alias_bomb_and_depth_are_refused(void)
{
	struct buf text;

	buf_init(&text, 0);
	buf_puts(&text, "x-0: &a0 [a, a, a, a, a, a, a, a, a, a]\n");
	for (int i = 1; i < 10; i++) {
		buf_printf(&text, "x-%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			buf_printf(&text, "%s*a%d", k ? ", " : "", i - 1);
		buf_puts(&text, "]\n");
	}
	ok(parse(text.data) == NULL, "an alias bomb is refused");
	ok(strstr(errors.lines[0], "too large once its aliases are expanded")
	    != NULL, "and named");
	buf_clear(&text);
	for (int i = 0; i < 1000; i++)
		buf_putc(&text, '[');
	ok(parse(text.data) == NULL, "a thousand brackets are refused");
	buf_release(&text);
}

static void
test_fleet__canonical_json_comes_back_equal(void)
{
	static const char yaml[] =
	    "defaults: &d {log: {max_size: 1MB}, groups: [g]}\n"
	    "children:\n"
	    "  a: &a\n"
	    "    command: \"x 'y z' \\\"q\\\"\"\n"
	    "    environment: {A: \"tab\\there\", B: \"\\u2028\\x85 \\x7f "
	    "\\U0001F600\", C: 'true', D: 12}\n"
	    "    user: root:0\n"
	    "    rlimits: {nofile: {soft: 10, hard: unlimited}}\n"
	    "    stop_signal: [INT, TERM]\n"
	    "    stop_timeout: infinity\n"
	    "    backoff: {factor: 1.5, jitter: 0.25}\n"
	    "    success_exit_codes: [0, 255]\n"
	    "    pre_start: [a, b]\n"
	    "  b:\n"
	    "    <<: *a\n"
	    "    command: one\n"
	    "    depends_on: {a: {condition: completed}}\n"
	    "    ready: {notify: true, watchdog: 1500ms}\n"
	    "    log: {format: raw}\n";
	struct fleet_spec *one = parse(yaml), *two;
	struct buf a, b;

	ok(one != NULL, "it is read");
	if (!one)
		return;
	buf_init(&a, 0);
	buf_init(&b, 0);
	fleet_spec_format(one, &a);
	two = parse(a.data);
	ok(two != NULL, "its canonical form is read");
	if (two)
		fleet_spec_format(two, &b);
	is_str(b.data, a.data, "and is a fixed point");
	if (two) {
		const struct child_spec *s = map_get(two->children, "b");

		ok(child_spec_equal(map_get(one->children, "b"), s),
		    "with equal specs");
		is_int(s->log_max_size, 1000000, "defaults merge into maps");
		is_str(s->environment[1], "B=\xe2\x80\xa8\xc2\x85 \x7f "
		    "\xf0\x9f\x98\x80", "no character is lost");
		is_str(s->working_dir, "/d", "folder of the file");
	}
	fleet_spec_free(one);
	fleet_spec_free(two);
	buf_release(&a);
	buf_release(&b);
}

static void
test_spec__what_needs_a_restart(void)
{
	struct fleet_spec *f = parse("children:\n"
	    "  a: {command: x}\n  b: {command: x, groups: [g], "
	    "restart: temporary}\n  c: {command: y}\n");
	const struct child_spec *a, *b, *c;
	const char *keys[8];

	ok(f != NULL, "it is read");
	if (!f)
		return;
	a = map_get(f->children, "a");
	b = map_get(f->children, "b");
	c = map_get(f->children, "c");
	ok(!child_spec_needs_restart(a, b), "groups and rules do not");
	ok(child_spec_needs_restart(a, c), "a command does");
	is_int(child_spec_diff(a, b, keys, 8), 2, "two keys differ");
	is_str(keys[0], "restart", "named in the manual's order");
	fleet_spec_free(f);
}

int
main(void)
{
	test_fleet__mistakes_are_told_with_their_places();
	test_fleet__all_mistakes_at_once();
	test_fleet__alias_bomb_and_depth_are_refused();
	test_fleet__canonical_json_comes_back_equal();
	test_spec__what_needs_a_restart();
	spec_errors_release(&errors);
	return done();
}
