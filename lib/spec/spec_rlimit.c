/* SPDX-License-Identifier: MIT */
/* The key `rlimits`: names and values of setrlimit(2). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "spec/spec_keys.h"

static const struct word rlimit_words[] = {
	{ "as", RLIMIT_AS }, { "core", RLIMIT_CORE }, { "cpu", RLIMIT_CPU },
	{ "data", RLIMIT_DATA }, { "fsize", RLIMIT_FSIZE },
	{ "locks", RLIMIT_LOCKS }, { "memlock", RLIMIT_MEMLOCK },
	{ "msgqueue", RLIMIT_MSGQUEUE }, { "nice", RLIMIT_NICE },
	{ "nofile", RLIMIT_NOFILE }, { "nproc", RLIMIT_NPROC },
	{ "rss", RLIMIT_RSS }, { "rtprio", RLIMIT_RTPRIO },
	{ "rttime", RLIMIT_RTTIME }, { "sigpending", RLIMIT_SIGPENDING },
	{ "stack", RLIMIT_STACK }, { NULL, 0 }
};

static bool
read_limit(struct reader *r, const struct node *value, rlim_t *out)
{
	int64_t bytes;
	char *end = NULL;

	if (value->type != NODE_SCALAR) {
		spec_error(r->errors, value, "rlimits: a limit is a number, "
		    "a size, unlimited, or {soft, hard}");
		return false;
	}
	if (strcmp(value->text, "unlimited") == 0 ||
	    strcmp(value->text, "infinity") == 0) {
		*out = RLIM_INFINITY;
		return true;
	}
	errno = 0;
	*out = strtoull(value->text, &end, 10);
	if (value->len > 0 && !*end && !errno && value->text[0] != '-')
		return true;
	if (size_parse(value->text, &bytes, NULL) == 0) {
		*out = bytes;
		return true;
	}
	spec_error(r->errors, value, "rlimits: '%s' is not a number, a size "
	    "or unlimited", value->text);
	return false;
}

static void
read_rlimit(struct reader *r, const struct node *key,
    const struct node *value, const char *const *names)
{
	struct child_spec *s = r->spec;
	struct rlimit_spec limit = { .resource = -1 };
	const struct node *soft = value, *hard = value;

	for (const struct word *w = rlimit_words; w->name; w++)
		if (strcmp(w->name, key->text) == 0)
			limit.resource = w->value;
	if (limit.resource < 0) {
		read_unknown_key(r->errors, key, names, "rlimits");
		return;
	}
	if (value->type == NODE_MAP) {
		soft = node_get(value, "soft");
		hard = node_get(value, "hard");
		if (!soft || !hard || value->count != 2) {
			spec_error(r->errors, value, "rlimits: %s takes soft "
			    "and hard", key->text);
			return;
		}
	}
	if (!read_limit(r, soft, &limit.soft) ||
	    !read_limit(r, hard, &limit.hard))
		return;
	if (limit.soft > limit.hard)
		spec_error(r->errors, value, "rlimits: %s: soft is above "
		    "hard", key->text);
	else if (s->nrlimits < RLIMITS_MAX)
		s->rlimits[s->nrlimits++] = limit;
}

void
read_rlimits(struct reader *r, const struct node *value)
{
	const char *names[20];
	size_t n = 0;

	for (const struct word *w = rlimit_words; w->name; w++)
		names[n++] = w->name;
	names[n] = NULL;
	if (value->type != NODE_MAP) {
		spec_error(r->errors, value, "rlimits must be a map such as "
		    "{nofile: 65536}, not %s", node_kind(value));
		return;
	}
	r->spec->nrlimits = 0;
	for (size_t i = 0; i < value->count; i++)
		read_rlimit(r, value->keys[i], value->items[i], names);
}

static void
write_limit(struct jsonw *w, const char *key, rlim_t n)
{
	char text[24];

	snprintf(text, sizeof text, "%llu", (unsigned long long)n);
	jsonw_kstr(w, key, n == RLIM_INFINITY ? "unlimited" : text);
}

void
write_rlimits(struct jsonw *w, const struct child_spec *s)
{
	jsonw_object(w);
	for (const struct word *word = rlimit_words; word->name; word++)
		for (int i = 0; i < s->nrlimits; i++) {
			if (s->rlimits[i].resource != word->value)
				continue;
			jsonw_key(w, word->name);
			jsonw_object(w);
			write_limit(w, "soft", s->rlimits[i].soft);
			write_limit(w, "hard", s->rlimits[i].hard);
			jsonw_end_object(w);
		}
	jsonw_end_object(w);
}
