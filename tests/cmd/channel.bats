#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Calls to children over their channels; children that answer late, wrongly,
# never, that flood or do not listen: an error for their caller alone.
load helper

TALK=$BUILD/tests/cmd/talker

talkers() {
	{
		echo "fleet: t"
		echo "defaults: {channel: true, min_uptime: 0}"
		echo "children:"
		for how in echo "$@"; do
			echo "  $how: {command: $TALK $how, groups: [g]}"
		done
		echo "  plain: {command: sleep 1000, channel: false}"
	} >swarmsup.yaml
	sup up
}

# api METHOD PATH [BODY]: the body in $output, the status in $code.
api() {
	output=$(curl -s -m 20 -X "$1" ${3+--data-binary "$3"} -w '%{http_code}' \
	    --unix-socket "$T"/run/swarmsup/t/*.sock "http://x$2")
	code=${output##*$'\n'}
	output=${output%$'\n'*}
}

@test "a call is answered by the child, whoever it is" {
	talkers pid
	api POST /v1/call/echo '{"a":
	  [1, "two"]}'
	[ "$code" -eq 200 ]
	[ "$(jq -c . <<<"$output")" = '{"a":[1,"two"]}' ]
	api POST /v1/call/echo
	[ "$output" = null ]
	api POST /v1/call/pid
	[ "$output" = "$(field pid pid)" ]
}

@test "a call that cannot be made says why" {
	talkers error
	api POST /v1/call/nobody 1
	[ "$code" -eq 404 ]
	[[ "$output" = *"there is no child nobody"* ]]
	api POST /v1/call/plain 1
	[ "$code" -eq 409 ]
	[[ "$output" = *"has no channel"* ]]
	api POST /v1/call/error 1
	[ "$code" -eq 502 ]
	[ "$output" = '{"error":"no luck today"}' ]
	api POST /v1/call/echo '{"a":1'
	[ "$code" -eq 400 ]
	sup stop echo
	api POST /v1/call/echo 1
	[ "$code" -eq 503 ]
}

@test "late, wrong, never, a flood, deaf, closed: an error for the caller alone" {
	talkers late wrong never flood deaf close
	for how in late wrong never flood deaf; do
		api POST "/v1/call/$how?timeout_ms=150" '"x"'
		[ "$code" -eq 504 ] || [ "$how $code" = "wrong 502" ]
		api POST /v1/call/echo '"still there"'
		[ "$output" = '"still there"' ]
	done
	api POST /v1/call/late '"y"'
	[ "$output" = '"y"' ]		# not the late answer of before
	api POST /v1/call/close 1
	[ "$code" -eq 503 ]
	api POST /v1/call/echo 1
	[ "$output" = 1 ]
}

@test "a child that does not read cannot fill the memory" {
	talkers deaf
	head -c 1000000 /dev/zero | tr '\0' 1 >big
	for ((i = 0; i < 30; i++)); do
		api POST /v1/cast/deaf "@big"
		[ "$code" -eq 200 ] || break
	done
	[ "$code" -eq 503 ]
	[[ "$output" = *"does not read"* ]]
	[ "$(awk '/VmRSS/ {print $2}' "/proc/$(agent_pid)/status")" -lt 100000 ]
	api POST /v1/call/echo 1
	[ "$output" = 1 ]
}

@test "a body of 16 MB goes there and back" {
	talkers
	{ printf '"'; head -c 16000000 /dev/zero | tr '\0' x; printf '"'; } >big
	api POST "/v1/call/echo?timeout_ms=15000" @big
	[ "$code" -eq 200 ]
	[ "${#output}" -eq 16000002 ]
}

@test "children call each other, and groups" {
	talkers ask late never
	api POST /v1/call/ask '"\"method\":\"call\",\"params\":{\"to\":\"echo\",\"body\":[5]}"'
	[ "$output" = '{"result":[5]}' ]
	api POST /v1/call/ask '"\"method\":\"join\",\"params\":{\"group\":\"h\"}"'
	[ "$(sup members h)" = ask ]
	api POST "/v1/multicall/g?timeout_ms=1000" 7
	[ "$code" -eq 200 ]
	[ "$(jq -c .replies.echo,.replies.late <<<"$output")" = "7
7" ]
	[[ "$(jq -r .errors.never <<<"$output")" = *"in time"* ]]
	api POST /v1/publish/g '"hello"'
	[ "$output" = '{"sent":4}' ]
	until_true "it is heard" eval 'sup logs echo | grep -q "\"body\":\"hello\""'
	api POST /v1/publish/none 1
	[ "$code" -eq 404 ]
}

@test "ready and status" {
	talkers ask
	api POST /v1/call/ask '"\"method\":\"status\",\"params\":{\"text\":\"busy\"}"'
	[ "$(field ask status_text)" = busy ]
}

@test "state goes from one instance to the next by handoff" {
	talkers state
	api POST /v1/call/state '{"n":42}'
	[ "$output" = null ]
	api POST "/v1/restart?name=state&handoff=1&wait=1"
	[ "$(field state instance,state)" = "2	RUNNING" ]
	api POST /v1/call/state 0
	[ "$output" = '{"n":42}' ]
	sup restart state
	api POST /v1/call/state 0
	[ "$output" = null ]
	sup logs state | grep -q '"method":"die"'
}

@test "channels outlive the agent" {
	talkers state
	api POST /v1/call/state '"kept"'
	pid=$(field state pid) agent=$(agent_pid)
	kill -9 "$agent"
	until_true "a new agent" eval '[ "$(agent_pid 2>/dev/null || echo "$agent")" != "$agent" ]'
	api POST /v1/call/state 1
	[ "$output" = '"kept"' ]
	[ "$(field state pid)" = "$pid" ]
}
