/* SPDX-License-Identifier: MIT */
/* Clocks. Deadlines are on CLOCK_BOOTTIME, the wall clock is for display. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t clock_boot_ms(void);
int64_t clock_boot_us(void);
int64_t clock_wall_ms(void);
/* RFC 3339 with milliseconds and Z: "2026-01-02T03:04:05.678Z". */
const char *clock_format(int64_t wall_ms, char out[32]);
/* The kernel's boot id without dashes, 32 hex digits; "" if unreadable. */
const char *clock_boot_id(void);

#endif
