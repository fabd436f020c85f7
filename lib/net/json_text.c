/* SPDX-License-Identifier: MIT */
/* See json_text.h. */
#include "net/json_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct reader {
	const unsigned char *p, *end;
	const char *wrong;
};

static bool
fail(struct reader *r, const char *what)
{
	if (!r->wrong)
		r->wrong = what;
	return false;
}

static void
skip_space(struct reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' ||
	    *r->p == '\t' || *r->p == '\r'))
		r->p++;
}

static bool
read_digits(struct reader *r)
{
	const unsigned char *from = r->p;

	while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
		r->p++;
	return r->p > from || fail(r, "a malformed number");
}

static bool
read_number(struct reader *r)
{
	if (r->p < r->end && *r->p == '-')
		r->p++;
	if (r->p < r->end && *r->p == '0')
		r->p++;
	else if (!read_digits(r))
		return false;
	if (r->p < r->end && *r->p == '.') {
		r->p++;
		if (!read_digits(r))
			return false;
	}
	if (r->p < r->end && (*r->p == 'e' || *r->p == 'E')) {
		r->p++;
		if (r->p < r->end && (*r->p == '+' || *r->p == '-'))
			r->p++;
		return read_digits(r);
	}
	return true;
}

/* Four hexadecimal digits, or -1. */
static int
hex4(const unsigned char *p, const unsigned char *end)
{
	int n = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int c = p[i] | 0x20;

		if (p[i] >= '0' && p[i] <= '9')
			n = n << 4 | (p[i] - '0');
		else if (c >= 'a' && c <= 'f')
			n = n << 4 | (c - 'a' + 10);
		else
			return -1;
	}
	return n;
}

/* After the backslash. */
static bool
read_escape(struct reader *r)
{
	int unit;

	if (r->p == r->end || !strchr("\"\\/bfnrtu", *r->p) || !*r->p)
		return fail(r, "a malformed escape in a string");
	if (*r->p++ != 'u')
		return true;
	unit = hex4(r->p, r->end);
	if (unit < 0)
		return fail(r, "a malformed escape in a string");
	r->p += 4;
	if (unit < 0xd800 || unit > 0xdfff)
		return true;
	if (unit > 0xdbff || r->end - r->p < 6 || r->p[0] != '\\' ||
	    r->p[1] != 'u' || (hex4(r->p + 2, r->end) & 0xfc00) != 0xdc00)
		return fail(r, "half a surrogate pair in a string");
	r->p += 6;
	return true;
}

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
static bool
read_utf8(struct reader *r)
{
	const unsigned char *p = r->p;
	int n = *p >= 0xc2 && *p < 0xe0 ? 2 : *p >= 0xe0 && *p < 0xf0 ? 3 :
	    *p >= 0xf0 && *p < 0xf5 ? 4 : 0;

	if (n == 0 || r->end - p < n)
		return fail(r, "a string that is not UTF-8");
	for (int i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return fail(r, "a string that is not UTF-8");
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return fail(r, "a string that is not UTF-8");
	r->p += n;
	return true;
}

/* At the opening quote. */
static bool
read_string(struct reader *r)
{
	r->p++;
	while (r->p < r->end) {
		unsigned char c = *r->p;

		if (c == '"') {
			r->p++;
			return true;
		}
		if (c < 0x20)
			return fail(r, "a control character in a string");
		if (c == '\\') {
			r->p++;
			if (!read_escape(r))
				return false;
		} else if (c < 0x80) {
			r->p++;
		} else if (!read_utf8(r)) {
			return false;
		}
	}
	return fail(r, "a string without an end");
}

static bool
read_word(struct reader *r, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(r->end - r->p) < len || memcmp(r->p, word, len) != 0)
		return fail(r, "an unknown word");
	r->p += len;
	return true;
}

static bool
read_scalar(struct reader *r)
{
	switch (*r->p) {
	case '"': return read_string(r);
	case 't': return read_word(r, "true");
	case 'f': return read_word(r, "false");
	case 'n': return read_word(r, "null");
	case '-': case '0': case '1': case '2': case '3': case '4':
	case '5': case '6': case '7': case '8': case '9':
		return read_number(r);
	default: return fail(r, "something that is not JSON");
	}
}

/* A key and its colon. */
static bool
read_key(struct reader *r)
{
	skip_space(r);
	if (r->p == r->end || *r->p != '"')
		return fail(r, "an object without a key");
	if (!read_string(r))
		return false;
	skip_space(r);
	if (r->p == r->end || *r->p != ':')
		return fail(r, "a key without a colon");
	r->p++;
	return true;
}

/* What may follow a value: closes what it closes. */
static bool
read_after(struct reader *r, const bool *is_object, int *depth)
{
	while (*depth > 0) {
		bool object = is_object[*depth - 1];

		skip_space(r);
		if (r->p == r->end)
			return fail(r, "an end that is missing");
		if (*r->p == ',') {
			r->p++;
			return !object || read_key(r);
		}
		if (*r->p != (object ? '}' : ']'))
			return fail(r, "a comma that is missing");
		r->p++;
		--*depth;
	}
	return true;
}

