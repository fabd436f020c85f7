/* SPDX-License-Identifier: MIT */
/* The JSON writer: commas, escapes, bytes that are not UTF-8. */
#include "base/jsonw.h"

#include "tap.h"

static struct buf out;
static struct jsonw w;

static const char *
quoted(const char *s, size_t len)
{
	buf_clear(&out);
	jsonw_init(&w, &out);
	jsonw_strn(&w, s, len);
	return out.data;
}

static void
test_jsonw__puts_commas_by_itself(void)
{
	buf_clear(&out);
	jsonw_init(&w, &out);
	jsonw_object(&w);
	jsonw_kstr(&w, "a", "x");
	jsonw_kstr(&w, "b", NULL);
	jsonw_key(&w, "c");
	jsonw_array(&w);
	jsonw_int(&w, INT64_MIN);
	jsonw_object(&w);
	jsonw_end_object(&w);
	jsonw_array(&w);
	jsonw_end_array(&w);
	jsonw_bool(&w, true);
	jsonw_end_array(&w);
	jsonw_kint(&w, "d", 7);
	jsonw_kbool(&w, "e", false);
	jsonw_key(&w, "f");
	jsonw_raw(&w, "{\"g\":1}", 7);
	jsonw_end_object(&w);
	is_str(out.data, "{\"a\":\"x\",\"b\":null,\"c\":"
	    "[-9223372036854775808,{},[],true],\"d\":7,\"e\":false,"
	    "\"f\":{\"g\":1}}", "one object");
	buf_putc(&out, '\n');
	jsonw_init(&w, &out);
	jsonw_null(&w);
	is_str(strchr(out.data, '\n'), "\nnull", "a new line begins anew");
}

static void
test_jsonw__escapes_what_must_be(void)
{
	is_str(quoted("a\"b\\c/", 6), "\"a\\\"b\\\\c/\"", "quotes, backslash");
	is_str(quoted("\n\r\t\b\f\x01\x7f", 7),
	    "\"\\n\\r\\t\\b\\f\\u0001\\u007f\"", "control characters");
	is_str(quoted("a\0b", 3), "\"a\\u0000b\"", "NUL");
	is_str(quoted("h\xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\x9d", 12),
	    "\"h\xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\x9d\"", "UTF-8 as it is");
	is_str(quoted("\xc2\x85\xe2\x80\xa8", 5), "\"\\u0085\\u2028\"",
	    "what YAML takes for the end of a line");
}

#define BAD "\xef\xbf\xbd"

static void
test_jsonw__replaces_what_is_not_utf8(void)
{
	is_str(quoted("\xff", 1), "\"" BAD "\"", "no such byte");
	is_str(quoted("\xc3", 1), "\"" BAD "\"", "cut off");
	is_str(quoted("\xe2\x82z", 3), "\"" BAD BAD "z\"", "cut off within");
	is_str(quoted("\xc0\xaf", 2), "\"" BAD BAD "\"", "overlong");
	is_str(quoted("\xed\xa0\x80", 3), "\"" BAD BAD BAD "\"", "surrogate");
	is_str(quoted("\xf4\x90\x80\x80", 4), "\"" BAD BAD BAD BAD "\"",
	    "beyond U+10FFFF");
	is_str(quoted("\xf4\x8f\xbf\xbd", 4), "\"\xf4\x8f\xbf\xbd\"",
	    "the last plane");
}

int
main(void)
{
	buf_init(&out, 0);
	test_jsonw__puts_commas_by_itself();
	test_jsonw__escapes_what_must_be();
	test_jsonw__replaces_what_is_not_utf8();
	buf_release(&out);
	return done();
}
