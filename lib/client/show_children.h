/* SPDX-License-Identifier: MIT */
/* Printing what the agent says of children. */
#ifndef CLIENT_SHOW_CHILDREN_H
#define CLIENT_SHOW_CHILDREN_H

#include <stddef.h>

/* {"children": […]} as a table, or as the fields asked for, tab-separated.
 * How many are not RUNNING. */
int show_children(const char *json, size_t len, const char *fields);
/* {"names": […]}, {"members": […]} or {"groups": {…}}: a line each; all of it
 * as it is for "json". */
void show_names(const char *json, size_t len, const char *output);

#endif
