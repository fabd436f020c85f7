/* SPDX-License-Identifier: MIT */
/* JSON in place: what is JSON, where its members are. */
#include <stdlib.h>

#include "base/buf.h"
#include "net/json_text.h"
#include "tap.h"

static void
test_json_text__what_is_json(void)
{
	static const char *const good[] = { "0", "-0.5e+3", "\"\"", "true",
	    "null", " [ ] ", "{}", "[1,[2,{\"a\":[]}],\"x\"]",
	    "{\"a\":1,\"b\":{\"c\":null}}\n", "\"\\u00e9\\ud83d\\ude00\\n\"",
	    "\"\xc3\xa9\xf0\x9f\x98\x80\"", "\"\\u0000\"", "1e999" };
	static const char *const bad[] = { "", " ", "01", "1.", "-", "+1",
	    ".5", "1e", "tru", "nul", "truex", "[1,]", "[,1]", "[1 2]", "{",
	    "}", "[", "]", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}",
	    "'x'", "\"", "\"\\x\"", "\"\\u12g4\"", "\"\\ud800\"",
	    "\"\\ude00\"", "\"\\ud800\\u0041\"", "\"\n\"", "\"\t\"",
	    "\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "1 2", "[1]]",
	    "NaN", "// x", "\xef\xbb\xbf" "1", "[1}", "{\"a\":1]" };

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		const char *wrong = json_check(good[i], strlen(good[i]), NULL);

		ok(!wrong, "%s is (%s)", i == 8 ? "an object" : good[i],
		    wrong ? wrong : "");
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(json_check(bad[i], strlen(bad[i]), NULL) != NULL,
		    "number %zu is not", i);
	ok(json_check("1\0", 2, NULL) != NULL, "a NUL byte");
	for (size_t i = 0; i < 9; i++)
		if (!json_check("{\"a\":[0]}", i, NULL))
			ok(0, "a beginning of %zu bytes", i);
}

static void
test_json_text__depth_is_bounded(void)
{
	struct buf b;

	buf_init(&b, 0);
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		buf_putc(&b, '[');
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		buf_putc(&b, ']');
	ok(!json_check(b.data, b.len, NULL), "so deep");
	buf_clear(&b);
	for (int i = 0; i < 1000000; i++)
		buf_putc(&b, '[');
	ok(json_check(b.data, b.len, NULL) != NULL, "not a million");
	buf_release(&b);
}

static void
test_json_text__members(void)
{
	static const char text[] = " { \"id\" : 7 ,\"params\":{\"x\":[1,\"}\"]}"
	    ",\"s\":\"a\\\"\\u00e9\\ud83d\\ude00\\/\"} ";
	struct json_member m[4];
	struct json_slice all;
	const struct json_slice *v;
	char *s;
	int64_t n;

	ok(!json_check(text, strlen(text), &all), "it is JSON");
	is_int(json_members(all, m, 4), 3, "three members");
	v = json_member(m, 3, "id");
	ok(v && json_integer(v, &n) && n == 7, "a number");
	v = json_member(m, 3, "params");
	ok(v && v->len == 13 && memcmp(v->text, "{\"x\":[1,\"}\"]}", 13) == 0,
	    "raw");
	s = json_string(json_member(m, 3, "s"));
	is_str(s, "a\"\xc3\xa9\xf0\x9f\x98\x80/", "a string is decoded");
	free(s);
	ok(!json_member(m, 3, "none"), "one that is not there");
	ok(json_string(json_member(m, 3, "id")) == NULL, "no string");
	is_int(json_members(all, m, 2), -1, "too many");
	json_check("{\"a\":1,\"a\":2}", 13, &all);
	is_int(json_members(all, m, 4), -1, "twice the same");
	json_check("[1]", 3, &all);
	is_int(json_members(all, m, 4), -1, "no object");
	json_check("{ }", 3, &all);
	is_int(json_members(all, m, 4), 0, "an empty one");
	json_check("{\"k\":\"\\u0000\"}", 14, &all);
	json_members(all, m, 4);
	ok(!json_string(&m[0].value), "a NUL character is no C string");
	json_check("-12", 3, &all);
	ok(json_integer(&all, &n) && n == -12, "a negative number");
	json_check("1.5", 3, &all);
	ok(!json_integer(&all, &n), "no fraction");
}

int
main(void)
{
	test_json_text__what_is_json();
	test_json_text__depth_is_bounded();
	test_json_text__members();
	return done();
}
