/* SPDX-License-Identifier: MIT */
/* Reading values of the types that keys share. Errors name the key. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/units.h"
#include "spec/spec_keys.h"

static const char *
key_of(const struct reader *r)
{
	return r->key ? r->key->text : "value";
}

void
read_unknown_key(struct spec_errors *errors, const struct node *key,
    const char *const *known, const char *where)
{
	const char *near = nearest_word(key->text, known);

	spec_error(errors, key, "unknown key '%s' in %s%s%s%s", key->text,
	    where, near ? " (did you mean '" : "", near ? near : "",
	    near ? "'?)" : "");
}

bool
read_text(struct reader *r, const struct node *value, char **out)
{
	if (value->type != NODE_SCALAR || node_is_null(value) ||
	    value->len == 0) {
		spec_error(r->errors, value, "%s must be a text, not %s",
		    key_of(r), value->type == NODE_SCALAR ? "empty" :
		    node_kind(value));
		return false;
	}
	free(*out);
	*out = mem_strdup(value->text);
	return true;
}

bool
read_int(struct reader *r, const struct node *value, int min, int max,
    int *out)
{
	char *end;
	long n;

	errno = 0;
	n = value->type == NODE_SCALAR ? strtol(value->text, &end, 10) : 0;
	if (value->type != NODE_SCALAR || value->len == 0 || *end || errno ||
	    n < min || n > max) {
		spec_error(r->errors, value, "%s must be a whole number from "
		    "%d to %d", key_of(r), min, max);
		return false;
	}
	*out = n;
	return true;
}

bool
read_duration(struct reader *r, const struct node *value,
    bool may_be_infinite, int64_t *out)
{
	struct err err;
	int64_t ms;

	if (value->type != NODE_SCALAR) {
		spec_error(r->errors, value, "%s must be a duration such as "
		    "5s, not %s", key_of(r), node_kind(value));
		return false;
	}
	if (duration_parse(value->text, &ms, &err) < 0) {
		spec_error(r->errors, value, "%s: %s", key_of(r), err.text);
		return false;
	}
	if (ms == DURATION_INFINITY && !may_be_infinite) {
		spec_error(r->errors, value, "%s cannot be infinity",
		    key_of(r));
		return false;
	}
	*out = ms;
	return true;
}

bool
read_path(struct reader *r, const struct node *value, char **out)
{
	char *path = NULL;

	if (!read_text(r, value, &path))
		return false;
	if (path[0] != '/') {
		char *full = mem_printf("%s/%s", value->origin->dir,
		    strcmp(path, ".") == 0 ? "" : strncmp(path, "./", 2) == 0 ?
		    path + 2 : path);
		size_t len = strlen(full);

		if (len > 1 && full[len - 1] == '/')
			full[len - 1] = '\0';
		free(path);
		path = full;
	}
	free(*out);
	*out = path;
	return true;
}

static const struct word bool_words[] = {
	{ "true", 1 }, { "false", 0 }, { NULL, 0 }
};
const char *
word_of(const struct word *words, int value)
{
	while (words->value != value)
		words++;
	return words->name;
}

/* One of the words, or an error that lists them. */
bool
read_word(struct reader *r, const struct node *value, const struct word *words,
    int *out)
{
	const char *names[20];
	char list[256] = "";
	size_t n = 0;

	for (const struct word *w = words; w->name; w++) {
		if (value->type == NODE_SCALAR && strcmp(value->text, w->name)
		    == 0) {
			*out = w->value;
			return true;
		}
		names[n++] = w->name;
		if (strlen(list) + strlen(w->name) + 3 < sizeof list) {
			strcat(list, n > 1 ? ", " : "");
			strcat(list, w->name);
		}
	}
	names[n] = NULL;
	if (value->type == NODE_SCALAR) {
		const char *near = nearest_word(value->text, names);

		spec_error(r->errors, value, "%s cannot be '%s'; it is one "
		    "of %s%s%s%s", r->key->text, value->text, list,
		    near ? " (did you mean '" : "", near ? near : "",
		    near ? "'?)" : "");
	} else {
		spec_error(r->errors, value, "%s must be one of %s, not %s",
		    r->key->text, list, node_kind(value));
	}
	return false;
}

