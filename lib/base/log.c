/* SPDX-License-Identifier: MIT */
/* See log.h. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

static enum log_level level_now = LOG_LEVEL_INFO;

void
log_set_level(enum log_level level)
{
	level_now = level;
}

static void
say(enum log_level level, const char *fmt, va_list ap)
{
	static const char *const words[] = { "error", "warning", "info",
	    "debug" };
	char line[4096], at[32];
	int n, m;

	if (level > level_now)
		return;
	n = snprintf(line, sizeof line, "%s %s ",
	    clock_format(clock_wall_ms(), at), words[level]);
	m = vsnprintf(line + n, sizeof line - n - 1, fmt, ap);
	n += m < (int)sizeof line - n - 1 ? m : (int)sizeof line - n - 2;
	line[n++] = '\n';
	/* One write, so that lines of warden and agent do not mix. */
	if (write(STDERR_FILENO, line, n) < 0)
		return;
}

#define LOG_FUNCTION(name, level)					\
	void								\
	name(const char *fmt, ...)					\
	{								\
		va_list ap;						\
									\
		va_start(ap, fmt);					\
		say(level, fmt, ap);					\
		va_end(ap);						\
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARN)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)
