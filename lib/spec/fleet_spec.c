/* SPDX-License-Identifier: MIT */
/* Files to fleet: reading, including, merging, checking across children. */
#include "spec/fleet_spec.h"

#include <assert.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/units.h"
#include "spec/spec_keys.h"

#define INCLUDE_DEPTH_MAX 16

struct load {
	struct tree *tree;
	struct spec_errors *errors;
	struct node *root;		/* merged so far */
	char **files;
	char **open;			/* being included, for cycles */
	char *dir;			/* of the first file */
};

static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return mem_strdup(".");
	return slash == path ? mem_strdup("/") :
	    mem_strndup(path, slash - path);
}

static char *
absolute(const char *path)
{
	char cwd[PATH_MAX], *full = realpath(path, NULL);

	if (full)
		return full;
	if (path[0] == '/' || !getcwd(cwd, sizeof cwd))
		return mem_strdup(path);
	return mem_printf("%s/%s", cwd, path);
}

static void load_file(struct load *l, const char *path,
    const struct node *from);

static void
include_pattern(struct load *l, const struct node *item)
{
	char *pattern;
	glob_t found;
	int ret;

	if (item->type != NODE_SCALAR || item->len == 0) {
		spec_error(l->errors, item, "include must be a path or a list "
		    "of paths");
		return;
	}
	pattern = item->text[0] == '/' ? mem_strdup(item->text) :
	    mem_printf("%s/%s", item->origin->dir, item->text);
	ret = glob(pattern, 0, NULL, &found);
	if (ret == GLOB_NOMATCH && !strpbrk(item->text, "*?["))
		spec_error(l->errors, item, "include: there is no file %s",
		    pattern);
	else if (ret != 0 && ret != GLOB_NOMATCH)
		spec_error(l->errors, item, "include: cannot read %s",
		    pattern);
	for (size_t i = 0; ret == 0 && i < found.gl_pathc; i++)
		load_file(l, found.gl_pathv[i], item);
	if (ret == 0)
		globfree(&found);
	free(pattern);
}

/* Included files lie beneath the file that includes them. */
static void
load_text(struct load *l, const struct buf *text, const char *path,
    const char *dir)
{
	struct node *root, *include;

	root = tree_parse(l->tree, text->data, text->len, path, dir,
	    l->errors);
	if (!root)
		return;
	if (root->type != NODE_MAP) {
		spec_error(l->errors, root, "a fleet file is a map with the "
		    "key 'children', not %s", node_kind(root));
		return;
	}
	include = node_get(root, "include");
	if (include && include->type == NODE_LIST)
		for (size_t i = 0; i < include->count; i++)
			include_pattern(l, include->items[i]);
	else if (include)
		include_pattern(l, include);
	l->root = tree_merge(l->tree, l->root, root);
}

static void
load_fail(struct load *l, const struct node *from, const char *path,
    const char *why)
{
	if (from)
		spec_error(l->errors, from, "%s: %s", path, why);
	else
		spec_error_at(l->errors, path, 0, 0, "%s", why);
}

static void
load_file(struct load *l, const char *path, const struct node *from)
{
	bool is_stdin = strcmp(path, "-") == 0;
	char *full = is_stdin ? mem_strdup("-") : absolute(path);
	char *dir = is_stdin ? absolute(".") : folder_of(full);
	struct stat st;
	struct err err;
	struct buf text;

	buf_init(&text, FLEET_FILE_MAX);
	if (strv_find(l->open, full) >= 0) {
		load_fail(l, from, path, "includes itself");
	} else if (strv_len(l->open) >= INCLUDE_DEPTH_MAX) {
		load_fail(l, from, path, "too many includes in each other");
	} else if (!is_stdin && stat(full, &st) < 0) {
		load_fail(l, from, path, strerror(errno));
	} else if (!is_stdin && S_ISDIR(st.st_mode)) {
		load_fail(l, from, path, "is a folder, not a file");
	} else if ((!is_stdin && st.st_size > FLEET_FILE_MAX) ||
	    (fs_read(full, &text, &err) < 0 && err.code == EFBIG)) {
		load_fail(l, from, path, "larger than 16 MiB; no fleet file "
		    "is");
	} else if (text.len == 0 && (is_stdin || st.st_size > 0) &&
	    fs_read(full, &text, &err) < 0) {
		load_fail(l, from, path, err.text);
	} else {
		size_t depth = strv_len(l->open);

		strv_push(&l->files, full);
		strv_push(&l->open, full);
		if (!l->dir)
			l->dir = mem_strdup(dir);
		load_text(l, &text, is_stdin ? "-" : path, dir);
		free(l->open[depth]);
		l->open[depth] = NULL;
	}
	buf_release(&text);
	free(dir);
	free(full);
}

