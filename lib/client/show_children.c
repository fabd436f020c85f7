/* SPDX-License-Identifier: MIT */
/* See show_children.h. */
#include "client/show_children.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/units.h"

static const char *
text_of(json_t *child, const char *key)
{
	const char *text = json_string_value(json_object_get(child, key));

	return text ? text : "";
}

static void
show_line(json_t *child, int width)
{
	json_t *pid = json_object_get(child, "pid");
	char uptime[48] = "-", number[24] = "-";

	if (json_is_integer(pid)) {
		snprintf(number, sizeof number, "%lld",
		    (long long)json_integer_value(pid));
		uptime_format(json_integer_value(json_object_get(child,
		    "uptime_ms")), uptime);
	}
	printf("%-*s  %-8s  %s  pid %s, uptime %s, restarts %lld", width,
	    text_of(child, "name"), text_of(child, "state"),
	    text_of(child, "host"), number, uptime, (long long)
	    json_integer_value(json_object_get(child, "restarts")));
	if (text_of(child, "reason")[0])
		printf(" (%s)", text_of(child, "reason"));
	else if (text_of(child, "status_text")[0])
		printf(" (%s)", text_of(child, "status_text"));
	printf("\n");
}

static void
show_fields(json_t *child, const char *fields)
{
	char *copy = mem_strdup(fields), *rest, *field;
	bool first = true;

	for (field = strtok_r(copy, ",", &rest); field;
	    field = strtok_r(NULL, ",", &rest)) {
		json_t *value = json_object_get(child, field);
		char *text = value && !json_is_string(value) &&
		    !json_is_null(value) ? json_dumps(value,
		    JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

		printf("%s%s", first ? "" : "\t", text ? text :
		    text_of(child, field));
		free(text);
		first = false;
	}
	printf("\n");
	free(copy);
}

int
show_children(const char *text, size_t len, const char *fields)
{
	json_t *json = json_loadb(text, len, 0, NULL),
	    *children = json_object_get(json, "children"), *child;
	int width = 4, resting = 0;
	size_t i;

	json_array_foreach(children, i, child)
		if ((int)strlen(text_of(child, "name")) > width)
			width = strlen(text_of(child, "name"));
	json_array_foreach(children, i, child) {
		resting += strcmp(text_of(child, "state"), "RUNNING") != 0;
		if (fields)
			show_fields(child, fields);
		else
			show_line(child, width);
	}
	json_decref(json);
	return resting;
}

void
show_names(const char *text, size_t len, const char *output)
{
	json_t *json = json_loadb(text, len, 0, NULL), *value, *item;
	const char *key, *group;
	size_t i;

	if (output && strcmp(output, "json") == 0)
		fwrite(text, 1, len, stdout);
	else
		json_object_foreach(json, key, value) {
			json_array_foreach(value, i, item)
				if (strcmp(key, "members") == 0)
					printf("%s\n",
					    json_string_value(item));
			if (json_is_object(value))
				json_object_foreach(value, group, item)
					printf("%s\n", group);
		}
	json_decref(json);
}
