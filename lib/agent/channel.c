/* SPDX-License-Identifier: MIT */
/* See channel.h. Ids of calls: the lowest ten bits are a place in the table,
 * the others count up, from the boot clock's milliseconds on: so an answer
 * that an earlier agent's call gets late never fits one of ours. */
#include "agent/channel.h"

#include <errno.h>
#include <event2/buffer.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/units.h"
#include "net/line_reader.h"

#define PAUSE_ABOVE (1024 * 1024)	/* unread by the child: it is not read
					 * either … */
#define RESUME_BELOW (256 * 1024)	/* … until so little is left */
#define KEEP_LINE (256 * 1024)		/* memory kept for composing */
#define MEMBERS_MAX 16

struct open_call {
	SLIST_ENTRY(open_call) next;	/* of the free ones */
	struct channel *channel;
	struct event *deadline;
	uint64_t id;			/* the last one used here */
	call_done_fn *done;		/* NULL: free */
	void *arg;
};

struct asked {
	LIST_ENTRY(asked) next;
	struct channel *channel;	/* NULL: gone */
	size_t len;
	char id[];
};

struct channel {
	struct event_base *base;
	int fd;
	struct line_reader *reader;
	struct event *write;
	struct evbuffer *out;
	channel_request_fn *on_request;
	void (*on_sent)(void *arg);
	void *arg;
	struct open_call **calls;
	int ncalls;
	SLIST_HEAD(, open_call) idle;
	LIST_HEAD(, asked) asked;
	int nasked;
	uint64_t first_use;
	bool open, paused, busy, dead;
};

struct channel_counters channel_counters;

static struct buf line;		/* the one being composed */

static void
line_begin(void)
{
	if (line.size == 0)
		buf_init(&line, 0);
	buf_clear(&line);
}

static void
line_end(struct channel *ch)
{
	size_t sent = 0;
	ssize_t n;

	buf_putc(&line, '\n');
	if (evbuffer_get_length(ch->out) == 0) {
		n = send(ch->fd, line.data, line.len,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		/* An error will be seen by the reader too. */
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			ch->open = false;
		sent = n > 0 ? n : 0;
	}
	if (ch->open && sent < line.len) {
		evbuffer_add(ch->out, line.data + sent, line.len - sent);
		event_add(ch->write, NULL);
	}
	if (evbuffer_get_length(ch->out) > PAUSE_ABOVE && !ch->paused) {
		ch->paused = true;
		line_reader_pause(ch->reader, true);
	}
	if (line.size > KEEP_LINE)
		buf_release(&line);
}

/* JSON text into the line: a newline can only be white space. */
static void
line_json(const char *json, size_t len)
{
	size_t from = line.len;
	char *p;

	buf_add(&line, json, len);
	p = line.data + from;
	while ((p = memchr(p, '\n', line.data + line.len - p)))
		*p = ' ';
}

static void
line_string(const char *text)
{
	struct jsonw w;

	jsonw_init(&w, &line);
	jsonw_str(&w, text);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct channel *ch = arg;
	size_t left;
	int n;

	(void)what;
	/* Edge-triggered: until it takes no more. */
	do
		n = evbuffer_write(ch->out, fd);
	while (n > 0 && evbuffer_get_length(ch->out) > 0);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		ch->open = false;
		evbuffer_drain(ch->out, evbuffer_get_length(ch->out));
	}
	left = evbuffer_get_length(ch->out);
	if (left == 0)
		event_del(ch->write);
	if (left <= RESUME_BELOW && ch->paused) {
		ch->paused = false;
		line_reader_pause(ch->reader, false);
	}
	if (left == 0 && ch->on_sent && ch->open)
		ch->on_sent(ch->arg);
}

static bool
has_room(const struct channel *ch, size_t len)
{
	return evbuffer_get_length(ch->out) + len <= CHANNEL_QUEUE_MAX;
}

/* Ends a call; its place may be taken again from within. */
static void
conclude(struct open_call *call, enum call_outcome outcome,
    const char *result, size_t len, const char *text)
{
	call_done_fn *done = call->done;

	event_del(call->deadline);
	call->done = NULL;
	SLIST_INSERT_HEAD(&call->channel->idle, call, next);
	done(call->arg, outcome, result, len, text);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	conclude(arg, CALL_TIMEOUT, NULL, 0, "it did not answer in time");
}

