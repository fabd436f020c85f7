/* SPDX-License-Identifier: MIT */
/* A binary heap of children by timer_ms. See child.h. */
#include <stdlib.h>

#include "base/mem.h"
#include "core/child.h"

static void
place(struct core *core, int at, struct child *c)
{
	core->heap[at] = c;
	c->private->heap_at = at;
}

static void
sift(struct core *core, int at)
{
	struct child *c = core->heap[at];
	int64_t due = c->private->timer_ms;

	while (at > 0) {
		struct child *up = core->heap[(at - 1) / 2];

		if (up->private->timer_ms <= due)
			break;
		place(core, at, up);
		at = (at - 1) / 2;
	}
	for (;;) {
		int kid = 2 * at + 1;

		if (kid + 1 < core->heap_len &&
		    core->heap[kid + 1]->private->timer_ms <
		    core->heap[kid]->private->timer_ms)
			kid++;
		if (kid >= core->heap_len ||
		    core->heap[kid]->private->timer_ms >= due)
			break;
		place(core, at, core->heap[kid]);
		at = kid;
	}
	place(core, at, c);
}

static void
take_out(struct core *core, struct child *c)
{
	int at = c->private->heap_at;
	struct child *last;

	if (at < 0)
		return;
	c->private->heap_at = -1;
	last = core->heap[--core->heap_len];
	if (at == core->heap_len)
		return;
	place(core, at, last);
	sift(core, at);
}

void
timer_set(struct core *core, struct child *c, int64_t due_ms)
{
	if (due_ms == INT64_MAX) {
		take_out(core, c);
		return;
	}
	c->private->timer_ms = due_ms;
	if (c->private->heap_at < 0) {
		if (core->heap_len == core->heap_room) {
			core->heap_room = 2 * core->heap_room + 16;
			core->heap = mem_grow(core->heap, core->heap_room,
			    sizeof *core->heap);
		}
		place(core, core->heap_len++, c);
	}
	sift(core, c->private->heap_at);
}

struct child *
timer_first(const struct core *core)
{
	return core->heap_len ? core->heap[0] : NULL;
}
