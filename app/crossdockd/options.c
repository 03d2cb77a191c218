/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of crossdockd. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "crossdock.h"
#include "options.h"

static const char help[] =
	"usage: crossdockd --config FILE [--state FILE] [--control SOCKET] [--ovsdb REMOTE]\n"
	"                  [--unixctl DIR] [--check] [-- EAL OPTIONS]\n"
	"\n"
	"Runs the Ethernet switch that FILE describes, in the foreground.\n"
	"\n"
	"  -c, --config FILE     the configuration, in YAML (- is standard input):\n"
	"                        crossdock.yaml has an example\n"
	"  -s, --state FILE      keep changes made with crossdockctl here, over a restart\n"
	"  -C, --control SOCKET  listen here for crossdockctl, not at control.path of FILE\n"
	"  -U, --unixctl DIR     let ovs-appctl find it in DIR, such as /run/openvswitch, in the\n"
	"                        place of ovs-vswitchd\n"
	"  -O, --ovsdb REMOTE    bridges and ports are those of Open vSwitch's database, such as\n"
	"                        unix:/run/openvswitch/db.sock, not FILE's: use ovs-vsctl\n"
	"      --check           only tell whether FILE (with --state) is valid; needs no root\n"
	"  -V, --version         print the version\n"
	"  -h, --help            print this\n"
	"\n"
	"Options after -- are for DPDK's EAL: -- --no-huge -m 512\n"
	"SIGHUP reads FILE again; SIGTERM ends.\n"
	"\n"
	"  crossdockd --config /etc/crossdock/crossdock.yaml --check\n"
	"  crossdockd --config crossdock.yaml --control /tmp/crossdock.sock\n";

static int
wrong_usage(void)
{
	fprintf(stderr, "crossdockd: see crossdockd --help\n");
	return 2;
}

int
options_parse(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {{"config", required_argument, NULL, 'c'},
		{"state", required_argument, NULL, 's'}, {"control", required_argument, NULL, 'C'},
		{"ovsdb", required_argument, NULL, 'O'}, {"unixctl", required_argument, NULL, 'U'},
		{"check", no_argument, NULL, 'k'}, {"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'}, {0}};
	int option;

	memset(options, 0, sizeof(*options));
	while ((option = getopt_long(argc, argv, "+c:s:C:O:U:Vh", known, NULL)) != -1) {
		switch (option) {
		case 'c':
			options->config = optarg;
			break;
		case 's':
			options->state = optarg;
			break;
		case 'C':
			options->control = optarg;
			break;
		case 'U':
			options->unixctl = optarg;
			break;
		case 'O':
			options->ovsdb = optarg;
			break;
		case 'k':
			options->check = true;
			break;
		case 'V':
			printf("crossdockd %s\n", xd_version());
			return 0;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return wrong_usage();
		}
	}
	if (optind < argc && strcmp(argv[optind - 1], "--")) {
		fprintf(stderr, "crossdockd: \"%s\" is not an option\n", argv[optind]);
		return wrong_usage();
	}
	if (!options->config) {
		fprintf(stderr, "crossdockd: --config FILE is missing\n");
		return wrong_usage();
	}
	options->eal_args = argv + optind;
	options->nb_eal_args = argc - optind;
	return -1;
}
