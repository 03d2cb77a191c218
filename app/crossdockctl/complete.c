/* SPDX-License-Identifier: BSD-3-Clause */
/* What could come next on a command line, for the shells. */
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "complete.h"
#include "config/noun.h"

/* Once: types share keys. */
static void
offer(json_t *list, const char *prefix, const char *word)
{
	json_t *other;
	size_t i;

	json_array_foreach(list, i, other)
	{
		if (!strcmp(json_string_value(other), word))
			return;
	}
	if (!strncmp(word, prefix, strlen(prefix)))
		json_array_append_new(list, json_string(word));
}

/* Names of what runs. before: what is put before each ("bridge="). */
static void
offer_names(struct ctl *ctl, json_t *list, const char *prefix, const struct xd_noun *noun,
	const char *before)
{
	char method[48], word[128];
	json_t *result, *entry;
	size_t i;

	snprintf(method, sizeof(method), "%s.show", noun->name);
	result = ctl_ask(ctl, method);
	json_array_foreach(json_object_get(result, noun->section), i, entry)
	{
		snprintf(word, sizeof(word), "%s%s", before, ctl_text(entry, "name"));
		offer(list, prefix, word);
	}
	json_decref(result);
}

static void
offer_keys(json_t *list, const char *prefix, const struct xd_key *keys)
{
	for (; keys && keys->name; keys++) {
		char word[64];

		snprintf(word, sizeof(word), "%s=", keys->name);
		offer(list, prefix, word);
	}
}

/* Keys of a noun, of all its types. */
static void
offer_all_keys(json_t *list, const char *prefix, const struct xd_noun *noun)
{
	const struct xd_key *keys;
	const char *type;

	offer_keys(list, prefix, noun->keys);
	for (unsigned i = 0; noun->type && (keys = noun->type(i, &type)); i++)
		offer_keys(list, prefix, keys);
}

/* "features=" and a list of names, of which the last is being typed. */
static void
offer_bits(json_t *list, const char *prefix, const struct xd_bit_name *bits)
{
	const char *comma = strrchr(prefix, ','),
		   *last = comma ? comma + 1 : strchr(prefix, '=') + 1;
	char word[1024];

	for (; bits->name; bits++) {
		snprintf(word, sizeof(word), "%.*s%s", (int)(last - prefix), prefix, bits->name);
		offer(list, prefix, word);
	}
}

static void
offer_value(json_t *list, const char *prefix, const char *key, const char *value)
{
	char word[128];

	snprintf(word, sizeof(word), "%s=%s", key, value);
	offer(list, prefix, word);
}

/* Values of the key that stands before the "=" of prefix. */
static void
offer_values(struct ctl *ctl, json_t *list, const char *prefix, const struct xd_noun *noun,
	const char *name)
{
	const char *type;
	const struct xd_key *key = xd_noun_any_key(noun, name, &type);
	char before[80];

	if (!key)
		return;
	for (unsigned i = 0; key->kind == XD_KEY_WORD && key->words[i]; i++)
		offer_value(list, prefix, name, key->words[i]);
	for (unsigned i = 0; key == noun->keys && noun->type && noun->type(i, &type); i++)
		offer_value(list, prefix, name, type);
	snprintf(before, sizeof(before), "%s=", name);
	if (key->kind == XD_KEY_NAME)
		offer_names(ctl, list, prefix, xd_noun_find(key->noun), before);
	if (key->kind == XD_KEY_FLAGS)
		offer_bits(list, prefix, key->bits);
	if (key->unset && key->kind != XD_KEY_WORD)
		offer_value(list, prefix, name, key->unset);
}

static void
offer_pairs(struct ctl *ctl, json_t *list, const char *prefix, const struct xd_noun *noun)
{
	const char *equals = strchr(prefix, '=');
	char name[64];

	if (!equals) {
		offer_all_keys(list, prefix, noun);
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(equals - prefix), prefix);
	offer_values(ctl, list, prefix, noun, name);
}

static void
offer_files(json_t *list, const char *prefix)
{
	char pattern[512];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s*", prefix);
	if (glob(pattern, GLOB_MARK, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		json_array_append_new(list, json_string(found.gl_pathv[i]));
	globfree(&found);
}

static void
offer_argument(struct ctl *ctl, json_t *list, const char *prefix, enum word kind,
	const struct xd_noun *noun, bool files)
{
	switch (kind) {
	case WORD_NAME:
		offer_names(ctl, list, prefix, noun, "");
		break;
	case WORD_KEYS:
		offer_pairs(ctl, list, prefix, noun);
		break;
	case WORD_COMPONENT:
		for (int i = 0; i < XD_LOG_COMPONENTS; i++)
			offer(list, prefix, xd_log_component_name(i));
		offer(list, prefix, "all");
		break;
	case WORD_LEVEL:
		for (int i = 0; i < XD_LOG_LEVELS; i++)
			offer(list, prefix, xd_log_level_name(i));
		break;
	case WORD_FILE:
		if (files)
			offer_files(list, prefix);
		break;
	case WORD_NONE:
		break;
	}
}

/* Argument number i of a command. Keys repeat. */
static void
offer_word(struct ctl *ctl, json_t *list, const char *prefix, const struct command *command, int i,
	bool files)
{
	for (int k = 0; k < i && k < 3; k++) {
		if (command->words[k].kind == WORD_KEYS)
			i = k;
	}
	if (i < 3)
		offer_argument(
			ctl, list, prefix, command->words[i].kind, command->words[i].noun, files);
}

json_t *
complete(struct ctl *ctl, int nb_words, char **words, const char *prefix, bool files)
{
	const char *known[25] = {0};
	json_t *list = json_array();

	if (nb_words == 0)
		command_nouns(ctl, known);
	else if (nb_words == 1)
		command_verbs(ctl, words[0], known);
	for (unsigned i = 0; known[i]; i++)
		offer(list, prefix, known[i]);
	if (nb_words < 2)
		return list;
	for (const struct command *c = ctl->commands; c->noun; c++) {
		if (!strcmp(c->noun, words[0]) && !strcmp(c->verb, words[1]))
			offer_word(ctl, list, prefix, c, nb_words - 2, files);
	}
	return list;
}
