/* SPDX-License-Identifier: BSD-3-Clause */
/* The row of command suite, steps of other engines with one result: its options and its help. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "option_table.h"
#include "report/reference.h"
#include "run.h"
#include "run_results.h"
#include "suite/clock.h"
#include "suite/device.h"
#include "suite/result.h"
#include "suite/run.h"

struct own {
	const char *earlier, *report; /* files; NULL: not given */
	bool list;
	int switch_core; /* -1: not given */
};

static int
take_file(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct own *own = o->own;

	if (!text[0] || !strcmp(text, "-"))
		return xd_fail(
			err, -EINVAL, "--%s \"%s\": give the name of a file", row->name, text);
	if (!strcmp(row->name, "continue"))
		own->earlier = text;
	else if (!strcmp(row->name, "report"))
		own->report = text;
	else
		o->json = text;
	return 0;
}

static int
take_list(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct own *own = o->own;

	(void)row;
	(void)text;
	(void)err;
	own->list = true;
	return 0;
}

static int
take_switch_core(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct own *own = o->own;

	return option_core(row, text, &own->switch_core, err);
}

static const struct option_row options[] = {
	{"list", NULL, take_list, .help = "show its steps and how long each takes; run nothing"},
	{"json", "FILE", take_file, .help = "of the results (the suite's name and .json)",
		.file = true},
	{"report", "FILE", take_file, .help = "write the page of all steps there", .file = true},
	{"continue", "RESULT.json", take_file,
		.help = "do not run again what is done there, and write to it", .file = true},
	{"switch-core", "N", take_switch_core,
		.help = "where crossdockd's worker runs, of one started here (the last)"},
	{"port", "PORT", take_port,
		.help = "of a switch that is there, once for each: none is started",
		.words = option_kinds},
	OPTIONS_PLACE,
	{"label", "TEXT", take_label, .help = "what this is, for the report (crossdock)"},
	{"quiet", NULL, take_quiet, .help = "no tables"},
	{"help", NULL, take_help, .help = "this"},
	{"version", NULL, take_version, .help = "the version"},
	{NULL},
};

static void
defaults(struct options *o)
{
	struct own *own = o->own;

	own->switch_core = -1;
}

static int
check(struct options *o, struct xd_error *err)
{
	const struct own *own = o->own;

	if (!o->operand && !own->earlier)
		return xd_fail(err, -EINVAL,
			"which suite? give a file or a name, such as quick, or --continue "
			"RESULT.json");
	if (o->socket && !o->nb_ports)
		return xd_fail(err, -EINVAL,
			"--switch goes with --port: without it, each step starts a switch");
	if (options_given(o, "switch-core") && o->nb_ports)
		return xd_fail(err, -EINVAL,
			"--switch-core is of a switch that is started; with --port none is");
	if (!o->label && !o->nb_ports)
		o->label = "crossdock";
	return 0;
}

static int
check_references(const struct suite *s, struct xd_error *err)
{
	struct report_references *references = calloc(1, sizeof(*references));
	int rc;

	if (!references)
		return xd_fail(err, -ENOMEM, "no memory");
	rc = report_references_load(references, NULL, 0, err);
	for (unsigned i = 0; i < s->nb_steps && !rc; i++)
		rc = suite_reference_check(s, &s->steps[i], references, err);
	report_references_destroy(references);
	free(references);
	return rc;
}

/* The whole, before anything is run. */
static int
load(struct suite *s, const struct options *o, const struct suite_ports *ports,
	const json_t *earlier, struct xd_error *err)
{
	const char *file = json_string_value(json_object_get(earlier, "file"));
	int rc;

	if (!o->operand && !file)
		return xd_fail(err, -EINVAL, "the results do not name their suite: give it");
	rc = suite_load(s, o->operand ? o->operand : file, err);
	if (!rc && !ports->given)
		rc = suite_device_check(s, err);
	if (!rc)
		rc = suite_check(s, ports, err);
	return rc ? rc : check_references(s, err);
}

