#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Keys of a child, as a child sees them.
load helper

@test "environment, env_file, working_dir, umask and rlimits arrive" {
	mkdir "$T/d"
	printf 'export A="x y" # note\nB=plain # note\n# no\n\nC=over\n' >"$T/d/env"
	fleet <<-Y
	fleet: t
	children:
	  a:
	    command: env >$T/env; umask >>$T/env; ulimit -n >>$T/env; pwd >>$T/env; exec sleep 1000
	    shell: true
	    min_uptime: 0
	    env_file: $T/d/env
	    environment: {C: own, D: "1"}
	    working_dir: $T/d
	    umask: "027"
	    rlimits: {nofile: 99}
	Y
	sup up
	until_true "it has said all" eval '[ "$(tail -n 1 "$T/env")" = "$T/d" ]'
	grep -qx 'A=x y' "$T/env"
	grep -qx 'B=plain' "$T/env"
	grep -qx 'C=own' "$T/env"
	grep -qx 'SWARMSUP_NAME=a' "$T/env"
	grep -qx 'SWARMSUP_INSTANCE=1' "$T/env"
	grep -qx '0027' "$T/env"
	grep -qx '99' "$T/env"
}

@test "a missing env_file is a failed start that says so" {
	fleet <<-'Y'
	fleet: t
	children:
	  a: {command: sleep 1000, env_file: ./nope, max_restarts: 0, on_max_restarts: stop}
	  b: {command: sleep 1000, env_file: -./nope, min_uptime: 0}
	Y
	run sup up
	[ "$status" -eq 1 ]
	[[ "$output" = *"nope: No such file"* ]]
	[ "$(field b state)" = RUNNING ]
}

@test "stderr becomes separate without blocking the child" {
	fleet <<-'Y'
	fleet: t
	children: {a: {command: sleep 1000, min_uptime: 0}}
	Y
	sup up
	fleet <<-'Y'
	fleet: t
	children:
	  a: {command: "seq 1 40000 >&2; echo end >&2; exec sleep 1000", shell: true, min_uptime: 0, stderr: separate}
	Y
	sup up
	until_true "all is written" eval 'sup logs -n 1 a | grep -qx end'
	grep -q 'stderr F end' "$T"/state/swarmsup/t/*/log/a.log
}

@test "a removed child comes back fresh" {
	fleet <<-'Y'
	fleet: t
	children: {a: {command: sleep 1000, min_uptime: 0}}
	Y
	sup up
	sup stop a
	sup rm a
	sup up
	[ "$(field a state)" = RUNNING ]
}

@test "hooks run around the main process" {
	fleet <<-Y
	fleet: t
	children:
	  a:
	    command: [sh, -c, "echo main >>$T/order; exit 3"]
	    pre_start: [sh, -c, "echo pre >>$T/order"]
	    post_exit: [sh, -c, "echo post \$SWARMSUP_EXIT_CODE >>$T/order"]
	    restart: temporary
	Y
	run sup up
	[ "$status" -eq 1 ]
	[ "$(cat "$T/order")" = "pre
main
post 3" ]
	[ "$(field a state,exit_code)" = "EXITED	3" ]
}
