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
};

struct runner;
void note_ready(struct runner *r);

#endif
