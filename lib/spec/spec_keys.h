/* SPDX-License-Identifier: MIT */
/*
 * The table of child keys: each key's reader, writer and nature stand in one
 * row, so that a key that is read is also kept, compared and documented.
 */
#ifndef SPEC_SPEC_KEYS_H
#define SPEC_SPEC_KEYS_H

#include "base/jsonw.h"
#include "spec/child_spec.h"
#include "spec/yaml_tree.h"

struct reader {
	struct spec_errors *errors;
	struct child_spec *spec;
	const struct node *key;		/* the key at hand */
	bool shell;			/* of the child, looked up first */
};

struct child_key {
	const char *name;
	void (*read)(struct reader *r, const struct node *value);
	void (*write)(struct jsonw *w, const struct child_spec *spec);
	bool restarts;		/* a running instance must be replaced */
};

extern const struct child_key child_keys[];	/* ends with a NULL name */

/* Fresh, with the defaults of the manual. */
struct child_spec *child_spec_new(const char *name);

/* Reads a child's map; never fails, errors are recorded. */
struct child_spec *child_spec_read(const char *name, const struct node *map,
    struct spec_errors *errors);

/* For the readers of other maps (agent, fleet): as the child keys do it. */
void read_unknown_key(struct spec_errors *errors, const struct node *key,
    const char *const *known, const char *where);
bool read_text(struct reader *r, const struct node *value, char **out);
bool read_int(struct reader *r, const struct node *value, int min, int max,
    int *out);
bool read_duration(struct reader *r, const struct node *value,
    bool may_be_infinite, int64_t *out);
bool read_path(struct reader *r, const struct node *value, char **out);

struct word { const char *name; int value; };	/* lists end with NULL */

const char *word_of(const struct word *words, int value);
/* One of the words, or an error that lists them. */
bool read_word(struct reader *r, const struct node *value,
    const struct word *words, int *out);
bool read_bool(struct reader *r, const struct node *value, bool *out);
/* A list of texts, or one text. */
bool read_texts(struct reader *r, const struct node *value, char ***out);
/* argv: a list, or a text that is split as a shell would. */
bool read_argv(struct reader *r, const struct node *value, bool shell,
    char ***out);
/* A decimal such as 1.5, in thousandths. */
bool read_permille(struct reader *r, const struct node *value, int min,
    int max, int *out);
/* Goes through a map whose keys are `known`, calling each with its index. */
void read_map(struct reader *r, const struct node *value, const char *where,
    const char *const *known, void (*each)(struct reader *, int,
    const struct node *));

/* spec_rlimit.c */
void read_rlimits(struct reader *r, const struct node *value);
void write_rlimits(struct jsonw *w, const struct child_spec *s);

#endif
