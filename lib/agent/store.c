/* SPDX-License-Identifier: MIT */
/* See store.h. */
#include "agent/store.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

struct store {
	sqlite3 *db;
	bool in_batch;		/* unsynced writes are open */
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT);"
    "CREATE TABLE IF NOT EXISTS specs (name TEXT PRIMARY KEY, source TEXT,"
    " revision INTEGER, body TEXT);"
    "CREATE TABLE IF NOT EXISTS wants (name TEXT PRIMARY KEY,"
    " wanted INTEGER);"
    "CREATE TABLE IF NOT EXISTS instances (name TEXT PRIMARY KEY,"
    " epoch INTEGER, instance INTEGER);"
    "CREATE TABLE IF NOT EXISTS groups (name TEXT, grp TEXT, joined INTEGER,"
    " PRIMARY KEY (name, grp));"
    "CREATE TABLE IF NOT EXISTS handoffs (name TEXT PRIMARY KEY,"
    " instance INTEGER, state BLOB);";

static int
fail(struct store *s, struct err *err, const char *what)
{
	return err_set(err, "cannot %s the state: %s", what,
	    sqlite3_errmsg(s->db));
}

/* Runs one statement; the arguments are bound as their letters say:
 * s text (may be NULL), i int64_t. */
static int
run(struct store *s, struct err *err, const char *sql, const char *types, ...)
{
	sqlite3_stmt *stmt;
	va_list ap;
	int ret;

	if (sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return fail(s, err, "write");
	va_start(ap, types);
	for (int i = 0; types[i]; i++) {
		if (types[i] == 's')
			sqlite3_bind_text(stmt, i + 1, va_arg(ap,
			    const char *), -1, SQLITE_TRANSIENT);
		else
			sqlite3_bind_int64(stmt, i + 1, va_arg(ap, int64_t));
	}
	va_end(ap);
	ret = sqlite3_step(stmt) == SQLITE_DONE ? 0 : fail(s, err, "write");
	sqlite3_finalize(stmt);
	return ret;
}

static bool
is_broken(int code)
{
	return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

/* SQLITE_OK, or what is wrong. */
static int
open_once(struct store *s, const char *path)
{
	sqlite3_stmt *stmt;
	int code = sqlite3_open(path, &s->db);

	if (code != SQLITE_OK)
		return code;
	sqlite3_busy_timeout(s->db, 1000);
	code = sqlite3_exec(s->db, "PRAGMA journal_mode=WAL;"
	    "PRAGMA synchronous=FULL; PRAGMA cache_size=-512;", NULL, NULL,
	    NULL);
	if (code != SQLITE_OK)
		return code;
	code = sqlite3_prepare_v2(s->db, "PRAGMA quick_check(1)", -1, &stmt,
	    NULL);
	if (code != SQLITE_OK)
		return code;
	if (sqlite3_step(stmt) == SQLITE_ROW && strcmp((const char *)
	    sqlite3_column_text(stmt, 0), "ok") != 0)
		code = SQLITE_CORRUPT;
	sqlite3_finalize(stmt);
	if (code == SQLITE_OK)
		code = sqlite3_exec(s->db, schema, NULL, NULL, NULL);
	return code;
}

static char *
put_aside(const char *path)
{
	char *aside = mem_printf("%s.corrupt-%lld", path,
	    (long long)clock_wall_ms() / 1000), *wal;

	if (rename(path, aside) < 0) {
		free(aside);
		return NULL;
	}
	wal = mem_printf("%s-wal", path);
	unlink(wal);
	free(wal);
	wal = mem_printf("%s-shm", path);
	unlink(wal);
	free(wal);
	return aside;
}

static int
check_schema(struct store *s, const char *path, struct err *err)
{
	char *text = store_meta(s, "schema");
	int is = text ? atoi(text) : 0;

	free(text);
	if (is > STORE_SCHEMA)
		return err_set(err, "%s was written by a newer version of "
		    "swarmsup (schema %d, this one knows %d); install that "
		    "version, or move the file away", path, is, STORE_SCHEMA);
	if (is == STORE_SCHEMA)
		return 0;
	return store_set_meta(s, "schema", "1", err);
}

struct store *
store_open(const char *path, char **rebuilt, struct err *err)
{
	struct store *s = mem_alloc(sizeof *s);
	int code = open_once(s, path);

	*rebuilt = NULL;
	if (is_broken(code)) {
		sqlite3_close(s->db);
		*rebuilt = put_aside(path);
		code = *rebuilt ? open_once(s, path) : code;
	}
	if (code != SQLITE_OK) {
		err_set(err, "cannot open %s: %s", path,
		    sqlite3_errmsg(s->db));
		store_close(s);
		return NULL;
	}
	if (check_schema(s, path, err) < 0) {
		store_close(s);
		return NULL;
	}
	return s;
}

void
store_close(struct store *s)
{
	if (!s)
		return;
	store_flush(s);
	sqlite3_close(s->db);
	free(s);
}

int
store_begin(struct store *s, struct err *err)
{
	store_flush(s);
	return run(s, err, "BEGIN IMMEDIATE", "");
}

int
store_commit(struct store *s, struct err *err)
{
	if (run(s, err, "COMMIT", "") == 0)
		return 0;
	store_rollback(s);
	return -1;
}

void
store_rollback(struct store *s)
{
	run(s, NULL, "ROLLBACK", "");
}

int
store_set_meta(struct store *s, const char *key, const char *value,
    struct err *err)
{
	store_flush(s);
	return run(s, err, "INSERT OR REPLACE INTO meta VALUES (?,?)", "ss",
	    key, value);
}

char *
store_meta(struct store *s, const char *key)
{
	sqlite3_stmt *stmt;
	char *value = NULL;

	if (sqlite3_prepare_v2(s->db, "SELECT value FROM meta WHERE key=?",
	    -1, &stmt, NULL) != SQLITE_OK)
		return NULL;
	sqlite3_bind_text(stmt, 1, key, -1, SQLITE_TRANSIENT);
	if (sqlite3_step(stmt) == SQLITE_ROW)
		value = mem_strdup((const char *)sqlite3_column_text(stmt,
		    0));
	sqlite3_finalize(stmt);
	return value;
}

int
store_put_spec(struct store *s, const char *name, const char *source,
    uint64_t revision, const char *body, struct err *err)
{
	store_flush(s);
	return run(s, err, "INSERT OR REPLACE INTO specs VALUES (?,?,?,?)",
	    "ssis", name, source, (int64_t)revision, body);
}

int
store_delete_spec(struct store *s, const char *name, struct err *err)
{
	store_flush(s);
	return run(s, err, "DELETE FROM specs WHERE name=?", "s", name);
}

int
store_put_want(struct store *s, const char *name, bool wanted,
    struct err *err)
{
	store_flush(s);
	return run(s, err, "INSERT OR REPLACE INTO wants VALUES (?,?)", "si",
	    name, (int64_t)wanted);
}

int
store_delete_name(struct store *s, const char *name, struct err *err)
{
	store_flush(s);
	if (run(s, err, "DELETE FROM wants WHERE name=?", "s", name) < 0)
		return -1;
	return run(s, err, "DELETE FROM groups WHERE name=?", "s", name);
}

int
store_put_group(struct store *s, const char *name, const char *group,
    int joined, struct err *err)
{
	store_flush(s);
	return run(s, err, "INSERT OR REPLACE INTO groups VALUES (?,?,?)",
	    "ssi", name, group, (int64_t)joined);
}

int
store_put_state(struct store *s, const char *name, uint64_t instance,
    const char *state, size_t len, struct err *err)
{
	sqlite3_stmt *stmt;
	int ret;

	store_flush(s);
	if (sqlite3_prepare_v2(s->db, "INSERT OR REPLACE INTO handoffs "
	    "VALUES (?,?,?)", -1, &stmt, NULL) != SQLITE_OK)
		return fail(s, err, "write");
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_TRANSIENT);
	sqlite3_bind_int64(stmt, 2, (int64_t)instance);
	sqlite3_bind_blob64(stmt, 3, state, len, SQLITE_STATIC);
	ret = sqlite3_step(stmt) == SQLITE_DONE ? 0 : fail(s, err, "write");
	sqlite3_finalize(stmt);
	return ret;
}

char *
store_state(struct store *s, const char *name, uint64_t *instance,
    size_t *len)
{
	sqlite3_stmt *stmt;
	char *state = NULL;

	if (sqlite3_prepare_v2(s->db, "SELECT instance, state FROM handoffs "
	    "WHERE name=?", -1, &stmt, NULL) != SQLITE_OK)
		return NULL;
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_TRANSIENT);
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		const void *blob = sqlite3_column_blob(stmt, 1);

		*instance = sqlite3_column_int64(stmt, 0);
		*len = sqlite3_column_bytes(stmt, 1);
		state = mem_alloc(*len + 1);
		if (blob)
			memcpy(state, blob, *len);
	}
	sqlite3_finalize(stmt);
	return state;
}