static struct open_call *
take_call(struct channel *ch)
{
	struct open_call *call = SLIST_FIRST(&ch->idle);

	if (call) {
		SLIST_REMOVE_HEAD(&ch->idle, next);
		call->id += CHANNEL_CALLS_MAX;
		return call;
	}
	if (ch->ncalls == CHANNEL_CALLS_MAX)
		return NULL;
	if ((ch->ncalls & (ch->ncalls - 1)) == 0)	/* grows by doubling */
		ch->calls = mem_grow(ch->calls, ch->ncalls ? 2 * ch->ncalls :
		    1, sizeof *ch->calls);
	call = mem_alloc(sizeof *call);
	call->channel = ch;
	call->deadline = event_new(ch->base, -1, 0, on_deadline, call);
	call->id = ch->first_use * CHANNEL_CALLS_MAX + ch->ncalls;
	ch->calls[ch->ncalls++] = call;
	return call;
}

/* Begins a request's line up to its params. 0: `done` was called. */
static struct open_call *
begin_call(struct channel *ch, const char *method, size_t len,
    call_done_fn *done, void *arg)
{
	struct open_call *call = NULL;

	if (!ch->open) {
		done(arg, CALL_GONE, NULL, 0, "it has closed its channel");
		return NULL;
	}
	if (!has_room(ch, len) || len > MESSAGE_MAX ||
	    !(call = take_call(ch))) {
		done(arg, CALL_FULL, NULL, 0, len > MESSAGE_MAX ?
		    "the message is larger than 16 MiB" :
		    !has_room(ch, len) ? "it does not read its channel" :
		    "it has 1024 unanswered calls");
		return NULL;
	}
	call->done = done;
	call->arg = arg;
	line_begin();
	buf_printf(&line, "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"method\":\"%s\","
	    "\"params\":", (unsigned long long)call->id, method);
	return call;
}

static uint64_t
end_call(struct channel *ch, struct open_call *call, int64_t timeout_ms)
{
	struct timeval tv = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };

	buf_putc(&line, '}');
	line_end(ch);
	if (timeout_ms != DURATION_INFINITY)
		event_add(call->deadline, &tv);
	return call->id;
}

uint64_t
channel_call(struct channel *ch, const char *body, size_t len,
    const char *from, int64_t timeout_ms, call_done_fn *done, void *arg)
{
	struct open_call *call = begin_call(ch, "call", len, done, arg);

	if (!call)
		return 0;
	buf_puts(&line, "{\"body\":");
	line_json(body, len);
	buf_puts(&line, ",\"from\":");
	line_string(from);
	buf_putc(&line, '}');
	return end_call(ch, call, timeout_ms);
}

uint64_t
channel_ask(struct channel *ch, const char *method, const char *params,
    size_t len, int64_t timeout_ms, call_done_fn *done, void *arg)
{
	struct open_call *call = begin_call(ch, method, len, done, arg);

	if (!call)
		return 0;
	line_json(params, len);
	return end_call(ch, call, timeout_ms);
}

void
channel_cancel(struct channel *ch, uint64_t id)
{
	struct open_call *call = ch->calls[id % CHANNEL_CALLS_MAX];

	if (call->id != id || !call->done)
		return;
	event_del(call->deadline);
	call->done = NULL;
	SLIST_INSERT_HEAD(&ch->idle, call, next);
}

/* A notification's line up to its params. */
static int
begin_notify(struct channel *ch, const char *method, size_t len)
{
	if (!ch->open || !has_room(ch, len) || len > MESSAGE_MAX) {
		channel_counters.dropped++;
		return -1;
	}
	line_begin();
	buf_printf(&line, "{\"jsonrpc\":\"2.0\",\"method\":\"%s\",\"params\":",
	    method);
	return 0;
}

int
channel_notify(struct channel *ch, const char *method, const char *params,
    size_t len)
{
	if (begin_notify(ch, method, len) < 0)
		return -1;
	line_json(params, len);
	buf_putc(&line, '}');
	line_end(ch);
	return 0;
}

