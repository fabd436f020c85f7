/* SPDX-License-Identifier: MIT */
/* See spec_keys.h. The rows are in the order of the manual. */
#include "spec/spec_keys.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/units.h"

#define READY_FD_MIN 3
#define READY_FD_MAX 63
#define FACTOR_PERMILLE_MAX 100000

static const struct word restart_words[] = {
	{ "permanent", RESTART_PERMANENT }, { "transient", RESTART_TRANSIENT },
	{ "temporary", RESTART_TEMPORARY }, { "always", RESTART_PERMANENT },
	{ "on-failure", RESTART_TRANSIENT }, { "never", RESTART_TEMPORARY },
	{ NULL, 0 }
};
static const struct word on_max_words[] = {
	{ "backoff", MAX_RESTARTS_BACKOFF }, { "stop", MAX_RESTARTS_STOP },
	{ NULL, 0 }
};
static const struct word handoff_words[] = {
	{ "restart", HANDOFF_RESTART }, { "resume", HANDOFF_RESUME },
	{ "ignore", HANDOFF_IGNORE }, { NULL, 0 }
};
static const struct word depend_words[] = {
	{ "started", DEPEND_STARTED }, { "ready", DEPEND_READY },
	{ "completed", DEPEND_COMPLETED }, { NULL, 0 }
};
static const struct word format_words[] = {
	{ "cri", LOG_CRI }, { "raw", LOG_RAW }, { NULL, 0 }
};
static const struct word stderr_words[] = {
	{ "merge", 0 }, { "separate", 1 }, { NULL, 0 }
};
static void
write_texts(struct jsonw *w, char *const *texts)
{
	jsonw_array(w);
	for (; texts && *texts; texts++)
		jsonw_str(w, *texts);
	jsonw_end_array(w);
}

static void
write_duration(struct jsonw *w, int64_t ms)
{
	char text[32];

	jsonw_str(w, duration_format(ms, text));
}

/* Maps of their own: FIELD rows, read and written like the keys. */
#define READ(name) \
	static void read_##name(struct reader *r, const struct node *value)
#define WRITE(name) \
	static void write_##name(struct jsonw *w, const struct child_spec *s)

READ(command)
{
	read_argv(r, value, r->shell, &r->spec->argv);
}

WRITE(command)
{
	write_texts(w, s->argv);
}

READ(shell)
{
	bool shell;

	read_bool(r, value, &shell);	/* its effect is in the command */
}

static bool
is_env_name(const char *s, size_t len)
{
	if (len == 0 || (*s >= '0' && *s <= '9'))
		return false;
	for (size_t i = 0; i < len; i++)
		if (s[i] <= ' ' || s[i] == '=' || s[i] == 0x7f)
			return false;
	return true;
}

static void
read_env_entry(struct reader *r, const struct node *at, const char *name,
    size_t len, const char *value, char ***env)
{
	char *entry;

	if (!is_env_name(name, len)) {
		spec_error(r->errors, at, "environment: '%.*s' cannot be a "
		    "variable's name", (int)len, name);
		return;
	}
	if (strncmp(name, "SWARMSUP_", 9) == 0) {
		spec_error(r->errors, at, "environment: names that begin "
		    "with SWARMSUP_ are swarmsup's own");
		return;
	}
	entry = mem_printf("%.*s=%s", (int)len, name, value);
	strv_push(env, entry);
	free(entry);
}

READ(environment)
{
	char **env = NULL;

	for (size_t i = 0; i < value->count; i++) {
		const struct node *item = value->items[i];
		const char *eq = item->type == NODE_SCALAR ?
		    strchr(item->text, '=') : NULL;

		if (value->type == NODE_LIST && eq) {
			read_env_entry(r, item, item->text, eq - item->text,
			    eq + 1, &env);
		} else if (value->type == NODE_LIST) {
			spec_error(r->errors, item, "environment: an item of "
			    "the list must be KEY=VALUE");
		} else if (item->type != NODE_SCALAR || node_is_null(item)) {
			spec_error(r->errors, item, "environment: the value "
			    "of %s must be a text (write \"\" for an empty "
			    "one)", value->keys[i]->text);
		} else {
			read_env_entry(r, value->keys[i],
			    value->keys[i]->text, value->keys[i]->len,
			    item->text, &env);
		}
	}
	if (value->type == NODE_SCALAR && !node_is_null(value))
		spec_error(r->errors, value, "environment must be a map or a "
		    "list of KEY=VALUE");
	strv_free(r->spec->environment);
	r->spec->environment = env;
}

