/* SPDX-License-Identifier: MIT */
/* See units.h. */
#include "base/units.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"

#define WORD_LEN_MAX 64		/* longer words are not compared */

struct unit { const char *name; int64_t factor; };

static const struct unit durations[] = {
	{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 },
	{ "d", 86400000 }, { NULL, 0 }
};

static const struct unit sizes[] = {
	{ "B", 1 }, { "KB", 1000 }, { "MB", 1000000 }, { "GB", 1000000000 },
	{ "KiB", 1 << 10 }, { "MiB", 1 << 20 }, { "GiB", 1 << 30 },
	{ NULL, 0 }
};

/* NUMBER[.DIGITS]UNIT; exact, or an error. */
static int
quantity_parse(const char *s, const struct unit *units, int64_t *out)
{
	int64_t whole = 0, fraction = 0, scale = 1, result;
	const char *p = s;

	if (!isdigit((unsigned char)*p))
		return -1;
	for (; isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, *p - '0', &whole))
			return -1;
	if (*p == '.' && isdigit((unsigned char)p[1]))
		for (p++; isdigit((unsigned char)*p); p++) {
			if (scale >= 1000000)
				return -1;
			fraction = fraction * 10 + (*p - '0');
			scale *= 10;
		}
	if (*p == '\0' && whole == 0 && fraction == 0) {
		*out = 0;
		return 0;
	}
	for (const struct unit *u = units; u->name; u++) {
		if (strcmp(p, u->name) != 0)
			continue;
		if (__builtin_mul_overflow(whole, u->factor, &result) ||
		    fraction * u->factor % scale != 0)
			return -1;
		*out = result + fraction * u->factor / scale;
		return *out < 0 ? -1 : 0;
	}
	return -1;
}

int
duration_parse(const char *s, int64_t *ms, struct err *err)
{
	if (strcmp(s, "infinity") == 0) {
		*ms = DURATION_INFINITY;
		return 0;
	}
	if (quantity_parse(s, durations, ms) < 0)
		return err_set(err, "'%s' is not a duration such as 100ms, "
		    "5s, 2m, 1h", s);
	return 0;
}

const char *
duration_format(int64_t ms, char out[32])
{
	const struct unit *best = durations;

	if (ms == DURATION_INFINITY) {
		strcpy(out, "infinity");
		return out;
	}
	for (const struct unit *u = durations; u->name; u++)
		if (ms != 0 && ms % u->factor == 0)
			best = u;
	snprintf(out, 32, "%lld%s", (long long)(ms / best->factor),
	    best->name);
	return out;
}

const char *
uptime_format(int64_t ms, char out[48])
{
	long long s = ms / 1000, days = s / 86400;
	int n = 0;

	if (days > 0)
		n = snprintf(out, 48, "%lld day%s, ", days,
		    days == 1 ? "" : "s");
	snprintf(out + n, 48 - n, "%lld:%02lld:%02lld", s / 3600 % 24,
	    s / 60 % 60, s % 60);
	return out;
}

int
size_parse(const char *s, int64_t *bytes, struct err *err)
{
	if (quantity_parse(s, sizes, bytes) < 0)
		return err_set(err, "'%s' is not a size such as 64KB, 50MB, "
		    "1GB", s);
	return 0;
}

const char *
size_format(int64_t bytes, char out[32])
{
	const struct unit *best = sizes;

	for (const struct unit *u = sizes; u->name; u++)
		if (bytes != 0 && bytes % u->factor == 0 &&
		    u->factor > best->factor)
			best = u;
	snprintf(out, 32, "%lld%s", (long long)(bytes / best->factor),
	    best->name);
	return out;
}

