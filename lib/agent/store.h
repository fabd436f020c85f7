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

/* A child's state between two instances: JSON text, of this instance. */
int store_put_state(struct store *store, const char *name, uint64_t instance,
    const char *state, size_t len, struct err *err);
char *store_state(struct store *store, const char *name, uint64_t *instance,
    size_t *len);					/* caller frees */
int store_delete_state(struct store *store, const char *name, struct err *err);

/* Not synced one by one. */
void store_put_instance(struct store *store, const char *name, uint64_t epoch,
    uint64_t instance);
void store_flush(struct store *store);

typedef int store_spec_fn(void *arg, const char *name, const char *source,
    uint64_t revision, const char *body);
typedef int store_want_fn(void *arg, const char *name, bool wanted);
typedef int store_instance_fn(void *arg, const char *name, uint64_t epoch,
    uint64_t instance);
typedef int store_group_fn(void *arg, const char *name, const char *group,
    bool joined);
int store_each_spec(struct store *store, store_spec_fn *each, void *arg);
int store_each_want(struct store *store, store_want_fn *each, void *arg);
int store_each_instance(struct store *store, store_instance_fn *each,
    void *arg);
typedef int store_state_fn(void *arg, const char *name, uint64_t instance);
int store_each_state(struct store *store, store_state_fn *each, void *arg);
int store_each_group(struct store *store, store_group_fn *each, void *arg);

#endif