bool
read_bool(struct reader *r, const struct node *value, bool *out)
{
	int n;

	if (!read_word(r, value, bool_words, &n))
		return false;
	*out = n;
	return true;
}

/* A list of texts, or one text. */
bool
read_texts(struct reader *r, const struct node *value, char ***out)
{
	char **texts = NULL, *text = NULL;
	bool good = true;

	if (value->type == NODE_SCALAR && !node_is_null(value)) {
		if (!read_text(r, value, &text))
			return false;
		strv_push(&texts, text);
	}
	for (size_t i = 0; value->type == NODE_LIST && i < value->count; i++) {
		if (read_text(r, value->items[i], &text))
			strv_push(&texts, text);
		else
			good = false;
	}
	if (value->type == NODE_MAP) {
		spec_error(r->errors, value, "%s must be a list, not a map",
		    r->key->text);
		good = false;
	}
	free(text);
	if (!good) {
		strv_free(texts);
		return false;
	}
	strv_free(*out);
	*out = texts;
	return true;
}

/* argv: a list, or a text that is split as a shell would. */
bool
read_argv(struct reader *r, const struct node *value, bool shell, char ***out)
{
	char **argv = NULL;
	struct err err;

	if (value->type == NODE_LIST && shell) {
		spec_error(r->errors, value, "with shell: true, %s must be a "
		    "text, not a list", r->key->text);
		return false;
	}
	if (value->type == NODE_LIST) {
		for (size_t i = 0; i < value->count; i++) {
			const struct node *item = value->items[i];

			if (item->type != NODE_SCALAR || (item->plain &&
			    node_is_null(item)) || (i == 0 && !item->len)) {
				spec_error(r->errors, item, "%s: an argument "
				    "must be a text", r->key->text);
				strv_free(argv);
				return false;
			}
			strv_push(&argv, item->text);
		}
	} else if (value->type != NODE_SCALAR || node_is_null(value)) {
		spec_error(r->errors, value, "%s must be a text or a list, "
		    "not %s", r->key->text, node_kind(value));
		return false;
	} else if (shell) {
		strv_push(&argv, "/bin/sh");
		strv_push(&argv, "-c");
		strv_push(&argv, value->text);
	} else if (words_split(value->text, &argv, &err) < 0) {
		spec_error(r->errors, value, "%s: %s", r->key->text, err.text);
		return false;
	}
	if (strv_len(argv) == 0 || !argv[0][0]) {
		spec_error(r->errors, value, "%s is empty", r->key->text);
		strv_free(argv);
		return false;
	}
	strv_free(*out);
	*out = argv;
	return true;
}

/* A decimal such as 1.5 or 0.2, in thousandths. */
bool
read_permille(struct reader *r, const struct node *value, int min, int max,
    int *out)
{
	char *end = NULL;
	double d = value->type == NODE_SCALAR ? strtod(value->text, &end) : -1;

	if (!end || *end || value->len == 0 || !(d * 1000 >= min) ||
	    !(d * 1000 <= max)) {
		spec_error(r->errors, value, "%s must be a number from %g to "
		    "%g", r->key->text, min / 1000.0, max / 1000.0);
		return false;
	}
	*out = (int)(d * 1000 + 0.5);
	return true;
}

/* Goes through a map whose keys are `known`, in turn, calling each. */
void
read_map(struct reader *r, const struct node *value, const char *where,
    const char *const *known, void (*each)(struct reader *, int,
    const struct node *))
{
	const struct node *outer = r->key;

	if (value->type != NODE_MAP) {
		spec_error(r->errors, value, "%s must be a map, not %s", where,
		    node_kind(value));
		return;
	}
	for (size_t i = 0; i < value->count; i++) {
		int at = 0;

		while (known[at] && strcmp(known[at], value->keys[i]->text))
			at++;
		r->key = value->keys[i];
		if (known[at])
			each(r, at, value->items[i]);
		else
			read_unknown_key(r->errors, value->keys[i], known,
			    where);
	}
	r->key = outer;
}
