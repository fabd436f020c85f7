/* SPDX-License-Identifier: MIT */
/*
 * See map.h. Entries lie in an array in the order of insertion; a table of
 * indices with linear probing finds them. Deleted entries leave a hole that
 * is closed when the array is next rebuilt.
 */
#include "base/map.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct entry {
	char *key;		/* NULL: a hole */
	void *value;
	uint64_t hash;
};

struct map {
	struct entry *entries;
	size_t used;		/* entries with holes */
	size_t room;
	size_t live;
	uint32_t *table;	/* index + 1 into entries; 0: free */
	size_t mask;
};

/* FNV-1a, 64 bits. */
static uint64_t
hash_of(const char *key)
{
	uint64_t h = 14695981039346656037ULL;

	for (; *key; key++)
		h = (h ^ (unsigned char)*key) * 1099511628211ULL;
	return h ^ h >> 32;
}

struct map *
map_new(void)
{
	return mem_alloc(sizeof(struct map));
}

void
map_free(struct map *m, void (*free_value)(void *))
{
	if (!m)
		return;
	for (size_t i = 0; i < m->used; i++) {
		if (!m->entries[i].key)
			continue;
		free(m->entries[i].key);
		if (free_value)
			free_value(m->entries[i].value);
	}
	free(m->entries);
	free(m->table);
	free(m);
}

size_t
map_len(const struct map *m)
{
	return m->live;
}

static void
index_entry(struct map *m, size_t i)
{
	size_t at = m->entries[i].hash & m->mask;

	while (m->table[at])
		at = (at + 1) & m->mask;
	m->table[at] = i + 1;
}

/* Closes the holes and makes room for one more. */
static void
rebuild(struct map *m)
{
	size_t n = 0, size = 16;

	for (size_t i = 0; i < m->used; i++)
		if (m->entries[i].key)
			m->entries[n++] = m->entries[i];
	m->used = n;
	m->room = n < 8 ? 8 : 2 * n;
	m->entries = mem_grow(m->entries, m->room, sizeof *m->entries);
	while (size < 2 * m->room)
		size *= 2;
	free(m->table);
	m->table = mem_array(size, sizeof *m->table);
	m->mask = size - 1;
	for (size_t i = 0; i < n; i++)
		index_entry(m, i);
}

static struct entry *
find(const struct map *m, const char *key, uint64_t hash)
{
	if (!m->table)
		return NULL;
	for (size_t at = hash & m->mask; m->table[at];
	    at = (at + 1) & m->mask) {
		struct entry *e = &m->entries[m->table[at] - 1];

		if (e->key && e->hash == hash && strcmp(e->key, key) == 0)
			return e;
	}
	return NULL;
}

void *
map_get(const struct map *m, const char *key)
{
	struct entry *e = find(m, key, hash_of(key));

	return e ? e->value : NULL;
}

void *
map_put(struct map *m, const char *key, void *value)
{
	uint64_t hash = hash_of(key);
	struct entry *e = find(m, key, hash);
	void *old;

	assert(value);
	if (e) {
		old = e->value;
		e->value = value;
		return old;
	}
	if (m->used == m->room)
		rebuild(m);
	m->entries[m->used] = (struct entry){ mem_strdup(key), value, hash };
	index_entry(m, m->used++);
	m->live++;
	return NULL;
}

void *
map_del(struct map *m, const char *key)
{
	struct entry *e = find(m, key, hash_of(key));
	void *value;

	if (!e)
		return NULL;
	value = e->value;
	free(e->key);
	/* Its place in the table stays taken until the next rebuild. */
	e->key = NULL;
	e->value = NULL;
	m->live--;
	return value;
}

int
map_next(const struct map *m, struct map_iter *it, const char **key,
    void **value)
{
	while (it->at < m->used) {
		const struct entry *e = &m->entries[it->at++];

		if (!e->key)
			continue;
		if (key)
			*key = e->key;
		if (value)
			*value = e->value;
		return 1;
	}
	return 0;
}
