/* SPDX-License-Identifier: MIT */
/*
 * Restart intensity and back-off of one name. Intensity is OTP's (more than
 * max_restarts in max_seconds), over a sliding window; the back-off that
 * follows is exponential with jitter, as systemd's RestartSteps.
 */
#ifndef CORE_INTENSITY_H
#define CORE_INTENSITY_H

#include <stdbool.h>
#include <stdint.h>

#include "spec/child_spec.h"

/* Restarts remembered per name. A max_restarts of this many or more is never
 * exceeded. */
#define RESTARTS_COUNTED_MAX 10000

struct restart_log {
	int64_t *at_ms;			/* a ring, oldest at `first` */
	int first, count, room;
	int level;			/* of the back-off */
};

enum restart_verdict { RESTART_NOT, RESTART_NOW, RESTART_LATER,
    RESTART_GIVE_UP };

/* Is an instance that ended with `status` (as waitpid gives it) to be
 * followed by another at all? */
bool restart_is_due(const struct child_spec *spec, int status);
/* Counts the restart and decides; *delay_ms when LATER. */
enum restart_verdict restart_decide(struct restart_log *log,
    const struct child_spec *spec, bool was_running, int64_t now_ms,
    uint64_t random, int64_t *delay_ms);
void restart_reset(struct restart_log *log);	/* forgets, frees */

#endif
