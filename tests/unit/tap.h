/* SPDX-License-Identifier: MIT */
/*
 * TAP for the unit tests: each check is a line "ok N - what". A test program
 * is a main that calls its test functions and ends with `return done();`.
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failures;

__attribute__((format(printf, 4, 5), unused)) static int
tap_ok(int cond, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", cond ? "" : "not ", ++tap_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	if (!cond) {
		tap_failures++;
		printf("# at %s:%d\n", file, line);
	}
	fflush(stdout);
	return cond;
}

__attribute__((unused)) static int
tap_int(long long is, long long want, const char *file, int line,
    const char *what)
{
	int good = tap_ok(is == want, file, line, "%s", what);

	if (!good)
		printf("# is %lld, wanted %lld\n", is, want);
	return good;
}

__attribute__((unused)) static int
tap_str(const char *is, const char *want, const char *file, int line,
    const char *what)
{
	int same = is && want ? strcmp(is, want) == 0 : is == want;
	int good = tap_ok(same, file, line, "%s", what);

	if (!good)
		printf("# is     \"%s\"\n# wanted \"%s\"\n",
		    is ? is : "(null)", want ? want : "(null)");
	return good;
}

#define ok(cond, ...) tap_ok((cond) != 0, __FILE__, __LINE__, __VA_ARGS__)
#define is_int(is, want, what) \
	tap_int((is), (want), __FILE__, __LINE__, (what))
#define is_str(is, want, what) \
	tap_str((is), (want), __FILE__, __LINE__, (what))

__attribute__((unused)) static int
done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failures != 0;
}

#endif
