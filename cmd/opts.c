/* SPDX-License-Identifier: MIT */
/* The command line's grammar: options, usage, verbs by prefix. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/units.h"
#include "cmd/cmd.h"

const struct option_spec opts_common[] = {
	{ "file", 'f', "FILE", "the fleet file (may be given several times)" },
	{ "fleet", 'F', "FLEET", "the fleet's name" },
	{ "socket", 's', "SOCKET", "the agent's control socket" },
	{ "output", 'o', "FORMAT", "json, or the names of fields: a,b,c" },
	{ "timeout", 't', "DURATION", "how long to wait" },
	{ "help", 'h', NULL, "show this" },
	{ NULL, 0, NULL, NULL }
};

static const struct option_spec *
find_option(const struct option_spec *list, const char *name, size_t len,
    char letter)
{
	for (const struct option_spec *o = list; o->name; o++)
		if (letter ? o->letter == letter : strlen(o->name) == len &&
		    strncmp(o->name, name, len) == 0)
			return o;
	return NULL;
}

static int
unknown(const struct cmd *cmd, const char *word)
{
	const char *names[CMD_OPTIONS_MAX + 8], *near;
	size_t n = 0;

	for (const struct option_spec *o = cmd->options; o->name; o++)
		names[n++] = o->name;
	for (const struct option_spec *o = opts_common; o->name; o++)
		names[n++] = o->name;
	names[n] = NULL;
	near = strncmp(word, "--", 2) == 0 ? nearest_word(word + 2, names) :
	    NULL;
	fprintf(stderr, "swarmsup %s: unknown option %s%s%s%s\n", cmd->name,
	    word, near ? " (did you mean --" : "", near ? near : "",
	    near ? "?)" : "");
	return -1;
}

static int
take(const struct cmd *cmd, const struct option_spec *o, const char *value,
    struct args *args)
{
	struct err err;
	char *text;

	switch (find_option(opts_common, o->name, strlen(o->name), 0) ?
	    o->letter : 0) {
	case 'f':
		strv_push(&args->files, value);
		return 0;
	case 'F':
		args->fleet = value;
		return 0;
	case 's':
		args->socket = value;
		return 0;
	case 'o':
		args->output = value;
		return 0;
	case 't':
		if (duration_parse(value, &args->timeout_ms, &err) == 0)
			return 0;
		fprintf(stderr, "swarmsup %s: --timeout: %s\n", cmd->name,
		    err.text);
		return -1;
	case 'h':
		opts_usage(cmd, true);
		exit(EXIT_DONE);
	}
	text = mem_printf("%s=%s", o->name, value ? value : "");
	strv_push(&args->values, text);
	free(text);
	return 0;
}

/* One option at argv[*i]; moves *i over its value. */
static int
parse_option(const struct cmd *cmd, char **argv, int *i, struct args *args)
{
	const char *word = argv[*i], *value = NULL;
	bool is_long = word[1] == '-';
	size_t len = strcspn(word + 2, "=");
	const struct option_spec *o;

	o = find_option(cmd->options, word + 2, len, is_long ? 0 : word[1]);
	if (!o)
		o = find_option(opts_common, word + 2, len,
		    is_long ? 0 : word[1]);
	if (!o)
		return unknown(cmd, word);
	if (is_long && word[2 + len] == '=')
		value = word + 3 + len;
	else if (!is_long && word[2])
		value = word + 2;
	if (!o->value && value) {
		fprintf(stderr, "swarmsup %s: --%s takes no value\n",
		    cmd->name, o->name);
		return -1;
	}
	if (o->value && !value && !(value = argv[++*i])) {
		fprintf(stderr, "swarmsup %s: --%s needs a %s\n", cmd->name,
		    o->name, o->value);
		return -1;
	}
	return take(cmd, o, value, args);
}

int
opts_parse(const struct cmd *cmd, char **argv, struct args *args)
{
	args->cmd = cmd;
	args->timeout_ms = -1;
	args->words = mem_array(1, sizeof *args->words);
	for (int i = 0; argv[i]; i++) {
		if (strcmp(argv[i], "--") == 0) {
			for (; argv[i]; i++)	/* the mark too */
				strv_push(&args->words, argv[i]);
			break;
		}
		if (argv[i][0] == '-' && argv[i][1]) {
			if (parse_option(cmd, argv, &i, args) < 0)
				return -1;
			continue;
		}
		strv_push(&args->words, argv[i]);
	}
	args->nwords = strv_len(args->words);
	if (args->nwords >= cmd->words_min && args->nwords <= cmd->words_max)
		return 0;
	fprintf(stderr, "swarmsup %s: %s\n", cmd->name,
	    args->nwords < cmd->words_min ? "something is missing" :
	    "too many words");
	opts_usage(cmd, false);
	return -1;
}

const char *
opts_get(const struct args *args, const char *name)
{
	size_t len = strlen(name);

	for (char **v = args->values; v && *v; v++)
		if (strncmp(*v, name, len) == 0 && (*v)[len] == '=')
			return *v + len + 1;
	return NULL;
}

static void
show_options(const struct option_spec *o, FILE *out)
{
	for (; o->name; o++) {
		char text[64];

		snprintf(text, sizeof text, "--%s%s%s", o->name,
		    o->value ? " " : "", o->value ? o->value : "");
		if (o->letter)
			fprintf(out, "  -%c, %-22s %s\n", o->letter, text,
			    o->help);
		else
			fprintf(out, "      %-22s %s\n", text, o->help);
	}
}

void
opts_usage(const struct cmd *cmd, bool whole)
{
	FILE *out = whole ? stdout : stderr;

	fprintf(out, "usage: swarmsup %s [OPTION...] %s\n", cmd->name,
	    cmd->synopsis);
	if (!whole)
		return;
	fprintf(out, "%s\n\n", cmd->summary);
	show_options(cmd->options, out);
	show_options(opts_common, out);
}

const struct cmd *
opts_find(const char *word)
{
	const char *names[64], *near;
	const struct cmd *found = NULL;
	size_t n = 0, len = strlen(word), hits = 0;

	for (const struct cmd *const *c = cmd_table; *c; c++) {
		if (strcmp((*c)->name, word) == 0 || ((*c)->alias &&
		    strcmp((*c)->alias, word) == 0))
			return *c;
		names[n++] = (*c)->name;
		if (strncmp((*c)->name, word, len) == 0) {
			found = *c;
			hits++;
		}
	}
	names[n] = NULL;
	if (hits == 1)
		return found;
	if (hits > 1) {
		fprintf(stderr, "swarmsup: '%s' can mean", word);
		for (size_t i = 0; i < n; i++)
			if (strncmp(names[i], word, len) == 0)
				fprintf(stderr, " %s", names[i]);
		fprintf(stderr, "\n");
		return NULL;
	}
	near = nearest_word(word, names);
	fprintf(stderr, "swarmsup: there is no verb '%s'%s%s%s; 'swarmsup "
	    "help' lists them\n", word, near ? " (did you mean '" : "",
	    near ? near : "", near ? "'?)" : "");
	return NULL;
}
