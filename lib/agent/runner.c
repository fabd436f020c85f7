/* SPDX-License-Identifier: MIT */
/* One name on this host: its request to the warden, its pipes, its readiness. */
#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/capture.h"
#include "agent/channel.h"
#include "agent/child_calls.h"
#include "agent/descent.h"
#include "agent/warden_link.h"
#include "agent/note.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/jsonw.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/units.h"

#define ENV_FILE_MAX (1 << 20)

struct runner *
runner_of(struct agent *agent, struct child *child)
{
	struct runner *r = child->user;

	if (r)
		return r;
	r = mem_alloc(sizeof *r);
	r->agent = agent;
	r->child = child;
	r->slot = -1;
	r->notify_fd = r->ready_fd = -1;
	child->user = r;
	return r;
}

static void
drop_event(struct event **event, int *fd)
{
	if (*event)
		event_free(*event);
	if (*fd >= 0)
		close(*fd);
	*event = NULL;
	*fd = -1;
}

void
runner_free(struct runner *r)
{
	struct wire_head m = { .type = WIRE_FREE };

	channel_free(r->channel);
	capture_free(r->capture);
	drop_event(&r->notify, &r->notify_fd);
	drop_event(&r->ready, &r->ready_fd);
	if (r->slot >= 0) {
		m.slot = r->slot;
		m.serial = r->serial;
		link_send(r->agent->link, &m, sizeof m, -1);
		r->agent->slots[r->slot] = NULL;
	}
	free(r);
}

static void
tell_core(struct runner *r, enum input_type type, const char *text, int pid)
{
	struct input in = { .type = type, .name = r->child->name,
	    .instance = r->instance, .text = text, .pid = pid };

	agent_step(r->agent, &in);
}

/* The warden signals the main process with its own rights, so it must be the
 * child's, and the sender's own user unless that is root. */
static void
send_main_pid(struct runner *r, pid_t pid, uid_t sender)
{
	struct wire_main_pid m = { .head = { WIRE_MAIN_PID, r->slot,
	    r->serial }, .pid = pid };

	if (!descent_is_of(pid, r->child->pid, r->agent->warden_pid,
	    r->child->name, r->instance, r->agent->config.paths.socket) ||
	    (sender != 0 && descent_user(pid) != sender)) {
		log_warn("%s: MAINPID=%d is not a process of its own: ignored",
		    r->child->name, (int)pid);
		return;
	}
	link_send(r->agent->link, &m, sizeof m, -1);
	tell_core(r, INPUT_MAIN_PID, NULL, pid);
}

/* One line of an sd_notify(3) datagram. */
static void
on_notify_line(struct runner *r, const char *line, uid_t sender)
{
	if (strcmp(line, "READY=1") == 0) {
		tell_core(r, INPUT_READY, NULL, 0);
		note_update(r);
	} else if (strcmp(line, "STOPPING=1") == 0) {
		tell_core(r, INPUT_STOPPING, NULL, 0);
	} else if (strcmp(line, "WATCHDOG=1") == 0) {
		tell_core(r, INPUT_WATCHDOG, NULL, 0);
	} else if (strncmp(line, "STATUS=", 7) == 0) {
		tell_core(r, INPUT_STATUS_TEXT, line + 7, 0);
	} else if (strncmp(line, "MAINPID=", 8) == 0 && atoi(line + 8) > 1) {
		send_main_pid(r, atoi(line + 8), sender);
	}
}

/* May a process of this user speak for the child? */
static bool
may_notify(const struct runner *r, uid_t uid)
{
	const char *user = r->child->spec->user;
	struct passwd *pw;

	if (uid == 0 || uid == geteuid())
		return true;
	if (!user)
		return false;
	if (isdigit((unsigned char)*user))
		return uid == (uid_t)strtoul(user, NULL, 10);
	pw = getpwnam(user);
	return pw && pw->pw_uid == uid;
}

