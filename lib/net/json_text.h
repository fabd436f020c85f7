/* SPDX-License-Identifier: MIT */
/*
 * JSON (RFC 8259) checked and cut where it lies, without a tree: bodies and
 * results travel through the agent as text, up to 16 MiB, and only the
 * envelope around them is looked at. Writing is base/jsonw.
 */
#ifndef NET_JSON_TEXT_H
#define NET_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_DEPTH_MAX 512

/* A value as it is written, without white space around it. */
struct json_slice { const char *text; size_t len; };

struct json_member {
	struct json_slice key;		/* between its quotes, not decoded */
	struct json_slice value;
};

/* Is the text one value, well-formed, in UTF-8, without lone surrogates?
 * Returns NULL, or what is wrong. *value (may be NULL) gets its place. */
const char *json_check(const char *text, size_t len,
    struct json_slice *value);

/* The members of an object that json_check has passed; -1: it is no object,
 * has more than `max` or one twice. */
int json_members(struct json_slice object, struct json_member *members,
    int max);
/* NULL if there is none. */
const struct json_slice *json_member(const struct json_member *members,
    int n, const char *key);

/* A checked string, decoded; NULL if the value is no string or has a NUL
 * character in it. The caller frees. */
char *json_string(const struct json_slice *value);
/* A checked integer without exponent or fraction. */
bool json_integer(const struct json_slice *value, int64_t *n);

#endif
