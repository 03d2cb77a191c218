/* SPDX-License-Identifier: BSD-3-Clause */
/* The table itself: made, copied, listed, counted. */
#include "fdb/fdb.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include <rte_common.h>

#include "fdb/fdb_private.h"
#include "memory/memory.h"

#define MAC_LIMIT_MAX (1u << 24)
#define MOVED_MAX     (1u << 15) /* buckets */

/* Of the side table: a quarter of the table at its largest, but a bucket for each stripe. */
static uint8_t
moved_bits_for(uint32_t nb_buckets)
{
	uint32_t n = RTE_MAX(nb_buckets / 4, (uint32_t)XD_FDB_STRIPES);

	return (uint8_t)__builtin_ctz(RTE_MIN(n, MOVED_MAX));
}

static size_t
moved_bytes(const struct xd_fdb *fdb)
{
	return sizeof(struct xd_fdb_bucket) << fdb->moved_bits;
}

struct xd_fdb *
xd_fdb_create(const struct xd_fdb_opts *opts, struct xd_error *err)
{
	struct xd_fdb *fdb;
	uint32_t nb_buckets;

	if (opts->mac_limit < 1 || opts->mac_limit > MAC_LIMIT_MAX) {
		xd_fail(err, -EINVAL, "mac_limit %u: it must be from 1 to %u", opts->mac_limit,
			MAC_LIMIT_MAX);
		return NULL;
	}
	if (opts->ageing_s < 1) {
		xd_fail(err, -EINVAL, "ageing_s 0: it must be at least 1");
		return NULL;
	}
	nb_buckets = xd_fdb_buckets_for(opts->mac_limit);

	fdb = xd_memory_alloc(sizeof(*fdb), opts->node);
	if (fdb == NULL)
		goto err_memory;
	fdb->size = fdb->room = XD_FDB_BUCKETS_MIN;
	fdb->mask = fdb->size - 1;
	fdb->most = nb_buckets;
	fdb->call = opts->wanted;
	fdb->call_ctx = opts->ctx;
	fdb->ageing_s = opts->ageing_s;
	fdb->mac_limit = opts->mac_limit;
	for (unsigned port = 0; port < XD_MAX_PORTS; port++)
		fdb->generation[port] = 1;
	if (getrandom(fdb->seed, sizeof(fdb->seed), 0) != sizeof(fdb->seed)) {
		xd_fail(err, -errno, "no random numbers from the kernel for the address table: %m");
		goto err_fdb;
	}
	if (!xd_growing_init(&fdb->memory, nb_buckets * sizeof(struct xd_fdb_bucket), opts->node))
		goto err_table;
	fdb->buckets = (struct xd_fdb_bucket *)(void *)fdb->memory.base;
	fdb->ready = (uint32_t)(fdb->memory.ready / sizeof(struct xd_fdb_bucket));
	fdb->moved_bits = moved_bits_for(nb_buckets);
	fdb->moved = xd_memory_alloc(moved_bytes(fdb), opts->node);
	if (fdb->moved == NULL)
		goto err_moved;
	return fdb;

err_moved:
	xd_growing_fini(&fdb->memory);
err_table:
	xd_memory_free(fdb, sizeof(*fdb));
err_memory:
	xd_fail(err, -ENOMEM, "no memory for an address table; free some or lower mac_limit (%u)",
		opts->mac_limit);
	return NULL;
err_fdb:
	xd_memory_free(fdb, sizeof(*fdb));
	return NULL;
}

void
xd_fdb_destroy(struct xd_fdb *fdb)
{
	if (fdb == NULL)
		return;
	free(fdb->statics);
	xd_memory_free(fdb->moved, moved_bytes(fdb));
	xd_growing_fini(&fdb->memory);
	xd_memory_free(fdb, sizeof(*fdb));
}

void
xd_fdb_set_ageing(struct xd_fdb *fdb, uint32_t ageing_s)
{
	__atomic_store_n(&fdb->ageing_s, ageing_s, __ATOMIC_RELAXED);
}

void
xd_fdb_set_port_limit(struct xd_fdb *fdb, uint16_t port, uint32_t limit)
{
	if (port < XD_MAX_PORTS)
		__atomic_store_n(&fdb->ports[port].limit, limit, __ATOMIC_RELAXED);
}

