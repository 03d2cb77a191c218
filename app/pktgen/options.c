/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "control/words.h"
#include "options.h"

#define CORES_MAX 1024

enum {
	OPT_PORT = 1,
	OPT_SIZE,
	OPT_FLOWS,
	OPT_FLOW_KIND,
	OPT_DIRECTION,
	OPT_PATTERN,
	OPT_RATE,
	OPT_TOUCH,
	OPT_TIME,
	OPT_WARMUP,
	OPT_TRIALS,
	OPT_COUNT,
	OPT_CORE,
	OPT_CORES,
	OPT_SWITCH,
	OPT_PLACEMENT,
	OPT_TIMEOUT,
	OPT_JSON,
	OPT_HELP,
	OPT_VERSION,
	OPTS
};

static const struct option rate_options[] = {
	{"port", required_argument, NULL, OPT_PORT},
	{"size", required_argument, NULL, OPT_SIZE},
	{"flows", required_argument, NULL, OPT_FLOWS},
	{"flow-kind", required_argument, NULL, OPT_FLOW_KIND},
	{"direction", required_argument, NULL, OPT_DIRECTION},
	{"pattern", required_argument, NULL, OPT_PATTERN},
	{"rate", required_argument, NULL, OPT_RATE},
	{"touch", required_argument, NULL, OPT_TOUCH},
	{"time", required_argument, NULL, OPT_TIME},
	{"warmup", required_argument, NULL, OPT_WARMUP},
	{"trials", required_argument, NULL, OPT_TRIALS},
	{"core", required_argument, NULL, OPT_CORE},
	{"cores", required_argument, NULL, OPT_CORES},
	{"switch", required_argument, NULL, OPT_SWITCH},
	{"placement", required_argument, NULL, OPT_PLACEMENT},
	{"timeout", required_argument, NULL, OPT_TIMEOUT},
	{"json", required_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, OPT_HELP},
	{"version", no_argument, NULL, OPT_VERSION},
	{NULL, 0, NULL, 0},
};

static const struct option latency_options[] = {
	{"port", required_argument, NULL, OPT_PORT},
	{"size", required_argument, NULL, OPT_SIZE},
	{"count", required_argument, NULL, OPT_COUNT},
	{"touch", required_argument, NULL, OPT_TOUCH},
	{"time", required_argument, NULL, OPT_TIME},
	{"warmup", required_argument, NULL, OPT_WARMUP},
	{"trials", required_argument, NULL, OPT_TRIALS},
	{"core", required_argument, NULL, OPT_CORE},
	{"switch", required_argument, NULL, OPT_SWITCH},
	{"placement", required_argument, NULL, OPT_PLACEMENT},
	{"timeout", required_argument, NULL, OPT_TIMEOUT},
	{"json", required_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, OPT_HELP},
	{"version", no_argument, NULL, OPT_VERSION},
	{NULL, 0, NULL, 0},
};

/* One of some words: its place in the list. */
static int
parse_word(const char *what, const char *text, const char *const *words, struct xd_error *err)
{
	char hint[128];

	for (int i = 0; words[i]; i++)
		if (!strcmp(words[i], text))
			return i;
	return xd_fail(err, -EINVAL, "--%s: unknown word %s%s", what, text,
		xd_words_hint(text, words, hint, sizeof(hint)));
}

/* One core, or two with a comma; returns how many. */
static int
parse_cores(const char *what, const char *text, int *cores, unsigned max, struct xd_error *err)
{
	char word[16];
	unsigned n = 0;

	for (;;) {
		size_t len = strcspn(text, ",");
		uint64_t core = 0;

		snprintf(word, sizeof(word), "%.*s", (int)len, text);
		if (n == max || len >= sizeof(word) ||
			xd_words_number(word, 0, CORES_MAX - 1, &core))
			return xd_fail(err, -EINVAL, "--%s %s: give %s", what, text,
				max == 1 ? "the number of a core, such as 1"
					 : "two cores, such as 0,1");
		cores[n++] = (int)core;
		if (text[len] == '\0')
			return (int)n;
		text += len + 1;
	}
}

