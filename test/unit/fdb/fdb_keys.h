/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses for tests of the FDB, learned and looked up as workers do. */
#ifndef FDB_KEYS_H
#define FDB_KEYS_H

#include <stdint.h>

#include "fdb/fdb.h"

/* 02:00:00:xx:xx:xx. */
static inline uint64_t
key_of(uint32_t n, uint16_t vlan)
{
	uint8_t mac[8] = {2, 0, 0, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n, 0xff, 0xff};

	return xd_fdb_key(mac, vlan);
}

static inline void
learn(struct xd_fdb *fdb, uint64_t key, uint16_t port, uint32_t now_s)
{
	xd_fdb_learn(fdb, key, xd_fdb_hash(fdb, key), port, now_s);
}

static inline uint16_t
lookup(const struct xd_fdb *fdb, uint64_t key)
{
	uint64_t hash = xd_fdb_hash(fdb, key);

	xd_fdb_prefetch(fdb, hash);
	return xd_fdb_lookup(fdb, key, hash);
}

static inline void
prepare_now(void *fdb)
{
	xd_fdb_prepare(fdb);
}

/* As if control ran at once when it is called. One thread. */
static inline void
have_memory_at_once(struct xd_fdb *fdb)
{
	fdb->call = prepare_now;
	fdb->call_ctx = fdb;
}

#endif
