#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helper

@test "up starts what the file says, again it changes nothing" {
	fleet <<-'Y'
	fleet: t
	defaults: {min_uptime: 50ms}
	children:
	  a: {command: sleep 1000, replicas: 2}
	  b: {command: "true", restart: temporary}
	Y
	run sup up
	[ "$status" -eq 0 ]
	[ "$(field a name,state)" = "a-0	RUNNING
a-1	RUNNING" ]
	[ "$(field b state,exit_code)" = "EXITED	0" ]
	before=$(field a pid)
	run sup up
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ "$(field a pid)" = "$before" ]
}

@test "a change restarts what it must and nothing else" {
	fleet <<-'Y'
	fleet: t
	children:
	  a: {command: sleep 1000, min_uptime: 0}
	  b: {command: sleep 1000, min_uptime: 0}
	Y
	sup up
	a=$(field a pid) b=$(field b pid)
	fleet <<-'Y'
	fleet: t
	children:
	  a: {command: sleep 1001, min_uptime: 0}
	  b: {command: sleep 1000, min_uptime: 0, groups: [g]}
	  c: {command: sleep 1000, min_uptime: 0}
	Y
	run sup plan
	[ "$status" -eq 0 ]
	[[ "$output" = *"add     c"* ]]
	[[ "$output" = *"restart a: command"* ]]
	[[ "$output" = *"change  b: groups"* ]]
	sup up
	until_true "a is new" eval '[ "$(field a state,instance)" = "RUNNING	2" ]'
	[ "$(field a pid)" != "$a" ]
	[ "$(field b pid)" = "$b" ]
	[ "$(sup members g)" = b ]
}

@test "mistakes are told with their places, and nothing is done" {
	fleet <<-'Y'
	fleet: t
	children:
	  a: {comand: x}
	  b: {command: x, restart: sometimes}
	Y
	run sup up
	[ "$status" -eq 2 ]
	[[ "$output" = *"swarmsup.yaml:3:7: unknown key 'comand' in a child (did you mean 'command'?)"* ]]
	[[ "$output" = *"swarmsup.yaml:4:28: restart cannot be 'sometimes'"* ]]
	run sup check
	[ "$status" -eq 2 ]
	none_left
}

@test "a missing program is said, retried, and seen by why" {
	fleet <<-'Y'
	fleet: t
	children:
	  a: {command: ./not-there, max_restarts: 1, on_max_restarts: stop}
	Y
	run sup up
	[ "$status" -eq 1 ]
	[[ "$output" = *"a is FATAL"* ]]
	[[ "$output" = *"cannot run ./not-there: No such file or directory"* ]]
}

@test "dependencies start in order and stop in reverse" {
	fleet <<-Y
	fleet: t
	defaults: {min_uptime: 50ms, shell: true}
	children:
	  web:
	    command: trap 'echo web >>$T/stops; exit 0' TERM; echo web >>$T/starts; while :; do sleep 0.05; done
	    depends_on: {db: ready}
	  db:
	    command: trap 'echo db >>$T/stops; exit 0' TERM; echo db >>$T/starts; while :; do sleep 0.05; done
	Y
	sup up
	[ "$(cat "$T/starts")" = "db
web" ]
	sup down
	[ "$(cat "$T/stops")" = "web
db" ]
}

@test "down without an agent is done already" {
	fleet <<<'children: {}'
	run sup down
	[ "$status" -eq 0 ]
}

@test "verbs: unknown, ambiguous, no agent, no name" {
	fleet <<-'Y'
	fleet: t
	children: {a: {command: sleep 1000, min_uptime: 0}}
	Y
	run sup sttaus
	[ "$status" -eq 2 ]
	[[ "$output" = *"did you mean 'status'"* ]]
	run sup st
	[ "$status" -eq 2 ]
	[[ "$output" = *"start stop status"* ]]
	run sup where a
	[ "$status" -eq 5 ]
	sup up
	run sup where b
	[ "$status" -eq 4 ]
	sup stop a
	run sup where a
	[ "$status" -eq 3 ]
}
