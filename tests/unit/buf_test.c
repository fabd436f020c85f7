/* SPDX-License-Identifier: MIT */
/* Buffers: growth, the limit, dropping, handing over; memory's vectors. */
#include "base/buf.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "tap.h"

static void
test_buf__is_a_c_string_from_the_start(void)
{
	struct buf b;

	buf_init(&b, 0);
	is_str(b.data, "", "empty at first");
	buf_puts(&b, "one");
	buf_putc(&b, ' ');
	buf_printf(&b, "%d%s", 2, "!");
	buf_add(&b, "\0x", 2);
	is_int(b.len, 8, "bytes are counted, NUL too");
	is_str(b.data, "one 2!", "text in front of it");
	is_int(b.data[b.len], 0, "and a NUL behind");
	buf_clear(&b);
	is_str(b.data, "", "empty again");
	buf_release(&b);
	is_str(b.data, "", "and after release");
}

static void
test_buf__over_its_limit_drops_the_append_whole(void)
{
	struct buf b;

	buf_init(&b, 4);
	buf_puts(&b, "abcd");
	ok(buf_ok(&b), "as much as the limit goes in");
	buf_puts(&b, "ef");
	ok(!buf_ok(&b), "more does not");
	is_str(b.data, "abcd", "nothing of it was taken");
	buf_printf(&b, "%s", "x");
	is_str(b.data, "abcd", "nor of what is printed");
	ok(buf_reserve(&b, SIZE_MAX - 2) == NULL, "no room for all the world");
	buf_clear(&b);
	ok(buf_ok(&b), "clear forgets the overflow");
	buf_release(&b);
}

static void
test_buf__drops_from_the_front(void)
{
	struct buf b;
	char *at;

	buf_init(&b, 0);
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%03d ", i);
	is_int(b.len, 4000, "a thousand of four");
	buf_drop(&b, 3992);
	is_str(b.data, "998 999 ", "the last two are left");
	buf_drop(&b, b.len);
	is_str(b.data, "", "nothing is left");
	at = buf_reserve(&b, 3);
	memcpy(at, "new", 3);
	buf_added(&b, 3);
	is_str(b.data, "new", "reserve and added");
	buf_release(&b);
}

static void
test_buf__hands_its_bytes_over(void)
{
	struct buf b;
	char *s;

	buf_init(&b, 0);
	s = buf_take(&b);
	is_str(s, "", "of an empty one, the empty string");
	free(s);
	buf_puts(&b, "mine");
	s = buf_take(&b);
	is_str(s, "mine", "the bytes");
	is_int(b.len, 0, "and it is empty");
	free(s);
}

static void
test_strv__lists_of_strings(void)
{
	char **v = NULL, **copy;

	is_int(strv_len(v), 0, "NULL has none");
	strv_push(&v, "a");
	strv_push(&v, "b");
	is_int(strv_len(v), 2, "two");
	is_int(strv_find(v, "b"), 1, "the second");
	is_int(strv_find(v, "c"), -1, "no third");
	copy = strv_copy(v);
	strv_free(v);
	is_str(copy[0], "a", "a copy outlives its model");
	strv_free(copy);
	ok(strv_copy(NULL) == NULL, "of nothing, nothing");
	ok(mem_strdup(NULL) == NULL, "nor of no string");
}

int
main(void)
{
	test_buf__is_a_c_string_from_the_start();
	test_buf__over_its_limit_drops_the_append_whole();
	test_buf__drops_from_the_front();
	test_buf__hands_its_bytes_over();
	test_strv__lists_of_strings();
	return done();
}
