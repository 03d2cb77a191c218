/* SPDX-License-Identifier: BSD-3-Clause */
/* What the shell may complete a word to: commands, and options with the words they take, from the
 * same rows as --help. */
#include <string.h>

#include "option_table.h"

static void
offer(const char *word, const char *begun, FILE *out)
{
	if (!strncmp(word, begun, strlen(begun)))
		fprintf(out, "%s\n", word);
}

static void
offer_values(const struct option_row *row, const char *begun, FILE *out)
{
	if (row->file || (!strcmp(row->name, "port") && !strncmp(begun, "virtio:", 7)))
		fputs("<file>\n", out);
	for (unsigned i = 0; row->words && row->words[i]; i++)
		offer(row->words[i], begun, out);
}

static void
offer_options(const struct engine *engine, const char *begun, FILE *out)
{
	char word[64];

	for (const struct option_row *row = engine->options; row->name; row++) {
		snprintf(word, sizeof(word), "--%s", row->name);
		offer(word, begun, out);
	}
}

static void
offer_operand(const struct engine *engine, const char *begun, FILE *out)
{
	fputs("<file>\n", out);
	if (engine->offer)
		engine->offer(begun, out);
}

static void
offer_commands(const char *begun, FILE *out)
{
	for (unsigned i = 0; command_name(i); i++)
		offer(command_name(i), begun, out);
}

/* The option that a word is, if it is one of the engine's that has a value. */
static const struct option_row *
find_value(const struct engine *engine, const char *word)
{
	const struct option_row *row =
		strncmp(word, "--", 2) ? NULL : option_find(engine, word + 2);

	return row && row->argument && !option_is_optional(row) ? row : NULL;
}

void
options_complete(int nb_words, char **words, FILE *out)
{
	const char *begun = nb_words ? words[nb_words - 1] : "";
	const char *equals = strchr(begun, '=');
	const struct option_row *row;
	struct command command;
	char name[64];

	if (nb_words < 2) {
		offer_commands(begun, out);
		offer("--help", begun, out);
		offer("--version", begun, out);
		return;
	}
	if (!command_named(words[0], &command))
		return;
	if (command.kind == COMMAND_HELP && nb_words == 2)
		offer_commands(begun, out);
	if (command.kind == COMMAND_REPORT)
		fputs("<file>\n", out);
	if (!command.engine)
		return;
	/* What follows -- is the EAL's. */
	for (int i = 1; i < nb_words - 1; i++)
		if (!strcmp(words[i], "--"))
			return;
	row = find_value(command.engine, words[nb_words - 2]);
	if (!row && equals) {
		snprintf(name, sizeof(name), "%.*s", (int)(equals - begun), begun);
		row = find_value(command.engine, name);
		begun = equals + 1;
	}
	if (row)
		offer_values(row, begun, out);
	else if (command.engine->operand && nb_words == 2 && begun[0] != '-')
		offer_operand(command.engine, begun, out);
	else
		offer_options(command.engine, begun, out);
}
