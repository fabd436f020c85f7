/* SPDX-License-Identifier: MIT */
/*
 * Memory that is there or the program is not: out of memory aborts. The
 * children live on under the warden, and the agent comes back.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t size);			/* zeroed */
void *mem_array(size_t n, size_t size);		/* zeroed, overflow checked */
void *mem_grow(void *p, size_t n, size_t size);	/* realloc, new part as is */
char *mem_strdup(const char *s);		/* NULL gives NULL */
char *mem_strndup(const char *s, size_t n);
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* NULL-terminated vectors of strings: argv, environments, lists of names. */
size_t strv_len(char *const *v);
char **strv_copy(char *const *v);
/* Appends a copy; *v may be NULL. */
void strv_push(char ***v, const char *s);
/* The index of s, or -1. */
int strv_find(char *const *v, const char *s);
void strv_free(char **v);

#endif
