/* SPDX-License-Identifier: BSD-3-Clause */
/* Words that people type: the nearest valid one for a mistyped one, and strict numbers. */
#ifndef XD_CONTROL_WORDS_H
#define XD_CONTROL_WORDS_H

#include <stddef.h>
#include <stdint.h>

/* The valid word that `word` was probably meant to be, or NULL when none is near. words ends with
 * NULL. Any thread. */
const char *xd_words_nearest(const char *word, const char *const *words);

/* "; did you mean vlan?" or, when nothing is near, "; valid are: a, b, c", ending in "..." where
 * text is too short for all. Returns text. */
const char *xd_words_hint(const char *word, const char *const *words, char *text, size_t size);

/* All of text as a decimal number from min to max: 0, or -EINVAL, or -ERANGE. */
int xd_words_number(const char *text, uint64_t min, uint64_t max, uint64_t *number);

#endif
