/* SPDX-License-Identifier: MIT */
/* See jsonw.h. */
#include "base/jsonw.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void
jsonw_init(struct jsonw *w, struct buf *out)
{
	*w = (struct jsonw){ .out = out };
}

/* The comma before a value or key, where one is due. */
static void
separate(struct jsonw *w)
{
	if (w->after_key) {
		w->after_key = false;
		return;
	}
	if (w->more[w->depth])
		buf_putc(w->out, ',');
	w->more[w->depth] = true;
}

static void
push(struct jsonw *w, char c)
{
	separate(w);
	buf_putc(w->out, c);
	assert(w->depth + 1 < JSONW_DEPTH_MAX);
	w->more[++w->depth] = false;
}

static void
pop(struct jsonw *w, char c)
{
	assert(w->depth > 0);
	w->depth--;
	buf_putc(w->out, c);
}

void
jsonw_object(struct jsonw *w)
{
	push(w, '{');
}

void
jsonw_array(struct jsonw *w)
{
	push(w, '[');
}

void
jsonw_end_object(struct jsonw *w)
{
	pop(w, '}');
}

void
jsonw_end_array(struct jsonw *w)
{
	pop(w, ']');
}

/* Length of the valid UTF-8 sequence at s (RFC 3629), 0 if there is none. */
static size_t
utf8_len(const unsigned char *s, size_t left)
{
	size_t n;

	if (s[0] < 0x80)
		return 1;
	n = s[0] >= 0xc2 && s[0] < 0xe0 ? 2 :
	    s[0] >= 0xe0 && s[0] < 0xf0 ? 3 :
	    s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;
	if (n == 0 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* Valid, but line breaks or not printable to a YAML reader, which reads our
 * canonical JSON too: NEL and the other C1 controls, LS, PS, BOM, U+FFFE/F.
 * The code point, or 0. */
static unsigned
awkward(const unsigned char *p, size_t n)
{
	unsigned c;

	if (n == 2 && p[0] == 0xc2 && p[1] < 0xa0)
		return p[1];
	if (n != 3)
		return 0;
	c = (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3f);
	return c == 0x2028 || c == 0x2029 || c == 0xfeff || c >= 0xfffe ?
	    c : 0;
}

static void
escape(struct buf *out, unsigned char c)
{
	static const char from[] = "\"\\\n\r\t\b\f", to[] = "\"\\nrtbf";
	const char *p = c ? strchr(from, c) : NULL;

	if (p)
		buf_printf(out, "\\%c", to[p - from]);
	else
		buf_printf(out, "\\u%04x", c);
}

static void
quoted(struct buf *out, const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t plain = 0, n;

	buf_putc(out, '"');
	for (size_t i = 0; i < len; i += n) {
		unsigned odd = 0;

		n = utf8_len(p + i, len - i);
		if (n > 1)
			odd = awkward(p + i, n);
		if ((n > 1 && !odd) || (n == 1 && p[i] >= 0x20 && p[i] != '"' &&
		    p[i] != '\\' && p[i] != 0x7f)) {
			plain += n;
			continue;
		}
		buf_add(out, s + i - plain, plain);
		plain = 0;
		if (odd) {
			buf_printf(out, "\\u%04x", odd);
			continue;
		}
		if (n == 0)
			buf_puts(out, "\xef\xbf\xbd");
		else
			escape(out, p[i]);
		n = 1;
	}
	buf_add(out, s + len - plain, plain);
	buf_putc(out, '"');
}

void
jsonw_strn(struct jsonw *w, const char *s, size_t len)
{
	separate(w);
	quoted(w->out, s, len);
}

void
jsonw_str(struct jsonw *w, const char *s)
{
	if (s)
		jsonw_strn(w, s, strlen(s));
	else
		jsonw_null(w);
}

void
jsonw_key(struct jsonw *w, const char *key)
{
	separate(w);
	quoted(w->out, key, strlen(key));
	buf_putc(w->out, ':');
	w->after_key = true;
}

void
jsonw_raw(struct jsonw *w, const char *json, size_t len)
{
	separate(w);
	buf_add(w->out, json, len);
}

void
jsonw_int(struct jsonw *w, int64_t n)
{
	char text[24];

	jsonw_raw(w, text, snprintf(text, sizeof text, "%lld", (long long)n));
}

void
jsonw_bool(struct jsonw *w, bool b)
{
	jsonw_raw(w, b ? "true" : "false", b ? 4 : 5);
}

void
jsonw_null(struct jsonw *w)
{
	jsonw_raw(w, "null", 4);
}

void
jsonw_kstr(struct jsonw *w, const char *key, const char *s)
{
	jsonw_key(w, key);
	jsonw_str(w, s);
}

void
jsonw_kint(struct jsonw *w, const char *key, int64_t n)
{
	jsonw_key(w, key);
	jsonw_int(w, n);
}

void
jsonw_kbool(struct jsonw *w, const char *key, bool b)
{
	jsonw_key(w, key);
	jsonw_bool(w, b);
}
