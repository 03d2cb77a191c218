/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of headers and their fields: where each lies, and what it is when a template does not
 * say. */
#include "traffic/frames/template_header.h"

#define NUMBER(name, bit, bits, preset)                                                            \
	{                                                                                          \
		name, XD_FIELD_NUMBER, XD_OWN_PRESET, bit, bits, preset                            \
	}

/* Bits of the tag protocol identifier, which comes first, count. */
#define TAG_FIELDS                                                                                 \
	{                                                                                          \
		NUMBER("id", 20, 12, 1), NUMBER("pcp", 16, 3, 0), NUMBER("dei", 19, 1, 0)          \
	}

#define EXPERIMENT   253    /* protocol for experiments, RFC 3692 */
#define LOCAL_TYPE   0x88b5 /* ethertype for local experiments, IEEE 802 */
#define ECHO_REQUEST 8      /* RFC 792; ICMPv6's is told apart when frames are built */
#define SOURCE_PORT  0x4000
#define DISCARD      9 /* RFC 863 */
#define TCP_ACK      0x10
#define TCP_WINDOW   0xffff
#define HOPS         64

const struct xd_header_def xd_header_defs[XD_HEADER_KINDS] = {
	[XD_HEADER_ETH] =
		{
			"eth",
			XD_HEADER_ETH,
			1,
			12,
			{
				{"dst", XD_FIELD_MAC, XD_OWN_DESTINATION, 0, 48, 0},
				{"src", XD_FIELD_MAC, XD_OWN_SOURCE, 48, 48, 0},
				/* Lies behind the tags: its bits are not of this header. */
				{"type", XD_FIELD_HEX, XD_OWN_NEXT, 0, 16, LOCAL_TYPE},
			},
		},
	[XD_HEADER_VLAN] = {"vlan", XD_HEADER_VLAN, 2, 4, TAG_FIELDS},
	[XD_HEADER_SVLAN] = {"svlan", XD_HEADER_SVLAN, 2, 4, TAG_FIELDS},
	[XD_HEADER_IPV4] =
		{
			"ipv4",
			XD_HEADER_IPV4,
			3,
			20,
			{
				{"src", XD_FIELD_IPV4, XD_OWN_SOURCE, 96, 32, 0},
				{"dst", XD_FIELD_IPV4, XD_OWN_DESTINATION, 128, 32, 0},
				NUMBER("tos", 8, 8, 0),
				NUMBER("ttl", 64, 8, HOPS),
				NUMBER("id", 32, 16, 0),
				{"proto", XD_FIELD_NUMBER, XD_OWN_NEXT, 72, 8, EXPERIMENT},
			},
		},
	[XD_HEADER_IPV6] =
		{
			"ipv6",
			XD_HEADER_IPV6,
			3,
			40,
			{
				{"src", XD_FIELD_IPV6, XD_OWN_SOURCE, 64, 128, 0},
				{"dst", XD_FIELD_IPV6, XD_OWN_DESTINATION, 192, 128, 0},
				NUMBER("tc", 4, 8, 0),
				NUMBER("hop", 56, 8, HOPS),
				NUMBER("flow", 12, 20, 0),
				{"proto", XD_FIELD_NUMBER, XD_OWN_NEXT, 48, 8, EXPERIMENT},
			},
		},
	[XD_HEADER_UDP] =
		{
			"udp",
			XD_HEADER_UDP,
			4,
			8,
			{
				{"sport", XD_FIELD_NUMBER, XD_OWN_SOURCE_PORT, 0, 16, SOURCE_PORT},
				NUMBER("dport", 16, 16, DISCARD),
			},
		},
	[XD_HEADER_TCP] =
		{
			"tcp",
			XD_HEADER_TCP,
			4,
			20,
			{
				{"sport", XD_FIELD_NUMBER, XD_OWN_SOURCE_PORT, 0, 16, SOURCE_PORT},
				NUMBER("dport", 16, 16, DISCARD),
				NUMBER("seq", 32, 32, 1),
				NUMBER("ack", 64, 32, 0),
				{"flags", XD_FIELD_TCP_FLAGS, XD_OWN_PRESET, 104, 8, TCP_ACK},
				NUMBER("window", 112, 16, TCP_WINDOW),
			},
		},
	[XD_HEADER_ICMP] =
		{
			"icmp",
			XD_HEADER_ICMP,
			4,
			8,
			{
				{"type", XD_FIELD_NUMBER, XD_OWN_NEXT, 0, 8, ECHO_REQUEST},
				NUMBER("code", 8, 8, 0),
				NUMBER("id", 32, 16, 0),
				NUMBER("seq", 48, 16, 0),
			},
		},
};

const struct xd_template xd_template_default = {
	.n = 3,
	.headers =
		{
			{.def = &xd_header_defs[XD_HEADER_ETH]},
			{.def = &xd_header_defs[XD_HEADER_IPV4]},
			{.def = &xd_header_defs[XD_HEADER_UDP]},
		},
};

const struct xd_template_header *
xd_template_layer(const struct xd_template *t, unsigned layer)
{
	for (unsigned i = 0; i < t->n; i++)
		if (t->headers[i].def->layer == layer)
			return &t->headers[i];
	return NULL;
}
