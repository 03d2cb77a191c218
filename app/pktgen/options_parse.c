/* SPDX-License-Identifier: BSD-3-Clause */
/* From argv to options: the command, then its engine's rows by way of getopt. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "option_table.h"

#define OPT_SHORT_HELP 'h'
#define OPT_FIRST      256 /* a row's place is its getopt value less this */

#define WORDS_MAX 32

/* The engines that have the option, with commas between. */
static void
name_engines(const char *option, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; engines[i] && used < size; i++)
		if (option_find(engines[i], option))
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
				engines[i]->results->name);
}

/* An option that is none of this engine's. */
static int
refuse_unknown(const struct engine *engine, const char *word, struct xd_error *err)
{
	const char *names[OPTION_ROWS_MAX + 1];
	char dashed[OPTION_ROWS_MAX][32], hint[512], having[96];
	unsigned n = 0;

	for (const struct option_row *row = engine->options; row->name; row++, n++) {
		snprintf(dashed[n], sizeof(dashed[n]), "--%s", row->name);
		names[n] = dashed[n];
	}
	names[n] = NULL;
	name_engines(word + strspn(word, "-"), having, sizeof(having));
	if (having[0])
		return xd_fail(err, -EINVAL, "%s is an option of %s, not of %s", word, having,
			engine->results->name);
	return xd_fail(err, -EINVAL, "unknown option %s%s", word,
		xd_suggest_hint(word, names, hint, sizeof(hint)));
}

/* What getopt refused, in words. */
static int
refuse(const struct engine *engine, const char *arg, bool no_value, struct xd_error *err)
{
	char word[64];

	snprintf(word, sizeof(word), "%.*s", (int)strcspn(arg, "="), arg);
	if (no_value)
		return xd_fail(err, -EINVAL, "%s needs a value; see crossdock-pktgen %s --help",
			word, engine->results->name);
	if (!strncmp(word, "--", 2) && option_find(engine, word + 2) && strchr(arg, '='))
		return xd_fail(err, -EINVAL, "%s takes no value", word);
	return refuse_unknown(engine, word, err);
}

static int
find_command(const char *word, struct command *command, struct xd_error *err)
{
	const char *words[WORDS_MAX + 1] = {NULL};
	char hint[160];

	if (!strcmp(word, "--help") || !strcmp(word, "-h"))
		word = "help";
	else if (!strcmp(word, "--version") || !strcmp(word, "-V"))
		word = "version";
	if (command_named(word, command))
		return 0;
	for (unsigned i = 0; i < WORDS_MAX && command_name(i); i++)
		words[i] = command_name(i);
	return xd_fail(err, -EINVAL, "unknown command %s%s", word,
		xd_suggest_hint(word, words, hint, sizeof(hint)));
}

static int
parse_command(struct options *o, int argc, char **argv, struct xd_error *err)
{
	int rc;

	if (argc < 2)
		return xd_fail(err, -EINVAL,
			"give a command, such as rate or latency; see crossdock-pktgen --help");
	rc = find_command(argv[1], &o->command, err);
	o->help_for = (struct command){COMMAND_HELP, NULL};
	if (!rc && o->command.kind == COMMAND_HELP && argc > 2)
		rc = find_command(argv[2], &o->help_for, err);
	return rc;
}

static void
defaults(struct options *o)
{
	*o = (struct options){
		.traffic = {.flows = 1},
		.time_s = 2,
		.warmup_s = 0.3,
		.trials = 1,
		.timeout_ms = 10000,
		.cores = {-1},
		.placement = {-1, -1},
	};
}

/* Those that differ from engine to engine. */
static int
engine_defaults(struct options *o, const struct engine *engine, struct xd_error *err)
{
	if (engine->time_s > 0)
		o->time_s = engine->time_s;
	if (engine->own_bytes) {
		o->own = calloc(1, engine->own_bytes);
		if (!o->own)
			return xd_fail(err, -ENOMEM, "no memory for options");
	}
	if (engine->defaults)
		engine->defaults(o);
	return take_size(o, NULL, engine->sizes ? engine->sizes : "64", err);
}

/* Makes getopt's tables of the engine's options: of names, and of letters. */
static void
getopt_tables(const struct engine *engine, struct option *known, char *letters)
{
	const struct option_row *rows = engine->options;
	unsigned n = 0;

	letters += sprintf(letters, "+:%c", OPT_SHORT_HELP);
	for (; rows[n].name; n++) {
		known[n] = (struct option){rows[n].name,
			!rows[n].argument              ? no_argument
			: option_is_optional(&rows[n]) ? optional_argument
						       : required_argument,
			NULL, OPT_FIRST + (int)n};
		if (rows[n].letter)
			letters +=
				sprintf(letters, rows[n].argument ? "%c:" : "%c", rows[n].letter);
	}
	known[n] = (struct option){NULL, 0, NULL, 0};
}

