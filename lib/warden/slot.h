/* SPDX-License-Identifier: MIT */
/*
 * The warden's table: a mapped file of fixed slots, with a heap of deadlines
 * and an index by process ID beside it. Private to lib/warden (and to
 * `swarmsup dump`, which shows the file).
 */
#ifndef WARDEN_SLOT_H
#define WARDEN_SLOT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "warden/warden.h"
#include "warden/wire.h"

#define TABLE_MAGIC 0x7461626c73757773ULL	/* "swuslbat" */
#define INSTANCE_TEXT_MAX 24

enum slot_phase {
	SLOT_FREE,
	SLOT_IDLE,		/* pipes, no process */
	SLOT_RUNNING,
	SLOT_LEFTOVERS,		/* main process gone, others not yet */
	SLOT_EXITED		/* until ACK */
};

enum slot_say {			/* what the agent has not been told */
	SAY_SPAWNED = 1, SAY_FAILED = 2, SAY_EXITED = 4
};

struct slot {
	uint32_t phase;
	uint32_t say;
	uint32_t failed;		/* EXITED is really SPAWN_FAILED */
	int32_t queue_next;		/* in the queue of slots with a say */
	int32_t queued;
	int32_t heap_at;		/* -1: no deadline */
	int64_t next_ms;		/* key of the heap */
	uint64_t serial;
	char name[NAME_LEN_MAX + 1 + 7];
	char instance[INSTANCE_TEXT_MAX];	/* SWARMSUP_INSTANCE's value */
	int32_t pid;			/* the main process */
	int32_t leader;			/* its session and group */
	int64_t started_ms;
	int32_t out[2], err[2], notify, channel, ready;	/* -1: none */
	uint32_t new_fds;		/* the agent has not got these */
	int32_t status;
	int32_t errnum, stage;
	uint32_t fenced;
	int64_t exit_ms;
	/* The stop plan. */
	uint32_t nsignals;
	int32_t signals[WIRE_SIGNALS_MAX];
	int64_t stop_timeout_ms;
	int64_t term_ms, kill_ms;
	uint32_t asked;			/* STOP came, not a bare deadline */
	uint32_t abort_first;
	uint32_t step;			/* signals sent; nsignals + 1: KILLed */
	uint32_t poll_ms;		/* of LEFTOVERS, doubling */
	uint8_t note[WIRE_NOTE_MAX];
};

struct kept { uint32_t tag; int32_t fd; };	/* tag 0: free */

struct table_head {
	uint64_t magic;
	uint32_t version;
	int32_t lock_fd;
	char boot_id[40];
	char socket[256];		/* SWARMSUP_SOCKET of our children */
	int32_t warden_pid;
	uint32_t agent_runs;
	int64_t started_ms;
	uint64_t next_serial;
	uint32_t stopping;
	uint32_t slots_used;		/* highest slot ever used + 1 */
	struct kept kept[WIRE_KEPT_MAX];
};

struct table {
	struct table_head head;
	struct slot slots[WIRE_SLOTS_MAX];
};

/* Opens, locks and maps; the lock's descriptor is in *lock_fd. */
struct table *table_open(const char *path, bool resume, int *lock_fd,
    struct err *err);
void table_init(struct table *t, int lock_fd);

/* Deadlines: slots ordered by next_ms. */
void heap_set(struct table *t, struct slot *s, int64_t next_ms);
void heap_clear(struct table *t, struct slot *s);
struct slot *heap_first(struct table *t);
void heap_rebuild(struct table *t);

/* Process ID → slot; PIDS_IGNORED marks adopted strangers. */
#define PIDS_NONE -1
#define PIDS_IGNORED -2
void pids_put(pid_t pid, int slot);
int pids_get(pid_t pid);
void pids_del(pid_t pid);

/* When a process began, CLOCK_BOOTTIME; -1 if it is not there. Exact to a
 * clock tick: tells a reused process ID. */
int64_t proc_started_ms(pid_t pid);
#define PROC_START_SLACK_MS 100

#endif
