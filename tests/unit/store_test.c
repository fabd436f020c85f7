/* SPDX-License-Identifier: MIT */
/* What survives: wishes over a reopening, nothing half done, a damaged
 * database put aside, a newer one left alone. */
#include "agent/store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/unit/tap.h"

static char dir[] = "/tmp/store_test.XXXXXX";
static char path[64];

static struct store *
open_store(char **rebuilt)
{
	struct err err = { 0 };
	struct store *s = store_open(path, rebuilt, &err);

	if (!s)
		printf("# %s\n", err.text);
	return s;
}

static int
add_spec(void *arg, const char *name, const char *source, uint64_t revision,
    const char *body)
{
	(void)revision;
	snprintf(arg, 200, "%s/%s/%s", name, source, body);
	return 0;
}

static int
add_want(void *arg, const char *name, bool wanted)
{
	snprintf(arg, 200, "%s=%d", name, wanted);
	return 0;
}

static int
add_instance(void *arg, const char *name, uint64_t epoch, uint64_t instance)
{
	snprintf(arg, 200, "%s %d %d", name, (int)epoch, (int)instance);
	return 0;
}

static void
test_store__wishes_outlive_a_reopening(void)
{
	char *rebuilt, text[200] = "";
	struct store *s = open_store(&rebuilt);

	is_int(store_put_spec(s, "a", "start", 1, "{}", NULL), 0, "a spec");
	is_int(store_put_want(s, "a", false, NULL), 0, "a stop");
	store_put_instance(s, "a", 1, 7);
	store_close(s);
	s = open_store(&rebuilt);
	ok(!rebuilt, "a sound database is not put aside");
	store_each_spec(s, add_spec, text);
	is_str(text, "a/start/{}", "the spec is there");
	store_each_want(s, add_want, text);
	is_str(text, "a=0", "so is the stop");
	store_each_instance(s, add_instance, text);
	is_str(text, "a 1 7", "and the batch, flushed by the close");
	store_close(s);
}

static void
test_store__rollback_leaves_nothing(void)
{
	char *rebuilt, text[200] = "none";
	struct store *s = open_store(&rebuilt);

	is_int(store_begin(s, NULL), 0, "begin");
	store_delete_spec(s, "a", NULL);
	store_put_spec(s, "b", "file", 2, "{}", NULL);
	store_rollback(s);
	store_each_spec(s, add_spec, text);
	is_str(text, "a/start/{}", "only what was there before");
	store_put_instance(s, "a", 1, 8);
	is_int(store_begin(s, NULL), 0, "begin while a batch is open");
	is_int(store_commit(s, NULL), 0, "commit");
	store_each_instance(s, add_instance, text);
	is_str(text, "a 1 8", "the batch went before it");
	store_close(s);
}

static void
test_store__newer_schema_is_refused_and_left_alone(void)
{
	char *rebuilt, *schema;
	struct err err = { 0 };
	struct store *s = open_store(&rebuilt);

	store_set_meta(s, "schema", "99", NULL);
	store_close(s);
	ok(!store_open(path, &rebuilt, &err), "refused");
	ok(strstr(err.text, "newer version"), "says why: %s", err.text);
	ok(access(path, F_OK) == 0 && !rebuilt, "the file stays");
	unlink(path);
	s = open_store(&rebuilt);
	schema = store_meta(s, "schema");
	is_str(schema, "1", "a new one has our schema");
	free(schema);
	store_close(s);
}

static void
test_store__damaged_one_is_put_aside(void)
{
	char junk[8192], *rebuilt;
	int fd = open(path, O_WRONLY);
	struct store *s;

	memset(junk, 'x', sizeof junk);
	ok(fd >= 0 && write(fd, junk, sizeof junk) == sizeof junk, "damage");
	close(fd);
	s = open_store(&rebuilt);
	ok(s && rebuilt && strstr(rebuilt, ".corrupt-"), "put aside");
	ok(rebuilt && access(rebuilt, F_OK) == 0, "and kept");
	is_int(store_put_want(s, "a", true, NULL), 0, "the new one works");
	if (rebuilt)
		unlink(rebuilt);
	free(rebuilt);
	store_close(s);
}

int
main(void)
{
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof path, "%s/state.db", dir);
	test_store__wishes_outlive_a_reopening();
	test_store__rollback_leaves_nothing();
	test_store__newer_schema_is_refused_and_left_alone();
	test_store__damaged_one_is_put_aside();
	unlink(path);
	rmdir(dir);
	return done();
}