static void
on_notify(evutil_socket_t fd, short what, void *arg)
{
	union {
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control;
	char text[4096], *line, *rest;
	struct iovec iov = { text, sizeof text - 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof control.bytes };
	struct runner *r = arg;
	struct ucred cred = { .uid = -1 };
	struct cmsghdr *c;
	ssize_t n;

	(void)what;
	n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (c && c->cmsg_type == SCM_CREDENTIALS)
		memcpy(&cred, CMSG_DATA(c), sizeof cred);
	if (n <= 0 || !r->child || !may_notify(r, cred.uid))
		return;
	text[n] = '\0';
	for (line = strtok_r(text, "\n", &rest); line;
	    line = strtok_r(NULL, "\n", &rest))
		on_notify_line(r, line, cred.uid);
}

/* The ready pipe: a newline, as s6 has it. */
static void
on_ready_pipe(evutil_socket_t fd, short what, void *arg)
{
	struct runner *r = arg;
	char text[64];
	ssize_t n = read(fd, text, sizeof text);

	(void)what;
	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0 && memchr(text, '\n', n) && r->child) {
		tell_core(r, INPUT_READY, NULL, 0);
		note_update(r);
	}
	if (n <= 0)
		drop_event(&r->ready, &r->ready_fd);
}

static void
watch(struct runner *r, int *fd, struct event **event, int *own,
    event_callback_fn callback)
{
	if (*fd < 0)
		return;
	drop_event(event, own);
	*own = *fd;
	*fd = -1;
	*event = event_new(r->agent->base, *own, EV_READ | EV_PERSIST,
	    callback, r);
	event_add(*event, NULL);
}

/* Takes what the warden sent for this name. */
void
runner_take_fds(struct runner *r, int *fds)
{
	if (fds[0] >= 0 && r->child) {
		capture_free(r->capture);
		r->capture = capture_new(r->agent->base,
		    r->agent->config.paths.log_dir, r->child->spec,
		    r->child->name, fds[0], fds[1]);
		fds[0] = fds[1] = -1;
	} else if (fds[1] >= 0 && r->capture) {
		/* `stderr: separate` came with a later spec. */
		capture_add_err(r->capture, r->agent->base, fds[1]);
		fds[1] = -1;
	}
	if (fds[2] >= 0 && r->child) {
		channel_free(r->channel);
		/* Before the list is complete: one that ran already. */
		r->channel = channel_new(r->agent->base, fds[2],
		    !r->agent->ready, child_calls_serve, r);
		fds[2] = -1;
	}
	watch(r, &fds[3], &r->notify, &r->notify_fd, on_notify);
	watch(r, &fds[4], &r->ready, &r->ready_fd, on_ready_pipe);
}

struct strings { struct buf text; uint32_t count; };

static void
add_env(struct map *env, char ***order, const char *entry)
{
	char *name = mem_strndup(entry, strcspn(entry, "="));

	if (!map_get(env, name))
		strv_push(order, name);
	free(map_put(env, name, mem_strdup(entry)));
	free(name);
}

