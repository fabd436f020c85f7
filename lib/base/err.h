/* SPDX-License-Identifier: MIT */
/*
 * An error on its way up: set where it is known, wrapped with one noun while
 * it rises, printed once at the top. Functions that can fail return 0 or -1
 * and take a `struct err *` last; NULL is allowed and drops the text.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define ERR_TEXT_MAX 2048

struct err {
	int code;			/* an errno, or 0 */
	char text[ERR_TEXT_MAX];	/* one line, no newline at its end */
};

/* Set text and code; always return -1, so that callers `return err_set(…)`. */
int err_set(struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
int err_sys(struct err *err, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));	/* appends ": strerror" */
/* Put "NOUN: " before what is there; returns -1. */
int err_wrap(struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
