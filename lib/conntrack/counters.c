/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets and bytes of connections: in an array of their own, which only those touch that count. */
#include "conntrack/index.h"

static bool
is_counted(const struct xd_ct_packet *p)
{
	/* An error about a connection's frame is none of its frames. */
	return p->known && p->state != XD_CT_RELATED;
}

static void
add(struct ct_counters *c, int d, uint64_t packets, uint64_t bytes)
{
	__atomic_fetch_add(&c->packets[d], packets, __ATOMIC_RELAXED);
	__atomic_fetch_add(&c->bytes[d], bytes, __ATOMIC_RELAXED);
}

void
xd_ct_count(struct xd_ct *ct, unsigned worker, const struct xd_ct_packet *p, uint32_t which)
{
	uint64_t packets = 0, bytes = 0;
	uint32_t conn = CT_NONE;
	int d = 0;

	if (ct->counters == NULL)
		return;
	for (uint32_t left = which; left; left &= left - 1)
		__builtin_prefetch(&ct->counters[p[__builtin_ctz(left)].conn], 1);
	ct_enter(ct, worker);
	for (uint32_t left = which; left; left &= left - 1) {
		const struct xd_ct_packet *now = &p[__builtin_ctz(left)];

		if (!is_counted(now))
			continue;
		/* A burst is mostly of few connections: what belongs together is added at once. */
		if (now->conn != conn || now->reply != d) {
			if (conn)
				add(&ct->counters[conn], d, packets, bytes);
			conn = ct_record_of(ct, now);
			d = now->reply;
			packets = bytes = 0;
		}
		packets++;
		bytes += now->bytes;
	}
	if (conn)
		add(&ct->counters[conn], d, packets, bytes);
	ct_leave(ct, worker);
}

void
xd_ct_counters_read(const struct xd_ct *ct, uint32_t conn, struct xd_ct_record *r)
{
	for (int d = 0; d < 2; d++) {
		r->packets[d] = r->bytes[d] = 0;
		if (ct->counters == NULL)
			continue;
		r->packets[d] = __atomic_load_n(&ct->counters[conn].packets[d], __ATOMIC_RELAXED);
		r->bytes[d] = __atomic_load_n(&ct->counters[conn].bytes[d], __ATOMIC_RELAXED);
	}
}