int
channel_cast(struct channel *ch, const char *body, size_t len)
{
	if (begin_notify(ch, "cast", len) < 0)
		return -1;
	buf_puts(&line, "{\"body\":");
	line_json(body, len);
	buf_puts(&line, "}}");
	line_end(ch);
	return 0;
}

static void
begin_answer(const struct json_slice *id)
{
	line_begin();
	buf_puts(&line, "{\"jsonrpc\":\"2.0\",\"id\":");
	buf_add(&line, id->text, id->len);
}

void
channel_answer(struct channel *ch, const struct json_slice *id,
    const char *result, size_t len)
{
	if (!id || !ch->open)
		return;
	if (!has_room(ch, len)) {
		channel_counters.dropped++;
		channel_refuse(ch, id, -32007, "you do not read your channel");
		return;
	}
	begin_answer(id);
	buf_puts(&line, ",\"result\":");
	line_json(result, len);
	buf_putc(&line, '}');
	line_end(ch);
}

void
channel_refuse(struct channel *ch, const struct json_slice *id, int code,
    const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	/* Errors may go a little over the bound, not without end. */
	if (!id || !ch->open || evbuffer_get_length(ch->out) >
	    2 * (size_t)CHANNEL_QUEUE_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	begin_answer(id);
	buf_printf(&line, ",\"error\":{\"code\":%d,\"message\":", code);
	line_string(text);
	buf_puts(&line, "}}");
	line_end(ch);
}

struct asked *
channel_asked(struct channel *ch, const struct json_slice *id)
{
	struct asked *asked;

	if (!id || ch->nasked == CHANNEL_ASKED_MAX)
		return NULL;
	asked = mem_alloc(sizeof *asked + id->len);
	asked->channel = ch;
	asked->len = id->len;
	memcpy(asked->id, id->text, id->len);
	LIST_INSERT_HEAD(&ch->asked, asked, next);
	ch->nasked++;
	return asked;
}

struct channel *
asked_channel(const struct asked *asked, struct json_slice *id)
{
	*id = (struct json_slice){ asked->id, asked->len };
	return asked->channel;
}

void
asked_free(struct asked *asked)
{
	if (asked->channel) {
		LIST_REMOVE(asked, next);
		asked->channel->nasked--;
	}
	free(asked);
}

/* The text of an error object: its message, or all of it. */
static char *
error_text(const struct json_slice *error)
{
	struct json_member members[MEMBERS_MAX];
	int n = json_members(*error, members, MEMBERS_MAX);
	char *text = n < 0 ? NULL : json_string(json_member(members, n,
	    "message"));

	if (!text)
		text = json_string(error);
	return text ? text : mem_strndup(error->text,
	    error->len < 1000 ? error->len : 1000);
}

static void
on_answer(struct channel *ch, const struct json_member *members, int n)
{
	const struct json_slice *result = json_member(members, n, "result"),
	    *error = json_member(members, n, "error");
	struct open_call *call = NULL;
	int64_t id;

	if (json_integer(json_member(members, n, "id"), &id) && id >= 0 &&
	    id % CHANNEL_CALLS_MAX < ch->ncalls)
		call = ch->calls[id % CHANNEL_CALLS_MAX];
	if (!call || (uint64_t)id > call->id ||
	    (uint64_t)id < ch->first_use * CHANNEL_CALLS_MAX) {
		channel_counters.unknown++;
	} else if ((uint64_t)id < call->id || !call->done) {
		channel_counters.late++;
	} else if (error && error->len == 4 && result &&
	    memcmp(error->text, "null", 4) == 0) {
		conclude(call, CALL_DONE, result->text, result->len, NULL);
	} else if (error) {
		char *text = error_text(error);

		conclude(call, CALL_REFUSED, NULL, 0, text);
		free(text);
	} else if (result) {
		conclude(call, CALL_DONE, result->text, result->len, NULL);
	} else {
		conclude(call, CALL_REFUSED, NULL, 0, "its answer has "
		    "neither result nor error");
	}
}

static const struct json_slice no_id = { "null", 4 };

static void
malformed(struct channel *ch, int code, const char *what)
{
	channel_counters.malformed++;
	channel_refuse(ch, &no_id, code, "%s", what);
}

static void
on_message(struct channel *ch, const struct json_member *members, int n)
{
	struct channel_request request = {
	    .params = json_member(members, n, "params"),
	    .id = json_member(members, n, "id") };
	const struct json_slice *method = json_member(members, n, "method");

	if (!method && request.id) {
		on_answer(ch, members, n);
		return;
	}
	request.method = json_string(method);
	if (!request.method) {
		malformed(ch, -32600, "a request needs a method");
	} else if (request.id && (request.id->text[0] == '{' ||
	    request.id->text[0] == '[' || request.id->len > 256)) {
		malformed(ch, -32600, "an id is a short string or a number");
	} else {
		ch->on_request(ch->arg, ch, &request);
	}
	free(request.method);
}

static void
on_line(void *arg, char *text, size_t len)
{
	struct json_member members[MEMBERS_MAX];
	struct channel *ch = arg;
	struct json_slice value;
	const char *wrong;
	int n;

	if (!text) {
		malformed(ch, -32700, "a line of more than 16 MiB");
		return;
	}
	if (strspn(text, " \t\r") == len)
		return;
	ch->busy = true;
	wrong = json_check(text, len, &value);
	n = wrong ? -1 : json_members(value, members, MEMBERS_MAX);
	if (wrong)
		malformed(ch, -32700, wrong);
	else if (n < 0)
		malformed(ch, -32600, value.text[0] == '[' ?
		    "batches are not spoken here" :
		    "a message is an object, each key once");
	else
		on_message(ch, members, n);
	ch->busy = false;
	if (ch->dead)
		channel_free(ch);
}

static void
end_calls(struct channel *ch)
{
	for (int i = 0; i < ch->ncalls; i++)
		if (ch->calls[i]->done)
			conclude(ch->calls[i], CALL_GONE, NULL, 0,
			    "it ended or closed its channel");
}

static void
on_end(void *arg, int errnum)
{
	struct channel *ch = arg;

	(void)errnum;
	ch->open = false;
	event_del(ch->write);
	ch->busy = true;
	end_calls(ch);
	ch->busy = false;
	if (ch->dead)
		channel_free(ch);
}

struct channel *
channel_new(struct event_base *base, int fd, bool resumed,
    channel_request_fn *on_request, void *arg)
{
	struct channel *ch = mem_alloc(sizeof *ch);

	ch->base = base;
	ch->fd = fd;
	ch->on_request = on_request;
	ch->arg = arg;
	ch->open = true;
	ch->first_use = clock_boot_ms();
	SLIST_INIT(&ch->idle);
	LIST_INIT(&ch->asked);
	ch->out = evbuffer_new();
	ch->write = event_new(base, fd, EV_WRITE | EV_PERSIST | EV_ET,
	    on_writable, ch);
	ch->reader = line_reader_new(base, fd, CHANNEL_LINE_MAX, on_line,
	    on_end, ch);
	if (resumed) {
		line_begin();
		line_end(ch);
	}
	return ch;
}

void
channel_drain(struct channel *ch)
{
	if (ch && ch->open && !ch->busy)
		line_reader_drain(ch->reader);
}

size_t
channel_unsent(const struct channel *ch)
{
	return evbuffer_get_length(ch->out);
}

void
channel_on_sent(struct channel *ch, void (*fn)(void *arg))
{
	ch->on_sent = fn;
}

bool
channel_is_open(const struct channel *ch)
{
	return ch && ch->open;
}

void
channel_free(struct channel *ch)
{
	struct asked *asked;

	if (!ch)
		return;
	ch->open = false;
	ch->dead = true;
	if (ch->busy)
		return;
	ch->busy = true;	/* a callback may call this again */
	end_calls(ch);
	while ((asked = LIST_FIRST(&ch->asked))) {
		LIST_REMOVE(asked, next);
		asked->channel = NULL;
	}
	line_reader_free(ch->reader);
	event_free(ch->write);
	evbuffer_free(ch->out);
	for (int i = 0; i < ch->ncalls; i++) {
		event_free(ch->calls[i]->deadline);
		free(ch->calls[i]);
	}
	free(ch->calls);
	close(ch->fd);
	free(ch);
}
