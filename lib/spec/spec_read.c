/* SPDX-License-Identifier: MIT */
/* Reading values of the types that keys share. Errors name the key. */
#include <errno.h>
#include <limits.h>
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
