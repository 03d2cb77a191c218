/* SPDX-License-Identifier: BSD-3-Clause */
/* The interactive shell. */
#include <histedit.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "complete.h"
#include "shell.h"

#define HISTORY_LINES 500

/* Splits a line into words; the words live until tok_end. */
static int
split(Tokenizer *tokenizer, const char *line, int *argc, const char ***argv)
{
	tok_reset(tokenizer);
	return tok_str(tokenizer, line, argc, argv);
}

static const char *
prompt(EditLine *el)
{
	(void)el;
	return "crossdock> ";
}

/* The longest beginning that all words of the list have. */
static size_t
common_length(const json_t *list)
{
	const char *first = json_string_value(json_array_get(list, 0));
	size_t len = first ? strlen(first) : 0, i;
	json_t *word;

	json_array_foreach(list, i, word)
	{
		const char *text = json_string_value(word);
		size_t same = 0;

		while (same < len && text[same] == first[same])
			same++;
		len = same;
	}
	return len;
}

static void
print_choices(const json_t *list)
{
	json_t *word;
	size_t i;

	putchar('\n');
	json_array_foreach(list, i, word) printf("%s  ", json_string_value(word));
	putchar('\n');
}

/* Bound to Tab. */
static unsigned char
complete_word(EditLine *el, int key)
{
	const LineInfo *info = el_line(el);
	unsigned char result = CC_ERROR;
	char line[1024], add[256];
	const char **argv, *prefix = "";
	Tokenizer *tokenizer;
	struct ctl *ctl;
	size_t len = info->cursor - info->buffer, common;
	json_t *list;
	int argc = 0;

	(void)key;
	el_get(el, EL_CLIENTDATA, &ctl);
	if (len >= sizeof(line))
		return CC_ERROR;
	memcpy(line, info->buffer, len);
	line[len] = 0;
	tokenizer = tok_init(NULL);
	if (split(tokenizer, line, &argc, &argv) == 0) {
		if (argc > 0 && len > 0 && line[len - 1] != ' ')
			prefix = argv[--argc];
		list = complete(ctl, argc, (char **)argv, prefix, true);
		common = common_length(list);
		if (common > strlen(prefix) || json_array_size(list) == 1) {
			const char *word = json_string_value(json_array_get(list, 0));
			/* A word that is done gets a space; "path=" and "dir/" are not. */
			bool done =
				json_array_size(list) == 1 && !strchr("=/", word[strlen(word) - 1]);

			snprintf(add, sizeof(add), "%.*s%s", (int)(common - strlen(prefix)),
				word + strlen(prefix), done ? " " : "");
			result = el_insertstr(el, add) ? CC_ERROR : CC_REFRESH;
		} else if (json_array_size(list) > 1) {
			print_choices(list);
			result = CC_REDISPLAY;
		}
		json_decref(list);
	}
	tok_end(tokenizer);
	return result;
}

/* Runs a line. False: it was "exit". */
static bool
run_line(struct ctl *ctl, int argc, char **argv)
{
	if (argc == 0)
		return true;
	if (!strcmp(argv[0], "exit") || !strcmp(argv[0], "quit"))
		return false;
	if (!strcmp(argv[0], "help") || !strcmp(argv[0], "?")) {
		if (command_help(ctl, argc > 1 ? argv[1] : NULL))
			ctl_usage("there is no noun \"%s\"", argv[1]);
	} else if (argc == 1) {
		/* A noun alone: what can be done with it. */
		if (command_help(ctl, argv[0]))
			command_run(ctl, argc, argv);
	} else {
		command_run(ctl, argc, argv);
	}
	fflush(stdout);
	return true;
}

int
shell_run(struct ctl *ctl)
{
	EditLine *el = el_init("crossdockctl", stdin, stdout, stderr);
	History *past = history_init();
	Tokenizer *tokenizer = tok_init(NULL);
	const char *line, **argv;
	bool more = true;
	HistEvent event;
	int len, argc;

	history(past, &event, H_SETSIZE, HISTORY_LINES);
	history(past, &event, H_SETUNIQUE, 1);
	el_set(el, EL_CLIENTDATA, ctl);
	el_set(el, EL_PROMPT, prompt);
	el_set(el, EL_EDITOR, "emacs");
	el_set(el, EL_SIGNAL, 1);
	el_set(el, EL_HIST, history, past);
	el_set(el, EL_ADDFN, "crossdock-complete", "complete the word", complete_word);
	el_set(el, EL_BIND, "^I", "crossdock-complete", NULL);
	el_source(el, NULL); /* the user's ~/.editrc */
	printf("Tab completes, \"help\" helps, \"exit\" ends.\n");
	while (more && (line = el_gets(el, &len)) && len > 0) {
		if (split(tokenizer, line, &argc, &argv)) {
			ctl_usage("a quote is not closed");
			continue;
		}
		if (argc > 0)
			history(past, &event, H_ENTER, line);
		more = run_line(ctl, argc, (char **)argv);
	}
	if (more)
		putchar('\n');
	tok_end(tokenizer);
	history_end(past);
	el_end(el);
	return CTL_DONE;
}
