/* SPDX-License-Identifier: BSD-3-Clause */
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
offer_options(enum command command, const char *begun, FILE *out)
{
	char word[64];

	for (const struct option_row *row = option_table(); row->name; row++)
		if (row->commands & 1u << command) {
			snprintf(word, sizeof(word), "--%s", row->name);
			offer(word, begun, out);
		}
}

static bool
find(const char *word, enum command *command)
{
	for (*command = 0; *command <= COMMAND_VERSION; ++*command)
		if (!strcmp(word, command_name(*command)))
			return true;
	return false;
}

/* The option that a word is, if it is one of the command's that has a value. */
static const struct option_row *
find_value(enum command command, const char *word)
{
	const struct option_row *row =
		strncmp(word, "--", 2) ? NULL : option_find(command, word + 2);

	return row && row->argument ? row : NULL;
}

void
options_complete(int nb_words, char **words, FILE *out)
{
	const char *begun = nb_words ? words[nb_words - 1] : "";
	const char *equals = strchr(begun, '=');
	const struct option_row *row;
	enum command command;
	char name[64];

	if (nb_words < 2) {
		for (unsigned i = 0; i <= COMMAND_VERSION; i++)
			offer(command_name(i), begun, out);
		offer("--help", begun, out);
		offer("--version", begun, out);
		return;
	}
	if (!find(words[0], &command))
		return;
	if (command == COMMAND_HELP && nb_words == 2)
		for (unsigned i = 0; i <= COMMAND_REPORT; i++)
			offer(command_name(i), begun, out);
	if (command == COMMAND_REPORT)
		fputs("<file>\n", out);
	if (command >= COMMAND_REPORT)
		return;
	/* What follows -- is the EAL's. */
	for (int i = 1; i < nb_words - 1; i++)
		if (!strcmp(words[i], "--"))
			return;
	row = find_value(command, words[nb_words - 2]);
	if (!row && equals) {
		snprintf(name, sizeof(name), "%.*s", (int)(equals - begun), begun);
		row = find_value(command, name);
		begun = equals + 1;
	}
	if (row)
		offer_values(row, begun, out);
	else
		offer_options(command, begun, out);
}
