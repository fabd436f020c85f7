/* SPDX-License-Identifier: MIT */
/* See yaml_tree.h. */
#include "spec/yaml_tree.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/map.h"
#include "base/mem.h"

struct block { struct block *next; char bytes[]; };

struct tree {
	struct block *blocks;
	struct origin **origins;
	size_t norigins;
};

struct parse {
	struct tree *tree;
	yaml_parser_t yaml;
	const struct origin *origin;
	struct map *anchors;
	struct spec_errors *errors;
	size_t weight;
	int depth;
	bool failed;
};

struct tree *
tree_new(void)
{
	return mem_alloc(sizeof(struct tree));
}

void
tree_free(struct tree *tree)
{
	if (!tree)
		return;
	while (tree->blocks) {
		struct block *b = tree->blocks;

		tree->blocks = b->next;
		free(b);
	}
	for (size_t i = 0; i < tree->norigins; i++) {
		free(tree->origins[i]->file);
		free(tree->origins[i]->dir);
		free(tree->origins[i]);
	}
	free(tree->origins);
	free(tree);
}

static void *
take(struct tree *tree, size_t size)
{
	struct block *b = mem_alloc(sizeof *b + size);

	b->next = tree->blocks;
	tree->blocks = b;
	return b->bytes;
}

void
spec_error_at(struct spec_errors *errors, const char *file, int line,
    int column, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	char *s;

	errors->count++;
	if (errors->count > SPEC_ERRORS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	s = line > 0 ? mem_printf("%s:%d:%d: %s", file, line, column, text) :
	    mem_printf("%s: %s", file, text);
	strv_push(&errors->lines, s);
	free(s);
}

void
spec_error(struct spec_errors *errors, const struct node *at,
    const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	spec_error_at(errors, at->origin->file, at->line, at->column, "%s",
	    text);
}

void
spec_errors_release(struct spec_errors *errors)
{
	strv_free(errors->lines);
	*errors = (struct spec_errors){ 0 };
}

static struct node *
node_new(struct parse *p, enum node_type type, const yaml_mark_t *mark)
{
	struct node *n = take(p->tree, sizeof *n);

	n->type = type;
	n->origin = p->origin;
	n->line = mark->line + 1;
	n->column = mark->column + 1;
	n->weight = 1;
	return n;
}

static void
fail(struct parse *p, const yaml_mark_t *mark, const char *text)
{
	p->failed = true;
	spec_error_at(p->errors, p->origin->file, mark->line + 1,
	    mark->column + 1, "%s", text);
}

/* libyaml's own words are for its authors; these are for ours. */
static void
fail_yaml(struct parse *p)
{
	const yaml_parser_t *y = &p->yaml;
	const char *problem = y->problem ? y->problem : "not YAML";
	const yaml_mark_t *mark = &y->problem_mark;

	p->failed = true;
	if (y->error == YAML_READER_ERROR) {
		spec_error_at(p->errors, p->origin->file, 1, 1,
		    "not a text file: %s (byte %zu)", problem,
		    y->problem_offset);
		return;
	}
	if (strcmp(problem, "found character that cannot start any token")
	    == 0)
		problem = "a tab, @, ` or % cannot begin a value here "
		    "(indent with spaces, quote the value)";
	spec_error_at(p->errors, p->origin->file, mark->line + 1,
	    mark->column + 1, "%s%s%s", problem, y->context ? ", " : "",
	    y->context ? y->context : "");
}

/* The next event; false at an error or a limit. */
static bool
next_event(struct parse *p, yaml_event_t *event)
{
	if (!yaml_parser_parse(&p->yaml, event)) {
		fail_yaml(p);
		return false;
	}
	return true;
}

static struct node *parse_node(struct parse *p, yaml_event_t *event);

static void
append(struct node *n, struct node *key, struct node *item, size_t *room)
{
	if (n->count == *room) {
		*room = *room ? 2 * *room : 8;
		n->items = mem_grow(n->items, *room, sizeof *n->items);
		if (n->type == NODE_MAP)
			n->keys = mem_grow(n->keys, *room, sizeof *n->keys);
	}
	if (n->type == NODE_MAP)
		n->keys[n->count] = key;
	n->items[n->count++] = item;
	n->weight += item->weight + (key ? key->weight : 0);
}

/* Moves the grown arrays into the arena. */
static void
settle(struct parse *p, struct node *n)
{
	struct node **items = n->items, **keys = n->keys;
	size_t size = n->count * sizeof *items;

	n->items = n->keys = NULL;
	if (n->count > 0) {
		n->items = memcpy(take(p->tree, size), items, size);
		if (keys)
			n->keys = memcpy(take(p->tree, size), keys, size);
	}
	free(items);
	free(keys);
}

static void
parse_list(struct parse *p, struct node *n, yaml_event_type_t end)
{
	yaml_event_t event;
	size_t room = 0;

	while (!p->failed && next_event(p, &event)) {
		struct node *item;

		if (event.type == end) {
			yaml_event_delete(&event);
			break;
		}
		item = parse_node(p, &event);
		if (item)
			append(n, NULL, item, &room);
	}
	settle(p, n);
}

static bool
is_merge_key(const struct node *key)
{
	return key->plain && strcmp(key->text, "<<") == 0;
}

/* `<<: *a` or `<<: [*a, *b]`: keys that are not there yet. */
static void
merge_into(struct parse *p, struct node *n, const struct node *from,
    struct map *seen, size_t *room)
{
	if (from->type == NODE_LIST) {
		for (size_t i = 0; i < from->count; i++)
			merge_into(p, n, from->items[i], seen, room);
		return;
	}
	if (from->type != NODE_MAP) {
		spec_error(p->errors, from, "<< takes a map or a list of "
		    "maps, not %s", node_kind(from));
		return;
	}
	for (size_t i = 0; i < from->count; i++) {
		struct node *key = from->keys[i];

		if (map_get(seen, key->text))
			continue;
		map_put(seen, key->text, key);
		append(n, key, from->items[i], room);
	}
}

static void
parse_map(struct parse *p, struct node *n)
{
	struct map *seen = map_new();
	struct node **merges = NULL;
	size_t room = 0, nmerges = 0;
	yaml_event_t event;

	while (!p->failed && next_event(p, &event)) {
		struct node *key, *value, *first;

		if (event.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&event);
			break;
		}
		key = parse_node(p, &event);
		if (!key || !next_event(p, &event))
			break;
		value = parse_node(p, &event);
		if (!value)
			break;
		if (key->type != NODE_SCALAR) {
			spec_error(p->errors, key, "a key must be a word, not "
			    "%s", node_kind(key));
			continue;
		}
		if (is_merge_key(key)) {
			merges = mem_grow(merges, nmerges + 1, sizeof *merges);
			merges[nmerges++] = value;
			continue;
		}
		first = map_put(seen, key->text, key);
		if (first)
			spec_error(p->errors, key, "duplicate key '%s' (first "
			    "at line %d)", key->text, first->line);
		else
			append(n, key, value, &room);
	}
	for (size_t i = 0; i < nmerges && !p->failed; i++)
		merge_into(p, n, merges[i], seen, &room);
	free(merges);
	map_free(seen, NULL);
	settle(p, n);
}

