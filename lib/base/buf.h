/* SPDX-License-Identifier: MIT */
/*
 * A growing buffer of bytes with a hard limit given at init. The bytes are
 * always followed by a NUL that is not counted, so `data` is a C string when
 * it holds text. Going over the limit sets `overflow`, drops the append whole
 * and is reported by buf_ok(): check once at the end, not at each append.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data;		/* never NULL after buf_init */
	size_t len;
	size_t size;
	size_t limit;		/* 0: none */
	bool overflow;
};

void buf_init(struct buf *b, size_t limit);
void buf_release(struct buf *b);
void buf_clear(struct buf *b);			/* keeps the memory */
void buf_add(struct buf *b, const void *data, size_t len);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap);
/* Room for len more bytes at data + len of the result; add with buf_added. */
char *buf_reserve(struct buf *b, size_t len);	/* NULL: over the limit */
void buf_added(struct buf *b, size_t len);
void buf_drop(struct buf *b, size_t len);	/* from the front */
bool buf_ok(const struct buf *b);
/* Hands the bytes over to the caller, who frees them; b is empty again. */
char *buf_take(struct buf *b);

#endif
