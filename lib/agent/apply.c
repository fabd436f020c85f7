/* SPDX-License-Identifier: MIT */
/*
 * What users wish: first into the store, synced, then to the core. If the
 * store cannot take it, nothing has changed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/store.h"
#include "base/log.h"
#include "base/mem.h"

static void
step_put(struct agent *agent, const struct child_spec *spec,
    const char *source)
{
	struct input in = { .type = INPUT_SPEC_PUT, .spec = spec,
	    .name = spec->name, .source = source };

	agent_step(agent, &in);
}

static int
store_spec(struct agent *agent, const struct child_spec *spec,
    const char *source, struct err *err)
{
	struct buf body;
	int ret;

	buf_init(&body, 0);
	child_spec_format(spec, &body);
	ret = store_put_spec(agent->store, spec->name, source, 0, body.data,
	    err);
	buf_release(&body);
	return ret;
}

void
apply_result_release(struct apply_result *r)
{
	strv_free(r->add);
	strv_free(r->remove);
	strv_free(r->change);
	*r = (struct apply_result){ 0 };
}

/* The difference between the file's document and what is in force. */
static void
compare(struct agent *agent, const struct fleet_spec *fleet,
    struct apply_result *r)
{
	const struct child_spec *old;
	struct map_iter it = { 0 };
	const char *name, *source;
	void *value;

	while (map_next(fleet->children, &it, &name, &value)) {
		old = core_spec(agent->core, name, &source);
		if (!old)
			strv_push(&r->add, name);
		else if (!child_spec_equal(old, value) ||
		    strcmp(source, "file") != 0)
			strv_push(&r->change, name);
		else
			r->unchanged++;
	}
	for (old = NULL; (old = core_next_spec(agent->core, old));) {
		core_spec(agent->core, old->name, &source);
		if (strcmp(source, "file") == 0 &&
		    !map_get(fleet->children, old->name))
			strv_push(&r->remove, old->name);
	}
}

static int
store_difference(struct agent *agent, const struct fleet_spec *fleet,
    const struct apply_result *r, struct err *err)
{
	struct buf files;
	int ret = 0;

	if (store_begin(agent->store, err) < 0)
		return -1;
	buf_init(&files, 0);
	for (char **f = fleet->files; f && *f; f++)
		buf_printf(&files, "%s\n", *f);
	ret = store_set_meta(agent->store, "files", files.data, err);
	buf_release(&files);
	for (char **n = r->remove; n && *n && ret == 0; n++)
		ret = store_delete_spec(agent->store, *n, err);
	for (char **n = r->add; n && *n && ret == 0; n++)
		ret = store_spec(agent, map_get(fleet->children, *n), "file",
		    err);
	for (char **n = r->change; n && *n && ret == 0; n++)
		ret = store_spec(agent, map_get(fleet->children, *n), "file",
		    err);
	if (ret < 0) {
		store_rollback(agent->store);
		return -1;
	}
	return store_commit(agent->store, err);
}

int
agent_apply(struct agent *agent, const struct fleet_spec *fleet,
    bool dry_run, struct apply_result *r, struct err *err)
{
	*r = (struct apply_result){ 0 };
	compare(agent, fleet, r);
	if (dry_run)
		return 0;
	if (store_difference(agent, fleet, r, err) < 0)
		return -1;
	strv_free(agent->files);
	agent->files = strv_copy(fleet->files);
	for (char **n = r->remove; n && *n; n++) {
		struct input in = { .type = INPUT_SPEC_DELETE, .name = *n };

		agent_step(agent, &in);
	}
	for (char **n = r->add; n && *n; n++)
		step_put(agent, map_get(fleet->children, *n), "file");
	for (char **n = r->change; n && *n; n++)
		step_put(agent, map_get(fleet->children, *n), "file");
	return 0;
}

/* Would one of its names be somebody else's? */
static int
check_free(const struct agent *agent, const struct child_spec *spec,
    struct err *err)
{
	char name[NAME_LEN_MAX + 1];

	for (int i = 0; i < spec->replicas; i++) {
		const struct child *c = core_find(agent->core,
		    child_spec_name(spec, i, name));

		if (!c || strcmp(c->spec->name, spec->name) == 0)
			continue;
		err_set(err, "there is a child %s already", name);
		err->code = EEXIST;
		return -1;
	}
	return 0;
}

int
agent_add_child(struct agent *agent, const struct child_spec *spec,
    struct err *err)
{
	if (core_spec(agent->core, spec->name, NULL)) {
		err_set(err, "there is a child %s already", spec->name);
		err->code = EEXIST;
		return -1;
	}
	if (check_free(agent, spec, err) < 0 ||
	    store_spec(agent, spec, "start", err) < 0)
		return -1;
	step_put(agent, spec, "start");
	return 0;
}

