#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Crashes of children, of the agent, of the warden; stops and restarts.
load helper

one() {
	fleet <<-'Y'
	fleet: t
	defaults: {min_uptime: 0, max_restarts: 1000000}
	children:
	  a: {command: sleep 1000}
	  b: {command: sleep 1000, restart: transient}
	  c: {command: sleep 1000, restart: temporary}
	Y
	sup up
}

@test "a crashed child comes back under its name, with a new instance" {
	one
	old=$(field a pid)
	run sup crash a
	[ "$status" -eq 0 ]
	[[ "$output" =~ ^[^\ ]+\ ([0-9]+)\ after\ [0-9.]+\ ms$ ]]
	[ "${BASH_REMATCH[1]}" != "$old" ]
	[ "$(field a state,instance,restarts)" = "RUNNING	2	1" ]
	! kill -0 "$old" 2>/dev/null
}

@test "restart kinds are OTP's" {
	one
	kill -TERM "$(field c pid)"
	until_true "c stays away" eval '[ "$(field c state,signal)" = "EXITED	TERM" ]'
	kill -TERM "$(field b pid)"
	until_true "b is back" eval '[ "$(field b state,instance)" = "RUNNING	2" ]'
}

@test "a hundred crashes, none lost" {
	one
	for ((i = 0; i < 100; i++)); do
		sup crash a >/dev/null
	done
	[ "$(field a state,instance,restarts)" = "RUNNING	101	100" ]
}

@test "kill -9 of the agent: same processes, and an exit meanwhile is seen" {
	one
	a=$(field a pid) b=$(field b pid) agent=$(agent_pid)
	kill -STOP "$agent"
	kill -9 "$b"
	kill -9 "$agent"
	until_true "b is back" eval '[ "$(field b state,instance)" = "RUNNING	2" ]'
	[ "$(field a pid,instance)" = "$a	1" ]
	[ "$(agent_pid)" != "$agent" ]
	[ "$(agent_pid agent_runs)" -eq 2 ]
}

@test "a frozen agent stops no child" {
	one
	a=$(field a pid) agent=$(agent_pid)
	kill -STOP "$agent"
	kill -0 "$a"
	kill -CONT "$agent"
	[ "$(field a pid)" = "$a" ]
}

@test "kill -9 of the warden leaves no child" {
	fleet <<-'Y'
	fleet: t
	defaults: {min_uptime: 0, shell: true}
	children:
	  a: {command: "(setsid sleep 1001 &) ; sleep 1002 & sleep 1003"}
	Y
	sup up
	until_true "three sleep" eval '[ "$(left | wc -l)" -ge 5 ]'
	kill -9 "$(agent_pid warden_pid)"
	until_true "all are gone" none_left
	run sup up
	[ "$status" -eq 0 ]
	[ "$(field a state)" = RUNNING ]
}

@test "warden and agent both killed: the next up doubles nothing" {
	fleet <<-'Y'
	fleet: t
	children:
	  a: {command: "(setsid sleep 1001 &) ; sleep 1002", shell: true, min_uptime: 0}
	Y
	sup up
	until_true "it has forked" eval '[ "$(left | wc -l)" -ge 5 ]'
	kill -9 "$(agent_pid)" "$(agent_pid warden_pid)" || true
	until_true "the warden is gone" eval '! sup where a 2>/dev/null'
	sup up
	until_true "one of each" eval '[ "$(left | wc -l)" -eq 5 ]'
}

@test "a stop outlives the agent and the reboot, a started child too" {
	one
	sup stop a
	sup start extra --min_uptime 0 -- sleep 1005
	[ "$(field extra state)" = RUNNING ]
	sup down
	rm -rf "$T/run" && mkdir "$T/run"
	sup up --no-wait
	until_true "extra is back" eval '[ "$(field extra state)" = RUNNING ]'
	[ "$(field a state)" = STOPPED ]
	sup start a
	[ "$(field a state)" = RUNNING ]
	sup rm extra
	run sup where extra
	[ "$status" -eq 4 ]
}

@test "a child that ignores TERM is killed after stop_timeout" {
	fleet <<-'Y'
	fleet: t
	children:
	  a: {command: "trap '' TERM; while :; do sleep 0.1; done", shell: true, stop_timeout: 200ms, min_uptime: 50ms}
	Y
	sup up
	run sup stop a
	[ "$status" -eq 0 ]
	[ "$(field a state,signal)" = "STOPPED	KILL" ]
}

@test "TERM to the warden stops all, HUP applies the file" {
	one
	a=$(field a pid)
	fleet <<-'Y'
	fleet: t
	defaults: {min_uptime: 0, max_restarts: 1000000}
	children:
	  a: {command: sleep 1000}
	  d: {command: sleep 1000}
	Y
	kill -HUP "$(agent_pid warden_pid)"
	until_true "d runs" eval '[ "$(field d state 2>/dev/null)" = RUNNING ]'
	[ "$(field a pid)" = "$a" ]
	until_true "b is gone" eval '! sup where b 2>/dev/null'
	kill -TERM "$(agent_pid warden_pid)"
	until_true "all are gone" none_left
}

@test "scale leaves the others as they are" {
	fleet <<-'Y'
	fleet: t
	children: {w: {command: sleep 1000, replicas: 2, min_uptime: 0}}
	Y
	sup up
	before=$(field 'w-[01]' name,pid)
	sup scale w=4
	[ "$(sup status --count | jq .workers)" -eq 4 ]
	[ "$(field 'w-[01]' name,pid)" = "$before" ]
	sup scale w=2
	until_true "two are left" eval '[ "$(sup status --count | jq .workers)" -eq 2 ]'
	[ "$(field w name,pid)" = "$before" ]
}

@test "sd_notify and the ready pipe decide when a child runs" {
	fleet <<-Y
	fleet: t
	defaults: {shell: true}
	children:
	  n:
	    command: until [ -e $T/go ]; do sleep 0.02; done; echo >&9; exec sleep 1000
	    ready: {fd: 9}
	  m: {command: exec sleep 1000, depends_on: {n: ready}, min_uptime: 0}
	Y
	sup up --no-wait
	until_true "n starts" eval '[ "$(field n state)" = STARTING ]'
	[ "$(field m state)" = PENDING ]
	[[ "$(sup why m)" = *"waits for n to be ready"* ]]
	touch "$T/go"
	run sup wait --for running --all
	[ "$status" -eq 0 ]
}

@test "a damaged database is put aside, a newer one refused" {
	one
	sup down
	db=$(echo "$T"/state/swarmsup/t/*/state.db)
	echo garbage garbage garbage garbage >"$db"
	run sup up
	[ "$status" -eq 0 ]
	ls "$db".corrupt-*
	sup down
	sqlite3 "$db" "UPDATE meta SET value='99' WHERE key='schema'"
	run sup up
	[ "$status" -ne 0 ]
	grep -q "newer version" "$T"/state/swarmsup/t/*/agent.log
}