/* One value, however deep, without recursion. */
static bool
read_value(struct reader *r)
{
	bool is_object[JSON_DEPTH_MAX];
	int depth = 0;

	do {
		skip_space(r);
		if (r->p == r->end)
			return fail(r, "a value that is missing");
		if (*r->p != '{' && *r->p != '[') {
			if (!read_scalar(r))
				return false;
		} else {
			bool object = *r->p++ == '{';

			if (depth == JSON_DEPTH_MAX)
				return fail(r, "too deep a nesting");
			is_object[depth++] = object;
			skip_space(r);
			if (r->p == r->end || *r->p != (object ? '}' : ']')) {
				if (object && !read_key(r))
					return false;
				continue;	/* to its first value */
			}
			r->p++;
			depth--;
		}
		if (!read_after(r, is_object, &depth))
			return false;
	} while (depth > 0);
	return true;
}

const char *
json_check(const char *text, size_t len, struct json_slice *value)
{
	struct reader r = { .p = (const unsigned char *)text,
	    .end = (const unsigned char *)text + len };
	const char *from;

	skip_space(&r);
	from = (const char *)r.p;
	if (!read_value(&r))
		return r.wrong;
	if (value)
		*value = (struct json_slice){ from, (const char *)r.p - from };
	skip_space(&r);
	return r.p == r.end ? NULL : "something after the value";
}

int
json_members(struct json_slice object, struct json_member *members, int max)
{
	struct reader r = { .p = (const unsigned char *)object.text,
	    .end = (const unsigned char *)object.text + object.len };
	int n = 0;

	if (object.len < 2 || *r.p != '{')
		return -1;
	r.p++;
	skip_space(&r);
	while (*r.p != '}') {
		struct json_member *m = &members[n];

		if (n == max)
			return -1;
		skip_space(&r);
		m->key.text = (const char *)r.p + 1;
		if (!read_key(&r))
			return -1;
		m->key.len = strcspn(m->key.text, "\"");
		skip_space(&r);
		m->value.text = (const char *)r.p;
		if (!read_value(&r))
			return -1;
		m->value.len = (const char *)r.p - m->value.text;
		for (int i = 0; i < n; i++)
			if (members[i].key.len == m->key.len &&
			    memcmp(members[i].key.text, m->key.text,
			    m->key.len) == 0)
				return -1;
		n++;
		skip_space(&r);
		if (*r.p == ',')
			r.p++;
	}
	return n;
}

const struct json_slice *
json_member(const struct json_member *members, int n, const char *key)
{
	size_t len = strlen(key);

	for (int i = 0; i < n; i++)
		if (members[i].key.len == len &&
		    memcmp(members[i].key.text, key, len) == 0)
			return &members[i].value;
	return NULL;
}

static char *
put_utf8(char *to, unsigned c)
{
	if (c < 0x80) {
		*to++ = c;
	} else if (c < 0x800) {
		*to++ = 0xc0 | c >> 6;
		*to++ = 0x80 | (c & 0x3f);
	} else if (c < 0x10000) {
		*to++ = 0xe0 | c >> 12;
		*to++ = 0x80 | (c >> 6 & 0x3f);
		*to++ = 0x80 | (c & 0x3f);
	} else {
		*to++ = 0xf0 | c >> 18;
		*to++ = 0x80 | (c >> 12 & 0x3f);
		*to++ = 0x80 | (c >> 6 & 0x3f);
		*to++ = 0x80 | (c & 0x3f);
	}
	return to;
}

char *
json_string(const struct json_slice *value)
{
	const unsigned char *p, *end;
	char *text, *to;

	if (!value || value->len < 2 || value->text[0] != '"')
		return NULL;
	p = (const unsigned char *)value->text + 1;
	end = p + value->len - 2;
	text = to = mem_alloc(value->len);
	while (p < end) {
		static const char from[] = "\"\\/bfnrt", is[] = "\"\\/\b\f\n\r\t";
		unsigned c = *p++;

		if (c == '\\' && *p != 'u') {
			c = is[strchr(from, *p++) - from];
		} else if (c == '\\') {
			c = hex4(p + 1, end);
			p += 5;
			if ((c & 0xfc00) == 0xd800) {
				c = 0x10000 + ((c & 0x3ff) << 10 |
				    (hex4(p + 2, end) & 0x3ff));
				p += 6;
			}
			if (c == 0) {
				free(text);
				return NULL;
			}
			to = put_utf8(to, c);
			continue;
		}
		*to++ = c;
	}
	*to = '\0';
	return text;
}

bool
json_integer(const struct json_slice *value, int64_t *n)
{
	size_t i = 0;

	if (!value || value->len == 0 || value->len > 18)
		return false;
	if (value->text[0] == '-')
		i++;
	for (*n = 0; i < value->len; i++) {
		if (value->text[i] < '0' || value->text[i] > '9')
			return false;
		*n = *n * 10 + (value->text[i] - '0');
	}
	if (value->text[0] == '-')
		*n = -*n;
	return true;
}
