/* SPDX-License-Identifier: MIT */
/* The core's restart rules, as traces of effects. */
#include <stdlib.h>

#include "base/buf.h"
#include "core/core.h"
#include "spec/fleet_spec.h"
#include "tap.h"

static struct core *core;
static int64_t now_ms;
static char trace[4096];

/* Steps, and writes the effects down as words. */
static const char *
step(struct input in)
{
	static const char *const words[] = { "spawn", "stop", "begin", "end",
	    "state", "want", "forget", "all-stopped" };
	struct effects effects;

	in.now_ms = now_ms;
	effects = core_step(core, &in);
	trace[0] = '\0';
	for (size_t i = 0; i < effects.count; i++) {
		const struct effect *e = &effects.items[i];

		if (trace[0])
			strcat(trace, " ");
		if (e->type == EFFECT_STATE)
			strcat(trace, child_state_name(e->child->state));
		else
			strcat(trace, words[e->type]);
	}
	return trace;
}

static struct child_spec *
spec(const char *yaml)
{
	struct spec_errors errors = { 0 };
	struct child_spec *s = child_spec_parse("a", yaml, strlen(yaml), "/",
	    &errors);

	if (!s)
		printf("Bail out! %s\n", errors.lines[0]);
	return s;
}

static const char *
put(const char *yaml)
{
	struct child_spec *s = spec(yaml);
	const char *text = step((struct input){ .type = INPUT_SPEC_PUT,
	    .spec = s, .source = "file" });

	child_spec_unref(s);
	return text;
}

static void
begin(const char *yaml)
{
	struct core_config config = { .seed = 1, .max_children = 10 };

	core_free(core);
	core = core_new(&config);
	now_ms = 100000;
	step((struct input){ .type = INPUT_OPEN });
	put(yaml);
}

static struct child *
a(void)
{
	return core_find(core, "a");
}

static const char *
spawned(void)
{
	return step((struct input){ .type = INPUT_SPAWNED, .name = "a",
	    .instance = a()->instance, .kind = a()->process, .pid = 42 });
}

static const char *
exited(int status)
{
	return step((struct input){ .type = INPUT_EXITED, .name = "a",
	    .instance = a()->instance, .kind = a()->process,
	    .status = status });
}

static const char *
tick(int64_t ms)
{
	now_ms += ms;
	return step((struct input){ .type = INPUT_TICK });
}

static const char *
told(enum input_type type)
{
	return step((struct input){ .type = type, .name = "a" });
}

static void
test_restart__runs_after_min_uptime(void)
{
	begin("{command: x}");
	is_str(child_state_name(a()->state), "STARTING", "it starts");
	spawned();
	is_str(tick(999), "", "not yet running");
	is_str(tick(1), "RUNNING", "running after a second");
}

static void
test_restart__permanent_comes_back_at_once(void)
{
	begin("{command: x}");
	spawned();
	tick(1000);
	is_str(exited(0), "spawn STARTING", "in the same step");
	is_int(a()->instance, 2, "as the second instance");
	is_int(a()->restarts, 1, "counted");
}

static void
test_restart__fourth_crash_in_five_seconds_backs_off(void)
{
	begin("{command: x, backoff: {jitter: 0}}");
	for (int i = 0; i < 3; i++) {
		spawned();
		is_str(exited(256), "spawn STARTING", "at once");
	}
	spawned();
	is_str(exited(256), "BACKOFF", "the fourth waits");
	is_int(core_deadline_ms(core) - now_ms, 100, "for the initial pause");
	is_str(tick(100), "spawn STARTING", "and then starts");
	spawned();
	exited(256);
	is_int(core_deadline_ms(core) - now_ms, 200, "the next pause doubles");
}

static void
test_restart__stop_gives_up(void)
{
	begin("{command: x, max_restarts: 1, on_max_restarts: stop}");
	spawned();
	exited(256);
	spawned();
	is_str(exited(256), "FATAL", "FATAL after the second");
	ok(child_is_failed(a()), "which is a failure");
	is_str(told(INPUT_START), "STARTING spawn STARTING",
	    "start tries again");
}

static void
test_restart__kinds(void)
{
	begin("{command: x, restart: transient, success_exit_codes: [0, 3]}");
	spawned();
	is_str(exited(3 << 8), "EXITED", "transient: a success stays ended");
	ok(child_is_settled(a()), "and is settled");
	begin("{command: x, restart: transient}");
	spawned();
	is_str(exited(9), "spawn STARTING", "transient: a signal restarts");
	begin("{command: x, restart: temporary}");
	spawned();
	is_str(exited(256), "EXITED", "temporary: never restarted");
}

