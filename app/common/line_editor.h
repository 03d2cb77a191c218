/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines from a terminal: editing, history, and completion by Tab (libedit). */
#ifndef COMMON_LINE_EDITOR_H
#define COMMON_LINE_EDITOR_H

#include <stdbool.h>

/* Adds a word that could come next. */
typedef void (*line_editor_offer)(void *arg, const char *word);

struct line_editor_opts {
	const char *program; /* as ~/.editrc knows it */
	const char *prompt;
	/* Offers each word that could come next: words are those before it, prefix its beginning.
	 * One that ends with = or / is not done. */
	void (*complete)(void *ctx, int nb_words, char **words, const char *prefix,
		line_editor_offer offer, void *arg);
	/* Waits for a key, in pieces if it likes; false: the line is given up. NULL: nothing else
	 * is waited for, and signals end the program as they do. */
	bool (*wait)(void *ctx);
	void *ctx;
};

struct line_editor;

/* opts are kept. NULL without memory. */
struct line_editor *line_editor_open(const struct line_editor_opts *opts);
void line_editor_close(struct line_editor *e); /* NULL is fine; the terminal is as it was */

/* The next line, until the next call; it goes into the history. NULL: the input has ended, or was
 * given up. */
const char *line_editor_read(struct line_editor *e);
/* Around what is written while a line is being typed: takes the line away, and shows it again. */
void line_editor_hide(struct line_editor *e);
void line_editor_show(struct line_editor *e);
/* The terminal may have changed: its size, or the program was stopped and goes on. */
void line_editor_resume(struct line_editor *e);

#endif