int
store_delete_state(struct store *s, const char *name, struct err *err)
{
	store_flush(s);
	return run(s, err, "DELETE FROM handoffs WHERE name=?", "s", name);
}

void
store_put_instance(struct store *s, const char *name, uint64_t epoch,
    uint64_t instance)
{
	if (!s->in_batch) {
		/* No promise hangs on these: they need not be synced. */
		run(s, NULL, "PRAGMA synchronous=NORMAL", "");
		s->in_batch = run(s, NULL, "BEGIN", "") == 0;
	}
	run(s, NULL, "INSERT OR REPLACE INTO instances VALUES (?,?,?)", "sii",
	    name, (int64_t)epoch, (int64_t)instance);
}

void
store_flush(struct store *s)
{
	if (!s->in_batch)
		return;
	s->in_batch = false;
	if (run(s, NULL, "COMMIT", "") < 0)
		run(s, NULL, "ROLLBACK", "");
	run(s, NULL, "PRAGMA synchronous=FULL", "");
}

static const char *
text(sqlite3_stmt *stmt, int column)
{
	const unsigned char *s = sqlite3_column_text(stmt, column);

	return s ? (const char *)s : "";
}

#define EACH(sql, call)							\
	sqlite3_stmt *stmt;						\
	int ret = 0;							\
									\
	if (sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) !=		\
	    SQLITE_OK)							\
		return -1;						\
	while (ret == 0 && sqlite3_step(stmt) == SQLITE_ROW)		\
		ret = call;						\
	sqlite3_finalize(stmt);						\
	return ret

