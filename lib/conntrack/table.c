/* SPDX-License-Identifier: BSD-3-Clause */
/* The tracker: made, set, counted. */
#include <errno.h>
#include <sys/random.h>

#include <rte_common.h>

#include "base/sized.h"
#include "conntrack/table.h"
#include "memory/memory.h"

#define MAX_CONNECTIONS (1u << 25)
#define MAX_TIMEOUT_S   2000000u
#define MIN_BUCKETS     64u
#define SHARD_RECORDS   64u /* at least */

/* TCP: RFC 5382, REQ-5; UDP: RFC 4787, REQ-5; ICMP: RFC 5508, REQ-2. */
static const uint32_t default_s[XD_CT_TIMEOUTS] = {
	[XD_CT_TIMEOUT_TCP_SYN_SENT] = 120,
	[XD_CT_TIMEOUT_TCP_SYN_RECV] = 60,
	[XD_CT_TIMEOUT_TCP_ESTABLISHED] = 432000,
	[XD_CT_TIMEOUT_TCP_FIN_WAIT] = 240,
	[XD_CT_TIMEOUT_TCP_CLOSE_WAIT] = 7440,
	[XD_CT_TIMEOUT_TCP_LAST_ACK] = 240,
	[XD_CT_TIMEOUT_TCP_TIME_WAIT] = 120,
	[XD_CT_TIMEOUT_TCP_CLOSE] = 10,
	[XD_CT_TIMEOUT_TCP_UNACKNOWLEDGED] = 300,
	[XD_CT_TIMEOUT_UDP] = 120,
	[XD_CT_TIMEOUT_UDP_REPLIED] = 180,
	[XD_CT_TIMEOUT_UDP_STREAM] = 300,
	[XD_CT_TIMEOUT_ICMP] = 60,
	[XD_CT_TIMEOUT_OTHER] = 600,
	[XD_CT_TIMEOUT_OTHER_REPLIED] = 600,
};

uint32_t
xd_ct_timeout_default(enum xd_ct_timeout which)
{
	return which < XD_CT_TIMEOUTS ? default_s[which] : 0;
}

/* Two tuples for each connection at most, and half full then. */
static uint32_t
buckets_for(uint32_t max)
{
	return rte_align32pow2(RTE_MAX(MIN_BUCKETS, max / (CT_WAYS / 4)));
}

/* Beside what is live: what has ended and waits for readers. */
static uint32_t
records_for(uint32_t max)
{
	return max + max / 16 + 1024 + 1;
}

static uint32_t
shards_for(uint32_t records)
{
	uint32_t n = CT_SHARDS;

	while (n > 1 && records / n < SHARD_RECORDS)
		n /= 2;
	return n;
}

struct area {
	void **at;
	size_t bytes;
};

#define AREAS 7

/* The last only of a table that counts. */
static void
areas_of(struct xd_ct *ct, bool counters, struct area area[AREAS])
{
	const size_t n = ct->nb_records;

	area[0] = (struct area){(void **)&ct->buckets, (ct->mask + 1ul) * sizeof(*ct->buckets)};
	area[1] = (struct area){(void **)&ct->conns, n * sizeof(*ct->conns)};
	area[2] = (struct area){(void **)&ct->addresses, n * sizeof(*ct->addresses)};
	area[3] = (struct area){(void **)&ct->infos, n * sizeof(*ct->infos)};
	area[4] = (struct area){(void **)&ct->zone_limit, CT_ZONES * sizeof(*ct->zone_limit)};
	area[5] = (struct area){(void **)&ct->zone_count, CT_ZONES * sizeof(*ct->zone_count)};
	area[6] = (struct area){(void **)&ct->counters, counters ? n * sizeof(*ct->counters) : 0};
}

static int
allocate(struct xd_ct *ct, const struct xd_ct_opts *o)
{
	struct area area[AREAS];

	areas_of(ct, o->counters, area);
	for (unsigned i = 0; i < AREAS && area[i].bytes; i++) {
		*area[i].at = xd_memory_alloc(area[i].bytes, o->node);
		if (*area[i].at == NULL)
			return -ENOMEM;
	}
	return 0;
}

