/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "option_table.h"
#include "traffic/frames/capture.h"
#include "traffic/frames/template.h"

#define OPT_SHORT_HELP 'h'
#define OPT_FIRST      256 /* a row's place is its getopt value less this */

static const char *const commands[] = {
	"rate", "latency", "search", "pairs", "calibrate", "report", "help", "version", NULL};

const char *
command_name(enum command command)
{
	return command <= COMMAND_VERSION ? commands[command] : NULL;
}

bool
options_given(const struct options *o, const char *name)
{
	const struct option_row *rows = option_table();

	for (unsigned i = 0; rows[i].name; i++)
		if (o->given[i] && !strcmp(rows[i].name, name))
			return true;
	return false;
}

int
option_blame(const char *name, const char *text, struct xd_error *err)
{
	char said[sizeof(err->text)];
	size_t len = strlen(name);
	bool same = true;

	if (!strncmp(err->text, "--", 2))
		return err->code;
	memcpy(said, err->text, sizeof(said));
	for (size_t i = 0; i < len && same; i++)
		same = said[i] == (name[i] == '-' ? ' ' : name[i]);
	if (same && (said[len] == ' ' || said[len] == ':'))
		xd_fail(err, err->code, "--%s%s", name, said + len);
	else if (text[0] && !strncmp(said, text, strlen(text)))
		xd_fail(err, err->code, "--%s %s", name, said);
	else
		xd_fail(err, err->code, "--%s: %s", name, said);
	return err->code;
}

/* An option that is none of this command's. */
static int
refuse_unknown(const struct options *o, const char *word, struct xd_error *err)
{
	const char *names[OPTION_ROWS_MAX + 1];
	char dashed[OPTION_ROWS_MAX][32], hint[512], others[96] = "";
	unsigned n = 0;

	for (const struct option_row *row = option_table(); row->name; row++) {
		if (row->commands & 1u << o->command) {
			snprintf(dashed[n], sizeof(dashed[n]), "--%s", row->name);
			names[n] = dashed[n];
			n++;
		} else if (!strcmp(word + strspn(word, "-"), row->name) && !others[0]) {
			for (unsigned c = 0; c < COMMAND_REPORT; c++)
				if (option_find(c, row->name))
					snprintf(others + strlen(others),
						sizeof(others) - strlen(others), "%s%s",
						others[0] ? ", " : "", commands[c]);
		}
	}
	names[n] = NULL;
	if (others[0])
		return xd_fail(err, -EINVAL, "%s is an option of %s, not of %s", word, others,
			commands[o->command]);
	return xd_fail(err, -EINVAL, "unknown option %s%s", word,
		xd_suggest_hint(word, names, hint, sizeof(hint)));
}

/* What getopt refused, in words. */
static int
refuse(const struct options *o, const char *arg, bool no_value, struct xd_error *err)
{
	char word[64];

	snprintf(word, sizeof(word), "%.*s", (int)strcspn(arg, "="), arg);
	if (no_value)
		return xd_fail(err, -EINVAL, "%s needs a value; see crossdock-pktgen %s --help",
			word, commands[o->command]);
	if (!strncmp(word, "--", 2) && option_find(o->command, word + 2) && strchr(arg, '='))
		return xd_fail(err, -EINVAL, "%s takes no value", word);
	return refuse_unknown(o, word, err);
}

static int
find_command(const char *word, enum command *command, struct xd_error *err)
{
	char hint[160];

	if (!strcmp(word, "--help") || !strcmp(word, "-h"))
		word = "help";
	else if (!strcmp(word, "--version") || !strcmp(word, "-V"))
		word = "version";
	for (unsigned i = 0; commands[i]; i++)
		if (!strcmp(commands[i], word)) {
			*command = (enum command)i;
			return 0;
		}
	return xd_fail(err, -EINVAL, "unknown command %s%s", word,
		xd_suggest_hint(word, commands, hint, sizeof(hint)));
}

static int
parse_command(struct options *o, int argc, char **argv, struct xd_error *err)
{
	int rc;

	if (argc < 2)
		return xd_fail(err, -EINVAL,
			"give a command, such as rate or latency; see crossdock-pktgen --help");
	rc = find_command(argv[1], &o->command, err);
	o->help_for = COMMAND_HELP;
	if (!rc && o->command == COMMAND_HELP && argc > 2)
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
		.search = {.method = XD_SEARCH_MLR},
		.latency_pps = 1000,
		.cores = {-1},
		.placement = {-1, -1},
	};
	xd_search_defaults(&o->search);
}

/* Those that differ from command to command. */
static int
command_defaults(struct options *o, struct xd_error *err)
{
	const char *size = "64";

	if (o->command == COMMAND_SEARCH)
		size = "60";
	if (o->command == COMMAND_CALIBRATE) {
		size = "64,1514";
		o->time_s = 1;
	}
	return take_size(o, NULL, size, err);
}

/* Makes getopt's table of the command's options. */
static void
getopt_table(enum command command, struct option *known)
{
	const struct option_row *rows = option_table();
	unsigned n = 0;

	for (unsigned i = 0; rows[i].name; i++)
		if (rows[i].commands & 1u << command)
			known[n++] = (struct option){rows[i].name,
				rows[i].argument ? required_argument : no_argument, NULL,
				OPT_FIRST + (int)i};
	known[n] = (struct option){NULL, 0, NULL, 0};
}

static int
parse_rest(struct options *o, int argc, char **argv, struct xd_error *err)
{
	struct option known[OPTION_ROWS_MAX + 1];
	const struct option_row *row;
	int option, rc = 0;

	getopt_table(o->command, known);
	optind = 0; /* begins anew, also when it has run before */
	opterr = 0;
	while (!rc && o->command < COMMAND_REPORT) {
		int at = optind ? optind : 1;

		option = getopt_long(argc, argv, "+:h", known, NULL);
		if (option == -1)
			break;
		if (option == OPT_SHORT_HELP) {
			rc = take_help(o, NULL, NULL, err);
		} else if (option < OPT_FIRST) {
			rc = refuse(o, argv[at], option == ':', err);
		} else {
			row = &option_table()[option - OPT_FIRST];
			rc = row->take(o, row, optarg, err);
			if (rc)
				option_blame(row->name, optarg ? optarg : "", err);
			o->given[option - OPT_FIRST] = true;
		}
	}
	if (rc || o->command >= COMMAND_REPORT)
		return rc;
	if (optind < argc && strcmp(argv[optind - 1], "--"))
		return xd_fail(err, -EINVAL,
			"%s is no option; ports are given with --port, EAL options behind --",
			argv[optind]);
	o->eal_args = argv + optind;
	o->nb_eal_args = (unsigned)(argc - optind);
	return 0;
}

int
options_parse(struct options *o, int argc, char **argv, struct xd_error *err)
{
	int rc;

	defaults(o);
	rc = parse_command(o, argc, argv, err);
	if (rc || o->command >= COMMAND_REPORT)
		return rc;
	rc = command_defaults(o, err);
	if (!rc)
		rc = parse_rest(o, argc - 1, argv + 1, err);
	if (rc || o->command >= COMMAND_REPORT)
		return rc;
	return options_check(o, err);
}

void
options_fini(struct options *o)
{
	xd_template_destroy(o->template);
	xd_capture_destroy(o->capture);
	o->template = NULL;
	o->capture = NULL;
}
