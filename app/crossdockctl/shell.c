/* SPDX-License-Identifier: BSD-3-Clause */
/* The interactive shell. */
#include <histedit.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "common/line_editor.h"
#include "complete.h"
#include "shell.h"

static void
offer_words(void *ctx, int nb_words, char **words, const char *prefix, line_editor_offer offer,
	void *arg)
{
	json_t *list = complete(ctx, nb_words, words, prefix, true), *word;
	size_t i;

	json_array_foreach(list, i, word) offer(arg, json_string_value(word));
	json_decref(list);
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
	const struct line_editor_opts opts = {
		.program = "crossdockctl",
		.prompt = "crossdock> ",
		.complete = offer_words,
		.ctx = ctl,
	};
	struct line_editor *editor = line_editor_open(&opts);
	Tokenizer *tokenizer = tok_init(NULL);
	const char *line, **argv;
	bool more = true;
	int argc;

	printf("Tab completes, \"help\" helps, \"exit\" ends.\n");
	while (more && editor && (line = line_editor_read(editor))) {
		tok_reset(tokenizer);
		if (tok_str(tokenizer, line, &argc, &argv))
			ctl_usage("a quote is not closed");
		else
			more = run_line(ctl, argc, (char **)argv);
	}
	if (more)
		putchar('\n');
	tok_end(tokenizer);
	line_editor_close(editor);
	return CTL_DONE;
}
