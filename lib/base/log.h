/* SPDX-License-Identifier: MIT */
/*
 * What swarmsup itself has to say while it runs in the background: one line
 * each on standard error, "TIMESTAMP LEVEL text". Not the children's output
 * (that is agent/capture) and not a command's messages to its user.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level);	/* default INFO */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
