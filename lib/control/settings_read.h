/* SPDX-License-Identifier: BSD-3-Clause */
/* What the readers of settings have in common. Errors have no key. Any thread. */
#ifndef XD_CONTROL_SETTINGS_READ_H
#define XD_CONTROL_SETTINGS_READ_H

#include <sys/types.h>

#include "control/settings.h"

/* "" or "none": the setting is to be unset. */
bool xd_read_none(const char *text);
/* A number in the setting's range. -EINVAL. */
int xd_read_number(
	const struct xd_setting *setting, const char *text, uint64_t *number, struct xd_error *err);
/* At most size - 1 bytes; what: "a name". -ENAMETOOLONG. */
int xd_read_string(char *to, size_t size, const char *what, const char *text, struct xd_error *err);
/* The index among n words, or -EINVAL. */
int xd_read_word(const struct xd_setting *setting, const char *const *words, int n,
	const char *text, struct xd_error *err);
/* Permission bits in octal, from min to max. -EINVAL. */
int xd_read_mode(
	const struct xd_setting *setting, const char *text, mode_t *mode, struct xd_error *err);
/* Calls fn for each word of a list "a,b"; blanks around words do not count. Ends with the first
 * error. -EINVAL: a word is empty or longer than any. */
int xd_read_list(const char *text, int (*fn)(void *ctx, const char *word, struct xd_error *err),
	void *ctx, struct xd_error *err);

#endif