static void
read_agent(struct fleet_spec *fleet, const struct node *map,
    struct spec_errors *errors)
{
	static const char *const known[] = { "state_dir", "log_dir",
	    "max_children", "drain_timeout", NULL };
	struct reader r = { .errors = errors };

	if (map->type != NODE_MAP) {
		spec_error(errors, map, "agent must be a map, not %s",
		    node_kind(map));
		return;
	}
	for (size_t i = 0; i < map->count; i++) {
		const struct node *value = map->items[i];

		r.key = map->keys[i];
		if (strcmp(r.key->text, known[0]) == 0)
			read_path(&r, value, &fleet->agent.state_dir);
		else if (strcmp(r.key->text, known[1]) == 0)
			read_path(&r, value, &fleet->agent.log_dir);
		else if (strcmp(r.key->text, known[2]) == 0)
			read_int(&r, value, 1, CHILDREN_MAX,
			    &fleet->agent.max_children);
		else if (strcmp(r.key->text, known[3]) == 0)
			read_duration(&r, value, true,
			    &fleet->agent.drain_timeout_ms);
		else
			read_unknown_key(errors, r.key, known, "agent");
	}
}

static void
read_child(struct fleet_spec *fleet, const struct node *key,
    const struct node *value, struct tree *tree, struct node *defaults,
    struct spec_errors *errors)
{
	struct child_spec *s;
	struct node *map;
	struct err err;

	if (name_check(key->text, &err) < 0)
		spec_error(errors, key, "%s", err.text);
	if (value->type != NODE_MAP) {
		spec_error(errors, value, "child %s must be a map with a "
		    "command, not %s", key->text, node_kind(value));
		return;
	}
	map = tree_merge(tree, defaults, (struct node *)value);
	s = child_spec_read(key->text, map, errors);
	if (!s->argv && !node_get(map, "command"))
		spec_error(errors, key, "child %s has no command", key->text);
	if (!s->working_dir)
		s->working_dir = mem_strdup(value->origin->dir);
	if (s->replicas > 1 && strlen(key->text) > NAME_LEN_MAX - 8)
		spec_error(errors, key, "the name is too long to be numbered "
		    "(%d characters at most with replicas)",
		    NAME_LEN_MAX - 8);
	map_put(fleet->children, key->text, s);
}

/* Each name once, replicas included. */
static void
check_names(const struct fleet_spec *fleet, const struct node *children,
    struct spec_errors *errors)
{
	struct map *owner = map_new();
	size_t total = 0;

	for (size_t i = 0; i < children->count; i++) {
		struct child_spec *s = map_get(fleet->children,
		    children->keys[i]->text), *other;
		char name[NAME_LEN_MAX + 1];

		for (int k = 0; s && k < s->replicas; k++) {
			total++;
			child_spec_name(s, k, name);
			other = map_put(owner, name, s);
			if (!other || other == s)
				continue;
			spec_error(errors, children->keys[i], "the name %s is "
			    "also a name of child %s", name, other->name);
			break;
		}
	}
	if (total > FLEET_NAMES_MAX)
		spec_error(errors, children, "%zu names; a fleet has at most "
		    "%d", total, FLEET_NAMES_MAX);
	map_free(owner, NULL);
}

/* Depth first: 1 on the path, 2 done. */
static bool
find_cycle(const struct fleet_spec *fleet, struct map *mark,
    struct child_spec *s, char ***path)
{
	static char on_path, done;
	void *was = map_get(mark, s->name);

	if (was == &done)
		return false;
	strv_push(path, s->name);
	if (was == &on_path)
		return true;
	map_put(mark, s->name, &on_path);
	for (int i = 0; i < s->ndepends; i++) {
		struct child_spec *d = map_get(fleet->children,
		    s->depends[i].name);

		if (d && find_cycle(fleet, mark, d, path))
			return true;
	}
	map_put(mark, s->name, &done);
	size_t n = strv_len(*path);
	free((*path)[n - 1]);
	(*path)[n - 1] = NULL;
	return false;
}

static void
report_cycle(const struct node *at, char **path, struct spec_errors *errors)
{
	size_t n = strv_len(path), from = strv_find(path, path[n - 1]);
	struct buf text;

	buf_init(&text, 0);
	for (size_t i = from; i < n; i++)
		buf_printf(&text, "%s%s", i > from ? " -> " : "", path[i]);
	spec_error(errors, at, "depends_on goes round in a circle: %s",
	    text.data);
	buf_release(&text);
}

