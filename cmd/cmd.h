/* SPDX-License-Identifier: MIT */
/*
 * A verb of the command line. To add one: a file cmd/<verb>.c with one
 * `const struct cmd cmd_<verb>`, a row in cmd/table.c, a section in
 * man/swarmsup.1, a test tests/cmd/<verb>.bats.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <stdbool.h>
#include <stdint.h>

#include "client/client.h"

enum exit_code {
	EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NOT_THERE_YET = 3,
	EXIT_NO_NAME = 4, EXIT_NO_AGENT = 5, EXIT_TIMEOUT = 124
};

struct option_spec {
	const char *name;	/* long, without the dashes */
	char letter;		/* 0: none */
	const char *value;	/* what it takes, for help; NULL: a switch */
	const char *help;
};

/* Options every verb knows. */
struct args {
	const struct cmd *cmd;
	const char *self;	/* argv[0] */
	char **files;		/* -f */
	const char *fleet;	/* -F */
	const char *socket;	/* -s */
	const char *output;	/* -o: NULL, "json" or fields */
	int64_t timeout_ms;	/* -1: not given */
	char **words;		/* what is left, NULL-terminated */
	size_t nwords;
	char **values;		/* "name=value" of the verb's own options */
};

#define CMD_OPTIONS_MAX 16

struct cmd {
	const char *name, *alias;
	const char *synopsis;	/* arguments, for usage */
	const char *summary;
	struct option_spec options[CMD_OPTIONS_MAX];
	size_t words_min, words_max;
	int (*run)(const struct args *args);
};

extern const struct cmd *const cmd_table[];	/* ends with NULL */

/* cmd/opts.c */
int opts_parse(const struct cmd *cmd, char **argv, struct args *args);
/* The value of one of the verb's own options: NULL if not given, "" for a
 * switch. */
const char *opts_get(const struct args *args, const char *name);
void opts_usage(const struct cmd *cmd, bool whole);
/* Finds a verb by name, alias or unique prefix; says what is wrong. */
const struct cmd *opts_find(const char *word);
extern const struct option_spec opts_common[];

/* cmd/ask.c — what most verbs do. Exit codes are returned. */
int ask_agent(const struct args *args, const char *method, const char *path,
    const char *body, struct reply *reply);
/* Path with name= for each word, "&all=1" for --all. The caller frees. */
char *ask_path(const struct args *args, const char *path);
/* Sends a wish on names and waits: start, stop, restart, rm, scale. */
int ask_and_wait(const struct args *args, const char *method,
    const char *path, const char *body);
/* Tells the result of a wait; the exit code. */
int ask_show_wait(const struct args *args, const struct reply *reply);

#endif
