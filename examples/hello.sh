#!/bin/sh
# SPDX-License-Identifier: MIT
# Says hi at random intervals.
[ "${1:-}" = --quiet ] || echo "${GREETING:-hello} from $SWARMSUP_NAME," \
	"instance $SWARMSUP_INSTANCE"
while :; do
	sleep "0.$(($(od -An -N1 -tu1 /dev/urandom) % 9 + 1))"
	[ "${1:-}" = --quiet ] || echo "${GREETING:-hello} again"
done
