/* SPDX-License-Identifier: MIT */
/*
 * The fleet file: YAML (libyaml) to specs. All mistakes are collected and
 * reported together, each as FILE:LINE:COLUMN. The same parser reads the
 * canonical JSON that travels from command to agent and lies in the store,
 * because JSON is YAML: so there is one set of checks, not two.
 *
 * Several files and `include` are merged: a later file's scalar or list wins,
 * maps merge by key, as Compose does it.
 */
#ifndef SPEC_FLEET_SPEC_H
#define SPEC_FLEET_SPEC_H

#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "spec/child_spec.h"

#define FLEET_FILE_MAX (16 * 1024 * 1024)	/* bytes of one file */
#define FLEET_NAMES_MAX 100000
#define SPEC_DEPTH_MAX 64
#define SPEC_NODES_MAX 2000000			/* after aliases: no bombs */
#define SPEC_ERRORS_MAX 100			/* then "and N more" */

struct agent_spec {
	char *state_dir;	/* absolute; NULL: the default */
	char *log_dir;
	int max_children;	/* CHILDREN_MAX unless given */
	int64_t drain_timeout_ms;
};

struct fleet_spec {
	char *name;		/* of the fleet */
	struct agent_spec agent;
	struct map *children;	/* name → struct child_spec *, file order */
	char **files;		/* absolute paths read, includes too */
};

/* The mistakes found, in the order of the files. */
struct spec_errors {
	char **lines;		/* "FILE:LINE:COLUMN: …", NULL-terminated */
	size_t count;		/* may be more than lines holds */
};
void spec_errors_release(struct spec_errors *errors);

/* Reads and checks files (NULL-terminated; "-" is standard input). On
 * mistakes: -1 and *errors filled. Relative working_dir, env_file, command
 * paths with a slash stay as the user wrote them, except that working_dir and
 * env_file become absolute from the file's folder, and working_dir defaults
 * to that folder. */
struct fleet_spec *fleet_spec_load(char *const *files,
    struct spec_errors *errors);
/* The same from memory; origin is the name used in messages, dir the folder
 * that relative paths start from. */
struct fleet_spec *fleet_spec_parse(const char *text, size_t len,
    const char *origin, const char *dir, struct spec_errors *errors);
void fleet_spec_free(struct fleet_spec *fleet);
/* Canonical JSON of all of it (fleet, agent, children, files). */
void fleet_spec_format(const struct fleet_spec *fleet, struct buf *out);

/* One child from its canonical JSON (or YAML) body. */
struct child_spec *child_spec_parse(const char *name, const char *text,
    size_t len, const char *dir, struct spec_errors *errors);

#endif
