/* SPDX-License-Identifier: MIT */
/* Durations, sizes, signals, words, near words. */
#include <signal.h>

#include "base/mem.h"
#include "base/units.h"
#include "tap.h"

static void
test_duration__is_read_and_written_exactly(void)
{
	static const struct { const char *text; int64_t ms; } rows[] = {
		{ "100ms", 100 }, { "5s", 5000 }, { "2m", 120000 },
		{ "1h", 3600000 }, { "0", 0 }, { "1500ms", 1500 },
		{ "infinity", DURATION_INFINITY },
	};
	static const char *const wrong[] = { "", "5", "s", "-1s", "5 s",
	    "1.0005s", "99999999999999999999s", "5sec" };
	char out[32];
	int64_t ms;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ok(duration_parse(rows[i].text, &ms, NULL) == 0 &&
		    ms == rows[i].ms, "%s is read", rows[i].text);
		if (ms > 0)
			is_str(duration_format(ms, out), rows[i].text,
			    "and written");
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		ok(duration_parse(wrong[i], &ms, NULL) < 0, "'%s' is refused",
		    wrong[i]);
	ok(duration_parse("1.5s", &ms, NULL) == 0 && ms == 1500, "1.5s");
}

static void
test_size__powers_of_ten_and_two(void)
{
	int64_t n;
	char out[32];

	ok(size_parse("50MB", &n, NULL) == 0 && n == 50000000, "50MB");
	is_str(size_format(n, out), "50MB", "and back");
	ok(size_parse("1KiB", &n, NULL) == 0 && n == 1024, "1KiB");
	ok(size_parse("1XB", &n, NULL) < 0, "1XB is refused");
}

static void
test_signal__names_and_numbers(void)
{
	int n;
	char out[16];

	ok(signal_parse("TERM", &n, NULL) == 0 && n == SIGTERM, "TERM");
	ok(signal_parse("sigkill", &n, NULL) == 0 && n == SIGKILL, "sigkill");
	ok(signal_parse("15", &n, NULL) == 0 && n == 15, "15");
	ok(signal_parse("RTMIN+3", &n, NULL) == 0 && n == SIGRTMIN + 3,
	    "RTMIN+3");
	is_str(signal_format(n, out), "RTMIN+3", "and back");
	ok(signal_parse("FOO", &n, NULL) < 0, "FOO is refused");
	ok(signal_parse("0", &n, NULL) < 0, "0 is refused");
}

static void
test_words__are_split_as_a_shell_would(void)
{
	char **w;
	struct err err;

	ok(words_split("a 'b c' \"d\\\"e\" f\\ g ''", &w, &err) == 0,
	    "quotes are read");
	is_int(strv_len(w), 5, "five words");
	is_str(w[1], "b c", "single quotes");
	is_str(w[2], "d\"e", "double quotes");
	is_str(w[3], "f g", "a backslash");
	is_str(w[4], "", "an empty word");
	strv_free(w);
	ok(words_split("a 'b", &w, &err) < 0, "an open quote is refused");
	is_str(err.text, "a ' is not closed", "and named");
}

static void
test_nearest__within_a_third(void)
{
	static const char *const keys[] = { "command", "channel", "umask",
	    NULL };

	is_str(nearest_word("comand", keys), "command", "one letter less");
	is_str(nearest_word("umaks", keys), "umask", "two swapped");
	ok(nearest_word("hosts", keys) == NULL, "nothing near");
}

int
main(void)
{
	test_duration__is_read_and_written_exactly();
	test_size__powers_of_ten_and_two();
	test_signal__names_and_numbers();
	test_words__are_split_as_a_shell_would();
	test_nearest__within_a_third();
	return done();
}
