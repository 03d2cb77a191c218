/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines from a terminal, by libedit: history, completion by Tab, and a prompt that steps aside for
 * what else is printed. */
#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "line_editor.h"

#define HISTORY_LINES 500
#define CHOICES_MAX   256
#define LINE_BYTES    1024

struct line_editor {
	const struct line_editor_opts *opts;
	EditLine *el;
	History *past;
};

/* What could come next. */
struct choices {
	unsigned n;
	char *words[CHOICES_MAX];
};

static const char *
prompt(EditLine *el)
{
	struct line_editor *e;

	el_get(el, EL_CLIENTDATA, &e);
	return e->opts->prompt;
}

/* ---- Completion ---- */

static void
add_choice(void *arg, const char *word)
{
	struct choices *c = arg;
	char *copy = c->n < CHOICES_MAX ? strdup(word) : NULL;

	if (copy)
		c->words[c->n++] = copy;
}

/* The longest beginning that all of them have. */
static size_t
common_length(const struct choices *c)
{
	size_t len = c->n ? strlen(c->words[0]) : 0;

	for (unsigned i = 1; i < c->n; i++) {
		size_t same = 0;

		while (same < len && c->words[i][same] == c->words[0][same])
			same++;
		len = same;
	}
	return len;
}

static void
print_choices(const struct choices *c)
{
	putchar('\n');
	for (unsigned i = 0; i < c->n; i++)
		printf("%s  ", c->words[i]);
	putchar('\n');
	fflush(stdout);
}

/* A word that is done gets a space; "path=" and "dir/" are not. */
static unsigned char
insert(EditLine *el, const struct choices *c, const char *prefix)
{
	size_t common = common_length(c);
	const char *word = c->n ? c->words[0] : "";
	bool done = c->n == 1 && *word && !strchr("=/", word[strlen(word) - 1]);
	char add[256];

	if (common <= strlen(prefix) && c->n != 1) {
		if (c->n == 0)
			return CC_ERROR;
		print_choices(c);
		return CC_REDISPLAY;
	}
	snprintf(add, sizeof(add), "%.*s%s", (int)(common - strlen(prefix)), word + strlen(prefix),
		done ? " " : "");
	return el_insertstr(el, add) ? CC_ERROR : CC_REFRESH;
}

/* Bound to Tab. */
static unsigned char
complete_word(EditLine *el, int key)
{
	const LineInfo *info = el_line(el);
	size_t len = (size_t)(info->cursor - info->buffer);
	Tokenizer *tokenizer = tok_init(NULL);
	struct choices choices = {.n = 0};
	unsigned char result = CC_ERROR;
	const char **argv, *prefix = "";
	char line[LINE_BYTES];
	struct line_editor *e;
	int argc = 0;

	(void)key;
	el_get(el, EL_CLIENTDATA, &e);
	if (tokenizer && len < sizeof(line)) {
		memcpy(line, info->buffer, len);
		line[len] = '\0';
		if (tok_str(tokenizer, line, &argc, &argv) == 0) {
			if (argc > 0 && line[len - 1] != ' ')
				prefix = argv[--argc];
			e->opts->complete(
				e->opts->ctx, argc, (char **)argv, prefix, add_choice, &choices);
			result = insert(el, &choices, prefix);
		}
	}
	for (unsigned i = 0; i < choices.n; i++)
		free(choices.words[i]);
	if (tokenizer)
		tok_end(tokenizer);
	return result;
}

/* ---- Lines ---- */

/* The next character; 0 at the end, -1 when the line is given up. */
static int
read_key(EditLine *el, wchar_t *key)
{
	struct line_editor *e;
	mbstate_t state = {0};
	char byte;
	size_t n;

	el_get(el, EL_CLIENTDATA, &e);
	do {
		if (!e->opts->wait(e->opts->ctx))
			return -1;
		if (read(STDIN_FILENO, &byte, 1) != 1)
			return 0;
		n = mbrtowc(key, &byte, 1, &state);
		if (n == (size_t)-1) {
			memset(&state, 0, sizeof(state));
			*key = (unsigned char)byte;
		}
	} while (n == (size_t)-2);
	/* libedit shows the prompt before it changes the terminal's mode. An end of file (Ctrl-D)
	 * that was typed before that comes as NUL. */
	if (*key == L'\0')
		*key = 'D' & 0x1f;
	return 1;
}

struct line_editor *
line_editor_open(const struct line_editor_opts *opts)
{
	struct line_editor *e = calloc(1, sizeof(*e));
	HistEvent event;

	if (!e)
		return NULL;
	e->opts = opts;
	e->el = el_init(opts->program, stdin, stdout, stderr);
	e->past = history_init();
	if (!e->el || !e->past) {
		line_editor_close(e);
		return NULL;
	}
	history(e->past, &event, H_SETSIZE, HISTORY_LINES);
	history(e->past, &event, H_SETUNIQUE, 1);
	el_set(e->el, EL_CLIENTDATA, e);
	el_set(e->el, EL_PROMPT, prompt);
	el_set(e->el, EL_EDITOR, "emacs");
	el_set(e->el, EL_HIST, history, e->past);
	/* Not el_set, which copies both texts and never frees them. */
	el_wset(e->el, EL_ADDFN, L"crossdock-complete", L"complete the word", complete_word);
	el_set(e->el, EL_BIND, "^I", "crossdock-complete", NULL);
	if (opts->wait)
		el_set(e->el, EL_GETCFN, read_key);
	else
		el_set(e->el, EL_SIGNAL, 1);
	el_source(e->el, NULL); /* the user's ~/.editrc */
	return e;
}

void
line_editor_close(struct line_editor *e)
{
	if (!e)
		return;
	if (e->past)
		history_end(e->past);
	if (e->el)
		el_end(e->el);
	free(e);
}

const char *
line_editor_read(struct line_editor *e)
{
	HistEvent event;
	const char *line;
	int len;

	line = el_gets(e->el, &len);
	if (!line || len <= 0)
		return NULL;
	if (line[strspn(line, " \t\r\n")])
		history(e->past, &event, H_ENTER, line);
	return line;
}

void
line_editor_hide(struct line_editor *e)
{
	(void)e;
	fputs("\r\033[K", stdout);
}

void
line_editor_show(struct line_editor *e)
{
	fflush(stdout);
	el_set(e->el, EL_REFRESH);
}

void
line_editor_resume(struct line_editor *e)
{
	el_resize(e->el);
	el_set(e->el, EL_PREP_TERM, 1);
	el_set(e->el, EL_REFRESH);
}