WRITE(environment)
{
	write_texts(w, s->environment);
}

READ(env_file)
{
	char **files = NULL;

	if (!read_texts(r, value, &files))
		return;
	for (char **f = files; f && *f; f++) {
		bool dash = **f == '-';
		const char *path = *f + dash;

		if (*path != '/') {
			char *full = mem_printf("%s%s/%s", dash ? "-" : "",
			    value->origin->dir, strncmp(path, "./", 2) == 0 ?
			    path + 2 : path);

			free(*f);
			*f = full;
		}
	}
	strv_free(r->spec->env_files);
	r->spec->env_files = files;
}

WRITE(env_file)
{
	write_texts(w, s->env_files);
}

READ(working_dir)
{
	read_path(r, value, &r->spec->working_dir);
}

WRITE(working_dir)
{
	jsonw_str(w, s->working_dir);
}

static bool
is_number(const char *s)
{
	return *s && strspn(s, "0123456789") == strlen(s) && strlen(s) < 10;
}

READ(user)
{
	char *text = NULL, *colon;

	if (!read_text(r, value, &text))
		return;
	colon = strchr(text, ':');
	if (colon)
		*colon++ = '\0';
	if (!is_number(text) && !getpwnam(text)) {
		spec_error(r->errors, value, "user: there is no user '%s' on "
		    "this machine", text);
	} else if (colon && !is_number(colon) && !getgrnam(colon)) {
		spec_error(r->errors, value, "user: there is no group '%s' "
		    "on this machine", colon);
	} else {
		free(r->spec->user);
		free(r->spec->group);
		r->spec->user = mem_strdup(text);
		r->spec->group = mem_strdup(colon);
	}
	free(text);
}

WRITE(user)
{
	char *text = s->group ? mem_printf("%s:%s", s->user, s->group) :
	    mem_strdup(s->user);

	jsonw_str(w, text);
	free(text);
}

READ(umask)
{
	char *end = NULL;
	long n = value->type == NODE_SCALAR ? strtol(value->text, &end, 8) :
	    -1;

	if (!end || *end || value->len == 0 || n < 0 || n > 0777)
		spec_error(r->errors, value, "umask must be octal, such as "
		    "022");
	else
		r->spec->umask = n;
}

WRITE(umask)
{
	char text[8] = "";

	if (s->umask >= 0)
		sprintf(text, "%04o", s->umask & 0777);
	jsonw_str(w, s->umask >= 0 ? text : NULL);
}

READ(replicas)
{
	read_int(r, value, 1, REPLICAS_MAX, &r->spec->replicas);
}

WRITE(replicas)
{
	jsonw_int(w, s->replicas);
}

READ(autostart)
{
	read_bool(r, value, &r->spec->autostart);
}

WRITE(autostart)
{
	jsonw_bool(w, s->autostart);
}

static void
add_depend(struct reader *r, const struct node *at, const char *name,
    enum depend_on condition)
{
	struct child_spec *s = r->spec;

	for (int i = 0; i < s->ndepends; i++)
		if (strcmp(s->depends[i].name, name) == 0) {
			spec_error(r->errors, at, "depends_on names '%s' "
			    "twice", name);
			return;
		}
	s->depends = mem_grow(s->depends, s->ndepends + 1,
	    sizeof *s->depends);
	s->depends[s->ndepends++] = (struct depend){ mem_strdup(name),
	    condition };
}

static void
clear_depends(struct child_spec *s)
{
	for (int i = 0; i < s->ndepends; i++)
		free(s->depends[i].name);
	s->ndepends = 0;
}