static int
add_port(struct options *o, const char *spec, struct xd_error *err)
{
	bool needs_eal = false;
	int rc = xd_gen_port_check(spec, &needs_eal, err);

	if (rc)
		return rc;
	if (o->nb_ports == XD_GEN_PORTS_MAX)
		return xd_fail(err, -EINVAL, "at most %u ports", XD_GEN_PORTS_MAX);
	for (unsigned i = 0; i < o->nb_ports; i++) {
		size_t len = strcspn(spec, needs_eal ? "" : ",");

		if (!strncmp(o->ports[i], spec, len) &&
			(o->ports[i][len] == '\0' || o->ports[i][len] == ','))
			return xd_fail(err, -EINVAL, "--port %s is given twice", spec);
	}
	o->ports[o->nb_ports++] = spec;
	o->needs_eal |= needs_eal;
	return 0;
}

static int
take_traffic(struct options *o, int option, const char *text, struct xd_error *err)
{
	static const char *const kinds[] = {"mac", "l4", NULL};
	static const char *const directions[] = {"one", "both", NULL};
	static const char *const patterns[] = {"unicast", "broadcast", NULL};
	static const char *const touches[] = {"full", "stamp", "none", NULL};
	uint64_t n;
	int rc;

	switch (option) {
	case OPT_SIZE:
		return xd_units_sizes(text, XD_STREAM_MIN, XD_STREAM_MAX, &o->rate.sizes, err);
	case OPT_FLOWS:
		rc = xd_units_count(text, 1, XD_STREAM_FLOWS_MAX, &n, err);
		o->rate.flows = rc ? 0 : (uint32_t)n;
		return rc;
	case OPT_FLOW_KIND:
		rc = parse_word("flow-kind", text, kinds, err);
		o->rate.flow_kind = rc < 0 ? 0 : (enum xd_flow_kind)rc;
		return rc < 0 ? rc : 0;
	case OPT_DIRECTION:
		rc = parse_word("direction", text, directions, err);
		o->rate.direction = rc < 0 ? 0 : (enum xd_direction)rc;
		return rc < 0 ? rc : 0;
	case OPT_PATTERN:
		rc = parse_word("pattern", text, patterns, err);
		o->rate.pattern = rc < 0 ? 0 : (enum xd_pattern)rc;
		return rc < 0 ? rc : 0;
	case OPT_TOUCH:
		rc = parse_word("touch", text, touches, err);
		o->rate.touch = rc < 0 ? 0 : (enum xd_touch)rc;
		return rc < 0 ? rc : 0;
	default:
		return xd_units_rate(text, &o->rate.rate, err);
	}
}

static int
take_time(struct options *o, int option, const char *text, struct xd_error *err)
{
	double seconds;
	uint64_t n;
	int rc;

	switch (option) {
	case OPT_TRIALS:
		rc = xd_units_count(text, 1, 1000000, &n, err);
		o->rate.trials = rc ? 0 : (unsigned)n;
		return rc;
	case OPT_COUNT:
		return xd_units_count(text, 1, UINT32_MAX, &o->latency.count, err);
	case OPT_WARMUP:
		return xd_units_seconds(text, &o->rate.warmup_s, err);
	case OPT_TIMEOUT:
		rc = xd_units_seconds(text, &seconds, err);
		o->timeout_ms = rc ? 0 : (unsigned)ceil(seconds * 1000);
		return rc;
	default:
		rc = xd_units_seconds(text, &o->rate.time_s, err);
		if (!rc && o->rate.time_s < 0.001)
			rc = xd_fail(err, -EINVAL, "--time %s: at least 1ms", text);
		return rc;
	}
}

static int
take_place(struct options *o, int option, const char *text, struct xd_error *err)
{
	int n = 0;

	switch (option) {
	case OPT_CORE:
	case OPT_CORES:
		n = parse_cores(option == OPT_CORE ? "core" : "cores", text, o->cores,
			option == OPT_CORE ? 1 : XD_GEN_CORES_MAX, err);
		o->nb_cores = n < 0 ? 0 : (unsigned)n;
		if (n == 2 && o->cores[0] == o->cores[1])
			return xd_fail(err, -EINVAL, "--cores %s: two different ones", text);
		return n < 0 ? n : 0;
	case OPT_PLACEMENT:
		n = parse_cores("placement", text, o->placement, 2, err);
		if (n == 1)
			return xd_fail(
				err, -EINVAL, "--placement %s: give two cores, such as 0,1", text);
		return n < 0 ? n : 0;
	case OPT_SWITCH:
		if (strlen(text) >= sizeof(((struct sockaddr_un *)0)->sun_path))
			return xd_fail(err, -EINVAL, "--switch %s: the path is too long", text);
		o->socket = text;
		return 0;
	default:
		o->json = text;
		return 0;
	}
}

