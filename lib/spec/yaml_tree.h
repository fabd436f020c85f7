/* SPDX-License-Identifier: MIT */
/*
 * YAML as a tree whose nodes know where they stand, read with libyaml. Anchors,
 * aliases and merge keys (`<<`) are resolved, duplicate keys reported. Knows
 * no key of ours. A tree's memory is one arena.
 */
#ifndef SPEC_YAML_TREE_H
#define SPEC_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "spec/fleet_spec.h"

enum node_type { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct origin {
	char *file;		/* for messages */
	char *dir;		/* relative paths start here */
};

struct node {
	enum node_type type;
	const struct origin *origin;
	int line, column;
	const char *text;	/* of a scalar */
	size_t len;
	bool plain;		/* not quoted: null, true, 12 mean something */
	struct node **keys;	/* of a map */
	struct node **items;	/* of a list; values of a map */
	size_t count;
	size_t weight;		/* nodes in it, aliases expanded */
};

struct tree;

struct tree *tree_new(void);
void tree_free(struct tree *tree);
/* Parses one document into the tree's memory; NULL when it could not, with
 * the reason in errors. An empty document gives an empty map. */
struct node *tree_parse(struct tree *tree, const char *text, size_t len,
    const char *file, const char *dir, struct spec_errors *errors);
/* The value of a key, or NULL. */
struct node *node_get(const struct node *map, const char *key);
/* What `over` says, on top of `under`: maps merge by key, else over wins.
 * Either may be NULL. */
struct node *tree_merge(struct tree *tree, struct node *under,
    struct node *over);
bool node_is_null(const struct node *node);
const char *node_kind(const struct node *node);	/* "a list" */

/* Records FILE:LINE:COLUMN: text. */
void spec_error(struct spec_errors *errors, const struct node *at,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void spec_error_at(struct spec_errors *errors, const char *file, int line,
    int column, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

#endif
