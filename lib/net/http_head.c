/* SPDX-License-Identifier: MIT */
/* See http_head.h. */
#include "net/http_head.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

static const struct { const char *name; enum http_method method; } methods[] = {
	{ "GET", HTTP_GET }, { "POST", HTTP_POST }, { "PUT", HTTP_PUT },
	{ "DELETE", HTTP_DELETE }, { "HEAD", HTTP_HEAD },
};

static const struct { int status; const char *reason; } reasons[] = {
	{ 200, "OK" }, { 201, "Created" }, { 400, "Bad Request" },
	{ 403, "Forbidden" }, { 404, "Not Found" },
	{ 405, "Method Not Allowed" }, { 408, "Request Timeout" },
	{ 409, "Conflict" }, { 413, "Content Too Large" },
	{ 417, "Expectation Failed" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" }, { 501, "Not Implemented" },
	{ 502, "Bad Gateway" }, { 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" }, { 505, "HTTP Version Not Supported" },
	{ 507, "Insufficient Storage" },
};

const char *
http_reason(int status)
{
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}

size_t
http_head_end(const char *text, size_t len, size_t from)
{
	const char *p = text + (from > 2 ? from - 3 : 0), *end = text + len;

	while ((p = memchr(p, '\n', end - p))) {
		p++;
		if (p < end && *p == '\n')
			return p + 1 - text;
		if (p + 1 < end && p[0] == '\r' && p[1] == '\n')
			return p + 2 - text;
	}
	return 0;
}

static int
hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ?
	    c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int
http_unescape(char *text, bool plus)
{
	char *to = text;

	for (const char *p = text; *p; p++) {
		if (*p == '+' && plus) {
			*to++ = ' ';
		} else if (*p != '%') {
			*to++ = *p;
		} else {
			int high = hex(p[1]), low = high < 0 ? -1 : hex(p[2]);

			if (low < 0 || (high == 0 && low == 0))
				return -1;
			*to++ = (char)(high << 4 | low);
			p += 2;
		}
	}
	*to = '\0';
	return 0;
}

int
http_query_parse(char *query, struct http_param **params, size_t *count)
{
	size_t room = 0;

	*params = NULL;
	*count = 0;
	while (query && *query) {
		char *next = strchr(query, '&'), *value;

		if (next)
			*next++ = '\0';
		if (*query) {
			value = strchr(query, '=');
			if (value)
				*value++ = '\0';
			else
				value = query + strlen(query);
			if (http_unescape(query, true) < 0 ||
			    http_unescape(value, true) < 0)
				return -1;
			if (*count == room) {
				room = 2 * room + 4;
				*params = mem_grow(*params, room,
				    sizeof **params);
			}
			(*params)[(*count)++] = (struct http_param){ query,
			    value };
		}
		query = next;
	}
	return 0;
}

/* RFC 9110, 5.6.2. */
static bool
is_token(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) &&
		    !strchr("!#$%&'*+-.^_`|~", *s))
			return false;
	return true;
}

/* Is `word` in a comma-separated list? */
static bool
has_word(const char *list, const char *word)
{
	size_t len = strlen(word), n;

	for (; *list; list += n) {
		list += strspn(list, ", \t");
		n = strcspn(list, ", \t");
		if (n == len && strncasecmp(list, word, len) == 0)
			return true;
	}
	return false;
}

struct reading {
	struct http_head *head;
	const char *end;
	bool host, length, encoding;
	const char **why;
};

static int
refuse(struct reading *r, int status, const char *why)
{
	*r->why = why;
	return status;
}

/* The next line, without its end; NULL when there is none. */
static char *
next_line(struct reading *r, char **text)
{
	char *line = *text, *end = memchr(line, '\n', r->end - line);

	if (!end)
		return NULL;
	*text = end + 1;
	if (end > line && end[-1] == '\r')
		end--;
	*end = '\0';
	return line;
}

static int
read_target(struct reading *r, char *target)
{
	char *query;

	if (strncasecmp(target, "http://", 7) == 0) {
		target = strchr(target + 7, '/');
		if (!target)
			return refuse(r, 400, "the address has no path");
	}
	if (*target != '/')
		return refuse(r, 400, "the path must begin with a slash");
	target[strcspn(target, "#")] = '\0';
	query = strchr(target, '?');
	if (query)
		*query++ = '\0';
	else
		query = target + strlen(target);
	r->head->path = target;
	r->head->query = query;
	return http_unescape(target, false) < 0 ?
	    refuse(r, 400, "the path has a bad %-escape") : 0;
}

static int
read_request_line(struct reading *r, char *line)
{
	struct http_head *head = r->head;
	char *target = strchr(line, ' '), *version;

	if (!target)
		return refuse(r, 400, "this is not HTTP");
	*target++ = '\0';
	version = strchr(target, ' ');
	if (!version || !is_token(line))
		return refuse(r, 400, "this is not HTTP");
	*version++ = '\0';
	if (strncmp(version, "HTTP/", 5) != 0)
		return refuse(r, 400, "this is not HTTP");
	if (strcmp(version, "HTTP/1.0") == 0)
		head->http10 = true;
	else if (strcmp(version, "HTTP/1.1") != 0)
		return refuse(r, 505, "only HTTP/1.1 is spoken here");
	head->keep_alive = !head->http10;
	head->method_name = line;
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (strcmp(line, methods[i].name) == 0)
			head->method = methods[i].method;
	return read_target(r, target);
}

static int
read_length(struct reading *r, const char *value)
{
	size_t digits = strspn(value, "0123456789");

	if (r->length)
		return refuse(r, 400, "Content-Length is given twice");
	if (digits == 0 || value[digits])
		return refuse(r, 400, "Content-Length is not a number");
	r->length = true;
	/* Too long for a number is too long for us. */
	r->head->length = digits > 18 ? INT64_MAX : atoll(value);
	return 0;
}

