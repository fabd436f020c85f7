/* SPDX-License-Identifier: MIT */
/* See intensity.h. */
#include "core/intensity.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/mem.h"
#include "base/units.h"

bool
restart_is_due(const struct child_spec *spec, int status)
{
	switch (spec->restart) {
	case RESTART_PERMANENT:
		return true;
	case RESTART_TRANSIENT:
		return !WIFEXITED(status) ||
		    !child_spec_is_success(spec, WEXITSTATUS(status));
	default:
		return false;
	}
}

static void
forget_older(struct restart_log *log, int64_t than_ms)
{
	while (log->count > 0 && log->at_ms[log->first] < than_ms) {
		log->first = (log->first + 1) % log->room;
		log->count--;
	}
}

static void
grow(struct restart_log *log)
{
	int room = log->room ? 2 * log->room : 4;
	int64_t *at_ms = mem_array(room, sizeof *at_ms);

	for (int i = 0; i < log->count; i++)
		at_ms[i] = log->at_ms[(log->first + i) % log->room];
	free(log->at_ms);
	log->at_ms = at_ms;
	log->first = 0;
	log->room = room;
}

static void
remember(struct restart_log *log, int64_t now_ms)
{
	if (log->count == RESTARTS_COUNTED_MAX) {
		log->first = (log->first + 1) % log->room;
		log->count--;
	}
	if (log->count == log->room)
		grow(log);
	log->at_ms[(log->first + log->count++) % log->room] = now_ms;
}

/* initial · factor^level up to max, then ± jitter. */
static int64_t
delay(const struct child_spec *spec, int level, uint64_t random)
{
	int64_t ms = spec->backoff_initial_ms, span;

	for (int i = 0; i < level && ms < spec->backoff_max_ms; i++) {
		if (ms > INT64_MAX / 1000000)
			break;
		ms = ms * spec->backoff_factor_permille / 1000;
	}
	if (ms > spec->backoff_max_ms)
		ms = spec->backoff_max_ms;
	if (ms > INT64_MAX / 1000000)
		return ms;
	span = ms * spec->backoff_jitter_permille / 1000;
	if (span > 0)
		ms += (int64_t)(random % (uint64_t)(2 * span + 1)) - span;
	return ms < 0 ? 0 : ms;
}

enum restart_verdict
restart_decide(struct restart_log *log, const struct child_spec *spec,
    bool was_running, int64_t now_ms, uint64_t random, int64_t *delay_ms)
{
	if (spec->max_seconds_ms < now_ms)
		forget_older(log, now_ms - spec->max_seconds_ms);
	remember(log, now_ms);
	if (was_running)
		log->level = 0;
	if (log->count <= spec->max_restarts ||
	    spec->max_restarts >= RESTARTS_COUNTED_MAX)
		return RESTART_NOW;
	if (spec->on_max_restarts == MAX_RESTARTS_STOP)
		return RESTART_GIVE_UP;
	if (was_running)
		return RESTART_NOW;
	*delay_ms = delay(spec, log->level, random);
	if (log->level < 1000)
		log->level++;
	return RESTART_LATER;
}

void
restart_reset(struct restart_log *log)
{
	free(log->at_ms);
	memset(log, 0, sizeof *log);
}
