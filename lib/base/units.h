/* SPDX-License-Identifier: MIT */
/*
 * Durations, sizes, signals and command words as people write them:
 * `100ms 5s 2m 1h infinity`, `64KB 50MB 1GB` (powers of 1000, as in
 * supervisord; KiB, MiB, GiB are powers of 1024), `TERM` or `SIGTERM` or
 * `15`, and a command line split as a shell would, without running one.
 */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define DURATION_INFINITY INT64_MAX

/* Milliseconds. A bare number is an error, but for 0. */
int duration_parse(const char *s, int64_t *ms, struct err *err);
/* The shortest exact form, such as "1500ms" or "2m". */
const char *duration_format(int64_t ms, char out[32]);
/* For people: "0:00:02", "3 days, 4:05:06". */
const char *uptime_format(int64_t ms, char out[48]);

int size_parse(const char *s, int64_t *bytes, struct err *err);
const char *size_format(int64_t bytes, char out[32]);

int signal_parse(const char *s, int *signo, struct err *err);
const char *signal_format(int signo, char out[16]);	/* "TERM", "RTMIN+3" */

/* POSIX quoting: '…', "…" (with \ before $ ` " \ newline), \x. No expansion. */
int words_split(const char *s, char ***words, struct err *err);

/* Damerau-Levenshtein nearest of candidates (NULL-terminated) within a
 * third of the word's length, or NULL: for "did you mean". */
const char *nearest_word(const char *word, const char *const *candidates);

#endif