static void
test_restart__two_requests_are_one_instance(void)
{
	begin("{command: x, min_uptime: 0}");
	spawned();
	is_str(told(INPUT_RESTART), "stop STOPPING", "the first stops it");
	is_str(told(INPUT_RESTART), "", "the second adds nothing");
	is_str(exited(15), "spawn STARTING", "one new instance");
	is_int(a()->instance, 2, "the second");
	is_int(a()->restarts, 0, "not counted as a crash");
}

static void
test_restart__stop_outlives_everything(void)
{
	begin("{command: x, min_uptime: 0}");
	spawned();
	is_str(told(INPUT_STOP), "want stop STOPPING", "stopped");
	is_str(exited(15), "STOPPED", "and stays so");
	is_str(put("{command: y}"), "", "also with a new spec");
	is_str(told(INPUT_START), "want spawn STARTING", "until start");
}

static void
test_restart__hooks_run_before_and_after(void)
{
	begin("{command: x, pre_start: p, post_exit: q, min_uptime: 0}");
	is_int(a()->process, PROCESS_PRE_START, "pre_start first");
	spawned();
	is_str(exited(0), "spawn", "then the main process");
	spawned();
	is_str(exited(256), "spawn STOPPING", "then post_exit");
	is_int(a()->process, PROCESS_POST_EXIT, "before");
	spawned();
	is_str(exited(0), "spawn STARTING", "the next start");
	spawned();
	exited(256);
	ok(a()->process == PROCESS_PRE_START && a()->instance == 3,
	    "a failed pre_start is a failed start");
}

static void
test_restart__old_reports_are_ignored(void)
{
	begin("{command: x, min_uptime: 0}");
	spawned();
	exited(256);
	is_str(step((struct input){ .type = INPUT_EXITED, .name = "a",
	    .instance = 1, .kind = PROCESS_MAIN }), "", "of the first");
	is_int(a()->instance, 2, "the second goes on");
}

static void
test_restart__delete_forgets_when_it_is_gone(void)
{
	begin("{command: x, min_uptime: 0}");
	spawned();
	is_str(told(INPUT_SPEC_DELETE), "stop STOPPING", "stopped first");
	is_str(exited(15), "STOPPED forget", "then forgotten");
	ok(a() == NULL, "and no more");
}

static void
test_restart__watchdog_missed_is_a_crash(void)
{
	begin("{command: x, ready: {notify: true, watchdog: 2s}}");
	spawned();
	step((struct input){ .type = INPUT_READY, .name = "a",
	    .instance = 1 });
	tick(1999);
	step((struct input){ .type = INPUT_WATCHDOG, .name = "a",
	    .instance = 1 });
	is_str(tick(1999), "", "a ping in time");
	is_str(tick(1), "stop STOPPING", "none in time");
	is_str(exited(6), "spawn STARTING", "and it starts again");
	is_int(a()->restarts, 1, "counted as a crash");
}

static void
test_restart__adopts_what_runs(void)
{
	struct core_config config = { .seed = 1, .max_children = 10 };

	core_free(core);
	core = core_new(&config);
	is_str(put("{command: x}"), "", "nothing starts before OPEN");
	step((struct input){ .type = INPUT_ADOPT, .name = "a", .instance = 7,
	    .kind = PROCESS_MAIN, .pid = 9, .started_ms = now_ms,
	    .ready = true });
	is_str(step((struct input){ .type = INPUT_OPEN }), "",
	    "and nothing is started twice");
	is_str(child_state_name(a()->state), "RUNNING", "it runs");
	is_int(a()->instance, 7, "as it was");
	is_str(step((struct input){ .type = INPUT_STOP_ALL }),
	    "stop STOPPING", "stop all stops it");
	is_str(exited(15), "STOPPED all-stopped", "and says when");
	ok(a()->wanted, "it is still wanted");
}

int
main(void)
{
	test_restart__runs_after_min_uptime();
	test_restart__permanent_comes_back_at_once();
	test_restart__fourth_crash_in_five_seconds_backs_off();
	test_restart__stop_gives_up();
	test_restart__kinds();
	test_restart__two_requests_are_one_instance();
	test_restart__stop_outlives_everything();
	test_restart__hooks_run_before_and_after();
	test_restart__old_reports_are_ignored();
	test_restart__delete_forgets_when_it_is_gone();
	test_restart__watchdog_missed_is_a_crash();
	test_restart__adopts_what_runs();
	core_free(core);
	return done();
}
