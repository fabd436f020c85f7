/* SPDX-License-Identifier: MIT */
/* What the agent writes on a slot for its successor (wire_spawn.note). */
#ifndef AGENT_NOTE_H
#define AGENT_NOTE_H

#include <stdint.h>

#define NOTE_VERSION 1

struct note {
	uint32_t version;
	uint32_t kind;		/* enum process_kind */
	uint64_t instance, epoch;
	uint32_t restarts;
	uint32_t ready;
	int32_t status;		/* of the last main process */
	uint32_t ended;		/* CHILD_EXITED or CHILD_FATAL: it stays so;
				 * else CHILD_STOPPED */
};

struct runner;
/* Writes the note of now. */
void note_update(struct runner *r);

#endif
