/* SPDX-License-Identifier: MIT */
/*
 * Asking an agent: finding its socket, one HTTP request over it with libcurl.
 */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct reply { int code; struct buf body; };

/* Where the agent's socket is: given, or SWARMSUP_SOCKET, or of `fleet`, or of
 * the fleet file. NULL with *err. The caller frees. */
char *client_socket(const char *given, const char *fleet, char *const *files,
    struct err *err);

/* 0 with *reply; -1 when no agent answers (err->code ECONNREFUSED or ENOENT)
 * or it broke off. timeout_ms 0: none. reply->body is the caller's. */
int client_request(const char *socket, const char *method, const char *path,
    const char *body, int64_t timeout_ms, struct reply *reply,
    struct err *err);

/* Percent-encodes for a path or a query. The caller frees. */
char *client_encode(const char *text);

/* Starts `argv` detached from this terminal: session of its own, output
 * appended to `log`. */
int client_launch(char *const *argv, const char *log, struct err *err);

#endif
