/* SPDX-License-Identifier: MIT */
/* The agent's life: start-up, the core's effects carried out, the end. What
 * the warden says is in packets.c, what users wish in apply.c. */
#include "agent/agent.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/api.h"
#include "agent/capture.h"
#include "agent/handoff.h"
#include "agent/warden_link.h"
#include "agent/note.h"
#include "agent/store.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "warden/warden.h"

#define FLUSH_MS 50		/* instance numbers reach the store */

struct posted { struct agent *agent; struct input in; char *name, *text; };

static void
set_tick(struct agent *agent)
{
	int64_t due_ms = core_deadline_ms(agent->core), in_ms;
	struct timeval tv;

	if (due_ms == INT64_MAX) {
		event_del(agent->tick);
		return;
	}
	in_ms = due_ms - clock_boot_ms();
	in_ms = in_ms < 0 ? 0 : in_ms;
	tv = (struct timeval){ in_ms / 1000, in_ms % 1000 * 1000 };
	event_add(agent->tick, &tv);
}

static void
flush_soon(struct agent *agent)
{
	struct timeval tv = { 0, FLUSH_MS * 1000 };

	if (!event_pending(agent->flush, EV_TIMEOUT, NULL))
		event_add(agent->flush, &tv);
}

static void
on_all_stopped(struct agent *agent)
{
	struct wire_head bye = { .type = WIRE_BYE };

	if (!agent->stopping)
		return;
	log_info("all children have stopped");
	unlink(agent->config.paths.socket);
	link_send(agent->link, &bye, sizeof bye, -1);
	event_base_loopexit(agent->base, NULL);
}

static void
on_effect(struct agent *agent, const struct effect *e)
{
	struct runner *r = e->child ? runner_of(agent, e->child) : NULL;
	struct err err;

	switch (e->type) {
	case EFFECT_SPAWN:
		runner_spawn(r, e->kind);
		store_put_instance(agent->store, e->child->name,
		    e->child->epoch, e->instance);
		flush_soon(agent);
		break;
	case EFFECT_STOP:
		runner_stop(r, e->kill_after_ms, e->watchdog);
		break;
	case EFFECT_STATE:
		if (r->capture)
			capture_set_limits(r->capture, e->child->spec);
		if (r->slot >= 0 && (e->child->state == CHILD_EXITED ||
		    e->child->state == CHILD_FATAL))
			note_update(r);
		api_child_changed(agent->api, e->child);
		break;
	case EFFECT_BEGIN_HANDOFF:
		handoff_begin(r);
		break;
	case EFFECT_FORGET:
		handoff_forget(agent, e->child->name);
		api_child_forgotten(agent->api, e->child->name);
		if (store_delete_name(agent->store, e->child->name, &err) < 0)
			log_error("%s", err.text);
		runner_free(r);
		e->child->user = NULL;
		break;
	case EFFECT_ALL_STOPPED:
		on_all_stopped(agent);
		break;
	default:
		break;
	}
}

void
agent_step(struct agent *agent, struct input *input)
{
	struct effects effects;

	input->now_ms = clock_boot_ms();
	effects = core_step(agent->core, input);
	for (size_t i = 0; i < effects.count; i++)
		on_effect(agent, &effects.items[i]);
	set_tick(agent);
}

static void
on_posted(evutil_socket_t fd, short what, void *arg)
{
	struct posted *p = arg;

	(void)fd;
	(void)what;
	agent_step(p->agent, &p->in);
	free(p->name);
	free(p->text);
	free(p);
}

void
agent_post(struct agent *agent, const struct input *input)
{
	struct posted *p = mem_alloc(sizeof *p);

	p->agent = agent;
	p->in = *input;
	p->in.name = p->name = mem_strdup(input->name);
	p->in.text = p->text = mem_strdup(input->text);
	event_base_once(agent->base, -1, EV_TIMEOUT, on_posted, p, NULL);
}

int
agent_signal(struct agent *agent, struct child *child, int signo,
    struct err *err)
{
	struct runner *r = runner_of(agent, child);
	struct wire_signal m = { .head = { WIRE_SIGNAL, r->slot, r->serial },
	    .signo = signo, .group = 1 };