static void
check_depends(const struct fleet_spec *fleet, const struct node *children,
    struct spec_errors *errors)
{
	const char **names = mem_array(children->count + 1, sizeof *names);
	struct map *mark = map_new();
	bool cycle = false;

	for (size_t i = 0; i < children->count; i++)
		names[i] = children->keys[i]->text;
	for (size_t i = 0; i < children->count; i++) {
		struct child_spec *s = map_get(fleet->children, names[i]);
		char **path = NULL;

		for (int k = 0; s && k < s->ndepends; k++) {
			const char *on = s->depends[k].name, *near;

			if (map_get(fleet->children, on))
				continue;
			near = nearest_word(on, names);
			spec_error(errors, children->keys[i], "%s depends on "
			    "%s, and there is no such child%s%s%s", s->name,
			    on, near ? " (did you mean '" : "",
			    near ? near : "", near ? "'?)" : "");
		}
		if (s && !cycle && (cycle = find_cycle(fleet, mark, s, &path)))
			report_cycle(children->keys[i], path, errors);
		strv_free(path);
	}
	map_free(mark, NULL);
	free(names);
}

static void
read_children(struct fleet_spec *fleet, const struct node *map,
    struct node *defaults, struct tree *tree, struct spec_errors *errors)
{
	if (node_is_null(map))
		return;
	if (map->type != NODE_MAP) {
		spec_error(errors, map, "children must be a map of names, "
		    "not %s", node_kind(map));
		return;
	}
	for (size_t i = 0; i < map->count; i++)
		read_child(fleet, map->keys[i], map->items[i], tree, defaults,
		    errors);
	check_names(fleet, map, errors);
	check_depends(fleet, map, errors);
}

static void
read_defaults(struct node *defaults, struct spec_errors *errors)
{
	if (defaults->type != NODE_MAP && !node_is_null(defaults))
		spec_error(errors, defaults, "defaults must be a map of child "
		    "keys, not %s", node_kind(defaults));
	else		/* its mistakes are told once, not per child */
		child_spec_unref(child_spec_read("defaults", defaults,
		    errors));
}

static void
read_files(struct fleet_spec *fleet, const struct node *list)
{
	for (size_t i = 0; list->type == NODE_LIST && i < list->count; i++)
		if (list->items[i]->type == NODE_SCALAR)
			strv_push(&fleet->files, list->items[i]->text);
}

/* The top of the file. `files` is there in canonical JSON alone. */
static void
read_root(struct fleet_spec *fleet, const struct node *root, struct tree *tree,
    struct spec_errors *errors)
{
	static const char *const known[] = { "fleet", "agent", "defaults",
	    "children", "include", NULL };
	struct node *defaults = node_get(root, "defaults"),
	    *children = node_get(root, "children");
	struct err err;

	for (size_t i = 0; i < root->count; i++) {
		const struct node *key = root->keys[i], *value =
		    root->items[i];

		if (strcmp(key->text, "fleet") == 0) {
			struct reader r = { .errors = errors, .key = key };

			if (read_text(&r, value, &fleet->name) &&
			    name_check(fleet->name, &err) < 0)
				spec_error(errors, value, "fleet: %s",
				    err.text);
		} else if (strcmp(key->text, "agent") == 0) {
			read_agent(fleet, value, errors);
		} else if (strcmp(key->text, "x-files") == 0) {
			read_files(fleet, value);
		} else if (strncmp(key->text, "x-", 2) != 0 && strcmp(
		    key->text, "defaults") != 0 && strcmp(key->text,
		    "children") != 0 && strcmp(key->text, "include") != 0) {
			read_unknown_key(errors, key, known,
			    "the fleet file");
		}
	}
	if (defaults) {
		size_t before = errors->count;

		read_defaults(defaults, errors);
		if (errors->count > before || defaults->type != NODE_MAP)
			defaults = NULL;
	}
	if (children)
		read_children(fleet, children, defaults, tree, errors);
}

static struct fleet_spec *
fleet_new(void)
{
	struct fleet_spec *fleet = mem_alloc(sizeof *fleet);

	fleet->children = map_new();
	fleet->agent.max_children = CHILDREN_MAX;
	fleet->agent.drain_timeout_ms = 30000;
	return fleet;
}

/* A name for the fleet from its folder's, if that can be one. */
static char *
name_from_dir(const char *dir)
{
	const char *slash = strrchr(dir, '/');
	char *name = mem_strdup(slash && slash[1] ? slash + 1 : dir);

	for (char *p = name; *p; p++)
		if (!strchr("_.@:-", *p) && !(*p >= '0' && *p <= '9') &&
		    !((*p | 32) >= 'a' && (*p | 32) <= 'z'))
			*p = '-';
	if (name_check(name, NULL) < 0) {
		free(name);
		name = mem_strdup("fleet");
	}
	return name;
}