static int
take(struct options *o, int option, const char *text, struct xd_error *err)
{
	switch (option) {
	case OPT_PORT:
		return add_port(o, text, err);
	case OPT_SIZE:
	case OPT_FLOWS:
	case OPT_FLOW_KIND:
	case OPT_DIRECTION:
	case OPT_PATTERN:
	case OPT_TOUCH:
	case OPT_RATE:
		return take_traffic(o, option, text, err);
	case OPT_TIME:
	case OPT_WARMUP:
	case OPT_TRIALS:
	case OPT_COUNT:
	case OPT_TIMEOUT:
		return take_time(o, option, text, err);
	case OPT_HELP:
		o->help_for = o->command;
		o->command = COMMAND_HELP;
		return 0;
	case OPT_VERSION:
		o->command = COMMAND_VERSION;
		return 0;
	default:
		return take_place(o, option, text, err);
	}
}

/* What getopt refused, in words. */
static int
refuse(const struct options *o, const struct option *known, const char *arg, bool no_value,
	struct xd_error *err)
{
	char dashed[OPTS][32], word[64], hint[512];
	const char *names[OPTS + 1];
	unsigned n = 0;

	if (no_value)
		return xd_fail(err, -EINVAL, "%s needs a value; see crossdock-pktgen %s --help",
			arg, o->command == COMMAND_RATE ? "rate" : "latency");
	snprintf(word, sizeof(word), "%.*s", (int)strcspn(arg, "="), arg);
	for (; known[n].name && n < OPTS; n++) {
		snprintf(dashed[n], sizeof(dashed[n]), "--%s", known[n].name);
		names[n] = dashed[n];
		if (!strcmp(word, dashed[n]))
			return xd_fail(err, -EINVAL, "%s takes no value", word);
	}
	names[n] = NULL;
	return xd_fail(err, -EINVAL, "unknown option %s%s", word,
		xd_words_hint(word, names, hint, sizeof(hint)));
}

static int
parse_command(struct options *o, const char *word, struct xd_error *err)
{
	static const char *const words[] = {"rate", "latency", "help", "version", NULL};
	char hint[128];

	if (!word)
		return xd_fail(err, -EINVAL,
			"give a command: rate or latency; see crossdock-pktgen --help");
	if (!strcmp(word, "--help") || !strcmp(word, "-h"))
		word = "help";
	else if (!strcmp(word, "--version") || !strcmp(word, "-V"))
		word = "version";
	for (unsigned i = 0; words[i]; i++)
		if (!strcmp(words[i], word)) {
			o->command = (enum command)i;
			return 0;
		}
	return xd_fail(err, -EINVAL, "unknown command %s%s", word,
		xd_words_hint(word, words, hint, sizeof(hint)));
}

static void
defaults(struct options *o)
{
	*o = (struct options){
		.help_for = COMMAND_HELP,
		.rate = {.sizes = {.n = 1, .bytes = {64}},
			.flows = 1,
			.time_s = 2,
			.warmup_s = 0.3,
			.trials = 1},
		.cores = {-1, -1},
		.placement = {-1, -1},
		.timeout_ms = 10000,
	};
}

static int
parse_rest(struct options *o, int argc, char **argv, struct xd_error *err)
{
	const struct option *known = o->command == COMMAND_RATE ? rate_options : latency_options;
	int option, rc = 0;

	optind = 1;
	opterr = 0;
	while (!rc && o->command < COMMAND_HELP) {
		int at = optind;

		option = getopt_long(argc, argv, "+:h", known, NULL);
		if (option == -1)
			break;
		if (option == '?' || option == ':')
			rc = refuse(o, known, argv[at], option == ':', err);
		else
			rc = take(o, option == 'h' ? OPT_HELP : option, optarg, err);
	}
	if (rc || o->command >= COMMAND_HELP)
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
	rc = parse_command(o, argc > 1 ? argv[1] : NULL, err);
	if (rc || o->command >= COMMAND_HELP)
		return rc;
	rc = parse_rest(o, argc - 1, argv + 1, err);
	if (rc || o->command >= COMMAND_HELP)
		return rc;
	if (o->nb_ports < 2)
		return xd_fail(err, -EINVAL,
			"give two ports, such as --port virtio:/tmp/a.sock --port "
			"virtio:/tmp/b.sock");
	o->latency.sizes = o->rate.sizes;
	o->latency.touch = o->rate.touch;
	o->latency.time_s = o->rate.time_s;
	o->latency.warmup_s = o->rate.warmup_s;
	o->latency.trials = o->rate.trials;
	return 0;
}
