/* SPDX-License-Identifier: BSD-3-Clause */
/* "did you mean ...": the nearest of some words. */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"

#define MAX_WORD 32

static unsigned
min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Levenshtein distance of two short words; letters of either case are the same. */
static unsigned
distance(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned row[MAX_WORD + 1];

	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			unsigned above = row[j];
			unsigned differ = tolower((unsigned char)a[i - 1]) !=
					  tolower((unsigned char)b[j - 1]);

			row[j] = min3(above + 1, row[j - 1] + 1, diagonal + differ);
			diagonal = above;
		}
	}
	return row[nb];
}

const char *
xd_suggest_nearest(const char *word, const char *const *words)
{
	size_t len = strlen(word);
	unsigned best = UINT32_MAX;
	size_t shortest = 0;
	const char *nearest = NULL;

	if (len == 0 || len > MAX_WORD)
		return NULL;
	for (; *words; words++) {
		size_t n = strlen(*words);
		unsigned d;

		if (n > MAX_WORD)
			continue;
		if (!strcasecmp(word, *words))
			return *words;
		d = distance(word, len, *words, n);
		/* An abbreviation counts as near, and so, if less, does a part: "tso4", "packed".
		 */
		if (len >= 2 && !strncasecmp(word, *words, len))
			d = 1;
		else if (len >= 3 && d > 2 && strcasestr(*words, word))
			d = 2;
		/* Of words as near the shortest, and none of which not one letter is there. */
		if ((d < best || (d == best && n < shortest)) && d <= 1 + n / 3 &&
			d < (n > len ? n : len)) {
			best = d;
			shortest = n;
			nearest = *words;
		}
	}
	return nearest;
}

const char *
xd_suggest_hint(const char *word, const char *const *words, char *text, size_t size)
{
	const char *nearest = xd_suggest_nearest(word, words);
	size_t used;

	if (nearest) {
		snprintf(text, size, "; did you mean %s?", nearest);
		return text;
	}
	used = snprintf(text, size, "; valid are: ");
	for (unsigned i = 0; words[i] && used < size; i++) {
		const char *before = i ? ", " : "";
		/* The word, and room for ", ..." after each but the last. */
		size_t len = strlen(before) + strlen(words[i]) + (words[i + 1] ? 5 : 0);

		if (used + len >= size) {
			snprintf(text + used, size - used, "%s...", before);
			break;
		}
		used += snprintf(text + used, size - used, "%s%s", before, words[i]);
	}
	return text;
}