int
store_each_spec(struct store *s, store_spec_fn *each, void *arg)
{
	EACH("SELECT name, source, revision, body FROM specs ORDER BY rowid",
	    each(arg, text(stmt, 0), text(stmt, 1),
	    sqlite3_column_int64(stmt, 2), text(stmt, 3)));
}

int
store_each_want(struct store *s, store_want_fn *each, void *arg)
{
	EACH("SELECT name, wanted FROM wants", each(arg, text(stmt, 0),
	    sqlite3_column_int(stmt, 1)));
}

int
store_each_instance(struct store *s, store_instance_fn *each, void *arg)
{
	EACH("SELECT name, epoch, instance FROM instances", each(arg,
	    text(stmt, 0), sqlite3_column_int64(stmt, 1),
	    sqlite3_column_int64(stmt, 2)));
}

int
store_each_group(struct store *s, store_group_fn *each, void *arg)
{
	EACH("SELECT name, grp, joined FROM groups", each(arg, text(stmt, 0),
	    text(stmt, 1), sqlite3_column_int(stmt, 2)));
}

int
store_each_state(struct store *s, store_state_fn *each, void *arg)
{
	EACH("SELECT name, instance FROM handoffs", each(arg, text(stmt, 0),
	    sqlite3_column_int64(stmt, 1)));
}