static void
list_steps(const struct suite *s)
{
	double sum = 0;
	char text[16];

	printf("%s: %s\n", s->name, s->title);
	for (unsigned i = 0; i < s->nb_steps; i++) {
		const struct suite_step *step = &s->steps[i];

		printf("%3u  %-9s %2u ports %8s  %s\n", i + 1, step->engine->results->name,
			step->nb_ports, suite_clock_text(step->expected_s, text, sizeof(text)),
			step->name);
		sum += step->expected_s;
	}
	printf("about %s\n", suite_clock_text(sum, text, sizeof(text)));
}

/* Where results go: nobody's that are there already, unless they were named. */
static int
choose_json(const struct options *o, const struct suite *s, char *json, size_t size,
	struct xd_error *err)
{
	const struct own *own = o->own;
	const char *named = o->json ? o->json : own->earlier;

	if ((size_t)snprintf(json, size, named ? "%s" : "%s.json", named ? named : s->name) >= size)
		return xd_fail(err, -ENAMETOOLONG, "--json: the file name is too long");
	if (!named && !access(json, F_OK))
		return xd_fail(err, -EEXIST,
			"%s is there already: give --continue %s to go on with it, or --json FILE",
			json, json);
	return 0;
}

static int
start(const struct options *o, const struct suite *s, struct suite_run_opts *opts,
	struct xd_error *err)
{
	char json[4096];
	struct options out = *o;
	int rc = choose_json(o, s, json, sizeof(json), err);

	opts->json = out.json = json;
	if (!rc)
		rc = run_results_check(&out, err);
	return rc ? -1 : suite_run(s, opts);
}

static int
suite_main(const struct options *o, int argc, char **argv)
{
	const struct own *own = o->own;
	struct xd_results said = {0};
	struct suite_run_opts opts = {
		.o = o,
		.ports = {.given = o->nb_ports ? o->ports : NULL,
			.nb_given = o->nb_ports,
			.dir = "/run"},
		.switch_core = own->switch_core,
		.report = own->report,
	};
	struct suite s = {0};
	struct xd_error err = {0};
	json_t *earlier = own->earlier ? suite_result_read(own->earlier, &err) : NULL;
	int rc = own->earlier && !earlier ? err.code : load(&s, o, &opts.ports, earlier, &err);
	int status = EXIT_SUCCESS;

	run_results_describe(&said, o, argc, argv);
	opts.command = said.command;
	opts.earlier = earlier;
	if (!rc && own->list)
		list_steps(&s);
	else if (!rc)
		rc = status = start(o, &s, &opts, &err);
	if (rc < 0) {
		fprintf(stderr, "crossdock-pktgen: %s\n", err.text);
		status = EXIT_USAGE;
	}
	suite_free(&s);
	json_decref(earlier);
	return status;
}

static const struct xd_engine results = {.name = "suite"};

const struct engine engine_suite = {
	.results = &results,
	.summary = "a list of tests with one report: quick, published, rfc2544, or a file",
	.arguments = " FILE.yaml|NAME",
	.intro = "Runs the steps of a suite one after the other, each with a crossdockd of its "
		 "own, and\n"
		 "writes one result, which report makes one page of. An interrupt leaves what is "
		 "done,\n"
		 "marked partial; --continue goes on from there. generator.rst says what such a "
		 "file\n"
		 "holds.\n",
	.examples = "  crossdock-pktgen suite quick --report quick.html\n"
		    "  crossdock-pktgen suite published --json published.json\n"
		    "  crossdock-pktgen suite --continue published.json\n"
		    "  crossdock-pktgen suite my.yaml --port virtio:/tmp/a.sock --port "
		    "virtio:/tmp/b.sock \\\n"
		    "      --label ovs-dpdk\n",
	.options = options,
	.operand = "FILE.yaml or NAME",
	.opens_ports = true,
	.own_bytes = sizeof(struct own),
	.defaults = defaults,
	.check = check,
	.offer = suite_offer,
	.main = suite_main,
};