static int
read_opts(const struct xd_ct_opts *opts, struct xd_ct_opts *o, struct xd_error *err)
{
	const uint32_t least = offsetof(struct xd_ct_opts, timeout_s);
	int ret = xd_sized_take(o, sizeof(*o), opts, least, "the tracker's options", err);

	if (ret < 0)
		return ret;
	if (o->max_connections < 1 || o->max_connections > MAX_CONNECTIONS)
		return xd_fail(err, -EINVAL, "max_connections %u: it must be from 1 to %u",
			o->max_connections, MAX_CONNECTIONS);
	for (unsigned i = 0; i < XD_CT_TIMEOUTS; i++) {
		if (o->timeout_s[i] > MAX_TIMEOUT_S)
			return xd_fail(err, -EINVAL, "timeout %u s: it must be up to %u",
				o->timeout_s[i], MAX_TIMEOUT_S);
	}
	return 0;
}

struct xd_ct *
xd_ct_create(const struct xd_ct_opts *opts, struct xd_error *err)
{
	struct xd_ct_opts o;
	struct xd_ct *ct;

	if (read_opts(opts, &o, err))
		return NULL;
	ct = xd_memory_alloc(sizeof(*ct), o.node);
	if (ct == NULL)
		goto err_memory;
	ct->max = o.max_connections;
	ct->mask = buckets_for(ct->max) - 1;
	ct->nb_records = records_for(ct->max);
	ct->nb_shards = shards_for(ct->nb_records);
	ct->tcp_liberal = o.tcp_liberal;
	ct->tcp_loose = o.tcp_loose;
	ct->epoch = 1;
	pthread_mutex_init(&ct->control, NULL);
	for (unsigned i = 0; i < XD_CT_TIMEOUTS; i++)
		ct->timeout_ms[i] = 1000 * (o.timeout_s[i] ? o.timeout_s[i] : default_s[i]);
	if (getrandom(ct->seed, sizeof(ct->seed), 0) != sizeof(ct->seed)) {
		xd_fail(err, -errno, "no random numbers from the kernel for connections: %m");
		goto err_ct;
	}
	if (allocate(ct, &o))
		goto err_ct_memory;
	xd_ct_records_init(ct);
	return ct;

err_ct:
	xd_ct_destroy(ct);
	return NULL;
err_ct_memory:
	xd_ct_destroy(ct);
err_memory:
	xd_fail(err, -ENOMEM, "no memory for %u connections; free some or lower max_connections",
		o.max_connections);
	return NULL;
}

void
xd_ct_destroy(struct xd_ct *ct)
{
	struct area area[AREAS];

	if (ct == NULL)
		return;
	pthread_mutex_destroy(&ct->control);
	areas_of(ct, ct->counters, area);
	for (unsigned i = 0; i < AREAS; i++)
		xd_memory_free(*area[i].at, area[i].bytes);
	xd_memory_free(ct, sizeof(*ct));
}

int
xd_ct_set_timeout(struct xd_ct *ct, enum xd_ct_timeout which, uint32_t seconds)
{
	if (which >= XD_CT_TIMEOUTS || seconds < 1 || seconds > MAX_TIMEOUT_S)
		return -EINVAL;
	ct_store(&ct->timeout_ms[which], 1000 * seconds);
	return 0;
}

void
xd_ct_set_zone_limit(struct xd_ct *ct, uint16_t zone, uint32_t limit)
{
	ct_store(&ct->zone_limit[zone], limit);
}

uint32_t
xd_ct_zone_count(const struct xd_ct *ct, uint16_t zone)
{
	return ct_load(&ct->zone_count[zone]);
}

static uint64_t
read_counter(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

void
xd_ct_stats(const struct xd_ct *ct, struct xd_ct_stats *stats)
{
	struct area area[AREAS];

	*stats = (struct xd_ct_stats){
		.connections = ct_load(&ct->count),
		.max_connections = ct->max,
		.committed = read_counter(&ct->committed),
		.expired = read_counter(&ct->expired),
		.flushed = read_counter(&ct->flushed),
		.evicted = read_counter(&ct->evicted),
		.full = read_counter(&ct->full),
		.limited = read_counter(&ct->limited),
		.exhausted = read_counter(&ct->exhausted),
		.bytes = sizeof(*ct),
	};
	areas_of((struct xd_ct *)(uintptr_t)ct, ct->counters, area);
	for (unsigned i = 0; i < AREAS; i++)
		stats->bytes += area[i].bytes;
}
