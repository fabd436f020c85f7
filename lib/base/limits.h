/* SPDX-License-Identifier: MIT */
/* Sizes that several rooms share (the manual's LIMITS). */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#define NAME_LEN_MAX 128		/* bytes, without the NUL */
#define CHILDREN_MAX 5000		/* per host */
#define MESSAGE_MAX (16 * 1024 * 1024)	/* bytes of a call, a state, a reply */

#endif