READ(depends_on)
{
	char **names = NULL;

	clear_depends(r->spec);
	for (size_t i = 0; value->type == NODE_MAP && i < value->count; i++) {
		const struct node *item = value->items[i], *inner =
		    item->type == NODE_MAP ? node_get(item, "condition") :
		    item;
		int condition = DEPEND_STARTED;

		if (!inner || (item->type == NODE_MAP && item->count != 1))
			spec_error(r->errors, item, "depends_on: write "
			    "NAME: CONDITION or NAME: {condition: CONDITION}");
		else if (read_word(r, inner, depend_words, &condition))
			add_depend(r, value->keys[i], value->keys[i]->text,
			    condition);
	}
	if (value->type == NODE_MAP || !read_texts(r, value, &names))
		return;
	for (char **n = names; n && *n; n++)
		add_depend(r, value, *n, DEPEND_STARTED);
	strv_free(names);
}

WRITE(depends_on)
{
	jsonw_object(w);
	for (int i = 0; i < s->ndepends; i++)
		jsonw_kstr(w, s->depends[i].name,
		    word_of(depend_words, s->depends[i].condition));
	jsonw_end_object(w);
}

READ(restart)
{
	int n;

	if (read_word(r, value, restart_words, &n))
		r->spec->restart = n;
}

WRITE(restart)
{
	jsonw_str(w, word_of(restart_words, s->restart));
}

READ(success_exit_codes)
{
	uint8_t bits[32] = { 0 };
	int code;

	if (value->type == NODE_SCALAR) {
		if (!read_int(r, value, 0, 255, &code))
			return;
		bits[code / 8] |= 1 << code % 8;
	} else if (value->type == NODE_MAP) {
		spec_error(r->errors, value, "success_exit_codes must be a "
		    "list of numbers");
		return;
	}
	for (size_t i = 0; i < value->count; i++) {
		if (!read_int(r, value->items[i], 0, 255, &code))
			return;
		bits[code / 8] |= 1 << code % 8;
	}
	memcpy(r->spec->success_exit_codes, bits, sizeof bits);
}

WRITE(success_exit_codes)
{
	jsonw_array(w);
	for (int code = 0; code < 256; code++)
		if (child_spec_is_success(s, code))
			jsonw_int(w, code);
	jsonw_end_array(w);
}

READ(max_restarts)
{
	read_int(r, value, 0, INT32_MAX, &r->spec->max_restarts);
}

WRITE(max_restarts)
{
	jsonw_int(w, s->max_restarts);
}

READ(max_seconds)
{
	const char *text = value->type == NODE_SCALAR ? value->text : "";
	int seconds;

	/* OTP's max_seconds is a bare number. */
	if (is_number(text) && read_int(r, value, 1, 100000000, &seconds)) {
		r->spec->max_seconds_ms = seconds * INT64_C(1000);
		return;
	}
	if (read_duration(r, value, false, &r->spec->max_seconds_ms) &&
	    r->spec->max_seconds_ms < 1)
		spec_error(r->errors, value, "max_seconds must be above 0");
}

WRITE(max_seconds)
{
	write_duration(w, s->max_seconds_ms);
}

READ(on_max_restarts)
{
	int n;

	if (read_word(r, value, on_max_words, &n))
		r->spec->on_max_restarts = n;
}

WRITE(on_max_restarts)
{
	jsonw_str(w, word_of(on_max_words, s->on_max_restarts));
}

static void
read_backoff_field(struct reader *r, int at, const struct node *value)
{
	struct child_spec *s = r->spec;

	if (at == 0)
		read_duration(r, value, false, &s->backoff_initial_ms);
	else if (at == 1)
		read_permille(r, value, 1000, FACTOR_PERMILLE_MAX,
		    &s->backoff_factor_permille);
	else if (at == 2)
		read_duration(r, value, false, &s->backoff_max_ms);
	else
		read_permille(r, value, 0, 1000, &s->backoff_jitter_permille);
}

READ(backoff)
{
	static const char *const fields[] = { "initial", "factor", "max",
	    "jitter", NULL };

	read_map(r, value, "backoff", fields, read_backoff_field);
}

static void
write_permille(struct jsonw *w, const char *key, int n)
{
	char text[24];

	jsonw_key(w, key);
	jsonw_raw(w, text, snprintf(text, sizeof text, "%d.%03d", n / 1000,
	    n % 1000));
}

WRITE(backoff)
{
	jsonw_object(w);
	jsonw_key(w, "initial");
	write_duration(w, s->backoff_initial_ms);
	write_permille(w, "factor", s->backoff_factor_permille);
	jsonw_key(w, "max");
	write_duration(w, s->backoff_max_ms);
	write_permille(w, "jitter", s->backoff_jitter_permille);
	jsonw_end_object(w);
}

