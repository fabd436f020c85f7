/* SPDX-License-Identifier: MIT */
/*
 * The journal: what happened, numbered, kept in the store (written in
 * batches, bounded), followed live by `events -f`. One line of JSON each.
 */
#ifndef AGENT_JOURNAL_H
#define AGENT_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "agent/agent.h"

#define EVENTS_KEPT_MAX 100000

/* line: one JSON object without newline, borrowed. */
typedef void journal_fn(void *arg, uint64_t seq, const char *name,
    const char *line, size_t len);

struct journal *journal_new(struct agent *agent);
void journal_free(struct journal *journal);
void journal_flush(struct journal *journal);

void journal_state(struct journal *journal, const struct child *child,
    enum child_state from);
/* type: "spec", "want", "group", "agent", "handoff", "error"; name or NULL. */
void journal_note(struct journal *journal, const char *type, const char *name,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Events after `since` (0: all that is kept), oldest first; at most max. */
int journal_read(struct journal *journal, uint64_t since, const char *name,
    size_t max, journal_fn *each, void *arg);
/* The last `n` exits of a name, newest first, as JSON objects. */
int journal_exits(struct journal *journal, const char *name, size_t n,
    journal_fn *each, void *arg);

struct journal_follower;
struct journal_follower *journal_follow(struct journal *journal,
    journal_fn *each, void *arg);
void journal_unfollow(struct journal_follower *follower);

#endif
