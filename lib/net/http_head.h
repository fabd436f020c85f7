/* SPDX-License-Identifier: MIT */
/*
 * The shape of an HTTP/1.1 request (RFC 9112) in memory: its head, its query,
 * its chunked body. Strict where two readers could disagree about where a
 * request ends; no socket here (that is net/http_server).
 */
#ifndef NET_HTTP_HEAD_H
#define NET_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum http_method { HTTP_OTHER = 0, HTTP_GET = 1, HTTP_POST = 2, HTTP_PUT = 4,
    HTTP_DELETE = 8, HTTP_HEAD = 16 };

struct http_head {
	enum http_method method;
	const char *method_name;
	char *path;		/* percent-decoded, begins with a slash */
	char *query;		/* as sent, without the '?'; "" if none */
	bool http10;		/* HTTP/1.0: no chunked answers */
	bool keep_alive;
	bool expect_continue;
	bool chunked;
	int64_t length;		/* of the body when not chunked */
};

struct http_param { char *key, *value; };

/* Where the head ends (after its empty line), or 0: not yet. `from`: what an
 * earlier call has seen. */
size_t http_head_end(const char *text, size_t len, size_t from);

/* Takes a head apart in place: the pointers in *head go into `text`. Returns
 * 0, or the status to answer with, and *why. */
int http_head_parse(char *text, size_t len, struct http_head *head,
    const char **why);

/* Percent-decoding in place; `plus`: '+' is a space. -1: malformed, or a NUL
 * byte. */
int http_unescape(char *text, bool plus);

/* Splits a query in place; *params is the caller's to free. -1: malformed. */
int http_query_parse(char *query, struct http_param **params, size_t *count);

/* A chunked body, decoded in place as it comes. */
struct http_chunks {
	enum { CHUNK_SIZE, CHUNK_DATA, CHUNK_DATA_END, CHUNK_TRAILER,
	    CHUNK_DONE } state;
	uint64_t left;		/* bytes of this chunk */
	size_t trailer;		/* bytes of trailers so far */
};
#define HTTP_TRAILER_MAX 4096

/* data[0 … *body) is decoded already, data[*body … len) came in. Moves what is
 * decodable down, raises *body, and returns how many undecoded bytes are left:
 * they follow at data + *body. Sets *status (400, 413) when it cannot go on. */
size_t http_chunks_decode(struct http_chunks *chunks, char *data,
    size_t *body, size_t len, size_t body_max, int *status);

const char *http_reason(int status);	/* "Not Found" */

#endif