READ(min_uptime)
{
	read_duration(r, value, false, &r->spec->min_uptime_ms);
}

WRITE(min_uptime)
{
	write_duration(w, s->min_uptime_ms);
}

READ(stop_signal)
{
	struct child_spec *s = r->spec;
	char **names = NULL;
	struct err err;

	if (!read_texts(r, value, &names))
		return;
	if (strv_len(names) < 1 || strv_len(names) > STOP_SIGNALS_MAX) {
		spec_error(r->errors, value, "stop_signal takes 1 to %d "
		    "signals", STOP_SIGNALS_MAX);
	} else {
		s->nstop_signals = 0;
		for (char **n = names; *n; n++)
			if (signal_parse(*n, &s->stop_signals[
			    s->nstop_signals++], &err) < 0)
				spec_error(r->errors, value,
				    "stop_signal: %s", err.text);
	}
	strv_free(names);
}

WRITE(stop_signal)
{
	char name[16];

	jsonw_array(w);
	for (int i = 0; i < s->nstop_signals; i++)
		jsonw_str(w, signal_format(s->stop_signals[i], name));
	jsonw_end_array(w);
}

READ(stop_timeout)
{
	read_duration(r, value, true, &r->spec->stop_timeout_ms);
}

WRITE(stop_timeout)
{
	write_duration(w, s->stop_timeout_ms);
}

READ(groups)
{
	struct err err;

	if (!read_texts(r, value, &r->spec->groups))
		return;
	for (char **g = r->spec->groups; g && *g; g++)
		if (name_check(*g, &err) < 0)
			spec_error(r->errors, value, "groups: %s", err.text);
}

WRITE(groups)
{
	write_texts(w, s->groups);
}

READ(channel)
{
	read_bool(r, value, &r->spec->channel);
}

WRITE(channel)
{
	jsonw_bool(w, s->channel);
}

READ(handoff)
{
	int n;

	if (read_word(r, value, handoff_words, &n))
		r->spec->handoff = n;
}

WRITE(handoff)
{
	jsonw_str(w, word_of(handoff_words, s->handoff));
}

static void
read_ready_field(struct reader *r, int at, const struct node *value)
{
	struct child_spec *s = r->spec;
	bool notify;

	if (at == 0) {
		if (read_bool(r, value, &notify) && notify)
			s->ready = READY_NOTIFY;
	} else if (at == 1) {
		read_duration(r, value, false, &s->watchdog_ms);
	} else if (read_int(r, value, READY_FD_MIN, READY_FD_MAX,
	    &s->ready_fd)) {
		s->ready = READY_FD;
	}
}

READ(ready)
{
	static const char *const fields[] = { "notify", "watchdog", "fd",
	    NULL };
	struct child_spec *s = r->spec;

	s->ready = READY_UPTIME;
	s->watchdog_ms = 0;
	read_map(r, value, "ready", fields, read_ready_field);
	if (value->type == NODE_MAP && node_get(value, "notify") &&
	    node_get(value, "fd"))
		spec_error(r->errors, value, "ready takes notify or fd, not "
		    "both");
	if (s->watchdog_ms > 0 && s->ready != READY_NOTIFY)
		spec_error(r->errors, value, "ready: watchdog needs notify: "
		    "true");
}

WRITE(ready)
{
	jsonw_object(w);
	if (s->ready == READY_NOTIFY)
		jsonw_kbool(w, "notify", true);
	if (s->watchdog_ms > 0) {
		jsonw_key(w, "watchdog");
		write_duration(w, s->watchdog_ms);
	}
	if (s->ready == READY_FD)
		jsonw_kint(w, "fd", s->ready_fd);
	jsonw_end_object(w);
}

static void
read_log_field(struct reader *r, int at, const struct node *value)
{
	struct child_spec *s = r->spec;
	struct err err;
	int n;

	if (at == 0) {
		if (value->type != NODE_SCALAR)
			spec_error(r->errors, value, "max_size must be a size "
			    "such as 50MB");
		else if (size_parse(value->text, &s->log_max_size, &err) < 0)
			spec_error(r->errors, value, "max_size: %s", err.text);
	} else if (at == 1) {
		read_int(r, value, 0, 1000, &s->log_max_backups);
	} else if (read_word(r, value, format_words, &n)) {
		s->log_format = n;
	}
}

