/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Settings that are not of single ports. What has a meaning here goes to the workers' or a
 * bridge's keys; what has none, or is not there, is answered in the log with the reason, once for
 * each value.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/one_line.h"
#include "ovsdb/rows.h"
#include "ovsdb/value.h"

/* ---- Answers ---- */

/* Whether a setting of that name was not answered yet with this value. */
static bool
is_new(struct xd_ovsdb *o, const char *key, const char *value)
{
	const char *told = json_string_value(json_object_get(o->told, key));

	if (told && !strcmp(told, value))
		return false;
	json_object_set_new(o->told, key, json_string(value));
	return true;
}

void
xd_ovsdb_answer(struct xd_ovsdb *o, const char *key, const char *value, const char *why)
{
	char line[300];

	if (!is_new(o, key, value))
		return;
	snprintf(line, sizeof(line), "%.80s=%.60s: %s", key, value, why);
	xd_one_line(line);
	xd_log(o->opts.log, XD_LOG_CONTROL, XD_LOG_INFO, "database: %s", line);
}

static const char always_there[] = "has no meaning here: that is always so";
static const char at_start[] =
	"has no meaning here: crossdockd says it at its start (memory in its file, EAL options "
	"behind --)";
static const char no_flows[] = "has no meaning here: there are no flows to cache";
static const char not_there[] = "is not there";

/* Keys of Open_vSwitch's other_config that are no workers' key, and why. */
static const struct {
	const char *key, *why;
} meaningless[] = {
	{"dpdk-alloc-mem", at_start},
	{"dpdk-extra", at_start},
	{"dpdk-hugepage-dir", at_start},
	{"dpdk-init", always_there},
	{"dpdk-lcore-mask", "has no meaning here: workers' cores are pmd-cpu-mask"},
	{"dpdk-socket-limit", at_start},
	{"dpdk-socket-mem", at_start},
	{"emc-insert-inv-prob", no_flows},
	{"enable-statistics", not_there},
	{"flow-limit", no_flows},
	{"flow-restore-wait", no_flows},
	{"hw-offload", not_there},
	{"max-idle", no_flows},
	{"max-revalidator", no_flows},
	{"n-handler-threads", no_flows},
	{"n-revalidator-threads", no_flows},
	{"per-port-memory", "has no meaning here: each port's memory is its own"},
	{"pmd-auto-lb-improvement-threshold", NULL},
	{"pmd-auto-lb-load-threshold", NULL},
	{"pmd-auto-lb-rebal-interval", NULL},
	{"pmd-auto-lb", NULL},
	{"pmd-cpu-mask", NULL},
	{"pmd-maxsleep", "has no meaning here: a worker without frames sleeps until one comes "
			 "(workers.idle of crossdockd's file)"},
	{"pmd-perf-metrics",
		"has no meaning here: workers always count (crossdockctl worker show)"},
	{"pmd-rxq-assign", NULL},
	{"pmd-rxq-isolate", NULL},
	{"pmd-sleep-max", "has no meaning here: a worker without frames sleeps until one comes "
			  "(workers.idle of crossdockd's file)"},
	{"shared-mempool-config", "has no meaning here: each port's memory is its own"},
	{"smc-enable", no_flows},
	{"stats-update-interval", "has no meaning here: statistics are written every 5 s"},
	{"tc-policy", not_there},
	{"tx-flush-interval", "has no meaning here: frames are sent at the end of each turn"},
	{"userspace-tso-enable", always_there},
	{"vhost-iommu-support", not_there},
	{"vhost-postcopy-support", not_there},
	{"vhost-sock-dir", NULL},
	{"vlan-limit", "has no meaning here: frames are switched by their outermost tag"},
};

static const char *
why_not(const char *key)
{
	for (size_t i = 0; i < sizeof(meaningless) / sizeof(*meaningless); i++) {
		if (!strcmp(meaningless[i].key, key))
			return meaningless[i].why;
	}
	return "is not known here";
}

/* ---- Workers ---- */

/* A value of the database's that a key of ours takes as it is, or with the rest of its text behind
 * a number; errors are answers. */
static void
set(struct xd_ovsdb *o, struct xd_config *config, const char *key, const char *value,
	const char *ours, const char *text)
{
	struct xd_config before = *config;
	struct xd_error err = {0};

	if (xd_noun_set(&xd_workers_noun, config, ours, text, &err) == 0)
		return;
	*config = before;
	xd_ovsdb_answer(o, key, value, err.text);
}

/* A mask in hexadecimal, of any length, as a list of cores. */
static int
mask_to_list(const char *mask, char *text, size_t size)
{
	size_t len, used = 0;
	unsigned core = 0;

	if (mask[0] == '0' && (mask[1] == 'x' || mask[1] == 'X'))
		mask += 2;
	len = strlen(mask);
	if (len == 0 || strspn(mask, "0123456789abcdefABCDEF") != len)
		return -EINVAL;
	while (len-- > 0) {
		char digit[2] = {mask[len]};
		unsigned long bits = strtoul(digit, NULL, 16);

		for (unsigned b = 0; b < 4; b++, core++) {
			if (!(bits >> b & 1))
				continue;
			used += (size_t)snprintf(
				text + used, size - used, "%s%u", used ? "," : "", core);
			if (used >= size)
				return -E2BIG;
		}
	}
	return used ? 0 : -EINVAL;
}

