/* SPDX-License-Identifier: MIT */
/* Errors on their way up; clocks, whose text the log lines begin with. */
#include "base/err.h"

#include <errno.h>

#include "base/clock.h"
#include "tap.h"

static void
test_err__is_wrapped_while_it_rises(void)
{
	struct err err;

	is_int(err_sys(&err, ENOENT, "cannot open %s", "f"), -1, "returns -1");
	is_str(err.text, "cannot open f: No such file or directory", "errno");
	is_int(err.code, ENOENT, "and its number");
	is_int(err_wrap(&err, "child %d", 7), -1, "returns -1");
	is_str(err.text, "child 7: cannot open f: No such file or directory",
	    "a noun before it");
	is_int(err.code, ENOENT, "the number stays");
	is_int(err_set(&err, "no %s", err.text), -1, "its own text");
	is_str(err.text, "no child 7: cannot open f: No such file or "
	    "directory", "may be an argument");
	is_int(err.code, 0, "no number now");
}

static void
test_err__null_drops_the_text(void)
{
	is_int(err_set(NULL, "x"), -1, "set");
	is_int(err_sys(NULL, EIO, "x"), -1, "sys");
	is_int(err_wrap(NULL, "x"), -1, "wrap");
}

static void
test_err__long_texts_are_cut(void)
{
	char big[3 * ERR_TEXT_MAX];
	struct err err;

	memset(big, 'x', sizeof big - 1);
	big[sizeof big - 1] = '\0';
	err_sys(&err, EIO, "%s", big);
	is_int(strlen(err.text), ERR_TEXT_MAX - 1, "cut at the end");
	err_wrap(&err, "noun");
	is_int(strlen(err.text), ERR_TEXT_MAX - 1, "wrapped, cut again");
	ok(strncmp(err.text, "noun: xxx", 9) == 0, "the noun is there");
	err_wrap(&err, "%s", big);
	ok(strlen(err.text) < ERR_TEXT_MAX, "a long noun");
}

static void
test_clock__text_of_a_time(void)
{
	char out[32];
	int64_t before = clock_boot_ms();

	is_str(clock_format(0, out), "1970-01-01T00:00:00.000Z", "the epoch");
	is_str(clock_format(1767323045678, out), "2026-01-02T03:04:05.678Z",
	    "RFC 3339 with milliseconds");
	ok(clock_boot_ms() >= before && before > 0, "forward");
	is_int(strlen(clock_boot_id()), 32, "32 digits of the boot");
}

int
main(void)
{
	test_err__is_wrapped_while_it_rises();
	test_err__null_drops_the_text();
	test_err__long_texts_are_cut();
	test_clock__text_of_a_time();
	return done();
}
