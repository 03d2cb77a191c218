/* SPDX-License-Identifier: BSD-3-Clause */
/* After all options are known: files are read, and what does not go together is refused. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "option_table.h"
#include "traffic/frames/capture.h"
#include "traffic/frames/template.h"

/* Two options of which one at most is given, and why. */
struct conflict {
	const char *one, *other;
	const char *why;
};

static const struct conflict conflicts[] = {
	{"pcap", "size", "the file has the sizes"},
	{"pcap", "template", "the file has the headers"},
	{"pcap", "template-file", "the file has the headers"},
	{"pcap", "track", "its frames are sent as they are, without a sequence number"},
	{"pcap", "verify", "its frames are sent as they are, with no payload to know again"},
	{"pcap", "times", "its frames are sent as they are, without a time"},
	{"pcap", "flows", "the file has the flows"},
	{"pcap", "flow-kind", "the file has the flows"},
	{"template", "template-file", "one of the two"},
	{"size", "rfc-sizes", "one of the two"},
	{"core", "cores", "one of the two"},
	{"peer", "connect", "one of the two: a server of ours, or anybody"},
};

static int
check_conflicts(const struct options *o, struct xd_error *err)
{
	for (unsigned i = 0; i < sizeof(conflicts) / sizeof(conflicts[0]); i++)
		if (options_given(o, conflicts[i].one) && options_given(o, conflicts[i].other))
			return xd_fail(err, -EINVAL, "--%s does not go with --%s: %s",
				conflicts[i].other, conflicts[i].one, conflicts[i].why);
	return 0;
}

static int
check_ports(const struct options *o, struct xd_error *err)
{
	const struct engine *engine = o->command.engine;
	enum xd_pattern pattern = o->traffic.pattern;
	bool alone = engine->takes_one_port || o->peer || o->link ||
		     pattern == XD_PATTERN_REFLECT || pattern == XD_PATTERN_SEND;

	if (engine->makes_ports || engine->opens_ports)
		return 0;
	if (o->nb_ports == 0 && engine->takes_one_port)
		return xd_fail(err, -EINVAL, "give a port, such as --port virtio:/tmp/a.sock");
	if (o->nb_ports == 0 || (o->nb_ports == 1 && !alone))
		return xd_fail(err, -EINVAL,
			"give two ports, such as --port virtio:/tmp/a.sock --port "
			"virtio:/tmp/b.sock%s",
			o->nb_ports && option_find(engine, "way") ? "; or one and --pattern reflect"
								  : "");
	for (unsigned i = options_ends(o); i < XD_GEN_PORTS_MAX; i++)
		if (xd_impair_any(&o->traffic.impair[i]))
			return xd_fail(err, -EINVAL,
				"--impair %u:...: ports are 0 to %u, in the order of --port", i,
				options_ends(o) - 1);
	if (o->nb_cores > o->nb_ports)
		return xd_fail(err, -EINVAL,
			"--cores: %u cores for %u port%s; give as many as there are ports at most",
			o->nb_cores, o->nb_ports, o->nb_ports == 1 ? "" : "s");
	if (o->nb_nodes > o->nb_ports)
		return xd_fail(err, -EINVAL, "--numa: %u nodes for %u port%s; give as many at most",
			o->nb_nodes, o->nb_ports, o->nb_ports == 1 ? "" : "s");
	return 0;
}

static int
check_rate(const struct options *o, struct xd_error *err)
{
	const struct xd_traffic_opts *t = &o->traffic;

	if (t->rate.kind == XD_RATE_PERCENT && !options_given(o, "line-rate"))
		return xd_fail(err, -EINVAL,
			"--rate %g%%: of what? give --line-rate, such as --line-rate 10Gbit",
			t->rate.value);
	if (t->rate.kind != XD_RATE_PERCENT && options_given(o, "line-rate"))
		return xd_fail(err, -EINVAL,
			"--line-rate is of use with a rate in percent only, such as --rate 80%%");
	if (options_given(o, "replay") && !o->capture_path)
		return xd_fail(err, -EINVAL, "--replay is of use with --pcap only");
	if (t->replay == XD_REPLAY_OWN_TIMES && options_given(o, "rate"))
		return xd_fail(err, -EINVAL,
			"--rate does not go with --replay own-times: the file has the times");
	return 0;
}

static int
check_outputs(const struct options *o, struct xd_error *err)
{
	if (o->json && o->csv && !strcmp(o->json, o->csv))
		return xd_fail(err, -EINVAL,
			"--json and --csv both write to %s; give one of them another file",
			strcmp(o->json, "-") ? o->json : "standard output");
	return 0;
}

static int
check_eal_args(const struct options *o, struct xd_error *err)
{
	static const char *const prints[] = {"-h", "--help", "-v", "--version", NULL};

	if (o->nb_eal_args && !o->needs_eal && !o->command.engine->opens_ports)
		return xd_fail(err, -EINVAL, "EAL options are of use with dpdk: ports only");
	for (unsigned i = 0; i < o->nb_eal_args; i++)
		for (unsigned k = 0; prints[k]; k++)
			if (!strcmp(o->eal_args[i], prints[k]))
				return xd_fail(err, -EINVAL,
					"%s behind -- is the EAL's, which would print and measure "
					"nothing; leave it out",
					prints[k]);
	return 0;
}

static int
load_files(struct options *o, struct xd_error *err)
{
	if (o->template_text)
		o->template = xd_template_parse(o->template_text, err);
	else if (o->template_path)
		o->template = xd_template_load(o->template_path, err);
	if (o->template_text && !o->template)
		return option_blame("template", o->template_text, err);
	if (o->template_path && !o->template)
		return option_blame("template-file", o->template_path, err);
	if (o->capture_path)
		o->capture = xd_capture_load(o->capture_path, err);
	if (o->capture_path && !o->capture)
		return option_blame("pcap", o->capture_path, err);
	if (o->template && !options_given(o, "flows"))
		o->traffic.flows = xd_template_flows(o->template);
	o->traffic.template = o->template;
	o->traffic.capture = o->capture;
	return 0;
}

/* Every port without an --impair of its own gets the one that names none. */
static void
spread_impair(struct options *o)
{
	for (unsigned i = 0; i < options_ends(o); i++)
		if (!xd_impair_any(&o->traffic.impair[i]))
			o->traffic.impair[i] = o->impair_all;
}

int
options_check(struct options *o, struct xd_error *err)
{
	int rc = check_conflicts(o, err);

	if (!rc)
		rc = check_ports(o, err);
	if (!rc)
		rc = check_rate(o, err);
	if (!rc)
		rc = check_outputs(o, err);
	if (!rc)
		rc = check_eal_args(o, err);
	if (!rc && o->command.engine->check)
		rc = o->command.engine->check(o, err);
	if (!rc)
		rc = load_files(o, err);
	if (rc)
		return rc;
	spread_impair(o);
	return 0;
}
