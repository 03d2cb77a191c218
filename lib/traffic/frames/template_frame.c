/* SPDX-License-Identifier: BSD-3-Clause */
/* The headers of one flow's frame as bytes: values of fields, what is left to the generator, and
 * then lengths and checksums. */
#include <arpa/inet.h>
#include <string.h>

#include "base/bytes.h"
#include "traffic/frames/sum.h"
#include "traffic/frames/template_frame.h"

#define TYPE_BYTES 2 /* Ethernet's type, behind the tags */
#define TYPE_VLAN  0x8100
#define TYPE_SVLAN 0x88a8
#define TYPE_IPV4  0x0800
#define TYPE_IPV6  0x86dd

#define PROTO_ICMP   1
#define PROTO_TCP    6
#define PROTO_UDP    17
#define PROTO_ICMPV6 58
#define ECHO_V6      128 /* RFC 4443 */

#define MAC_PREFIX  0x0258ull /* locally administered, unicast; a port and a flow follow */
#define PORTS_SHIFT 14        /* that many bits of the flow go into the UDP or TCP source port */
#define PORTS_MASK  ((1u << PORTS_SHIFT) - 1)

/* The bits are zero before. */
static void
put_bits(uint8_t *bytes, unsigned bit, unsigned bits, xd_field_number value)
{
	for (unsigned end = bit + bits; end > bit;) {
		unsigned shift = 7 - (end - 1) % 8;
		unsigned n = 8 - shift < end - bit ? 8 - shift : end - bit;

		bytes[(end - 1) / 8] |= (uint8_t)(((unsigned)value & ((1u << n) - 1)) << shift);
		value >>= n;
		end -= n;
	}
}

static bool
is_given(const struct xd_template_header *h, const char *name)
{
	if (!h)
		return true; /* is not there to be varied */
	for (unsigned i = 0; h->def->fields[i].name; i++)
		if (!strcmp(h->def->fields[i].name, name))
			return h->values[i].given;
	return true;
}

static bool
any_varies(const struct xd_template *t)
{
	for (unsigned h = 0; h < t->n; h++)
		for (unsigned i = 0; i < XD_TEMPLATE_FIELDS_MAX; i++)
			if (t->headers[h].values[i].given && t->headers[h].values[i].count > 1)
				return true;
	return false;
}

void
xd_template_frame_init(struct xd_template_frame *f, const struct xd_template *t,
	const struct xd_template_build *build)
{
	uint16_t at = 0;

	memset(f, 0, sizeof(*f));
	f->t = t;
	f->build = build;
	f->l3 = xd_template_layer(t, 3);
	f->l4 = xd_template_layer(t, 4);
	for (unsigned i = 0; i < t->n && t->headers[i].def->layer < 3; i++)
		at = (uint16_t)(at + t->headers[i].def->bytes);
	f->l3_at = at + TYPE_BYTES;
	f->l4_at = (uint16_t)(f->l3_at + (f->l3 ? f->l3->def->bytes : 0));
	f->payload_at = (uint16_t)(f->l4_at + (f->l4 ? f->l4->def->bytes : 0));
	if (!build || build->flows < 2 || any_varies(t))
		return;
	f->vary_macs = build->flow_kind == XD_FLOW_MAC;
	if (build->flow_kind == XD_FLOW_L4) {
		f->vary_addresses = !is_given(f->l3, "src");
		f->vary_ports = !is_given(f->l4, "sport");
	}
}

uint32_t
xd_template_frame_max(const struct xd_template_frame *f)
{
	uint32_t beside = f->l3 && f->l3->def->kind == XD_HEADER_IPV6 ? f->l3->def->bytes : 0;

	return f->l3_at + beside + UINT16_MAX;
}

/* Of port's address for a flow: what follows the part that names the port. */
static uint32_t
host_of(const struct xd_template_frame *f, uint32_t flow, bool source)
{
	if (!source || !f->vary_addresses)
		return 1;
	return 1 + (f->vary_ports ? flow >> PORTS_SHIFT : flow);
}

static xd_field_number
own_address(const struct xd_template_frame *f, enum xd_field_kind kind, uint32_t flow, unsigned d,
	bool source)
{
	uint8_t port = source ? f->build->from : f->build->to[d];

	switch (kind) {
	case XD_FIELD_MAC:
		if (!source && f->build->broadcast)
			return (1ull << 48) - 1;
		return MAC_PREFIX << 32 | xd_stream_mac_low(port, f->vary_macs ? flow : 0);
	case XD_FIELD_IPV4:
		return 10u << 24 | (uint32_t)port << 16 | host_of(f, flow, source);
	default: /* fd58::PORT:0:HOST: unique local (RFC 4193) */
		return (xd_field_number)0xfd58 << 112 | (xd_field_number)port << 32 |
		       host_of(f, flow, source);
	}
}