int
agent_remove_spec(struct agent *agent, const char *name, struct err *err)
{
	struct input in = { .type = INPUT_SPEC_DELETE, .name = name };

	if (store_delete_spec(agent->store, name, err) < 0)
		return -1;
	agent_step(agent, &in);
	return 0;
}

int
agent_scale(struct agent *agent, const char *name, int replicas,
    struct err *err)
{
	const char *source;
	const struct child_spec *old = core_spec(agent->core, name, &source);
	struct child_spec *spec;
	int ret;

	if (!old) {
		err_set(err, "there is no child %s", name);
		err->code = ENOENT;
		return -1;
	}
	spec = child_spec_scaled(old, replicas);
	ret = check_free(agent, spec, err);
	if (ret == 0)
		ret = store_spec(agent, spec, source, err);
	if (ret == 0) {
		char *copy = mem_strdup(source);

		step_put(agent, spec, copy);
		free(copy);
	}
	child_spec_unref(spec);
	return ret;
}

int
agent_want(struct agent *agent, const char *name, bool wanted,
    struct err *err)
{
	struct input in = { .type = wanted ? INPUT_START : INPUT_STOP,
	    .name = name };
	const struct child *c = core_find(agent->core, name);

	if (c && c->wanted != wanted &&
	    store_put_want(agent->store, name, wanted, err) < 0)
		return -1;
	agent_step(agent, &in);
	return 0;
}

void
agent_restart(struct agent *agent, const char *name, bool handoff)
{
	struct input in = { .type = INPUT_RESTART, .name = name,
	    .handoff = handoff };
	const struct child *c = core_find(agent->core, name);
	struct err err;

	if (c && !c->wanted &&
	    store_put_want(agent->store, name, true, &err) < 0)
		log_error("%s", err.text);

	agent_step(agent, &in);
}

int
agent_group(struct agent *agent, const char *name, const char *group,
    bool join, struct err *err)
{
	struct input in = { .type = join ? INPUT_JOIN : INPUT_LEAVE,
	    .name = name, .group = group };

	if (store_put_group(agent->store, name, group, join, err) < 0)
		return -1;
	agent_step(agent, &in);
	return 0;
}

/* Reads the files of the document again. Mistakes change nothing. */
void
agent_reload(struct agent *agent)
{
	char **files = agent->config.files ? agent->config.files :
	    agent->files;
	struct spec_errors errors = { 0 };
	struct apply_result result;
	struct fleet_spec *fleet;
	struct err err;

	if (!files || !files[0])
		return;
	fleet = fleet_spec_load(files, &errors);
	for (char **line = errors.lines; line && *line; line++)
		log_error("%s", *line);
	if (!fleet)
		log_error("the fleet file is not applied; all goes on as it "
		    "was");
	else if (agent_apply(agent, fleet, false, &result, &err) < 0)
		log_error("%s", err.text);
	else
		apply_result_release(&result);
	fleet_spec_free(fleet);
	spec_errors_release(&errors);
}

static int
load_spec(void *arg, const char *name, const char *source, uint64_t revision,
    const char *body)
{
	struct spec_errors errors = { 0 };
	struct child_spec *spec = child_spec_parse(name, body, strlen(body),
	    "/", &errors);

	(void)revision;
	if (spec)
		step_put(arg, spec, source);
	else
		log_error("the stored spec of %s cannot be read: %s", name,
		    errors.lines ? errors.lines[0] : "?");
	child_spec_unref(spec);
	spec_errors_release(&errors);
	return 0;
}

static int
load_want(void *arg, const char *name, bool wanted)
{
	struct agent *agent = arg;

	core_set_wanted(agent->core, name, wanted);
	return 0;
}

static int
load_instance(void *arg, const char *name, uint64_t epoch, uint64_t instance)
{
	struct agent *agent = arg;

	(void)epoch;
	core_set_instance(agent->core, name, instance);
	return 0;
}

static int
load_group(void *arg, const char *name, const char *group, bool joined)
{
	struct input in = { .type = joined ? INPUT_JOIN : INPUT_LEAVE,
	    .name = name, .group = group };

	agent_step(arg, &in);
	return 0;
}

void
agent_load(struct agent *agent)
{
	char *files = store_meta(agent->store, "files"), *file, *rest;

	for (file = files ? strtok_r(files, "\n", &rest) : NULL; file;
	    file = strtok_r(NULL, "\n", &rest))
		strv_push(&agent->files, file);
	free(files);
	store_each_want(agent->store, load_want, agent);
	store_each_instance(agent->store, load_instance, agent);
	store_each_spec(agent->store, load_spec, agent);
	store_each_group(agent->store, load_group, agent);
}