static int
read_encoding(struct reading *r, const char *value)
{
	if (r->encoding || r->head->http10)
		return refuse(r, 400, "Transfer-Encoding is not allowed here");
	if (strcasecmp(value, "chunked") != 0)
		return refuse(r, 501, "only the transfer encoding 'chunked' "
		    "is known");
	r->encoding = r->head->chunked = true;
	return 0;
}

static int
read_field(struct reading *r, char *line)
{
	char *value = strchr(line, ':'), *end;

	if (!value)
		return refuse(r, 400, "a header has no colon");
	*value++ = '\0';
	if (!is_token(line))
		return refuse(r, 400, "a header's name is malformed");
	value += strspn(value, " \t");
	end = value + strlen(value);
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	for (const char *p = value; *p; p++)
		if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f)
			return refuse(r, 400, "a header has a control "
			    "character");
	if (strcasecmp(line, "Content-Length") == 0)
		return read_length(r, value);
	if (strcasecmp(line, "Transfer-Encoding") == 0)
		return read_encoding(r, value);
	if (strcasecmp(line, "Connection") == 0) {
		if (has_word(value, "close"))
			r->head->keep_alive = false;
		else if (has_word(value, "keep-alive"))
			r->head->keep_alive = true;
	} else if (strcasecmp(line, "Expect") == 0) {
		if (strcasecmp(value, "100-continue") != 0)
			return refuse(r, 417, "only 100-continue can be "
			    "expected");
		r->head->expect_continue = !r->head->http10;
	} else if (strcasecmp(line, "Host") == 0) {
		if (r->host)
			return refuse(r, 400, "Host is given twice");
		r->host = true;
	}
	return 0;
}

int
http_head_parse(char *text, size_t len, struct http_head *head,
    const char **why)
{
	struct reading r = { .head = head, .end = text + len, .why = why };
	char *line;
	int status;

	*head = (struct http_head){ .method_name = "" };
	if (memchr(text, '\0', len))
		return refuse(&r, 400, "a header has a NUL byte");
	line = next_line(&r, &text);
	if (!line)
		return refuse(&r, 400, "this is not HTTP");
	status = read_request_line(&r, line);
	while (status == 0 && (line = next_line(&r, &text)) && *line)
		status = read_field(&r, line);
	if (status != 0)
		return status;
	if (!r.host && !head->http10)
		return refuse(&r, 400, "there is no Host header");
	if (r.length && r.encoding)
		return refuse(&r, 400, "both Content-Length and "
		    "Transfer-Encoding are given");
	return 0;
}

/* The line at data[at … len): its length with its end, 0: it is not whole. */
static size_t
line_at(const char *data, size_t at, size_t len)
{
	const char *end = memchr(data + at, '\n', len - at);

	return end ? (size_t)(end + 1 - (data + at)) : 0;
}

/* RFC 9112, 7.1: hexadecimal digits, then an extension that nobody uses. */
static int
chunk_size(const char *line, size_t len, uint64_t *size)
{
	size_t digits = 0;

	*size = 0;
	for (; digits < len && hex(line[digits]) >= 0; digits++) {
		if (digits >= 8)
			return -1;
		*size = *size << 4 | hex(line[digits]);
	}
	if (digits == 0)
		return -1;
	return line[digits] == '\r' || line[digits] == '\n' ||
	    line[digits] == ';' || line[digits] == ' ' ||
	    line[digits] == '\t' ? 0 : -1;
}

/* One step at data + at; how many bytes it used, 0: more are needed. */
static size_t
chunk_step(struct http_chunks *c, char *data, size_t *body, size_t at,
    size_t len, size_t body_max, int *status)
{
	size_t n = 0;

	switch (c->state) {
	case CHUNK_SIZE:
		n = line_at(data, at, len);
		if (n == 0) {
			if (len - at > HTTP_TRAILER_MAX)
				*status = 400;
			break;
		}
		if (chunk_size(data + at, n, &c->left) < 0)
			*status = 400;
		else if (c->left > body_max - *body)
			*status = 413;
		c->state = c->left ? CHUNK_DATA : CHUNK_TRAILER;
		break;
	case CHUNK_DATA:
		n = c->left < len - at ? c->left : len - at;
		memmove(data + *body, data + at, n);
		*body += n;
		c->left -= n;
		if (c->left == 0)
			c->state = CHUNK_DATA_END;
		break;
	case CHUNK_DATA_END:
		if (data[at] == '\n')
			n = 1;
		else if (data[at] != '\r' || (len - at > 1 &&
		    data[at + 1] != '\n'))
			*status = 400;
		else if (len - at > 1)
			n = 2;
		if (n > 0)
			c->state = CHUNK_SIZE;
		break;
	case CHUNK_TRAILER:
		n = line_at(data, at, len);
		c->trailer += n;
		if (c->trailer + (n ? 0 : len - at) > HTTP_TRAILER_MAX)
			*status = 400;
		if (n == 1 || (n == 2 && data[at] == '\r'))
			c->state = CHUNK_DONE;
		break;
	case CHUNK_DONE:
		break;
	}
	return n;
}

size_t
http_chunks_decode(struct http_chunks *chunks, char *data, size_t *body,
    size_t len, size_t body_max, int *status)
{
	size_t at = *body, n;

	*status = 0;
	while (at < len && chunks->state != CHUNK_DONE) {
		n = chunk_step(chunks, data, body, at, len, body_max, status);
		if (n == 0 || *status != 0)
			break;
		at += n;
	}
	memmove(data + *body, data + at, len - at);
	return len - at;
}
