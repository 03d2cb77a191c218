/* SPDX-License-Identifier: BSD-3-Clause */
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "complete.h"
#include "control/settings.h"
#include "virtqueue/feature_names.h"

static void
offer(json_t *list, const char *prefix, const char *word)
{
	if (!strncmp(word, prefix, strlen(prefix)))
		json_array_append_new(list, json_string(word));
}

/* Names of what runs. before: what is put before each ("bridge="). */
static void
offer_names(struct ctl *ctl, json_t *list, const char *prefix, const char *noun, const char *before)
{
	char method[24], key[24], word[128];
	json_t *result, *entry;
	size_t i;

	snprintf(method, sizeof(method), "%s.show", noun);
	snprintf(key, sizeof(key), "%ss", noun);
	result = ctl_ask(ctl, method);
	json_array_foreach(json_object_get(result, key), i, entry)
	{
		snprintf(word, sizeof(word), "%s%s", before, ctl_text(entry, "name"));
		offer(list, prefix, word);
	}
	json_decref(result);
}

static void
offer_keys(json_t *list, const char *prefix, const struct xd_setting *settings)
{
	for (; settings->key; settings++) {
		char word[40];

		snprintf(word, sizeof(word), "%s=", settings->key);
		offer(list, prefix, word);
	}
}

/* "features=" and a list of names, of which the last is being typed. */
static void
offer_features(json_t *list, const char *prefix)
{
	const char *comma = strrchr(prefix, ','),
		   *last = comma ? comma + 1 : strchr(prefix, '=') + 1;
	char word[1024];

	for (const struct xd_feature_name *f = xd_feature_names; f->name; f++) {
		snprintf(word, sizeof(word), "%.*s%s", (int)(last - prefix), prefix, f->name);
		offer(list, prefix, word);
	}
	if (!comma)
		offer(list, prefix, "features=all");
}

static void
offer_pairs(struct ctl *ctl, json_t *list, const char *prefix, const struct xd_setting *settings)
{
	static const char *const values[] = {"type=vhost-user", "type=dpdk", "mode=client",
		"mode=server", "vlan=none", "vlans=none", "macs=any", "full=drop", "full=wait",
		"compat=ovs-3.1", "compat=ovs-3.1-tso", "compat=none", NULL};

	if (!strchr(prefix, '=')) {
		offer_keys(list, prefix, settings);
		return;
	}
	if (!strncmp(prefix, "bridge=", 7))
		offer_names(ctl, list, prefix, "bridge", "bridge=");
	if (!strncmp(prefix, "features=", 9))
		offer_features(list, prefix);
	for (unsigned i = 0; values[i]; i++)
		offer(list, prefix, values[i]);
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
offer_argument(struct ctl *ctl, json_t *list, const char *prefix, enum word kind, bool files)
{
	switch (kind) {
	case WORD_BRIDGE:
		offer_names(ctl, list, prefix, "bridge", "");
		break;
	case WORD_PORT:
		offer_names(ctl, list, prefix, "port", "");
		break;
	case WORD_BRIDGE_KEYS:
		offer_pairs(ctl, list, prefix, xd_bridge_settings);
		break;
	case WORD_PORT_KEYS:
		offer_pairs(ctl, list, prefix, xd_port_settings);
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

/* What argument number i of a command is. Keys repeat. */
static enum word
kind_of(const struct command *command, int i)
{
	enum word kind = WORD_NONE;

	for (int k = 0; k <= i && k < 3; k++) {
		kind = command->words[k];
		if (kind == WORD_PORT_KEYS || kind == WORD_BRIDGE_KEYS)
			return kind;
	}
	return i < 3 ? kind : WORD_NONE;
}

json_t *
complete(struct ctl *ctl, int nb_words, char **words, const char *prefix, bool files)
{
	const char *known[25] = {0};
	json_t *list = json_array();

	if (nb_words == 0)
		command_nouns(known);
	else if (nb_words == 1)
		command_verbs(words[0], known);
	for (unsigned i = 0; known[i]; i++)
		offer(list, prefix, known[i]);
	if (nb_words < 2)
		return list;
	for (const struct command *c = commands; c->noun; c++) {
		if (!strcmp(c->noun, words[0]) && !strcmp(c->verb, words[1]))
			offer_argument(ctl, list, prefix, kind_of(c, nb_words - 2), files);
	}
	return list;
}
