/* SPDX-License-Identifier: MIT */
/* See buf.h. */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define BUF_FIRST 256

static char nothing[1];

void
buf_init(struct buf *b, size_t limit)
{
	*b = (struct buf){ .data = nothing, .limit = limit };
}

void
buf_release(struct buf *b)
{
	if (b->size)
		free(b->data);
	buf_init(b, b->limit);
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	b->overflow = false;
	if (b->size)
		b->data[0] = '\0';
}

char *
buf_reserve(struct buf *b, size_t len)
{
	size_t need = b->len + len + 1, size = b->size;

	if (need < len || (b->limit && b->len + len > b->limit)) {
		b->overflow = true;
		return NULL;
	}
	if (need > size) {
		size = size ? size : BUF_FIRST;
		while (size < need)
			size *= 2;
		b->data = mem_grow(b->size ? b->data : NULL, size, 1);
		b->size = size;
		b->data[b->len] = '\0';
	}
	return b->data + b->len;
}

void
buf_added(struct buf *b, size_t len)
{
	b->len += len;
	b->data[b->len] = '\0';
}

void
buf_add(struct buf *b, const void *data, size_t len)
{
	char *at;

	if (len == 0 || !(at = buf_reserve(b, len)))
		return;
	memcpy(at, data, len);
	buf_added(b, len);
}

void
buf_puts(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_putc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	char *at;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n > 0 && (at = buf_reserve(b, n))) {
		vsnprintf(at, n + 1, fmt, again);
		b->len += n;
	}
	va_end(again);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void
buf_drop(struct buf *b, size_t len)
{
	if (len == 0)
		return;
	b->len -= len;
	memmove(b->data, b->data + len, b->len);
	b->data[b->len] = '\0';
}

bool
buf_ok(const struct buf *b)
{
	return !b->overflow;
}

char *
buf_take(struct buf *b)
{
	char *data = b->size ? b->data : mem_strdup("");

	buf_init(b, b->limit);
	return data;
}
