/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The XDP program: which frames go to the switch, and which to the kernel. It is compiled for the
 * kernel's machine (clang -target bpf) and embedded in the library.
 *
 * It decides by the frame's first bytes alone. A frame that it cannot read, because it is cut or
 * its headers are unusual (IPv4 fragments and options, IPv6 extension headers), matches only rules
 * on what it can read. Without CAP_PERFMON the kernel takes no program that reads behind headers of
 * any length.
 */
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "drivers/af_xdp/steer_map.h"

#define TYPE_IPV4  0x0800
#define TYPE_ARP   0x0806
#define TYPE_IPV6  0x86dd
#define TYPE_VLAN  0x8100
#define TYPE_QINQ  0x88a8
#define TAGS_MAX   2
#define PROTO_TCP  6
#define PROTO_UDP  17
#define PROTO_ND   58  /* ICMPv6 (RFC 4443) */
#define ND_SOLICIT 135 /* neighbour solicitation: RFC 4861, 4.3 */

struct ethernet {
	__u8 dst[6];
	__u8 src[6];
	__be16 type;
};

struct tag {
	__be16 tci;
	__be16 type;
};

struct arp {
	__u8 fixed[24];
	__u8 target[4];
};

struct ipv4 {
	__u8 version_ihl;
	__u8 tos;
	__be16 len;
	__be16 id;
	__be16 fragment;
	__u8 ttl;
	__u8 proto;
	__be16 checksum;
	__u8 addresses[8];
};

struct ipv6 {
	__u8 first[6];
	__u8 proto;
	__u8 hops;
	__u8 addresses[32];
};

struct ports {
	__u8 src[2];
	__u8 dst[2];
};

struct solicitation {
	__u8 type;
	__u8 code;
	__be16 checksum;
	__u8 reserved[4];
	__u8 target[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, XD_STEER_SOCKETS);
	__type(key, __u32);
	__type(value, __u32);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct xd_steer);
} steer SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, XD_STEER_RULES);
	__type(key, struct xd_steer_key);
	__type(value, __u8);
} rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, XD_STEER_COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

/* A frame being looked at: what is not read yet. */
struct look {
	void *at, *end;
	const struct xd_steer *steer;
	__u32 whose;
};

/* Whether the frame goes on with a header of that size. Not told by a NULL, which programs that are
 * loaded without CAP_PERFMON may not compare with. */
#define HAS(look, header) ((void *)((header) + 1) <= (look)->end)

static __always_inline void
count(__u32 counter)
{
	__u64 *n = bpf_map_lookup_elem(&counters, &counter);

	if (n)
		++*n;
}

/* Whether the frame matches a rule of this kind. */
static __always_inline void
match(struct look *l, enum xd_steer_kind kind, const void *value, __u32 bytes)
{
	struct xd_steer_key key = {.set = (__u8)l->steer->set, .kind = (__u8)kind};
	__u8 *whose;

	if (!(l->steer->kinds & 1u << kind))
		return;
	__builtin_memcpy(key.value, value, bytes);
	whose = bpf_map_lookup_elem(&rules, &key);
	if (whose && *whose < l->whose)
		l->whose = *whose;
}

static __always_inline void
match_ports(struct look *l, __u8 proto)
{
	const struct ports *ports = l->at;

	if ((proto == PROTO_TCP || proto == PROTO_UDP) && HAS(l, ports))
		match(l, proto == PROTO_TCP ? XD_STEER_TCP : XD_STEER_UDP, ports->dst,
			sizeof(ports->dst));
}

static __always_inline void
match_ipv4(struct look *l)
{
	const struct ipv4 *ip = l->at;

	/* Of a fragment but the first there are no ports: RFC 791, 3.1. */
	if (!HAS(l, ip) || ip->fragment & bpf_htons(0x1fff) || ip->version_ihl != 0x45)
		return;
	l->at += sizeof(*ip);
	match_ports(l, ip->proto);
}

static __always_inline void
match_ipv6(struct look *l)
{
	const struct ipv6 *ip = l->at;
	const struct solicitation *nd = (const void *)(ip + 1);

	if (!HAS(l, ip))
		return;
	l->at += sizeof(*ip);
	if (ip->proto != PROTO_ND)
		match_ports(l, ip->proto);
	else if (HAS(l, nd) && nd->type == ND_SOLICIT)
		match(l, XD_STEER_ND, nd->target, sizeof(nd->target));
}

static __always_inline void
match_arp(struct look *l)
{
	const struct arp *arp = l->at;

	if (HAS(l, arp))
		match(l, XD_STEER_ARP, arp->target, sizeof(arp->target));
}

/* Behind the tags, the EtherType. */
static __always_inline __be16
match_tags(struct look *l, __be16 type)
{
	for (int i = 0; i < TAGS_MAX; i++) {
		const struct tag *tag = l->at;
		__be16 vid;

		if (!(type == bpf_htons(TYPE_VLAN) || type == bpf_htons(TYPE_QINQ)) || !HAS(l, tag))
			break;
		l->at += sizeof(*tag);
		vid = tag->tci & bpf_htons(0xfff);
		if (i == 0)
			match(l, XD_STEER_VLAN, &vid, sizeof(vid));
		type = tag->type;
	}
	return type;
}

static __always_inline void
match_all(struct look *l)
{
	const struct ethernet *eth = l->at;
	__be16 type;

	if (!HAS(l, eth))
		return;
	l->at += sizeof(*eth);
	match(l, XD_STEER_MAC, eth->dst, sizeof(eth->dst));
	type = match_tags(l, eth->type);
	match(l, XD_STEER_ETHERTYPE, &type, sizeof(type));
	if (type == bpf_htons(TYPE_IPV4))
		match_ipv4(l);
	else if (type == bpf_htons(TYPE_IPV6))
		match_ipv6(l);
	else if (type == bpf_htons(TYPE_ARP))
		match_arp(l);
}

SEC("xdp")
int
xd_steer(struct xdp_md *ctx)
{
	struct look l = {.at = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
		.whose = XD_STEER_REST};
	const __u32 zero = 0;

	l.steer = bpf_map_lookup_elem(&steer, &zero);
	if (!l.steer)
		return XDP_PASS;
	if (l.steer->kinds)
		match_all(&l);
	if (l.whose == XD_STEER_REST)
		l.whose = l.steer->rest_is_switch ? XD_STEER_TAKE : XD_STEER_OWN;
	if (l.whose != XD_STEER_TAKE) {
		count(XD_STEER_PASSED);
		return XDP_PASS;
	}
	if (bpf_redirect_map(&sockets, ctx->rx_queue_index, XDP_PASS) == XDP_REDIRECT) {
		count(XD_STEER_REDIRECTED);
		return XDP_REDIRECT;
	}
	count(XD_STEER_NO_SOCKET);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
