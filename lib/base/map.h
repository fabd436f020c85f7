/* SPDX-License-Identifier: MIT */
/*
 * A hash map from strings to pointers that iterates in the order of
 * insertion, so that nothing decided with it depends on addresses or on a
 * hash. Keys are copied. Values belong to the caller. Deleting while
 * iterating is allowed for the entry at hand.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stddef.h>

struct map;

struct map *map_new(void);
/* Calls free_value (may be NULL) on each value. */
void map_free(struct map *m, void (*free_value)(void *));
size_t map_len(const struct map *m);
void *map_get(const struct map *m, const char *key);
/* Returns the value that was there before, or NULL. value may not be NULL. */
void *map_put(struct map *m, const char *key, void *value);
void *map_del(struct map *m, const char *key);

struct map_iter { size_t at; };
/* for (struct map_iter it = {0}; map_next(m, &it, &key, &value);) */
int map_next(const struct map *m, struct map_iter *it, const char **key,
    void **value);

#endif
