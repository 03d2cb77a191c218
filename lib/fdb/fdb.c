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
#define MIN_BUCKETS   64u

/* Half full at its limit: then two displacements find a place for practically every key. */
static uint32_t
buckets_for(uint32_t mac_limit)
{
	return rte_align32pow2(RTE_MAX(MIN_BUCKETS, mac_limit / (XD_FDB_WAYS / 2)));
}

static size_t
table_bytes(const struct xd_fdb *fdb)
{
	return ((size_t)fdb->mask + 1) * sizeof(struct xd_fdb_bucket);
}

/* A quarter of the table, but a bucket for each stripe. */
static uint8_t
moved_bits_for(uint32_t nb_buckets)
{
	return (uint8_t)__builtin_ctz(RTE_MAX(nb_buckets / 4, (uint32_t)XD_FDB_STRIPES));
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
	nb_buckets = buckets_for(opts->mac_limit);

	fdb = xd_memory_alloc(sizeof(*fdb), opts->node);
	if (fdb == NULL)
		goto err_memory;
	fdb->mask = nb_buckets - 1;
	fdb->ageing_s = opts->ageing_s;
	fdb->mac_limit = opts->mac_limit;
	for (unsigned port = 0; port < XD_MAX_PORTS; port++)
		fdb->generation[port] = 1;
	if (getrandom(fdb->seed, sizeof(fdb->seed), 0) != sizeof(fdb->seed)) {
		xd_fail(err, -errno, "no random numbers from the kernel for the address table: %m");
		goto err_fdb;
	}
	fdb->buckets = xd_memory_alloc(table_bytes(fdb), opts->node);
	if (fdb->buckets == NULL)
		goto err_table;
	fdb->moved_bits = moved_bits_for(nb_buckets);
	fdb->moved = xd_memory_alloc(moved_bytes(fdb), opts->node);
	if (fdb->moved == NULL)
		goto err_moved;
	return fdb;

err_moved:
	xd_memory_free(fdb->buckets, table_bytes(fdb));
err_table:
	xd_memory_free(fdb, sizeof(*fdb));
err_memory:
	xd_fail(err, -ENOMEM,
		"no memory for an address table of %zu KiB; free some or lower mac_limit",
		(size_t)nb_buckets * sizeof(struct xd_fdb_bucket) / 1024);
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
	xd_memory_free(fdb->buckets, table_bytes(fdb));
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
	for (uint32_t b = 0; b <= src->mask; b++) {
		for (unsigned i = 0; i < XD_FDB_WAYS; i++) {
			struct xd_fdb_entry e = xd_fdb_load(&src->buckets[b].entries[i]);

			if (xd_fdb_entry_live(src, e) && !xd_fdb_entry_is_static(e))
				xd_fdb_learn_slow(dst, e.key, xd_fdb_hash(dst, e.key),
					xd_fdb_entry_port(e), xd_fdb_entry_seen_s(e));
		}
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
	for (uint32_t b = place / XD_FDB_WAYS; b <= fdb->mask; b++) {
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
	return sizeof(*fdb) + table_bytes(fdb) + moved_bytes(fdb);
}