static uint16_t
next_proto(const struct xd_template_frame *f, uint32_t preset)
{
	if (!f->l4)
		return (uint16_t)preset;
	switch (f->l4->def->kind) {
	case XD_HEADER_UDP:
		return PROTO_UDP;
	case XD_HEADER_TCP:
		return PROTO_TCP;
	default:
		return f->l3->def->kind == XD_HEADER_IPV6 ? PROTO_ICMPV6 : PROTO_ICMP;
	}
}

/* Of XD_OWN_NEXT. */
static uint16_t
next_value(const struct xd_template_frame *f, enum xd_header_kind kind, uint32_t preset)
{
	bool v6 = f->l3 && f->l3->def->kind == XD_HEADER_IPV6;

	switch (kind) {
	case XD_HEADER_ETH:
		if (!f->l3)
			return (uint16_t)preset;
		return v6 ? TYPE_IPV6 : TYPE_IPV4;
	case XD_HEADER_ICMP:
		return v6 ? ECHO_V6 : (uint16_t)preset;
	default:
		return next_proto(f, preset);
	}
}

static xd_field_number
value_of(const struct xd_template_frame *f, const struct xd_template_header *h, unsigned field,
	uint32_t flow, unsigned d)
{
	const struct xd_template_value *value = &h->values[field];
	const struct xd_field_def *def = &h->def->fields[field];

	if (value->given)
		return value->first + flow % value->count * value->step;
	switch (def->own) {
	case XD_OWN_NEXT:
		return next_value(f, h->def->kind, def->preset);
	case XD_OWN_SOURCE:
		return own_address(f, def->kind, flow, d, true);
	case XD_OWN_DESTINATION:
		return own_address(f, def->kind, flow, d, false);
	case XD_OWN_SOURCE_PORT:
		return def->preset + (f->vary_ports ? flow & PORTS_MASK : 0);
	default:
		return def->preset;
	}
}

/* What is the same in every header of a kind. */
static void
put_fixed(enum xd_header_kind kind, uint8_t *bytes)
{
	switch (kind) {
	case XD_HEADER_VLAN:
		xd_put16(bytes, TYPE_VLAN);
		break;
	case XD_HEADER_SVLAN:
		xd_put16(bytes, TYPE_SVLAN);
		break;
	case XD_HEADER_IPV4:
		bytes[0] = 0x45; /* version 4, 20 bytes */
		bytes[6] = 0x40; /* don't fragment */
		break;
	case XD_HEADER_IPV6:
		bytes[0] = 0x60;
		break;
	case XD_HEADER_TCP:
		bytes[12] = 0x50; /* 20 bytes */
		break;
	default:
		break;
	}
}

void
xd_template_frame_write(
	const struct xd_template_frame *f, uint32_t flow, unsigned d, uint8_t *bytes)
{
	uint8_t *at = bytes;

	memset(bytes, 0, f->payload_at);
	for (unsigned i = 0; i < f->t->n; i++) {
		const struct xd_template_header *h = &f->t->headers[i];

		if (at == bytes + f->l3_at - TYPE_BYTES)
			at += TYPE_BYTES;
		put_fixed(h->def->kind, at);
		for (unsigned k = 0; h->def->fields[k].name; k++) {
			const struct xd_field_def *def = &h->def->fields[k];
			bool type = h->def->kind == XD_HEADER_ETH && def->own == XD_OWN_NEXT;

			put_bits(type ? bytes + f->l3_at - TYPE_BYTES : at, def->bit, def->bits,
				value_of(f, h, k, flow, d));
		}
		at += h->def->bytes;
	}
}

void
xd_template_frame_complete(const struct xd_template_frame *f, uint32_t len, uint8_t *bytes,
	struct xd_list_frame_opts *opts)
{
	bool v4 = f->l3 && f->l3->def->kind == XD_HEADER_IPV4;
	uint8_t *l3 = bytes + f->l3_at, *l4 = bytes + f->l4_at;
	uint16_t sum;

	if (v4) {
		xd_put16(l3 + 2, len - f->l3_at);
		memset(l3 + 10, 0, 2);
		sum = (uint16_t)~xd_sum(l3, f->l3->def->bytes, 0);
		memcpy(l3 + 10, &sum, sizeof(sum));
	} else if (f->l3) {
		xd_put16(l3 + 4, len - f->l4_at);
	}
	opts->payload_at = f->payload_at;
	if (!f->l4)
		return;
	opts->l4_at = f->l4_at;
	opts->pseudo = xd_sum(l3 + (v4 ? 12 : 8), v4 ? 8 : 32,
		(uint32_t)htons(next_proto(f, 0)) + htons((uint16_t)(len - f->l4_at)));
	switch (f->l4->def->kind) {
	case XD_HEADER_UDP:
		xd_put16(l4 + 4, len - f->l4_at);
		opts->csum_at = f->l4_at + 6;
		break;
	case XD_HEADER_TCP:
		opts->csum_at = f->l4_at + 16;
		break;
	default:
		opts->csum_at = f->l4_at + 2;
		if (v4) /* RFC 792: no pseudo header; RFC 4443: one */
			opts->pseudo = 0;
		break;
	}
}
