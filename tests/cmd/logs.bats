#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helper

@test "output is captured in CRI format, and shown as it was" {
	fleet <<-'Y'
	fleet: t
	children:
	  a: {command: "printf 'one\ntwo'; printf 'err\n' >&2; exec sleep 1000", shell: true, min_uptime: 0, stderr: separate}
	Y
	sup up
	until_true "it has said all" eval 'sup logs a | grep -q err'
	[[ "$(sup logs a | sort)" = *"err"* ]]
	sup logs a | grep -q one
	log=$(echo "$T"/state/swarmsup/t/*/log/a.log)
	grep -Eq '^[0-9T:.-]+Z stdout F one$' "$log"
	grep -Eq '^[0-9T:.-]+Z stdout P two$' "$log"
	grep -Eq '^[0-9T:.-]+Z stderr F err$' "$log"
}

@test "a flood is kept to the byte, over rotation and the agent's death" {
	fleet <<-'Y'
	fleet: t
	children:
	  a:
	    command: "seq 1 400000; exec sleep 1000"
	    shell: true
	    min_uptime: 0
	    log: {max_size: 4MB, max_backups: 9}
	Y
	sup up --no-wait
	until_true "it has begun" eval 'ls "$T"/state/swarmsup/t/*/log/a.log.1 2>/dev/null'
	kill -9 "$(agent_pid)"
	until_true "the last line is there" eval 'sup logs -n 1 a | grep -qx 400000'
	[ "$(ls "$T"/state/swarmsup/t/*/log/ | wc -l)" -gt 3 ]
	# Joined as a log shipper does it; a repeated chunk may double lines.
	ls -v -r "$T"/state/swarmsup/t/*/log/a.log* | xargs awk '{ tag = $3;
	    sub(/^[^ ]* [^ ]* . /, ""); if (tag == "P") printf "%s", $0;
	    else print }' | sort -u >"$T/seen"
	[ "$(seq 1 400000 | sort -u | comm -23 - "$T/seen" | wc -l)" -eq 0 ]
}
