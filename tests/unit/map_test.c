/* SPDX-License-Identifier: MIT */
/* The map: order of insertion, deletion while iterating, many keys. */
#include "base/map.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "tap.h"

static char *
keys_of(const struct map *m)
{
	static char *text;
	struct buf b;
	const char *key;

	free(text);
	buf_init(&b, 0);
	for (struct map_iter it = { 0 }; map_next(m, &it, &key, NULL);)
		buf_printf(&b, "%s ", key);
	return text = buf_take(&b);
}

static void
test_map__iterates_in_the_order_of_insertion(void)
{
	struct map *m = map_new();
	int one = 1, two = 2;
	char key[] = "zulu";

	ok(map_get(m, "x") == NULL, "an empty map has nothing");
	ok(map_del(m, "x") == NULL, "to take away either");
	map_put(m, key, &one);
	key[0] = 'Z';
	ok(map_get(m, "zulu") == &one, "keys are copied");
	map_put(m, "alpha", &two);
	map_put(m, "mike", &one);
	is_str(keys_of(m), "zulu alpha mike ", "in order");
	ok(map_put(m, "zulu", &two) == &one, "put gives what was there");
	is_str(keys_of(m), "zulu alpha mike ", "and keeps its place");
	ok(map_del(m, "zulu") == &two, "del too");
	ok(map_get(m, "zulu") == NULL, "it is gone");
	map_put(m, "zulu", &one);
	is_str(keys_of(m), "alpha mike zulu ", "who returns comes last");
	is_int(map_len(m), 3, "three");
	map_free(m, NULL);
	map_free(NULL, NULL);
}

static void
test_map__deletes_the_entry_at_hand(void)
{
	struct map *m = map_new();
	static int numbers[100];
	const char *key;
	void *value;
	char text[16];
	int seen = 0;

	for (int i = 0; i < 100; i++) {
		numbers[i] = i;
		snprintf(text, sizeof text, "k%d", i);
		map_put(m, text, &numbers[i]);
	}
	for (struct map_iter it = { 0 }; map_next(m, &it, &key, &value);
	    seen++)
		if (*(int *)value % 2)
			map_del(m, key);
	is_int(seen, 100, "each was seen once");
	is_int(map_len(m), 50, "half is left");
	ok(map_get(m, "k98") && !map_get(m, "k99"), "the right half");
	map_free(m, NULL);
}

/* Keys that come and go for ever must not grow it for ever. */
static void
test_map__churn(void)
{
	struct map *m = map_new();
	char text[16];
	int wrong = 0;

	for (int i = 0; i < 20000; i++) {
		snprintf(text, sizeof text, "k%d", i);
		map_put(m, text, mem_strdup(text));
		if (i >= 10) {
			snprintf(text, sizeof text, "k%d", i - 10);
			char *value = map_del(m, text);

			wrong += !value || strcmp(value, text) != 0;
			free(value);
		}
	}
	is_int(wrong, 0, "twenty thousand came and went");
	is_int(map_len(m), 10, "ten stay");
	is_str(keys_of(m), "k19990 k19991 k19992 k19993 k19994 k19995 k19996 "
	    "k19997 k19998 k19999 ", "in order");
	map_free(m, free);
}

int
main(void)
{
	test_map__iterates_in_the_order_of_insertion();
	test_map__deletes_the_entry_at_hand();
	test_map__churn();
	return done();
}