READ(log)
{
	static const char *const fields[] = { "max_size", "max_backups",
	    "format", NULL };

	read_map(r, value, "log", fields, read_log_field);
}

WRITE(log)
{
	char size[32];

	jsonw_object(w);
	jsonw_kstr(w, "max_size", size_format(s->log_max_size, size));
	jsonw_kint(w, "max_backups", s->log_max_backups);
	jsonw_kstr(w, "format", word_of(format_words, s->log_format));
	jsonw_end_object(w);
}

READ(stderr)
{
	int n;

	if (read_word(r, value, stderr_words, &n))
		r->spec->stderr_separate = n;
}

WRITE(stderr)
{
	jsonw_str(w, word_of(stderr_words, s->stderr_separate));
}

READ(pre_start)
{
	read_argv(r, value, false, &r->spec->pre_start);
}

WRITE(pre_start)
{
	write_texts(w, s->pre_start);
}

READ(post_exit)
{
	read_argv(r, value, false, &r->spec->post_exit);
}

WRITE(post_exit)
{
	write_texts(w, s->post_exit);
}

READ(stdin)
{
	if (!node_is_null(value))
		spec_error(r->errors, value, "stdin can only be null "
		    "(/dev/null)");
}

/* A NULL writer: nothing of its own to keep. */
const struct child_key child_keys[] = {
	{ "command", read_command, write_command, true },
	{ "shell", read_shell, NULL, false },
	{ "environment", read_environment, write_environment, true },
	{ "env_file", read_env_file, write_env_file, true },
	{ "working_dir", read_working_dir, write_working_dir, true },
	{ "user", read_user, write_user, true },
	{ "umask", read_umask, write_umask, true },
	{ "rlimits", read_rlimits, write_rlimits, true },
	{ "replicas", read_replicas, write_replicas, false },
	{ "autostart", read_autostart, write_autostart, false },
	{ "depends_on", read_depends_on, write_depends_on, false },
	{ "restart", read_restart, write_restart, false },
	{ "success_exit_codes", read_success_exit_codes,
	    write_success_exit_codes, false },
	{ "max_restarts", read_max_restarts, write_max_restarts, false },
	{ "max_seconds", read_max_seconds, write_max_seconds, false },
	{ "on_max_restarts", read_on_max_restarts, write_on_max_restarts,
	    false },
	{ "backoff", read_backoff, write_backoff, false },
	{ "min_uptime", read_min_uptime, write_min_uptime, false },
	{ "stop_signal", read_stop_signal, write_stop_signal, false },
	{ "stop_timeout", read_stop_timeout, write_stop_timeout, false },
	{ "groups", read_groups, write_groups, false },
	{ "channel", read_channel, write_channel, true },
	{ "handoff", read_handoff, write_handoff, false },
	{ "ready", read_ready, write_ready, true },
	{ "log", read_log, write_log, false },
	{ "stderr", read_stderr, write_stderr, true },
	{ "pre_start", read_pre_start, write_pre_start, false },
	{ "post_exit", read_post_exit, write_post_exit, false },
	{ "stdin", read_stdin, NULL, false },
	{ NULL, NULL, NULL, false }
};

struct child_spec *
child_spec_read(const char *name, const struct node *map,
    struct spec_errors *errors)
{
	struct child_spec *s = child_spec_new(name);
	struct reader r = { .errors = errors, .spec = s };
	const struct node *shell = node_get(map, "shell");
	const char *known[sizeof child_keys / sizeof *child_keys];
	size_t n = 0;

	for (const struct child_key *k = child_keys; k->name; k++)
		known[n++] = k->name;
	known[n] = NULL;
	r.shell = shell && shell->type == NODE_SCALAR &&
	    strcmp(shell->text, "true") == 0;
	for (size_t i = 0; i < map->count; i++) {
		const struct child_key *k = child_keys;

		while (k->name && strcmp(k->name, map->keys[i]->text) != 0)
			k++;
		r.key = map->keys[i];
		if (k->name)
			k->read(&r, map->items[i]);
		else
			read_unknown_key(errors, map->keys[i], known,
			    "a child");
	}
	return s;
}
