#!/bin/sh
# SPDX-License-Identifier: MIT
# The main job, shown: up, status, a crash and its repair, down. Everything
# lies in a temporary folder.
set -eu
swarmsup=${SWARMSUP:-swarmsup}
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
mkdir "$tmp/run" "$tmp/state"
export XDG_RUNTIME_DIR="$tmp/run" XDG_STATE_HOME="$tmp/state"
unset SWARMSUP_SOCKET
clean() {
	"$swarmsup" down -f "$here/hello.yaml" >/dev/null 2>&1 || :
	rm -rf "$tmp"
}
trap clean EXIT
trap 'exit 130' INT TERM

show() {
	printf '\n$ swarmsup %s\n' "$*"
	"$swarmsup" "$@" -f "$here/hello.yaml"
}

show up
show status
show where hello-1
show crash hello-1
show wait hello
show status hello
show logs hello-1 -n 4
show stop hello-2
show down
echo
echo "That was it: one crash, repaired under its name; nothing is left."
