/* SPDX-License-Identifier: BSD-3-Clause */
/* From templates and sizes to a list of frames: how many flows there are, which sizes they take,
 * and a frame for each. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/frames/tag.h"
#include "traffic/frames/template_frame.h"
#include "traffic/frames/wide.h"

#define PORT_FLOWS    (1u << 14) /* flows that the source port alone can tell apart */
#define ADDRESS_FLOWS 0xfffe     /* and the IPv4 source alone */

static const struct xd_template *
or_default(const struct xd_template *t)
{
	return t ? t : &xd_template_default;
}

static uint32_t
min_bytes(const struct xd_template_frame *f)
{
	uint32_t bytes = f->payload_at + XD_TAG_BYTES;

	return bytes < XD_STREAM_MIN ? XD_STREAM_MIN : bytes;
}

uint32_t
xd_template_min(const struct xd_template *t)
{
	struct xd_template_frame f;

	xd_template_frame_init(&f, or_default(t), NULL);
	return min_bytes(&f);
}

uint32_t
xd_template_flows(const struct xd_template *t)
{
	uint64_t most = 1;

	t = or_default(t);
	for (unsigned h = 0; h < t->n; h++)
		for (unsigned i = 0; i < XD_TEMPLATE_FIELDS_MAX; i++)
			if (t->headers[h].values[i].count > most)
				most = t->headers[h].values[i].count;
	return most < XD_TAG_FLOWS_MAX ? (uint32_t)most : XD_TAG_FLOWS_MAX;
}

static int
check_sizes(
	const struct xd_template_frame *f, uint64_t *round, uint64_t *bytes, struct xd_error *err)
{
	const struct xd_size_mix *mix = f->build->mix;
	uint32_t min = min_bytes(f), max = xd_template_frame_max(f);

	*round = *bytes = 0;
	for (unsigned i = 0; i < mix->n; i++) {
		uint32_t size = mix->bytes[i];

		if (size < min)
			return xd_fail(err, -EINVAL,
				"size %u: frames with these headers have at least %u bytes: %u of "
				"headers, %u of tag",
				size, min, f->payload_at, XD_TAG_BYTES);
		if (size > max)
			return xd_fail(err, -EINVAL,
				"size %u: frames with these headers have at most %u bytes", size,
				max);
		*round += mix->weight[i];
		*bytes += (uint64_t)mix->weight[i] * xd_lines(size) * XD_LINE;
	}
	if (*round == 0)
		return xd_fail(err, -EINVAL, "no size; give one, such as 64 or imix");
	return 0;
}

static bool
is_free(const struct xd_template_header *h, enum xd_field_own own)
{
	for (unsigned i = 0; h && h->def->fields[i].name; i++)
		if (h->def->fields[i].own == own)
			return !h->values[i].given;
	return false;
}

static int
check_l4_flows(const struct xd_template_frame *f, struct xd_error *err)
{
	bool v4 = f->l3 && f->l3->def->kind == XD_HEADER_IPV4;
	bool ports = f->l4 && f->l4->def->kind != XD_HEADER_ICMP;
	uint32_t flows = f->build->flows;

	if (!f->l3)
		return xd_fail(err, -EINVAL,
			"flows %u by l4: the template has no ipv4 or ipv6; add one, or say "
			"--flow-kind mac",
			flows);
	if (!f->vary_addresses && !f->vary_ports)
		return xd_fail(err, -EINVAL,
			"flows %u: the template fixes %s src%s%s%s; give %s a range, such as "
			"src=A..B, or leave it out",
			flows, f->l3->def->name, ports ? " and " : "",
			ports ? f->l4->def->name : "", ports ? " sport" : "",
			ports ? "one of them" : "it");
	if (!f->vary_addresses && flows > PORT_FLOWS)
		return xd_fail(err, -EINVAL,
			"flows %u: at most %u while the template fixes %s src; give it a range, "
			"such as src=A..B, or leave it out",
			flows, PORT_FLOWS, f->l3->def->name);
	if (v4 && !f->vary_ports && flows > ADDRESS_FLOWS)
		return xd_fail(err, -EINVAL,
			"flows %u: at most %u by IPv4 source alone; give a field a range, such as "
			"src=A..B",
			flows, ADDRESS_FLOWS);
	return 0;
}