/* What is no option, where the command has such. */
static bool
take_operand(struct options *o, int argc, char **argv)
{
	if (!o->command.engine->operand || o->operand || optind >= argc ||
		!strcmp(argv[optind - 1], "--"))
		return false;
	o->operand = argv[optind++];
	return true;
}

/* What getopt returned as what it returns for the name, where a row has the letter. */
static int
from_letter(const struct engine *engine, int option)
{
	const struct option_row *rows = engine->options;

	for (int i = 0; option < OPT_FIRST && rows[i].name; i++)
		if (rows[i].letter && rows[i].letter == option)
			return OPT_FIRST + i;
	return option;
}

/* Takes row i's text. */
static int
take_row(struct options *o, unsigned i, const char *text, struct xd_error *err)
{
	const struct option_row *row = &o->command.engine->options[i];
	int rc;

	if (row->both && o->nb_told == OPTIONS_TOLD_MAX)
		return xd_fail(
			err, -EINVAL, "--%s: at most %d such options", row->name, OPTIONS_TOLD_MAX);
	rc = row->take(o, row, text, err);
	if (rc)
		option_blame(row->name, text ? text : "", err);
	o->given[i] = true;
	if (row->both) {
		o->told[o->nb_told].name = row->name;
		o->told[o->nb_told++].text = text;
	}
	return rc;
}

static int
parse_rest(struct options *o, int argc, char **argv, struct xd_error *err)
{
	const struct engine *engine = o->command.engine;
	struct option known[OPTION_ROWS_MAX + 1];
	char letters[2 * OPTION_ROWS_MAX + 4];
	int option, rc = 0;

	getopt_tables(engine, known, letters);
	optind = 0; /* begins anew, also when it has run before */
	opterr = 0;
	while (!rc && o->command.kind == COMMAND_ENGINE) {
		int at = optind ? optind : 1;

		option = getopt_long(argc, argv, letters, known, NULL);
		if (option == -1 && take_operand(o, argc, argv))
			continue;
		if (option == -1)
			break;
		option = from_letter(engine, option);
		if (option == OPT_SHORT_HELP) {
			rc = take_help(o, NULL, NULL, err);
		} else if (option < OPT_FIRST) {
			rc = refuse(engine, argv[at], option == ':', err);
		} else {
			rc = take_row(o, (unsigned)(option - OPT_FIRST),
				engine->options[option - OPT_FIRST].argument ? optarg : NULL, err);
		}
	}
	if (rc || o->command.kind != COMMAND_ENGINE)
		return rc;
	if (optind < argc && strcmp(argv[optind - 1], "--") && engine->operand)
		return xd_fail(err, -EINVAL, "%s: %s is given already, and this is no option",
			argv[optind], engine->operand);
	if (optind < argc && strcmp(argv[optind - 1], "--"))
		return xd_fail(err, -EINVAL,
			"%s is no option; ports are given with --port, EAL options behind --",
			argv[optind]);
	o->eal_args = argv + optind;
	o->nb_eal_args = (unsigned)(argc - optind);
	return 0;
}

int
options_begin(struct options *o, const struct engine *engine, struct xd_error *err)
{
	defaults(o);
	o->command = (struct command){COMMAND_ENGINE, engine};
	return engine_defaults(o, engine, err);
}

int
options_add(struct options *o, const char *name, const char *text, struct xd_error *err)
{
	const struct engine *engine = o->command.engine;
	const struct option_row *row = option_find(engine, name);

	if (!row || !row->both)
		return xd_fail(err, -EINVAL, "%.40s is no option that two ends of %s share", name,
			engine->results->name);
	if (!row->argument != !text)
		return xd_fail(err, -EINVAL, "--%s %s", row->name,
			text ? "takes no value" : "needs a value");
	return take_row(o, (unsigned)(row - engine->options), text, err);
}

int
options_parse(struct options *o, int argc, char **argv, struct xd_error *err)
{
	int rc;

	defaults(o);
	rc = parse_command(o, argc, argv, err);
	if (rc || o->command.kind != COMMAND_ENGINE)
		return rc;
	rc = engine_defaults(o, o->command.engine, err);
	if (!rc)
		rc = parse_rest(o, argc - 1, argv + 1, err);
	if (rc || o->command.kind != COMMAND_ENGINE)
		return rc;
	return options_check(o, err);
}