static struct node *
parse_scalar(struct parse *p, const yaml_event_t *event)
{
	struct node *n = node_new(p, NODE_SCALAR, &event->start_mark);
	size_t len = event->data.scalar.length;
	char *text = take(p->tree, len + 1);

	memcpy(text, event->data.scalar.value, len);
	text[len] = '\0';
	n->text = text;
	n->len = len;
	n->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (strlen(text) != len)
		fail(p, &event->start_mark, "a value holds a NUL byte");
	return n;
}

static struct node *
parse_alias(struct parse *p, const yaml_event_t *event)
{
	const char *anchor = (const char *)event->data.alias.anchor;
	struct node *n = map_get(p->anchors, anchor);

	if (!n)
		spec_error_at(p->errors, p->origin->file,
		    event->start_mark.line + 1, event->start_mark.column + 1,
		    "no anchor &%s stands before *%s", anchor, anchor);
	p->failed |= !n;
	return n;
}

/* Takes the event over. NULL after a failure. */
static struct node *
parse_node(struct parse *p, yaml_event_t *event)
{
	const yaml_char_t *anchor = NULL;
	struct node *n = NULL;
	size_t before = p->weight;

	if (++p->depth > SPEC_DEPTH_MAX)
		fail(p, &event->start_mark, "nested too deep");
	switch (p->failed ? YAML_NO_EVENT : event->type) {
	case YAML_ALIAS_EVENT:
		n = parse_alias(p, event);
		break;
	case YAML_SCALAR_EVENT:
		anchor = event->data.scalar.anchor;
		n = parse_scalar(p, event);
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = event->data.sequence_start.anchor;
		n = node_new(p, NODE_LIST, &event->start_mark);
		parse_list(p, n, YAML_SEQUENCE_END_EVENT);
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = event->data.mapping_start.anchor;
		n = node_new(p, NODE_MAP, &event->start_mark);
		parse_map(p, n);
		break;
	default:
		p->failed = true;
	}
	if (n && anchor)
		map_put(p->anchors, (const char *)anchor, n);
	if (n)
		p->weight = before + n->weight;
	if (p->weight > SPEC_NODES_MAX && !p->failed)
		fail(p, &event->start_mark, "too large once its aliases are "
		    "expanded");
	p->depth--;
	yaml_event_delete(event);
	return p->failed ? NULL : n;
}

