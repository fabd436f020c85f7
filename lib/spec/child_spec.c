/* SPDX-License-Identifier: MIT */
/* A child spec as a value: made, counted, compared, written. Reading is in
 * spec_keys.c. */
#include "spec/child_spec.h"

#include <assert.h>
#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "spec/spec_keys.h"

struct child_spec *
child_spec_new(const char *name)
{
	struct child_spec *s = mem_alloc(sizeof *s);

	*s = (struct child_spec){
		.refs = 1, .name = mem_strdup(name), .replicas = 1,
		.umask = -1, .autostart = true,
		.max_restarts = 3, .max_seconds_ms = 5000,
		.backoff_initial_ms = 100, .backoff_max_ms = 30000,
		.backoff_factor_permille = 2000,
		.backoff_jitter_permille = 200,
		.min_uptime_ms = 1000,
		.stop_signals = { SIGTERM }, .nstop_signals = 1,
		.stop_timeout_ms = 10000,
		.log_max_size = 50000000, .log_max_backups = 10,
	};
	s->success_exit_codes[0] = 1;
	return s;
}

struct child_spec *
child_spec_ref(const struct child_spec *spec)
{
	struct child_spec *s = (struct child_spec *)spec;

	s->refs++;
	return s;
}

void
child_spec_unref(struct child_spec *s)
{
	if (!s || --s->refs > 0)
		return;
	assert(s->refs == 0);
	free(s->name);
	strv_free(s->argv);
	strv_free(s->environment);
	strv_free(s->env_files);
	free(s->working_dir);
	free(s->user);
	free(s->group);
	strv_free(s->pre_start);
	strv_free(s->post_exit);
	for (int i = 0; i < s->ndepends; i++)
		free(s->depends[i].name);
	free(s->depends);
	strv_free(s->groups);
	free(s);
}

const char *
child_spec_name(const struct child_spec *spec, int i,
    char out[NAME_LEN_MAX + 1])
{
	if (spec->replicas > 1)
		snprintf(out, NAME_LEN_MAX + 1, "%.120s-%d", spec->name, i);
	else
		snprintf(out, NAME_LEN_MAX + 1, "%s", spec->name);
	return out;
}

int
name_check(const char *name, struct err *err)
{
	size_t len = strlen(name);

	if (len == 0 || len > NAME_LEN_MAX)
		return err_set(err, "a name has 1 to %d characters, '%.40s%s' "
		    "has %zu", NAME_LEN_MAX, name, len > 40 ? "..." : "", len);
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && (i == 0 ||
		    !strchr("_.@:-", name[i])))
			return err_set(err, "'%s' cannot be a name: use "
			    "letters, digits and _ . @ : -, a letter or digit "
			    "first", name);
	return 0;
}

bool
child_spec_is_success(const struct child_spec *spec, int exit_code)
{
	return exit_code >= 0 && exit_code < 256 &&
	    spec->success_exit_codes[exit_code / 8] >> exit_code % 8 & 1;
}

static void
write_key(const struct child_key *key, const struct child_spec *spec,
    struct buf *out)
{
	struct jsonw w;

	buf_clear(out);
	jsonw_init(&w, out);
	key->write(&w, spec);
}

void
child_spec_format(const struct child_spec *spec, struct buf *out)
{
	struct child_spec *plain = child_spec_new(spec->name);
	struct buf value, normal;
	struct jsonw w;

	buf_init(&value, 0);
	buf_init(&normal, 0);
	jsonw_init(&w, out);
	jsonw_object(&w);
	for (const struct child_key *k = child_keys; k->name; k++) {
		if (!k->write)
			continue;
		write_key(k, spec, &value);
		write_key(k, plain, &normal);
		if (strcmp(value.data, normal.data) == 0)
			continue;
		jsonw_key(&w, k->name);
		jsonw_raw(&w, value.data, value.len);
	}
	jsonw_end_object(&w);
	buf_release(&value);
	buf_release(&normal);
	child_spec_unref(plain);
}

static size_t
diff(const struct child_spec *a, const struct child_spec *b, bool restarts,
    const char **keys, size_t max)
{
	struct buf va, vb;
	size_t n = 0;

	buf_init(&va, 0);
	buf_init(&vb, 0);
	for (const struct child_key *k = child_keys; k->name; k++) {
		if (!k->write || (restarts && !k->restarts))
			continue;
		write_key(k, a, &va);
		write_key(k, b, &vb);
		if (strcmp(va.data, vb.data) == 0)
			continue;
		if (keys && n < max)
			keys[n] = k->name;
		n++;
	}
	buf_release(&va);
	buf_release(&vb);
	return n;
}

size_t
child_spec_diff(const struct child_spec *a, const struct child_spec *b,
    const char **keys, size_t max)
{
	size_t n = diff(a, b, false, keys, max - 1);

	n = n < max - 1 ? n : max - 1;
	keys[n] = NULL;
	return n;
}

bool
child_spec_equal(const struct child_spec *a, const struct child_spec *b)
{
	return a == b || diff(a, b, false, NULL, 0) == 0;
}

bool
child_spec_needs_restart(const struct child_spec *a,
    const struct child_spec *b)
{
	return a != b && diff(a, b, true, NULL, 0) > 0;
}

struct child_spec *
child_spec_scaled(const struct child_spec *spec, int replicas)
{
	struct spec_errors errors = { 0 };
	struct child_spec *copy;
	struct buf text;

	buf_init(&text, 0);
	child_spec_format(spec, &text);
	copy = child_spec_parse(spec->name, text.data, text.len, "/",
	    &errors);
	assert(copy);
	copy->replicas = replicas;
	buf_release(&text);
	spec_errors_release(&errors);
	return copy;
}