static void
set_cores(struct xd_ovsdb *o, struct xd_config *config, const char *mask)
{
	const struct xd_config *file = o->opts.control->base->config;
	char text[1024];

	if (!mask && o->cores_set) {
		config->nb_cores = file->nb_cores;
		memcpy(config->cores, file->cores, sizeof(config->cores));
	}
	o->cores_set = mask != NULL;
	if (!mask)
		return;
	if (mask_to_list(mask, text, sizeof(text)))
		xd_ovsdb_answer(o, "pmd-cpu-mask", mask,
			"is not a mask of cores in hexadecimal, such as 0x6");
	else
		set(o, config, "pmd-cpu-mask", mask, "cores", text);
}

static void
set_balance(struct xd_ovsdb *o, struct xd_config *config, const json_t *map)
{
	const char *on = xd_ovsdb_map_find(map, "pmd-auto-lb");
	const char *interval = xd_ovsdb_map_find(map, "pmd-auto-lb-rebal-interval");
	static const struct {
		const char *key, *ours;
	} percents[] = {
		{"pmd-auto-lb-load-threshold", "balance_load_percent"},
		{"pmd-auto-lb-improvement-threshold", "balance_gain_percent"},
	};
	uint64_t minutes;
	char text[24];

	if (on)
		set(o, config, "pmd-auto-lb", on, "balance", strcmp(on, "true") ? "off" : "auto");
	for (size_t i = 0; i < sizeof(percents) / sizeof(*percents); i++) {
		const char *value = xd_ovsdb_map_find(map, percents[i].key);

		if (value)
			set(o, config, percents[i].key, value, percents[i].ours, value);
	}
	if (interval && xd_number_parse(interval, 0, 20000, &minutes) == 0) {
		snprintf(text, sizeof(text), "%u", minutes ? (unsigned)minutes * 60 : 60);
		set(o, config, "pmd-auto-lb-rebal-interval", interval, "balance_interval_s", text);
	}
}

void
xd_ovsdb_settings(struct xd_ovsdb *o, struct xd_config *config)
{
	const json_t *map = json_object_get(o->root.row, "other_config");
	const char *assign = xd_ovsdb_map_find(map, "pmd-rxq-assign");
	const char *isolate = xd_ovsdb_map_find(map, "pmd-rxq-isolate");
	const char *key, *value;

	set_cores(o, config, xd_ovsdb_map_find(map, "pmd-cpu-mask"));
	set_balance(o, config, map);
	if (assign)
		set(o, config, "pmd-rxq-assign", assign, "assign",
			strcmp(assign, "roundrobin") ? "cycles" : "roundrobin");
	if (isolate)
		set(o, config, "pmd-rxq-isolate", isolate, "isolate",
			strcmp(isolate, "false") ? "pinned" : "none");
	for (size_t i = 0; i < xd_ovsdb_map_size(map); i++) {
		if (xd_ovsdb_map_get(map, i, &key, &value) && why_not(key))
			xd_ovsdb_answer(o, key, value, why_not(key));
	}
}

/* ---- Bridges ---- */

void
xd_ovsdb_bridge_answers(struct xd_ovsdb *o, const json_t *row)
{
	static const struct {
		const char *column, *why;
	} missing[] = {
		{"stp_enable", "there is no spanning tree: loops are not found"},
		{"rstp_enable", "there is no spanning tree: loops are not found"},
		{"mcast_snooping_enable", "there is no multicast snooping: groups are flooded"},
	};
	const char *name = xd_ovsdb_string(json_object_get(row, "name"));
	const char *fail = xd_ovsdb_string(json_object_get(row, "fail_mode"));
	char key[160];

	for (size_t i = 0; i < sizeof(missing) / sizeof(*missing); i++) {
		snprintf(key, sizeof(key), "bridge %.60s: %s", name, missing[i].column);
		if (xd_ovsdb_bool(json_object_get(row, missing[i].column), false))
			xd_ovsdb_answer(o, key, "true", missing[i].why);
	}
	snprintf(key, sizeof(key), "bridge %.60s: fail_mode", name);
	if (fail && !strcmp(fail, "secure"))
		xd_ovsdb_answer(o, key, fail,
			"there is no OpenFlow: the bridge switches by addresses, as standalone");
}

int
xd_ovsdb_bridge_config(const json_t *row, struct xd_bridge_config *config, struct xd_error *err)
{
	static const struct {
		const char *key, *ours;
	} keys[] = {{"mac-aging-time", "ageing_s"}, {"mac-table-size", "mac_limit"}};
	const char *name = xd_ovsdb_string(json_object_get(row, "name"));
	const json_t *map = json_object_get(row, "other_config");
	struct xd_config *scratch = xd_config_create();
	struct xd_bridge_config *bridge =
		scratch ? xd_config_add_bridge(scratch, name ? name : "", err) : NULL;
	struct xd_error inner;
	int ret = bridge ? 0 : scratch ? err->code : xd_fail(err, -ENOMEM, "no memory");

	for (size_t i = 0; ret == 0 && i < sizeof(keys) / sizeof(*keys); i++) {
		const char *value = xd_ovsdb_map_find(map, keys[i].key);

		if (value && xd_bridge_config_set(bridge, keys[i].ours, value, &inner))
			ret = xd_fail(
				err, inner.code, "other_config:%s: %s", keys[i].key, inner.text);
	}
	if (ret == 0 && xd_config_check(scratch, NULL, &inner))
		ret = xd_fail(err, inner.code, "%s", inner.text);
	if (ret == 0)
		*config = *bridge;
	xd_config_destroy(scratch);
	return ret;
}
