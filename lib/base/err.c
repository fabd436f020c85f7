/* SPDX-License-Identifier: MIT */
/* See err.h. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void
set_text(struct err *err, const char *fmt, va_list ap)
{
	/* Through a copy: an argument may be err's own text. */
	char text[ERR_TEXT_MAX];

	vsnprintf(text, sizeof text, fmt, ap);
	memcpy(err->text, text, sizeof text);
}

int
err_set(struct err *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	set_text(err, fmt, ap);
	va_end(ap);
	err->code = 0;
	return -1;
}

int
err_sys(struct err *err, int errnum, const char *fmt, ...)
{
	va_list ap;
	size_t len;

	if (!err)
		return -1;
	va_start(ap, fmt);
	set_text(err, fmt, ap);
	va_end(ap);
	err->code = errnum;
	len = strlen(err->text);
	snprintf(err->text + len, sizeof err->text - len, ": %s",
	    strerror(errnum));
	return -1;
}

int
err_wrap(struct err *err, const char *fmt, ...)
{
	char noun[ERR_TEXT_MAX / 2], rest[ERR_TEXT_MAX];
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	vsnprintf(noun, sizeof noun, fmt, ap);
	va_end(ap);
	memcpy(rest, err->text, sizeof rest);
	snprintf(err->text, sizeof err->text, "%s: %.*s", noun,
	    (int)(sizeof err->text - strlen(noun) - 3), rest);
	return -1;
}