void
xd_fdb_copy(struct xd_fdb *dst, const struct xd_fdb *src)
{
	xd_fdb_copy_static(dst, src);
	for (uint32_t b = 0; b < xd_fdb_size(src); b++) {
		for (unsigned i = 0; i < XD_FDB_WAYS; i++) {
			struct xd_fdb_entry e = xd_fdb_load(&src->buckets[b].entries[i]);

			if (xd_fdb_entry_live(src, e) && !xd_fdb_entry_is_static(e))
				xd_fdb_learn_slow(dst, e.key, xd_fdb_hash(dst, e.key),
					xd_fdb_entry_port(e), xd_fdb_entry_seen_s(e));
		}
		xd_fdb_prepare(dst);
	}
}

static struct xd_fdb_record
record_of(struct xd_fdb_entry e, uint32_t now_s)
{
	int32_t age_s = (int32_t)(now_s - xd_fdb_entry_seen_s(e));
	struct xd_fdb_record record = {
		.vlan = (uint16_t)(e.key >> 48),
		.port = xd_fdb_entry_port(e),
		.age_s = age_s > 0 ? (uint32_t)age_s : 0,
		.is_static = xd_fdb_entry_is_static(e),
	};

	for (unsigned i = 0; i < sizeof(record.mac); i++)
		record.mac[i] = (uint8_t)(e.key >> (8 * i));
	return record;
}

uint32_t
xd_fdb_walk(const struct xd_fdb *fdb, uint32_t now_s, uint32_t place,
	bool (*fn)(void *ctx, const struct xd_fdb_record *record), void *ctx)
{
	for (uint32_t b = place / XD_FDB_WAYS; b < xd_fdb_size(fdb); b++) {
		for (unsigned i = place % XD_FDB_WAYS; i < XD_FDB_WAYS; i++) {
			struct xd_fdb_entry e = xd_fdb_load(&fdb->buckets[b].entries[i]);
			struct xd_fdb_record record;

			if (!xd_fdb_entry_live(fdb, e))
				continue;
			record = record_of(e, now_s);
			if (!fn(ctx, &record))
				return b * XD_FDB_WAYS + i;
		}
		place = 0;
	}
	return XD_FDB_END;
}

void
xd_fdb_foreach(const struct xd_fdb *fdb, uint32_t now_s,
	bool (*fn)(void *ctx, const struct xd_fdb_record *record), void *ctx)
{
	xd_fdb_walk(fdb, now_s, 0, fn, ctx);
}

uint32_t
xd_fdb_count(const struct xd_fdb *fdb)
{
	return __atomic_load_n(&fdb->count, __ATOMIC_RELAXED);
}

uint32_t
xd_fdb_count_port(const struct xd_fdb *fdb, uint16_t port)
{
	return port < XD_MAX_PORTS ? __atomic_load_n(&fdb->ports[port].count, __ATOMIC_RELAXED) : 0;
}

uint64_t
xd_fdb_moves(const struct xd_fdb *fdb)
{
	return __atomic_load_n(&fdb->moves, __ATOMIC_RELAXED);
}

uint64_t
xd_fdb_not_learned_port(const struct xd_fdb *fdb, uint16_t port)
{
	return port < XD_MAX_PORTS
		       ? __atomic_load_n(&fdb->ports[port].not_learned, __ATOMIC_RELAXED)
		       : 0;
}

uint64_t
xd_fdb_not_learned(const struct xd_fdb *fdb)
{
	uint64_t sum = fdb->not_learned;

	for (uint16_t port = 0; port < XD_MAX_PORTS; port++)
		sum += xd_fdb_not_learned_port(fdb, port);
	return sum;
}

uint64_t
xd_fdb_damped_port(const struct xd_fdb *fdb, uint16_t port)
{
	return port < XD_MAX_PORTS ? __atomic_load_n(&fdb->ports[port].damped, __ATOMIC_RELAXED)
				   : 0;
}

uint64_t
xd_fdb_damped(const struct xd_fdb *fdb)
{
	uint64_t sum = fdb->damped;

	for (uint16_t port = 0; port < XD_MAX_PORTS; port++)
		sum += xd_fdb_damped_port(fdb, port);
	return sum;
}

uint64_t
xd_fdb_bytes(const struct xd_fdb *fdb)
{
	const uint32_t size = xd_fdb_size(fdb);
	const uint32_t ready = __atomic_load_n(&fdb->ready, __ATOMIC_RELAXED);
	const bool small = ready * sizeof(struct xd_fdb_bucket) <= XD_GROWING_FIRST;

	return sizeof(*fdb) + (small ? size : ready) * sizeof(struct xd_fdb_bucket) +
	       moved_bytes(fdb);
}