/* Whether the flows that are asked for can differ at all. */
static int
check_flows(const struct xd_template_frame *f, struct xd_error *err)
{
	const struct xd_template_header *eth = xd_template_layer(f->t, 1);
	uint64_t last = f->build->first_flow + (uint64_t)f->build->flows * f->build->nb_to;

	if (f->build->flows == 0 || f->build->nb_to == 0)
		return xd_fail(err, -EINVAL, "flows %u to %u ports: at least one of each",
			f->build->flows, f->build->nb_to);
	if (last > XD_TAG_FLOWS_MAX)
		return xd_fail(err, -E2BIG, "flows %llu: at most %u of all ports together",
			(unsigned long long)last, XD_TAG_FLOWS_MAX);
	if (f->build->flows == 1 || xd_template_flows(f->t) > 1)
		return 0;
	if (f->build->flow_kind == XD_FLOW_L4)
		return check_l4_flows(f, err);
	if (is_free(eth, XD_OWN_SOURCE) ||
		(is_free(eth, XD_OWN_DESTINATION) && !f->build->broadcast))
		return 0;
	return xd_fail(err, -EINVAL,
		"flows %u: the template fixes eth src%s; give %s a range, such as src=A..B, or "
		"leave it out, or vary flows with --flow-kind l4",
		f->build->flows, f->build->broadcast ? "" : " and dst",
		f->build->broadcast ? "it" : "one of them");
}

/* Which size comes at each place of a round: each one's share of the places so far is as near to
 * its weight as it can be. */
static void
spread(const struct xd_size_mix *mix, uint64_t round, uint8_t *order)
{
	int64_t credit[XD_MIX_MAX] = {0};

	for (uint64_t i = 0; i < round; i++) {
		unsigned best = 0;

		for (unsigned k = 0; k < mix->n; k++) {
			credit[k] += mix->weight[k];
			if (credit[k] > credit[best])
				best = k;
		}
		credit[best] -= (int64_t)round;
		order[i] = (uint8_t)best;
	}
}

/* All flows once; each begins the round of sizes at another place, so that after `round` passes
 * each has had every size, and frames in a row have the mix. */
static int
add_pass(const struct xd_template_frame *f, const uint8_t *order, uint64_t round, uint64_t pass,
	uint8_t *bytes, struct xd_frame_list *list, struct xd_error *err)
{
	const struct xd_template_build *build = f->build;
	uint64_t at = pass;
	int rc = 0;

	for (uint32_t flow = 0; flow < build->flows; flow++) {
		for (unsigned d = 0; d < build->nb_to && !rc; d++, at++) {
			uint32_t len = build->mix->bytes[order[at % round]];
			struct xd_list_frame_opts opts = {
				.flow = build->first_flow + flow * build->nb_to + d};

			xd_template_frame_write(f, flow, d, bytes);
			xd_template_frame_complete(f, len, bytes, &opts);
			rc = xd_frame_list_add(list, bytes, len, &opts, err);
		}
	}
	return rc;
}

int
xd_template_build(const struct xd_template *t, const struct xd_template_build *build,
	struct xd_frame_list *list, struct xd_error *err)
{
	struct xd_template_frame f;
	uint64_t round, bytes;
	uint8_t *order, *scratch;
	int rc;

	xd_template_frame_init(&f, or_default(t), build);
	rc = check_sizes(&f, &round, &bytes, err);
	if (!rc)
		rc = check_flows(&f, err);
	if (!rc) {
		uint64_t all = (uint64_t)build->flows * build->nb_to;

		/* Bounded before they are multiplied; the list's own bounds are narrower. */
		rc = xd_frame_list_reserve(list, round > UINT32_MAX ? round : round * all,
			bytes > UINT32_MAX ? bytes : bytes * all, err);
	}
	if (rc)
		return rc;
	order = malloc(round);
	scratch = calloc(1, xd_template_frame_max(&f));
	if (!order || !scratch) {
		rc = xd_fail(err, -ENOMEM, "no memory for a round of %llu frames",
			(unsigned long long)round);
		goto out;
	}
	spread(build->mix, round, order);
	for (uint64_t pass = 0; pass < round && !rc; pass++)
		rc = add_pass(&f, order, round, pass, scratch, list, err);
out:
	free(order);
	free(scratch);
	return rc;
}
