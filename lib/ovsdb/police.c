/* SPDX-License-Identifier: BSD-3-Clause */
/* Limits of a port: an Interface's ingress_policing_*, and its Port's QoS. Names and units are
 * those of ovs-vswitchd.conf.db(5); what makes no sense is left out with a remark. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "ovsdb/rows.h"
#include "ovsdb/value.h"

#define BURST_KBIT  8000              /* of ingress_policing_burst when it is 0 */
#define BURST_KPKTS 16                /* of ingress_policing_kpkts_burst */
#define NUMBER_MAX  10000000000000ull /* of other_config: more is no rate of any port */

/* A port whose limits are being set. */
struct limits {
	const struct xd_ovsdb_place *place;
	struct xd_port_config *port;
};

/* A limit of so much, where it is not 0. */
static void
set(const struct limits *l, const char *key, uint64_t value, const char *from)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	xd_ovsdb_try(l->place, l->port, key, value ? text : NULL, from);
}

/* Frames pass between two bridges as they pass within one, and a bond's are judged as the bond's:
 * the switch has no place for a limit. */
static bool
has_none(const struct limits *l, const char *from)
{
	const char *why = l->place->member ? "a bond's members have no limits of their own"
			  : !strcmp(l->port->type, "patch") ? "ports of type patch have no limits"
							    : NULL;

	if (why)
		xd_ovsdb_remark(l->place, from, why);
	return why != NULL;
}

/* ---- ingress_policing_*: what comes in by the port ---- */

static uint64_t
column(const json_t *row, const char *name)
{
	json_int_t value = xd_ovsdb_integer(json_object_get(row, name), 0);

	return value < 0 ? 0 : value > UINT32_MAX ? UINT32_MAX : (uint64_t)value;
}

void
xd_ovsdb_police_in(
	const struct xd_ovsdb_place *place, const json_t *row, struct xd_port_config *port)
{
	const struct limits l = {place, port};
	uint64_t kbit_s = column(row, "ingress_policing_rate");
	uint64_t kbit = column(row, "ingress_policing_burst");
	uint64_t kpps = column(row, "ingress_policing_kpkts_rate");
	uint64_t kpkts = column(row, "ingress_policing_kpkts_burst");

	if ((kbit_s == 0 && kpps == 0) ||
		has_none(&l, kbit_s ? "ingress_policing_rate" : "ingress_policing_kpkts_rate"))
		return;
	set(&l, "police_in_bit_s", kbit_s * 1000, "ingress_policing_rate");
	if (kbit_s)
		set(&l, "police_in_burst_bytes", (kbit ? kbit : BURST_KBIT) * 1000 / 8,
			"ingress_policing_burst");
	set(&l, "police_in_pps", kpps * 1000, "ingress_policing_kpkts_rate");
	if (kpps)
		set(&l, "police_in_burst_frames", (kpkts ? kpkts : BURST_KPKTS) * 1000,
			"ingress_policing_kpkts_burst");
}

/* ---- QoS: what leaves by it ---- */

/* A number of other_config. 0: there is none, or it is none, which is remarked. */
static uint64_t
number(const struct limits *l, const json_t *row, const char *key)
{
	const char *text = xd_ovsdb_map_find(json_object_get(row, "other_config"), key);
	char from[48], why[80];
	uint64_t value = 0;

	if (text && xd_number_parse(text, 0, NUMBER_MAX, &value)) {
		snprintf(from, sizeof(from), "qos: other_config:%s", key);
		snprintf(why, sizeof(why), "\"%.40s\" is not a number", text);
		xd_ovsdb_remark(l->place, from, why);
		return 0;
	}
	return value;
}

/* Bytes a second up to a rate, and with trTCM (RFC 4115) above it others up to a second one: what
 * the two let pass together. */
static void
set_policer(const struct limits *l, bool two)
{
	const json_t *qos = l->place->qos;
	uint64_t bytes_s = number(l, qos, "cir"), burst = number(l, qos, "cbs");

	if (two) {
		bytes_s += number(l, qos, "eir");
		burst += number(l, qos, "ebs");
	}
	if (bytes_s == 0) {
		xd_ovsdb_remark(l->place, "qos", "other_config:cir is missing, in bytes a second");
		return;
	}
	set(l, "police_out_bit_s", bytes_s * 8, "qos: other_config:cir");
	set(l, "police_out_burst_bytes", burst, "qos: other_config:cbs");
}

/* Bits a second. Other queues than the first are for flows, of which there are none: each frame is
 * in that. */
static void
set_shaper(const struct limits *l)
{
	const json_t *queue = l->place->queue;
	uint64_t all = number(l, l->place->qos, "max-rate"), own = number(l, queue, "max-rate");

	set(l, "police_out_bit_s", own && (own < all || !all) ? own : all,
		"qos: other_config:max-rate");
	set(l, "police_out_burst_bytes", number(l, queue, "burst") / 8, "qos: other_config:burst");
}

void
xd_ovsdb_police_out(const struct xd_ovsdb_place *place, struct xd_port_config *port)
{
	const struct limits l = {place, port};
	const char *type = xd_ovsdb_string(json_object_get(place->qos, "type"));
	char why[128];

	if (!type || !type[0] || !strcmp(type, "linux-noop") || has_none(&l, "qos"))
		return;
	if (!strcmp(type, "egress-policer") || !strcmp(type, "trtcm-policer"))
		set_policer(&l, !strcmp(type, "trtcm-policer"));
	else if (!strcmp(type, "linux-htb") || !strcmp(type, "linux-hfsc"))
		set_shaper(&l);
	else {
		snprintf(why, sizeof(why),
			"there is no \"%.40s\": use egress-policer, trtcm-policer or linux-htb",
			type);
		xd_ovsdb_remark(place, "qos: type", why);
	}
}
