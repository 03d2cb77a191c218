/* SPDX-License-Identifier: BSD-3-Clause */
/* The command `report`: its command line, then load, lay side by side, write. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "page.h"
#include "report.h"

#define EXIT_USAGE 2

enum { OPT_OUTPUT = 1, OPT_BASELINE, OPT_TITLE, OPT_REFERENCE, OPT_HELP, OPTS };

struct report_options {
	const char *output, *baseline, *title;
	const char *references[REFERENCES_MAX];
	unsigned nb_references;
	bool no_references;
	bool help;
	char **files; /* in argv */
	unsigned nb_files;
};

static const char help[] =
	"Usage: crossdock-pktgen report RESULT.json... -o FILE.html [OPTION...]\n"
	"\n"
	"Lays results of --json side by side on one page, with charts, ratios and confidence\n"
	"intervals. The page is a single file that needs nothing else. gnuplot draws the charts\n"
	"(package gnuplot-nox).\n"
	"\n"
	"  RESULT.json            files with one label (--label when measuring) are one column;\n"
	"                         those of calibrate show as the generator's own limits\n"
	"  -o, --output FILE      the page; - is standard output\n"
	"  --baseline LABEL       what ratios are to: a label or a file (the first file)\n"
	"  --title TEXT           head of the page (the labels)\n"
	"  --reference FILE.csv   published figures to show beside, again for more files; none: "
	"no\n"
	"                         such figures (those that come with the program)\n"
	"  --help                 this\n"
	"\n"
	"Examples\n"
	"  crossdock-pktgen rate --port virtio:/tmp/a.sock --port virtio:/tmp/b.sock \\\n"
	"      --size 64:1518:*2 --trials 5 --label crossdock --json crossdock.json\n"
	"  crossdock-pktgen report ovs.json crossdock.json -o report.html --baseline ovs.json\n";

/* The option that getopt refused, with the nearest of those there are. */
static int
refuse(const char *arg, bool no_value, struct xd_error *err)
{
	static const char *const names[] = {
		"--output", "--baseline", "--title", "--reference", "--help", "-o", NULL};
	char hint[128], word[64];

	snprintf(word, sizeof(word), "%.*s", (int)strcspn(arg, "="), arg);
	if (no_value)
		return xd_fail(err, -EINVAL, "%s needs a value", word);
	for (unsigned i = 0; names[i]; i++)
		if (!strcmp(names[i], word))
			return xd_fail(err, -EINVAL, "%s takes no value", word);
	return xd_fail(err, -EINVAL, "unknown option %s%s", word,
		xd_suggest_hint(word, names, hint, sizeof(hint)));
}

static int
take_reference(struct report_options *o, const char *text, struct xd_error *err)
{
	if (!strcmp(text, "none"))
		o->no_references = true;
	else if (o->nb_references == REFERENCES_MAX)
		return xd_fail(err, -EINVAL, "--reference: at most %u files", REFERENCES_MAX);
	else
		o->references[o->nb_references++] = text;
	if (o->no_references && o->nb_references)
		return xd_fail(err, -EINVAL, "--reference: none, or files, but not both");
	return 0;
}

static int
parse(struct report_options *o, int argc, char **argv, struct xd_error *err)
{
	static const struct option known[] = {
		{"output", required_argument, NULL, OPT_OUTPUT},
		{"baseline", required_argument, NULL, OPT_BASELINE},
		{"title", required_argument, NULL, OPT_TITLE},
		{"reference", required_argument, NULL, OPT_REFERENCE},
		{"help", no_argument, NULL, OPT_HELP},
		{NULL, 0, NULL, 0},
	};
	int option, rc;

	opterr = 0;
	optind = 0; /* from the beginning, also after another's use */
	while ((option = getopt_long(argc, argv, ":o:", known, NULL)) != -1) {
		switch (option) {
		case 'o':
		case OPT_OUTPUT:
			o->output = optarg;
			break;
		case OPT_BASELINE:
			o->baseline = optarg;
			break;
		case OPT_TITLE:
			o->title = optarg;
			break;
		case OPT_REFERENCE:
			rc = take_reference(o, optarg, err);
			if (rc)
				return rc;
			break;
		case OPT_HELP:
			o->help = true;
			return 0;
		default:
			return refuse(argv[optind - 1], option == ':', err);
		}
	}
	o->files = argv + optind;
	o->nb_files = (unsigned)(argc - optind);
	if (!o->nb_files)
		return xd_fail(err, -EINVAL,
			"report: give one result or more, such as out.json, which --json writes");
	if (!o->output)
		return xd_fail(err, -EINVAL, "report: give -o FILE, such as -o report.html");
	return 0;
}

static int
write_report(const struct report_options *o, struct xd_error *err)
{
	struct report_references *references = calloc(1, sizeof(*references));
	struct report_set set = {0};
	char *text = NULL;
	int rc;

	if (!references)
		return xd_fail(err, -ENOMEM, "no memory");
	rc = report_set_load(&set, o->files, o->nb_files, o->baseline, err);
	if (!rc && !o->no_references)
		rc = report_references_load(references, o->references, o->nb_references, err);
	if (!rc) {
		text = report_page(&set, references, o->title, err);
		rc = text ? xd_results_write(text, "-o", o->output, err) : -EIO;
	}
	free(text);
	report_references_destroy(references);
	free(references);
	report_set_destroy(&set);
	return rc;
}

int
report_main(int argc, char **argv)
{
	struct report_options o = {0};
	struct xd_error err = {0};
	int rc = parse(&o, argc, argv, &err);

	if (rc) {
		fprintf(stderr, "crossdock-pktgen: %s\n", err.text);
		return EXIT_USAGE;
	}
	if (o.help) {
		fputs(help, stdout);
		return EXIT_SUCCESS;
	}
	if (write_report(&o, &err)) {
		fprintf(stderr, "crossdock-pktgen: %s\n", err.text);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
