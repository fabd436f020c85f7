/* SPDX-License-Identifier: MIT */
/*
 * depends_on: who waits for whom. A start waits until every name of each
 * dependency meets its condition; when all stop, a name waits until nothing
 * that depends on it runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/mem.h"
#include "core/child.h"

static bool
meets(const struct child *c, enum depend_on condition)
{
	switch (condition) {
	case DEPEND_STARTED:
		return c->process == PROCESS_MAIN && c->pid > 0;
	case DEPEND_READY:
		return c->state == CHILD_RUNNING;
	case DEPEND_COMPLETED:
		return c->process == PROCESS_NONE && c->has_exited &&
		    c->state == CHILD_EXITED && WIFEXITED(c->last_status) &&
		    child_spec_is_success(c->spec, WEXITSTATUS(c->last_status));
	}
	return true;
}

bool
depend_is_met(const struct core *core, const struct child *c, char *reason,
    size_t size)
{
	static const char *const words[] = { "started", "ready",
	    "completed" };

	for (int i = 0; i < c->spec->ndepends; i++) {
		const struct depend *d = &c->spec->depends[i];
		const struct entry *e = map_get(core->entries, d->name);

		if (!e) {
			snprintf(reason, size, "waits for %s, which is not "
			    "there", d->name);
			return false;
		}
		for (int k = 0; k < e->nchildren; k++) {
			if (meets(e->children[k], d->condition))
				continue;
			snprintf(reason, size, "waits for %s to be %s",
			    e->children[k]->name, words[d->condition]);
			return false;
		}
	}
	return true;
}

/* The specs that name `name` in their depends_on. */
static char **
dependents_of(const struct core *core, const char *name)
{
	const struct dependents *d = map_get(core->dependents, name);

	return d ? d->names : NULL;
}

bool
depend_holds_stop(const struct core *core, const struct child *c)
{
	const struct entry *e = c->private->entry;
	char **names = e ? dependents_of(core, e->spec->name) : NULL;

	for (; names && *names; names++) {
		const struct entry *d = map_get(core->entries, *names);

		for (int i = 0; d && i < d->nchildren; i++)
			if (d->children[i]->process != PROCESS_NONE)
				return true;
	}
	return false;
}

/* A name has moved: those that may wait for it look again. */
void
depend_changed(struct core *core, const struct child *c)
{
	const struct entry *e = c->private->entry;
	char **names = e ? dependents_of(core, e->spec->name) : NULL;

	for (; names && *names; names++) {
		const struct entry *d = map_get(core->entries, *names);

		for (int i = 0; d && i < d->nchildren; i++)
			if (d->children[i]->state == CHILD_PENDING)
				life_evaluate(core, d->children[i]);
	}
	if (!core->stopping || !e || c->process != PROCESS_NONE)
		return;
	for (int i = 0; i < e->spec->ndepends; i++) {
		const struct entry *d = map_get(core->entries,
		    e->spec->depends[i].name);

		for (int k = 0; d && k < d->nchildren; k++)
			life_evaluate(core, d->children[k]);
	}
}

void
depend_link(struct core *core, const struct child_spec *spec)
{
	for (int i = 0; i < spec->ndepends; i++) {
		const char *on = spec->depends[i].name;
		struct dependents *d = map_get(core->dependents, on);

		if (!d) {
			d = mem_alloc(sizeof *d);
			map_put(core->dependents, on, d);
		}
		if (strv_find(d->names, spec->name) < 0)
			strv_push(&d->names, spec->name);
	}
}

void
depend_unlink(struct core *core, const struct child_spec *spec)
{
	for (int i = 0; i < spec->ndepends; i++) {
		char **names = dependents_of(core, spec->depends[i].name);
		int at = strv_find(names, spec->name);

		if (at < 0)
			continue;
		free(names[at]);
		for (; names[at]; at++)
			names[at] = names[at + 1];
	}
}

void
dependents_free(void *value)
{
	struct dependents *d = value;

	strv_free(d->names);
	free(d);
}
