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

bool
depend_holds_stop(const struct core *core, const struct child *c)
{
	const struct entry *e = c->private->entry;

	if (!e)
		return false;
	for (char **name = e->dependents; name && *name; name++) {
		const struct entry *d = map_get(core->entries, *name);

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

	if (!e)
		return;
	for (char **name = e->dependents; name && *name; name++) {
		const struct entry *d = map_get(core->entries, *name);

		for (int i = 0; d && i < d->nchildren; i++)
			if (d->children[i]->state == CHILD_PENDING)
				life_evaluate(core, d->children[i]);
	}
	if (!core->stopping)
		return;
	for (int i = 0; i < e->spec->ndepends; i++) {
		const struct entry *d = map_get(core->entries,
		    e->spec->depends[i].name);

		for (int k = 0; d && k < d->nchildren; k++)
			life_evaluate(core, d->children[k]);
	}
}

void
depend_link(struct core *core, const struct entry *e)
{
	/* Both ways: what e waits for, and who already waits for e. */
	for (int i = 0; i < e->spec->ndepends; i++) {
		struct entry *d = map_get(core->entries,
		    e->spec->depends[i].name);

		if (d && strv_find(d->dependents, e->spec->name) < 0)
			strv_push(&d->dependents, e->spec->name);
	}
	for (struct entry *d = core->first_entry; d; d = d->next)
		for (int i = 0; i < d->spec->ndepends; i++)
			if (strcmp(d->spec->depends[i].name, e->spec->name)
			    == 0 && strv_find(e->dependents, d->spec->name) < 0)
				strv_push(&((struct entry *)e)->dependents,
				    d->spec->name);
}

void
depend_unlink(struct core *core, const struct entry *e)
{
	for (int i = 0; i < e->spec->ndepends; i++) {
		struct entry *d = map_get(core->entries,
		    e->spec->depends[i].name);
		int at = d ? strv_find(d->dependents, e->spec->name) : -1;

		if (at < 0)
			continue;
		free(d->dependents[at]);
		for (; d->dependents[at]; at++)
			d->dependents[at] = d->dependents[at + 1];
	}
}