int
signal_parse(const char *s, int *signo, struct err *err)
{
	const char *name = strncasecmp(s, "SIG", 3) == 0 ? s + 3 : s;
	char *end;
	long n;

	if (isdigit((unsigned char)*name)) {
		n = strtol(name, &end, 10);
		if (*end == '\0' && n > 0 && n <= SIGRTMAX) {
			*signo = n;
			return 0;
		}
	}
	if (strncasecmp(name, "RTMIN", 5) == 0 &&
	    (name[5] == '+' || name[5] == '\0')) {
		n = name[5] ? strtol(name + 6, &end, 10) : 0;
		if ((!name[5] || (name[6] && *end == '\0')) && n >= 0 &&
		    SIGRTMIN + n <= SIGRTMAX) {
			*signo = SIGRTMIN + n;
			return 0;
		}
	}
	for (int i = 1; i < 32; i++) {
		const char *abbrev = sigabbrev_np(i);

		if (abbrev && strcasecmp(name, abbrev) == 0) {
			*signo = i;
			return 0;
		}
	}
	return err_set(err, "'%s' is not a signal such as TERM, INT, HUP, "
	    "USR1, 15", s);
}

const char *
signal_format(int signo, char out[16])
{
	const char *abbrev = signo < 32 ? sigabbrev_np(signo) : NULL;

	if (abbrev)
		snprintf(out, 16, "%s", abbrev);
	else if (signo >= SIGRTMIN && signo <= SIGRTMAX)
		snprintf(out, 16, "RTMIN+%d", signo - SIGRTMIN);
	else
		snprintf(out, 16, "%d", signo);
	return out;
}

/* Takes one word from *s, which does not begin with white space. */
static int
take_word(const char **s, struct buf *word, struct err *err)
{
	const char *p = *s;
	char quote = 0;

	for (; *p && (quote || !isspace((unsigned char)*p)); p++) {
		if (quote == '\'' ? *p == '\'' : quote && *p == '"') {
			quote = 0;
		} else if (!quote && (*p == '\'' || *p == '"')) {
			quote = *p;
		} else if (*p == '\\' && quote != '\'') {
			if (!p[1])
				return err_set(err, "nothing follows the "
				    "backslash at the end");
			if (quote && !strchr("$`\"\\\n", p[1]))
				buf_putc(word, *p);
			if (*++p != '\n')
				buf_putc(word, *p);
		} else {
			buf_putc(word, *p);
		}
	}
	if (quote)
		return err_set(err, "a %c is not closed", quote);
	*s = p;
	return 0;
}

int
words_split(const char *s, char ***words, struct err *err)
{
	struct buf word;
	int ret = 0;

	buf_init(&word, 0);
	*words = mem_array(1, sizeof **words);
	for (;;) {
		while (isspace((unsigned char)*s))
			s++;
		if (!*s)
			break;
		buf_clear(&word);
		if ((ret = take_word(&s, &word, err)) < 0)
			break;
		strv_push(words, word.data);
	}
	if (ret < 0) {
		strv_free(*words);
		*words = NULL;
	}
	buf_release(&word);
	return ret;
}

static int
min3(int a, int b, int c)
{
	int m = a < b ? a : b;

	return m < c ? m : c;
}

/* Optimal string alignment distance. */
static int
distance(const char *a, int la, const char *b, int lb)
{
	static int d[WORD_LEN_MAX + 1][WORD_LEN_MAX + 1];

	for (int i = 0; i <= la; i++)
		d[i][0] = i;
	for (int j = 0; j <= lb; j++)
		d[0][j] = j;
	for (int i = 1; i <= la; i++)
		for (int j = 1; j <= lb; j++) {
			int cost = a[i - 1] != b[j - 1];

			d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1,
			    d[i - 1][j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 <
			    d[i][j])
				d[i][j] = d[i - 2][j - 2] + 1;
		}
	return d[la][lb];
}

const char *
nearest_word(const char *word, const char *const *candidates)
{
	int len = strlen(word), best = len / 3;
	const char *found = NULL;

	if (len < 3 || len > WORD_LEN_MAX)
		return NULL;
	for (; *candidates; candidates++) {
		int n = strlen(*candidates), d;

		if (n > WORD_LEN_MAX)
			continue;
		d = distance(word, len, *candidates, n);
		if (d <= best && (!found || d < best)) {
			best = d;
			found = *candidates;
		}
	}
	return found;
}
