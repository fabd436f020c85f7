/* SPDX-License-Identifier: MIT */
/*
 * What must survive, in SQLite (WAL) in the state folder. Writes that a
 * promise depends on (specs, stops, groups) are synced before the
 * function returns; numbers of instances go in batches by
 * store_flush. A database that is broken is put aside and said; one of a
 * newer schema is refused.
 */
#ifndef AGENT_STORE_H
#define AGENT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define STORE_SCHEMA 1
#define STORE_PENDING_MAX 20000		/* events that wait for the disk */

struct store;

/* *rebuilt: the path of the broken one that was put aside, or NULL; caller
 * frees. */
struct store *store_open(const char *path, char **rebuilt, struct err *err);
void store_close(struct store *store);

/* Several writes as one, synced once. Nesting is not allowed. */
int store_begin(struct store *store, struct err *err);
int store_commit(struct store *store, struct err *err);
void store_rollback(struct store *store);

int store_set_meta(struct store *store, const char *key, const char *value,
    struct err *err);
char *store_meta(struct store *store, const char *key);	/* caller frees */

int store_put_spec(struct store *store, const char *name, const char *source,
    uint64_t revision, const char *body, struct err *err);
int store_delete_spec(struct store *store, const char *name, struct err *err);
int store_put_want(struct store *store, const char *name, bool wanted,
    struct err *err);
int store_delete_name(struct store *store, const char *name, struct err *err);
int store_put_group(struct store *store, const char *name, const char *group,
    int joined, struct err *err);

/* Kept in memory until store_flush, which does not sync. */
void store_put_instance(struct store *store, const char *name, uint64_t epoch,
    uint64_t instance);
/* Writes them. -1: not now (disk full, say); they stay pending, the oldest
 * events beyond STORE_PENDING_MAX are dropped. */
int store_flush(struct store *store);
bool store_is_pending(const struct store *store);
/* Moves the write-ahead log into the database when it has grown. Syncs: for a
 * quiet moment. */
void store_tidy(struct store *store);

typedef int store_spec_fn(void *arg, const char *name, const char *source,
    uint64_t revision, const char *body);
typedef int store_want_fn(void *arg, const char *name, bool wanted);
typedef int store_instance_fn(void *arg, const char *name, uint64_t epoch,
    uint64_t instance);
typedef int store_group_fn(void *arg, const char *name, const char *group,
    bool joined);
typedef int store_state_fn(void *arg, const char *name, uint64_t instance);
typedef int store_event_fn(void *arg, uint64_t seq, const char *name,
    const char *body, size_t len);
/* A callback's value other than 0 ends the walk and is returned; -1 also
 * when the database cannot be read. No writes from within. */
int store_each_spec(struct store *store, store_spec_fn *each, void *arg);
int store_each_want(struct store *store, store_want_fn *each, void *arg);
int store_each_instance(struct store *store, store_instance_fn *each,
    void *arg);
int store_each_group(struct store *store, store_group_fn *each, void *arg);
int store_each_state(struct store *store, store_state_fn *each, void *arg);
/* Of what is flushed: after `since`, oldest first; name NULL: all names. */
int store_each_event(struct store *store, uint64_t since, const char *name,
    size_t max, store_event_fn *each, void *arg);
/* Events of a name that were put with the type "exit", newest first. */
int store_each_exit(struct store *store, const char *name, size_t max,
    store_event_fn *each, void *arg);
uint64_t store_last_seq(struct store *store);

#endif
