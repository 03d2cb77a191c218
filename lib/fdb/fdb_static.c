/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Static addresses: entries that were last seen at XD_FDB_STATIC_S, so that no frame refreshes them
 * and no time makes them old. Control's; workers see entries like others.
 *
 * They are listed too: a flush of their port makes all its entries old at one blow, and these are
 * put back from the list.
 */
#include "fdb/fdb.h"

#include <errno.h>
#include <stdlib.h>

#include "fdb/fdb_private.h"

struct xd_fdb_static {
	uint64_t key;
	uint16_t port;
};

static struct xd_fdb_static *
find(const struct xd_fdb *fdb, uint64_t key)
{
	for (unsigned i = 0; i < fdb->nb_statics; i++) {
		if (fdb->statics[i].key == key)
			return &fdb->statics[i];
	}
	return NULL;
}

static bool
put(struct xd_fdb *fdb, const struct xd_fdb_static *s, bool over)
{
	const uint64_t hash = xd_fdb_hash(fdb, s->key);
	bool done;

	xd_fdb_lock_all(fdb);
	xd_fdb_forget_moves(fdb, s->key, hash);
	xd_fdb_remove(fdb, s->key, hash);
	done = xd_fdb_insert_static(fdb, s->key, hash, s->port, over);
	xd_fdb_unlock_all(fdb);
	if (xd_fdb_wants_room(fdb))
		xd_fdb_grow(fdb);
	return done;
}

int
xd_fdb_add_static(struct xd_fdb *fdb, uint64_t key, uint16_t port, struct xd_error *err)
{
	const struct xd_fdb_static new = {.key = key, .port = port};
	struct xd_fdb_static *s = find(fdb, key);

	if (!s && fdb->nb_statics == XD_FDB_STATICS)
		return xd_fail(err, -E2BIG, "there are %u static addresses, the most: delete some",
			XD_FDB_STATICS);
	if (!fdb->statics)
		fdb->statics = calloc(XD_FDB_STATICS, sizeof(*fdb->statics));
	if (!fdb->statics)
		return xd_fail(err, -ENOMEM, "no memory for static addresses");
	/* Learned ones give way, if not at once, then as more is learned. */
	if (!put(fdb, &new, fdb->nb_statics - (s != NULL) < fdb->mac_limit)) {
		xd_fdb_unlist_static(fdb, key);
		return xd_fail(err, -ENOSPC,
			"the table is full (mac_limit is %u): make it larger, or delete static "
			"addresses",
			fdb->mac_limit);
	}
	if (!s)
		s = &fdb->statics[fdb->nb_statics++];
	*s = new;
	return 0;
}

uint32_t
xd_fdb_count_static(const struct xd_fdb *fdb)
{
	return fdb->nb_statics;
}

void
xd_fdb_unlist_static(struct xd_fdb *fdb, uint64_t key)
{
	struct xd_fdb_static *s = find(fdb, key);

	if (s)
		*s = fdb->statics[--fdb->nb_statics];
}

/* These go from the end: the last one takes the place of one that goes. */

bool
xd_fdb_del_static(struct xd_fdb *fdb, uint64_t key, bool all_vlans)
{
	const uint64_t mask = all_vlans ? (1ull << 48) - 1 : UINT64_MAX;
	bool found = false;

	for (unsigned i = fdb->nb_statics; i-- > 0;) {
		if (((fdb->statics[i].key ^ key) & mask) == 0)
			found |= xd_fdb_forget(fdb, fdb->statics[i].key);
	}
	return found;
}

void
xd_fdb_flush_static(struct xd_fdb *fdb, uint16_t port)
{
	for (unsigned i = fdb->nb_statics; i-- > 0;) {
		if (port == XD_PORT_NONE || fdb->statics[i].port == port)
			xd_fdb_forget(fdb, fdb->statics[i].key);
	}
}

void
xd_fdb_forget_port(struct xd_fdb *fdb, uint16_t port)
{
	xd_fdb_flush_static(fdb, port);
	xd_fdb_flush_port(fdb, port);
}

void
xd_fdb_put_back_static(struct xd_fdb *fdb, uint16_t port)
{
	for (unsigned i = 0; i < fdb->nb_statics; i++) {
		const struct xd_fdb_static *s = &fdb->statics[i];

		if (port != XD_PORT_NONE && s->port != port)
			continue;
		/* Those of ports that have no other address were not flushed. */
		if (xd_fdb_lookup(fdb, s->key, xd_fdb_hash(fdb, s->key)) != s->port &&
			!put(fdb, s, true))
			xd_fdb_count_not_learned(fdb, s->port);
	}
}

void
xd_fdb_copy_static(struct xd_fdb *dst, const struct xd_fdb *src)
{
	for (unsigned i = 0; i < src->nb_statics; i++) {
		if (xd_fdb_add_static(dst, src->statics[i].key, src->statics[i].port, NULL))
			xd_fdb_count_not_learned(dst, src->statics[i].port);
	}
}
