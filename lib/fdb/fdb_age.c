/* SPDX-License-Identifier: BSD-3-Clause */
/* Forgetting: ageing, flushing. Control calls, while workers look up and learn. */
#include "fdb/fdb.h"

#include "fdb/fdb_private.h"

/* Removes a live entry unless it changed meanwhile. */
static bool
remove_live(struct xd_fdb *fdb, struct xd_fdb_entry *slot, struct xd_fdb_entry e)
{
	struct xd_fdb_stripe *stripe = xd_fdb_stripe(fdb, xd_fdb_hash(fdb, e.key));
	bool removed;

	xd_fdb_lock(stripe);
	removed = xd_fdb_cas(slot, e, xd_fdb_empty);
	if (removed)
		xd_fdb_uncount(fdb, xd_fdb_entry_port(e));
	xd_fdb_unlock(stripe);
	return removed;
}

/* Removes entries of old generations, so that their numbers can be used again. */
static void
sweep_stale(struct xd_fdb *fdb)
{
	for (uint32_t b = 0; b < xd_fdb_size(fdb); b++) {
		for (unsigned i = 0; i < XD_FDB_WAYS; i++) {
			struct xd_fdb_entry *slot = &fdb->buckets[b].entries[i];
			struct xd_fdb_entry e = xd_fdb_load(slot);

			if (e.key != 0 && !xd_fdb_entry_live(fdb, e))
				xd_fdb_cas(slot, e, xd_fdb_empty);
		}
	}
}

uint32_t
xd_fdb_age(struct xd_fdb *fdb, uint32_t now_s)
{
	uint32_t n = 0;

	for (uint32_t b = 0; b < xd_fdb_size(fdb); b++) {
		for (unsigned i = 0; i < XD_FDB_WAYS; i++) {
			struct xd_fdb_entry *slot = &fdb->buckets[b].entries[i];
			struct xd_fdb_entry e = xd_fdb_load(slot);

			if (e.key == 0)
				continue;
			if (!xd_fdb_entry_live(fdb, e))
				xd_fdb_cas(slot, e, xd_fdb_empty);
			else if (xd_fdb_entry_expired(fdb, e, now_s))
				n += remove_live(fdb, slot, e);
		}
	}
	xd_fdb_fit(fdb);
	return n;
}

/* All stripes' locks are held. */
static void
advance_generation(struct xd_fdb *fdb, uint16_t port)
{
	uint16_t next = fdb->generation[port] + 1;
	uint32_t n = __atomic_exchange_n(&fdb->ports[port].count, 0, __ATOMIC_RELAXED);

	__atomic_store_n(&fdb->generation[port], next != 0 ? next : 1, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&fdb->count, n, __ATOMIC_RELAXED);
}

void
xd_fdb_flush_port(struct xd_fdb *fdb, uint16_t port)
{
	if (port >= XD_MAX_PORTS)
		return;
	if (fdb->generation[port] == UINT16_MAX)
		sweep_stale(fdb);
	xd_fdb_lock_all(fdb);
	advance_generation(fdb, port);
	xd_fdb_unlock_all(fdb);
	xd_fdb_forget_moves_of(fdb, port);
	xd_fdb_put_back_static(fdb, port);
}

void
xd_fdb_release_port(struct xd_fdb *fdb, uint16_t port)
{
	if (port < XD_MAX_PORTS)
		xd_fdb_forget_moves_of(fdb, port);
}

void
xd_fdb_remove_port(struct xd_fdb *fdb, uint16_t port)
{
	struct xd_fdb_port_state *p;

	if (port >= XD_MAX_PORTS)
		return;
	xd_fdb_forget_port(fdb, port);
	p = &fdb->ports[port];
	fdb->not_learned += p->not_learned;
	fdb->damped += p->damped;
	p->not_learned = p->damped = 0;
	xd_fdb_set_port_limit(fdb, port, 0);
}

void
xd_fdb_flush(struct xd_fdb *fdb)
{
	bool wraps = false;

	for (unsigned port = 0; port < XD_MAX_PORTS; port++)
		wraps |= fdb->generation[port] == UINT16_MAX;
	if (wraps)
		sweep_stale(fdb);
	xd_fdb_lock_all(fdb);
	for (uint16_t port = 0; port < XD_MAX_PORTS; port++) {
		if (xd_fdb_count_port(fdb, port) != 0)
			advance_generation(fdb, port);
	}
	xd_fdb_unlock_all(fdb);
	xd_fdb_forget_moves_of(fdb, XD_PORT_NONE);
	xd_fdb_put_back_static(fdb, XD_PORT_NONE);
	xd_fdb_fit(fdb);
}

bool
xd_fdb_forget(struct xd_fdb *fdb, uint64_t key)
{
	uint64_t hash = xd_fdb_hash(fdb, key);
	struct xd_fdb_stripe *stripe = xd_fdb_stripe(fdb, hash);
	bool found;

	if (key == 0)
		return false;
	xd_fdb_unlist_static(fdb, key);
	xd_fdb_lock(stripe);
	found = xd_fdb_remove(fdb, key, hash);
	xd_fdb_forget_moves(fdb, key, hash);
	xd_fdb_unlock(stripe);
	return found;
}
