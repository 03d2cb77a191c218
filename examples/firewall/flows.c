/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections as lines. */
#include "flows.h"

#include <arpa/inet.h>
#include <stdio.h>

static const char *
proto_name(uint8_t proto, char number[8])
{
	switch (proto) {
	case 1:
		return "icmp";
	case 6:
		return "tcp";
	case 17:
		return "udp";
	case 58:
		return "icmpv6";
	}
	snprintf(number, 8, "%u", proto);
	return number;
}

/* false: it goes on. */
static bool
print_flow(void *ctx, const struct xd_ct_record *r)
{
	const struct xd_ct_tuple *t = &r->original;
	const int family = t->ipv6 ? AF_INET6 : AF_INET;
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN], number[8];

	inet_ntop(family, t->src, src, sizeof(src));
	inet_ntop(family, t->dst, dst, sizeof(dst));
	printf("%s %s %u %s %u %s %u s", proto_name(t->proto, number), src, ntohs(t->src_port), dst,
		ntohs(t->dst_port),
		r->state[0]   ? r->state
		: r->answered ? "answered"
			      : "new",
		r->expires_s);
	if (*(const bool *)ctx)
		printf(" packets %llu %llu bytes %llu %llu", (unsigned long long)r->packets[0],
			(unsigned long long)r->packets[1], (unsigned long long)r->bytes[0],
			(unsigned long long)r->bytes[1]);
	printf("\n");
	return true;
}

void
flows_print(struct xd_ct *ct, bool counters, uint64_t now_ms)
{
	printf("%u flows\n", xd_ct_snapshot(ct, NULL, now_ms, print_flow, &counters));
}
