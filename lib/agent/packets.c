/* SPDX-License-Identifier: MIT */
/* What the warden says, and what follows from it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/api.h"
#include "agent/capture.h"
#include "agent/channel.h"
#include "agent/handoff.h"
#include "agent/warden_link.h"
#include "agent/note.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

static void
send_head(struct agent *agent, enum wire_type type,
    const struct wire_head *of)
{
	struct wire_head m = { type, of->slot, of->serial };

	link_send(agent->link, &m, sizeof m, -1);
}

/* A slot that belongs to no name: its process is stopped, then it is freed. */
static void
adopt_stranger(struct agent *agent, const struct wire_slot *m)
{
	int64_t now_ms = clock_boot_ms();
	struct wire_stop stop = { .head = { WIRE_STOP, m->head.slot,
	    m->head.serial }, .term_ms = now_ms, .kill_ms = now_ms + 10000 };
	struct runner *r = mem_alloc(sizeof *r);

	log_warn("%s runs and nobody wants it: stopping it", m->name);
	r->agent = agent;
	r->slot = m->head.slot;
	r->serial = m->head.serial;
	r->notify_fd = r->ready_fd = -1;
	agent->slots[r->slot] = r;
	if (m->pid == 0 && !m->exited)
		runner_free(r);
	else
		link_send(agent->link, &stop, sizeof stop, -1);
}

static void
on_slot(struct agent *agent, const struct wire_slot *m, int *fds)
{
	struct child *c = core_find(agent->core, m->name);
	struct input in = { .type = INPUT_ADOPT, .name = m->name,
	    .pid = m->pid, .started_ms = m->started_ms };
	struct note note;
	struct runner *r;

	if (!c) {
		adopt_stranger(agent, m);
		return;
	}
	memcpy(&note, m->note, sizeof note);
	r = runner_of(agent, c);
	r->slot = m->head.slot;
	r->serial = m->head.serial;
	r->instance = note.instance;
	r->kind = note.kind;
	agent->slots[r->slot] = r;
	runner_take_fds(r, fds);
	if (note.version != NOTE_VERSION)
		return;
	if (m->pid == 0 && !m->exited) {
		/* Nothing runs, and perhaps that is as it should be. */
		in.ended = note.ended;
		in.status = note.status;
		if (in.ended != CHILD_STOPPED)
			agent_step(agent, &in);
		return;
	}
	in.instance = note.instance;
	in.kind = note.kind;
	in.restarts = note.restarts;
	in.ready = note.ready;
	agent_step(agent, &in);
	if (r->kind == PROCESS_MAIN)
		handoff_deliver(r);
}

static void
on_spawned(struct agent *agent, const struct wire_spawned *m, int *fds)
{
	struct runner *r = agent->slots[m->head.slot];
	struct input in = { .type = INPUT_SPAWNED, .pid = m->pid };

	if (!r || r->serial != m->head.serial || !r->child)
		return;
	runner_take_fds(r, fds);
	in.name = r->child->name;
	in.instance = r->instance;
	in.kind = r->kind;
	agent_step(agent, &in);
	if (r->kind == PROCESS_MAIN)
		handoff_deliver(r);
	api_child_changed(agent->api, r->child);
}

static const char *
stage_text(uint32_t stage)
{
	static const char *const texts[] = { "bad request", "bad request",
	    "cannot make its pipes", "cannot make a process",
	    "cannot make its session", "cannot set its rlimits",
	    "cannot become its user", "cannot enter its working_dir",
	    "cannot place its descriptors", "cannot run" };

	return stage < sizeof texts / sizeof *texts ? texts[stage] :
	    "cannot start";
}

static const char *
program_of(const struct runner *r)
{
	const struct child_spec *s = r->child->spec;
	char **argv = r->kind == PROCESS_PRE_START ? s->pre_start :
	    r->kind == PROCESS_POST_EXIT ? s->post_exit : s->argv;

	return argv ? argv[0] : "?";
}

static void
on_failed(struct agent *agent, const struct wire_spawn_failed *m)
{
	struct runner *r = agent->slots[m->head.slot];
	char text[512];
	struct input in = { .type = INPUT_SPAWN_FAILED, .text = text };

	send_head(agent, WIRE_ACK, &m->head);
	if (!r || r->serial != m->head.serial)
		return;
	if (!r->child) {
		runner_free(r);
		return;
	}
	snprintf(text, sizeof text, "%s %s: %s%s", stage_text(m->stage),
	    m->stage == WIRE_STAGE_FOLDER ? r->child->spec->working_dir :
	    program_of(r), strerror(m->errnum), m->errnum == ENOEXEC ?
	    " (does its first line begin with #! ?)" : "");
	log_warn("%s: %s", r->child->name, text);
	in.name = r->child->name;
	in.instance = r->instance;
	in.kind = r->kind;
	agent_step(agent, &in);
}

