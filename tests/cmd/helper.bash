# SPDX-License-Identifier: MIT
# Shared by the tests of verbs: folders of their own, a fleet of its own, and
# at the end nothing may be left.

setup() {
	T=$(mktemp -d)
	export XDG_RUNTIME_DIR=$T/run XDG_STATE_HOME=$T/state
	mkdir -p "$T/run" "$T/state" "$T/w"
	cd "$T/w" || return 1
	unset SWARMSUP_SOCKET SWARMSUP_NAME
	MARK="mark-$$-$BATS_TEST_NUMBER-$RANDOM"
	export MARK
}

teardown() {
	if [ -e "$T/w/swarmsup.yaml" ]; then
		timeout 30 "$SWARMSUP" down >/dev/null 2>&1
	fi
	local code=0
	if ! until_true "nothing of this test runs" none_left; then
		left | xargs -r kill -9
		code=1
	fi
	rm -rf "$T"
	return "$code"
}

sup() {
	timeout 60 "$SWARMSUP" "$@" 3>&- 4>&-
}

# Processes whose environment carries this test's mark, us aside.
left() {
	grep -lsz "^XDG_RUNTIME_DIR=$T/run$" /proc/[0-9]*/environ |
	    sed 's|/proc/\([0-9]*\)/.*|\1|' | while read -r pid; do
		grep -qsz 'swarmsup\|sleep\|worker' "/proc/$pid/cmdline" &&
		    ! grep -qsz bats "/proc/$pid/cmdline" && echo "$pid"
	done
}

none_left() {
	[ -z "$(left)" ]
}

# until_true WHAT CMD...: waits for a condition, 30 s at most.
until_true() {
	local what=$1 i
	shift
	for ((i = 0; i < 3000; i++)); do
		"$@" && return 0
		sleep 0.01
	done
	echo "never came true: $what" >&2
	return 1
}

agent_pid() {
	curl -s --unix-socket "$T"/run/swarmsup/*/*.sock http://x/v1/agent |
	    jq ."${1:-pid}"
}

field() {
	sup status -o "$2" "$1"
}

fleet() {
	cat >swarmsup.yaml
}