	if (child->process == PROCESS_NONE || r->slot < 0)
		return err_set(err, "%s is not running (%s)", child->name,
		    child_state_name(child->state));
	link_send(agent->link, &m, sizeof m, -1);
	return 0;
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct input in = { .type = INPUT_TICK };

	(void)fd;
	(void)what;
	agent_step(arg, &in);
}

static void
on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct agent *agent = arg;

	(void)fd;
	(void)what;
	store_flush(agent->store);
}

/* The control socket: bound under a name of its own, then renamed, so that
 * it is never there without its listener. */
static int
make_listener(const char *path, struct err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	char *tmp = mem_printf("%s.new", path);
	int ret = -1;

	if (strlen(tmp) >= sizeof addr.sun_path) {
		err_set(err, "%s is too long for a socket (%zu characters at "
		    "most); set XDG_RUNTIME_DIR to a shorter folder", path,
		    sizeof addr.sun_path - 5);
		goto out;
	}
	strcpy(addr.sun_path, tmp);
	unlink(tmp);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0 ||
	    chmod(tmp, 0600) < 0 || listen(fd, 1024) < 0 ||
	    rename(tmp, path) < 0) {
		err_sys(err, errno, "cannot listen on %s", path);
		goto out;
	}
	ret = fd;
	fd = -1;
out:
	if (fd >= 0)
		close(fd);
	free(tmp);
	return ret;
}

/* The warden's list is complete: now the world can begin. */
int
agent_begin(struct agent *agent, struct err *err)
{
	struct wire_keep keep = { .head.type = WIRE_KEEP, .tag = 1 };
	struct input open = { .type = INPUT_OPEN };

	if (agent->listen_fd < 0) {
		agent->listen_fd = make_listener(agent->config.paths.socket,
		    err);
		if (agent->listen_fd < 0)
			return -1;
		link_send(agent->link, &keep, sizeof keep, agent->listen_fd);
	}
	agent->api = api_new(agent, agent->listen_fd, err);
	if (!agent->api)
		return -1;
	agent->ready = true;
	agent_step(agent, &open);
	/* After the death of an agent alone nothing has changed but that: what
	 * is in the store goes on, whatever the files say by now. */
	if (agent->agent_runs <= 1 || !core_next_spec(agent->core, NULL))
		agent_reload(agent);
	return 0;
}

static void
raise_nofile(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int
set_up(struct agent *agent, struct err *err)
{
	struct core_config core = { .max_children =
	    agent->config.max_children };
	char *rebuilt;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	/* Sent to the whole terminal or group: they are the warden's. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	raise_nofile();
	core.seed = clock_boot_us() ^ (uint64_t)getpid() << 32;
	agent->started_ms = clock_boot_ms();
	agent->listen_fd = -1;
	agent->next_serial = 1;
	agent->slots = mem_array(WIRE_SLOTS_MAX, sizeof *agent->slots);
	agent->core = core_new(&core);
	agent->base = event_base_new();
	agent->tick = event_new(agent->base, -1, 0, on_tick, agent);
	agent->flush = event_new(agent->base, -1, 0, on_flush, agent);
	agent->store = store_open(agent->config.paths.database, &rebuilt,
	    err);
	if (!agent->store)
		return -1;
	if (rebuilt)
		log_error("the state was damaged; it is kept as %s and made "
		    "anew from the fleet file", rebuilt);
	free(rebuilt);
	handoff_load(agent);
	agent_load(agent);
	agent->link = link_new(agent->base, WARDEN_AGENT_FD, agent_on_packet,
	    agent);
	return 0;
}

int
agent_run(const struct agent_config *config)
{
	struct agent agent = { .config = *config };
	struct err err;

	if (set_up(&agent, &err) < 0) {
		log_error("%s", err.text);
		return AGENT_REFUSED;
	}
	event_base_dispatch(agent.base);
	link_drain(agent.link);
	store_close(agent.store);
	/* The rest goes with the process. */
	return agent.exit_code;
}

void
agent_shutdown(struct agent *agent)
{
	struct input in = { .type = INPUT_STOP_ALL };

	agent->stopping = true;
	agent_step(agent, &in);
}

void
agent_reopen_logs(struct agent *agent)
{
	for (struct child *c = NULL; (c = core_next(agent->core, c));)
		if (c->user && runner_of(agent, c)->capture)
			capture_reopen(runner_of(agent, c)->capture);
}
