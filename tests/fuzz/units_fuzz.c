/* SPDX-License-Identifier: MIT */
/*
 * Durations, sizes, signals, command words as people write them: what is
 * read and written must be read again as the same.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_quantities(const char *text)
{
	char out[32];
	int64_t n, again;
	int signo, signo_again;

	if (duration_parse(text, &n, NULL) == 0) {
		assert(n >= 0);
		assert(duration_parse(duration_format(n, out), &again, NULL)
		    == 0 && again == n);
	}
	if (size_parse(text, &n, NULL) == 0) {
		assert(n >= 0);
		assert(size_parse(size_format(n, out), &again, NULL) == 0 &&
		    again == n);
	}
	if (signal_parse(text, &signo, NULL) == 0)
		assert(signal_parse(signal_format(signo, out), &signo_again,
		    NULL) == 0 && signo_again == signo);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const candidates[] = { "command", "umask",
	    "environment", NULL };
	char *text = mem_strndup((const char *)data, size), **words;
	struct err err;

	check_quantities(text);
	if (words_split(text, &words, &err) == 0)
		strv_free(words);
	nearest_word(text, candidates);
	free(text);
	return 0;
}
