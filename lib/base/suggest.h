/* SPDX-License-Identifier: BSD-3-Clause */
/* Words that people type: the nearest valid one for a mistyped one. */
#ifndef XD_BASE_SUGGEST_H
#define XD_BASE_SUGGEST_H

#include <stddef.h>

/* The valid word that `word` was probably meant to be, or NULL when none is near. words ends with
 * NULL. Any thread. */
const char *xd_suggest_nearest(const char *word, const char *const *words);

/* "; did you mean vlan?" or, when nothing is near, "; valid are: a, b, c", ending in "..." where
 * text is too short for all. Returns text. */
const char *xd_suggest_hint(const char *word, const char *const *words, char *text, size_t size);

#endif