static void
add_envf(struct map *env, char ***order, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
add_envf(struct map *env, char ***order, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	add_env(env, order, text);
}

/* In place: "x y" # note → x y; x y # note → x y. */
static void
unquote(char *value)
{
	char quote = *value, *end;

	if ((quote == '"' || quote == '\'') &&
	    (end = strchr(value + 1, quote))) {
		*end = '\0';
		memmove(value, value + 1, end - value);
		return;
	}
	end = *value == '#' ? value : strstr(value, " #");
	if (end)
		*end = '\0';
	for (end = value + strlen(value); end > value && (end[-1] == ' ' ||
	    end[-1] == '\t'); end--)
		end[-1] = '\0';
}

/* KEY=VALUE lines; blank ones and # comments are skipped, `export ` and a
 * pair of quotes around the value are taken off. */
static int
read_env_file(struct map *env, char ***order, const char *path,
    struct err *err)
{
	bool optional = *path == '-';
	char *line, *rest;
	struct buf text;
	int number = 0, ret = 0;

	path += optional;
	buf_init(&text, ENV_FILE_MAX);
	if (fs_read(path, &text, err) < 0) {
		ret = optional && access(path, F_OK) < 0 ? 0 : -1;
		buf_release(&text);
		return ret;
	}
	for (line = text.data; line && ret == 0; line = rest) {
		char *eq;

		number++;
		rest = strchr(line, '\n');
		if (rest)
			*rest++ = '\0';
		line += strspn(line, " \t\r");
		line[strcspn(line, "\r")] = '\0';
		if (strncmp(line, "export ", 7) == 0)
			line += 7;
		if (!*line || *line == '#')
			continue;
		eq = strchr(line, '=');
		if (!eq || eq == line) {
			ret = err_set(err, "%s:%d: not KEY=VALUE", path,
			    number);
			break;
		}
		unquote(eq + 1);
		add_env(env, order, line);
	}
	buf_release(&text);
	return ret;
}

/* The child's number of its channel. */
static int
channel_fd_of(const struct child_spec *spec)
{
	return spec->ready == READY_FD && spec->ready_fd == 3 ? 4 : 3;
}

static void
add_own(struct runner *r, struct map *env, char ***order,
    enum process_kind kind)
{
	const struct agent_config *config = &r->agent->config;
	const struct child *c = r->child;

	add_envf(env, order, "SWARMSUP_NAME=%s", c->name);
	add_envf(env, order, "SWARMSUP_HOST=%s", config->host);
	add_envf(env, order, "SWARMSUP_FLEET=%s", config->fleet);
	add_envf(env, order, "SWARMSUP_EPOCH=%llu",
	    (unsigned long long)c->epoch);
	add_envf(env, order, "SWARMSUP_INSTANCE=%llu",
	    (unsigned long long)c->instance);
	add_envf(env, order, "SWARMSUP_REPLICA=%d", c->replica);
	add_envf(env, order, "SWARMSUP_SOCKET=%s", config->paths.socket);
	if (kind == PROCESS_MAIN && c->spec->channel)
		add_envf(env, order, "SWARMSUP_CHANNEL_FD=%d",
		    channel_fd_of(c->spec));
	if (kind == PROCESS_MAIN && c->spec->ready == READY_NOTIFY) {
		add_envf(env, order, "NOTIFY_SOCKET=@swarmsup/%d/%d",
		    r->agent->warden_pid, r->slot);
		if (c->spec->watchdog_ms > 0)
			add_envf(env, order, "WATCHDOG_USEC=%lld",
			    (long long)c->spec->watchdog_ms * 1000);
	}
	if (kind == PROCESS_POST_EXIT && WIFEXITED(c->last_status))
		add_envf(env, order, "SWARMSUP_EXIT_CODE=%d",
		    WEXITSTATUS(c->last_status));
	else if (kind == PROCESS_POST_EXIT) {
		char name[16];

		add_envf(env, order, "SWARMSUP_EXIT_SIGNAL=%s",
		    signal_format(WTERMSIG(c->last_status), name));
	}
}

extern char **environ;

static int
make_env(struct runner *r, enum process_kind kind, struct strings *out,
    struct err *err)
{
	const struct child_spec *spec = r->child->spec;
	struct map *env = map_new();
	char **order = NULL;
	int ret = 0;

	for (char **e = environ; *e; e++)
		if (strncmp(*e, "SWARMSUP_", 9) != 0 &&
		    strncmp(*e, "NOTIFY_SOCKET=", 14) != 0)
			add_env(env, &order, *e);
	for (char **f = spec->env_files; f && *f && ret == 0; f++)
		ret = read_env_file(env, &order, *f, err);
	for (char **e = spec->environment; e && *e; e++)
		add_env(env, &order, *e);
	add_own(r, env, &order, kind);
	for (char **name = order; name && *name; name++, out->count++) {
		const char *entry = map_get(env, *name);

		buf_add(&out->text, entry, strlen(entry) + 1);
	}
	map_free(env, free);
	strv_free(order);
	return ret;
}

static bool
is_number(const char *s)
{
	return *s && strspn(s, "0123456789") == strlen(s);
}

static int
set_user(struct wire_spawn *m, const struct child_spec *spec, struct err *err)
{
	gid_t groups[WIRE_GROUPS_MAX];
	int n = WIRE_GROUPS_MAX;
	struct passwd *pw;
	struct group *gr;

	if (!spec->user)
		return 0;
	m->set_user = 1;
	pw = is_number(spec->user) ? getpwuid(strtoul(spec->user, NULL, 10)) :
	    getpwnam(spec->user);
	if (!pw && !is_number(spec->user))
		return err_set(err, "there is no user '%s'", spec->user);
	m->uid = pw ? pw->pw_uid : strtoul(spec->user, NULL, 10);
	m->gid = pw ? pw->pw_gid : m->uid;
	if (spec->group && is_number(spec->group)) {
		m->gid = strtoul(spec->group, NULL, 10);
	} else if (spec->group) {
		if (!(gr = getgrnam(spec->group)))
			return err_set(err, "there is no group '%s'",
			    spec->group);
		m->gid = gr->gr_gid;
	}
	if (pw && getgrouplist(pw->pw_name, m->gid, groups, &n) < 0)
		n = WIRE_GROUPS_MAX;
	for (m->ngroups = 0; pw && (int)m->ngroups < n; m->ngroups++)
		m->groups[m->ngroups] = groups[m->ngroups];
	return 0;
}

static struct note
make_note(const struct runner *r, enum process_kind kind)
{
	const struct child *c = r->child;

	return (struct note){ .version = NOTE_VERSION, .kind = kind,
	    .instance = c->instance, .epoch = c->epoch,
	    .restarts = c->restarts, .ready = c->state == CHILD_RUNNING,
	    .status = c->last_status, .ended = CHILD_STOPPED };
}

static void
set_rest(struct wire_spawn *m, const struct runner *r, enum process_kind kind)
{
	const struct child_spec *spec = r->child->spec;
	struct note note = make_note(r, kind);

	m->umask = spec->umask;
	m->nrlimits = spec->nrlimits;
	for (int i = 0; i < spec->nrlimits; i++)
		m->rlimits[i] = (struct wire_rlimit){
		    spec->rlimits[i].resource, 0, spec->rlimits[i].soft,
		    spec->rlimits[i].hard };
	m->nsignals = spec->nstop_signals;
	for (int i = 0; i < spec->nstop_signals; i++)
		m->signals[i] = spec->stop_signals[i];
	m->stop_timeout_ms = spec->stop_timeout_ms;
	m->term_ms = m->kill_ms = WIRE_NEVER;
	memcpy(m->note, &note, sizeof note);
	m->want_fds = WIRE_FD_OUT | (spec->stderr_separate ? WIRE_FD_ERR : 0);
	if (kind != PROCESS_MAIN)
		return;
	if (spec->channel) {
		m->want_fds |= WIRE_FD_CHANNEL;
		m->channel_fd = channel_fd_of(spec);
	}
	if (spec->ready == READY_NOTIFY) {
		m->want_fds |= WIRE_FD_NOTIFY;
		snprintf(m->notify_name, sizeof m->notify_name,
		    "swarmsup/%d/%d", r->agent->warden_pid, r->slot);
	} else if (spec->ready == READY_FD) {
		m->want_fds |= WIRE_FD_READY;
		m->ready_fd = spec->ready_fd;
	}
}

static int
take_slot(struct runner *r)
{
	for (int i = 0; r->slot < 0 && i < WIRE_SLOTS_MAX; i++) {
		if (r->agent->slots[i])
			continue;
		r->agent->slots[i] = r;
		r->slot = i;
	}
	return r->slot < 0 ? -1 : 0;
}

static void
fail_spawn(struct runner *r, const char *why)
{
	struct input in = { .type = INPUT_SPAWN_FAILED,
	    .name = r->child->name, .instance = r->instance, .kind = r->kind,
	    .text = why };

	log_warn("%s: %s", r->child->name, why);
	agent_post(r->agent, &in);
}

void
runner_spawn(struct runner *r, enum process_kind kind)
{
	const struct child_spec *spec = r->child->spec;
	char **argv = kind == PROCESS_PRE_START ? spec->pre_start :
	    kind == PROCESS_POST_EXIT ? spec->post_exit : spec->argv;
	struct strings env = { .count = 0 };
	struct err err = { 0 };
	struct wire_spawn *m;
	struct buf packet;

	r->kind = kind;
	r->instance = r->child->instance;
	if (take_slot(r) < 0) {
		fail_spawn(r, "no room in the warden's table");
		return;
	}
	buf_init(&packet, WIRE_PACKET_MAX);
	buf_init(&env.text, WIRE_PACKET_MAX);
	memset(buf_reserve(&packet, sizeof *m), 0, sizeof *m);
	buf_added(&packet, sizeof *m);
	buf_add(&packet, spec->working_dir ? spec->working_dir : "",
	    spec->working_dir ? strlen(spec->working_dir) + 1 : 1);
	for (char **a = argv; *a; a++)
		buf_add(&packet, *a, strlen(*a) + 1);
	if (make_env(r, kind, &env, &err) < 0 ||
	    set_user((struct wire_spawn *)packet.data, spec, &err) < 0) {
		fail_spawn(r, err.text);
		goto out;
	}
	buf_add(&packet, env.text.data, env.text.len);
	if (!buf_ok(&packet) || !buf_ok(&env.text)) {
		fail_spawn(r, "command and environment are larger than "
		    "192 KiB");
		goto out;
	}
	m = (struct wire_spawn *)packet.data;
	r->serial = r->agent->next_serial++;
	m->head = (struct wire_head){ WIRE_SPAWN, r->slot, r->serial };
	snprintf(m->name, sizeof m->name, "%s", r->child->name);
	m->argc = strv_len(argv);
	m->envc = env.count;
	m->text_len = packet.len - sizeof *m;
	set_rest(m, r, kind);
	link_send(r->agent->link, m, packet.len, -1);
out:
	buf_release(&packet);
	buf_release(&env.text);
}

/* Why, before the signal: it is the child's last chance to care. */
static void
say_die(struct runner *r)
{
	const char *reason = r->child->reason;
	struct jsonw w;
	struct buf params;

	if (!*reason)
		reason = r->agent->stopping ? "the host stops" : "stopped";
	buf_init(&params, 0);
	jsonw_init(&w, &params);
	jsonw_object(&w);
	jsonw_kstr(&w, "reason", reason);
	jsonw_end_object(&w);
	channel_notify(r->channel, "die", params.data, params.len);
	buf_release(&params);
}

void
runner_stop(struct runner *r, int64_t kill_after_ms, bool abort_first)
{
	int64_t now_ms = clock_boot_ms();
	struct wire_stop m = { .head = { WIRE_STOP, r->slot, r->serial },
	    .term_ms = now_ms, .abort_first = abort_first,
	    .kill_ms = kill_after_ms == DURATION_INFINITY ? WIRE_NEVER :
	    now_ms + kill_after_ms };

	if (r->channel && r->kind == PROCESS_MAIN)
		say_die(r);
	link_send(r->agent->link, &m, sizeof m, -1);
}

void
note_update(struct runner *r)
{
	struct wire_note m = { .head = { WIRE_NOTE, r->slot, r->serial } };
	const struct child *c = r->child;
	struct note note = make_note(r, r->kind);

	if (c->state == CHILD_EXITED || c->state == CHILD_FATAL)
		note.ended = c->state;
	memcpy(m.note, &note, sizeof note);
	link_send(r->agent->link, &m, sizeof m, -1);
}