static struct node *
parse_document(struct parse *p)
{
	struct node *root = NULL;
	yaml_event_t event;

	while (!p->failed && next_event(p, &event)) {
		yaml_event_type_t type = event.type;

		if (type == YAML_STREAM_START_EVENT ||
		    type == YAML_DOCUMENT_END_EVENT) {
			yaml_event_delete(&event);
		} else if (type == YAML_STREAM_END_EVENT) {
			yaml_event_delete(&event);
			break;
		} else if (type == YAML_DOCUMENT_START_EVENT) {
			if (root)
				fail(p, &event.start_mark, "a second document "
				    "(---) begins here; there can be one");
			yaml_event_delete(&event);
		} else {
			root = parse_node(p, &event);
		}
	}
	return p->failed ? NULL : root;
}

static const struct origin *
origin_new(struct tree *tree, const char *file, const char *dir)
{
	struct origin *o = mem_alloc(sizeof *o);

	o->file = mem_strdup(file);
	o->dir = mem_strdup(dir);
	tree->origins = mem_grow(tree->origins, tree->norigins + 1,
	    sizeof *tree->origins);
	tree->origins[tree->norigins++] = o;
	return o;
}

struct node *
tree_parse(struct tree *tree, const char *text, size_t len, const char *file,
    const char *dir, struct spec_errors *errors)
{
	struct parse p = { .tree = tree, .errors = errors };
	struct node *root;

	p.origin = origin_new(tree, file, dir);
	p.anchors = map_new();
	if (!yaml_parser_initialize(&p.yaml))
		abort();
	yaml_parser_set_encoding(&p.yaml, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p.yaml, (const unsigned char *)text,
	    len);
	root = parse_document(&p);
	if (!root && !p.failed) {
		root = node_new(&p, NODE_MAP, &(yaml_mark_t){ 0 });
	} else if (root && node_is_null(root)) {
		root->type = NODE_MAP;
	}
	yaml_parser_delete(&p.yaml);
	map_free(p.anchors, NULL);
	return root;
}

struct node *
node_get(const struct node *map, const char *key)
{
	for (size_t i = 0; i < map->count && map->type == NODE_MAP; i++)
		if (strcmp(map->keys[i]->text, key) == 0)
			return map->items[i];
	return NULL;
}

struct node *
tree_merge(struct tree *tree, struct node *under, struct node *over)
{
	struct node *n;
	struct map *at;

	if (!under || !over)
		return over ? over : under;
	if (under->type != NODE_MAP || over->type != NODE_MAP)
		return over;
	n = take(tree, sizeof *n);
	*n = *over;
	n->keys = take(tree, (under->count + over->count) * sizeof *n->keys);
	n->items = take(tree, (under->count + over->count) * sizeof *n->items);
	n->count = under->count;
	at = map_new();
	for (size_t i = 0; i < under->count; i++) {
		n->keys[i] = under->keys[i];
		n->items[i] = under->items[i];
		map_put(at, n->keys[i]->text, &n->items[i]);
	}
	for (size_t i = 0; i < over->count; i++) {
		struct node **place = map_get(at, over->keys[i]->text);

		if (place) {
			*place = tree_merge(tree, *place, over->items[i]);
			n->keys[place - n->items] = over->keys[i];
			continue;
		}
		n->keys[n->count] = over->keys[i];
		n->items[n->count++] = over->items[i];
	}
	map_free(at, NULL);
	return n;
}

bool
node_is_null(const struct node *n)
{
	return n->type == NODE_SCALAR && n->plain && (n->len == 0 ||
	    strcmp(n->text, "~") == 0 || strcasecmp(n->text, "null") == 0);
}

const char *
node_kind(const struct node *n)
{
	return n->type == NODE_LIST ? "a list" : n->type == NODE_MAP ?
	    "a map" : node_is_null(n) ? "nothing" : "a single value";
}