/* The slot is free for the next run as soon as the warden has the ACK, so
 * that goes out before what the core decides. */
static void
on_exited(struct agent *agent, const struct wire_exited *m)
{
	struct runner *r = agent->slots[m->head.slot];
	struct input in = { .type = INPUT_EXITED, .status = m->status };

	send_head(agent, WIRE_ACK, &m->head);
	if (!r || r->serial != m->head.serial)
		return;
	if (!r->child) {
		runner_free(r);
		return;
	}
	if (r->capture)
		capture_drain(r->capture);
	if (r->kind == PROCESS_MAIN && r->channel) {
		struct channel *channel = r->channel;

		channel_drain(channel);
		r->channel = NULL;
		channel_free(channel);
	}
	in.name = r->child->name;
	in.instance = r->instance;
	in.kind = r->kind;
	agent_step(agent, &in);
}

static void
on_host(struct agent *agent, const struct wire_host_signal *m)
{
	struct wire_head alive = { .type = WIRE_ALIVE };

	switch (m->what) {
	case WIRE_HOST_STOP:
		log_info("stopping all children");
		link_send(agent->link, &alive, sizeof alive, -1);
		agent_shutdown(agent);
		break;
	case WIRE_HOST_RELOAD:
		agent_reload(agent);
		break;
	case WIRE_HOST_REOPEN:
		agent_reopen_logs(agent);
		break;
	}
}

/* Is it a process that this agent's warden started? */
static bool
is_ours(pid_t pid, const char *socket)
{
	static char env[65536];
	char path[40];
	ssize_t n;
	bool named = false, ours = false;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
	if (pid == getpid() || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return false;
	n = read(fd, env, sizeof env - 1);
	close(fd);
	env[n > 0 ? n : 0] = '\0';
	for (char *p = env; p < env + n; p += strlen(p) + 1) {
		named |= strncmp(p, "SWARMSUP_NAME=", 14) == 0;
		ours |= strncmp(p, "SWARMSUP_SOCKET=", 16) == 0 &&
		    strcmp(p + 16, socket) == 0;
	}
	return named && ours;
}

/* The warden is gone, and the children with it; this is for what the kernel
 * did not reach: members of their groups, descendants in other sessions. */
static void
on_warden_gone(struct agent *agent)
{
	const char *socket = agent->config.paths.socket;
	int found;

	log_error("the warden is gone: ending what is left of its children");
	for (struct child *c = NULL; (c = core_next(agent->core, c));)
		if (c->pid > 0)
			kill(-c->pid, SIGKILL);
	do {
		DIR *dir = opendir("/proc");
		struct dirent *e;

		found = 0;
		while (dir && (e = readdir(dir))) {
			pid_t pid = atoi(e->d_name);

			if (pid <= 1 || !is_ours(pid, socket))
				continue;
			found++;
			kill(pid, SIGKILL);
		}
		if (dir)
			closedir(dir);
	} while (found > 0);
	agent->exit_code = 1;
	event_base_loopbreak(agent->base);
}

static void
on_welcome(struct agent *agent, const struct wire_welcome *m)
{
	if (m->version != WIRE_VERSION) {
		log_error("the warden speaks version %u, not %d", m->version,
		    WIRE_VERSION);
		agent->exit_code = AGENT_REFUSED;
		event_base_loopbreak(agent->base);
		return;
	}
	agent->next_serial = m->next_serial;
	agent->agent_runs = m->agent_runs;
	agent->warden_pid = m->warden_pid;
}

void
agent_on_packet(void *arg, const struct wire_head *h, int *fds)
{
	struct agent *agent = arg;
	struct err err;

	if (!h) {
		on_warden_gone(agent);
		return;
	}
	switch (h->type) {
	case WIRE_WELCOME:
		on_welcome(agent, (const void *)h);
		break;
	case WIRE_KEPT:
		if (((const struct wire_keep *)h)->tag == 1) {
			agent->listen_fd = fds[0];
			fds[0] = -1;
		}
		break;
	case WIRE_SLOT:
		on_slot(agent, (const void *)h, fds);
		break;
	case WIRE_READY:
		if (agent_begin(agent, &err) < 0) {
			log_error("%s", err.text);
			agent->exit_code = AGENT_REFUSED;
			event_base_loopbreak(agent->base);
		}
		break;
	case WIRE_SPAWNED:
		on_spawned(agent, (const void *)h, fds);
		break;
	case WIRE_SPAWN_FAILED:
		on_failed(agent, (const void *)h);
		break;
	case WIRE_EXITED:
		on_exited(agent, (const void *)h);
		break;
	case WIRE_HOST:
		on_host(agent, (const void *)h);
		break;
	}
}