static struct fleet_spec *
finish(struct load *l)
{
	struct fleet_spec *fleet = fleet_new();

	if (l->root)
		read_root(fleet, l->root, l->tree, l->errors);
	if (!fleet->name)
		fleet->name = name_from_dir(l->dir ? l->dir : "/");
	if (!fleet->files)
		fleet->files = l->files;
	else
		strv_free(l->files);
	tree_free(l->tree);
	strv_free(l->open);
	free(l->dir);
	if (l->errors->count == 0)
		return fleet;
	fleet_spec_free(fleet);
	return NULL;
}

struct fleet_spec *
fleet_spec_load(char *const *files, struct spec_errors *errors)
{
	struct load l = { .tree = tree_new(), .errors = errors };

	for (; *files; files++)
		load_file(&l, *files, NULL);
	if (errors->count == 0 && l.root && !node_get(l.root, "children"))
		spec_error(errors, l.root, "there is no 'children' in it; "
		    "write for example\nchildren:\n  hello:\n    command: "
		    "sleep 60");
	return finish(&l);
}

struct fleet_spec *
fleet_spec_parse(const char *text, size_t len, const char *origin,
    const char *dir, struct spec_errors *errors)
{
	struct load l = { .tree = tree_new(), .errors = errors };

	l.root = tree_parse(l.tree, text, len, origin, dir, errors);
	l.dir = mem_strdup(dir);
	if (l.root && l.root->type != NODE_MAP) {
		spec_error(errors, l.root, "must be a map, not %s",
		    node_kind(l.root));
		l.root = NULL;
	}
	return finish(&l);
}

void
fleet_spec_free(struct fleet_spec *fleet)
{
	if (!fleet)
		return;
	map_free(fleet->children, (void (*)(void *))child_spec_unref);
	free(fleet->name);
	free(fleet->agent.state_dir);
	free(fleet->agent.log_dir);
	strv_free(fleet->files);
	free(fleet);
}

void
fleet_spec_format(const struct fleet_spec *fleet, struct buf *out)
{
	const struct agent_spec *a = &fleet->agent;
	struct map_iter it = { 0 };
	const char *name;
	struct jsonw w;
	void *value;
	char text[32];

	jsonw_init(&w, out);
	jsonw_object(&w);
	jsonw_kstr(&w, "fleet", fleet->name);
	jsonw_key(&w, "agent");
	jsonw_object(&w);
	if (a->state_dir)
		jsonw_kstr(&w, "state_dir", a->state_dir);
	if (a->log_dir)
		jsonw_kstr(&w, "log_dir", a->log_dir);
	jsonw_kint(&w, "max_children", a->max_children);
	jsonw_kstr(&w, "drain_timeout",
	    duration_format(a->drain_timeout_ms, text));
	jsonw_end_object(&w);
	jsonw_key(&w, "x-files");
	jsonw_array(&w);
	for (char **f = fleet->files; f && *f; f++)
		jsonw_str(&w, *f);
	jsonw_end_array(&w);
	jsonw_key(&w, "children");
	jsonw_object(&w);
	while (map_next(fleet->children, &it, &name, &value)) {
		struct buf body;

		buf_init(&body, 0);
		child_spec_format(value, &body);
		jsonw_key(&w, name);
		jsonw_raw(&w, body.data, body.len);
		buf_release(&body);
	}
	jsonw_end_object(&w);
	jsonw_end_object(&w);
}

struct child_spec *
child_spec_parse(const char *name, const char *text, size_t len,
    const char *dir, struct spec_errors *errors)
{
	struct tree *tree = tree_new();
	struct node *root = tree_parse(tree, text, len, name, dir, errors);
	struct child_spec *s = NULL;
	struct err err;

	if (name_check(name, &err) < 0)
		spec_error_at(errors, name, 0, 0, "%s", err.text);
	if (root && root->type != NODE_MAP)
		spec_error(errors, root, "a child is a map of keys, not %s",
		    node_kind(root));
	else if (root)
		s = child_spec_read(name, root, errors);
	if (s && !s->argv && !node_get(root, "command"))
		spec_error(errors, root, "child %s has no command", name);
	if (s && !s->working_dir)
		s->working_dir = mem_strdup(dir);
	tree_free(tree);
	if (errors->count == 0)
		return s;
	child_spec_unref(s);
	return NULL;
}
