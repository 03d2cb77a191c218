/* SPDX-License-Identifier: BSD-3-Clause */
/* The driver (guest) side of a split virtqueue: see split_driver.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "virtqueue/split_driver.h"

static size_t
round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

static size_t
used_offset(uint32_t size)
{
	return round_up(xd_vring_desc_bytes(size) + xd_vring_avail_bytes(size), 64);
}

size_t
xd_split_driver_bytes(uint32_t size)
{
	return round_up(used_offset(size) + xd_vring_used_bytes(size), 64);
}

int
xd_split_driver_init(struct xd_split_driver *d, void *memory, uint32_t size, bool event_idx)
{
	uint8_t *base = memory;

	if (size == 0 || size > XD_VRING_SIZE_MAX || (size & (size - 1)))
		return -EINVAL;
	*d = (struct xd_split_driver){
		.desc = (struct xd_vring_desc *)base,
		.avail = (struct xd_vring_avail *)(base + xd_vring_desc_bytes(size)),
		.used = (struct xd_vring_used *)(base + used_offset(size)),
		.size = (uint16_t)size,
		.mask = (uint16_t)(size - 1),
		.event_idx = event_idx,
		.nb_free = (uint16_t)size,
	};
	d->tokens = calloc(size, sizeof(*d->tokens));
	if (!d->tokens)
		return -ENOMEM;
	for (uint32_t i = 0; i < size; i++)
		d->tokens[i].next = (uint16_t)(i + 1);
	return 0;
}

void
xd_split_driver_fini(struct xd_split_driver *d)
{
	free(d->tokens);
	memset(d, 0, sizeof(*d));
}

void
xd_split_driver_in_order(struct xd_split_driver *d)
{
	d->in_order = true;
}

static struct xd_vring_desc
describe(const struct xd_split_piece *piece, bool last, uint16_t next)
{
	return (struct xd_vring_desc){
		.addr = piece->addr,
		.len = piece->len,
		.flags = (uint16_t)((piece->write ? XD_VRING_DESC_F_WRITE : 0) |
				    (last ? 0 : XD_VRING_DESC_F_NEXT)),
		.next = last ? 0 : next,
	};
}

static uint32_t
room_of(const struct xd_split_piece *pieces, unsigned n)
{
	uint32_t room = 0;

	for (unsigned i = 0; i < n; i++)
		if (pieces[i].write)
			room += pieces[i].len;
	return room;
}

/* The free descriptor behind this one. */
static uint16_t
next_free(const struct xd_split_driver *d, uint16_t at)
{
	return d->in_order ? (uint16_t)(at + 1) & d->mask : d->tokens[at].next;
}

/* Puts the chain of nb_descs that begins at head into the available ring. */
static void
offer(struct xd_split_driver *d, uint16_t head, uint16_t nb_descs, uint16_t next, uint32_t room,
	void *cookie)
{
	d->tokens[head].cookie = cookie;
	d->tokens[head].room = room;
	d->tokens[head].nb_descs = nb_descs;
	d->free_head = next;
	d->nb_free -= nb_descs;
	d->avail->ring[d->avail_idx++ & d->mask] = head;
}

int
xd_split_driver_add(
	struct xd_split_driver *d, const struct xd_split_piece *pieces, unsigned n, void *cookie)
{
	uint16_t head = d->free_head, at = head;

	if (!xd_split_pieces_valid(d->size, pieces, n))
		return -EINVAL;
	if (n > d->nb_free)
		return -ENOSPC;
	for (unsigned i = 0; i < n; i++) {
		uint16_t next = next_free(d, at);

		d->desc[at] = describe(&pieces[i], i + 1 == n, next);
		at = next;
	}
	offer(d, head, (uint16_t)n, at, room_of(pieces, n), cookie);
	return 0;
}

int
xd_split_driver_add_indirect(struct xd_split_driver *d, const struct xd_split_piece *pieces,
	unsigned n, struct xd_vring_desc *table, uint64_t table_addr, void *cookie)
{
	uint16_t head = d->free_head;

	if (!xd_split_pieces_valid(d->size, pieces, n))
		return -EINVAL;
	if (d->nb_free == 0)
		return -ENOSPC;
	for (unsigned i = 0; i < n; i++)
		table[i] = describe(&pieces[i], i + 1 == n, (uint16_t)(i + 1));
	d->desc[head] = (struct xd_vring_desc){
		.addr = table_addr,
		.len = (uint32_t)(n * sizeof(*table)),
		.flags = XD_VRING_DESC_F_INDIRECT,
	};
	offer(d, head, 1, next_free(d, head), room_of(pieces, n), cookie);
	return 0;
}

bool
xd_split_driver_publish(struct xd_split_driver *d)
{
	uint16_t before = d->published;

	if (before == d->avail_idx)
		return false;
	__atomic_store_n(&d->avail->idx, d->avail_idx, __ATOMIC_RELEASE);
	d->published = d->avail_idx;
	/* The device must see idx before we see its wish, or both could go to sleep. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (d->event_idx)
		return xd_vring_need_event(
			__atomic_load_n(xd_vring_avail_event(d->used, d->size), __ATOMIC_RELAXED),
			d->published, before);
	return !(__atomic_load_n(&d->used->flags, __ATOMIC_RELAXED) & XD_VRING_USED_F_NO_NOTIFY);
}

/* Gives the descriptors of a chain back to the free list. */
static void
release(struct xd_split_driver *d, uint16_t head)
{
	uint16_t n = d->tokens[head].nb_descs, last = head;

	d->used_idx++;
	if (d->in_order) {
		d->used_head = (uint16_t)(head + n) & d->mask;
		d->tokens[head].nb_descs = 0;
		d->nb_free += n;
		return;
	}
	for (uint16_t i = 1; i < n; i++)
		last = d->tokens[last].next;
	d->tokens[head].nb_descs = 0;
	d->tokens[last].next = d->free_head;
	d->free_head = head;
	d->nb_free += n;
}

/* Chains from the oldest on up to the one with this head; 0: the device has no such. */
static uint16_t
batch_of(const struct xd_split_driver *d, uint32_t id)
{
	uint16_t head = d->used_head;

	for (uint16_t n = 1; n <= xd_split_driver_outstanding(d); n++) {
		if (head == id)
			return n;
		head = (uint16_t)(head + d->tokens[head].nb_descs) & d->mask;
	}
	return 0;
}

/* In order: the element that the device wrote names the last of some chains, and the next one it
 * will write is as many behind it (section 2.7.9). */
static int
get_in_order(struct xd_split_driver *d, uint16_t there, void **cookie, uint32_t *len)
{
	uint16_t head = d->used_head;

	if (d->batch == 0) {
		struct xd_vring_used_elem elem;

		memcpy(&elem, &d->used->ring[d->used_idx & d->mask], sizeof(elem));
		d->batch = batch_of(d, elem.id);
		d->batch_len = elem.len;
		if (d->batch == 0 || d->batch > there)
			return -EPROTO;
	}
	*cookie = d->tokens[head].cookie;
	*len = d->batch == 1 ? d->batch_len : d->tokens[head].room;
	d->batch--;
	release(d, head);
	return 1;
}

int
xd_split_driver_get(struct xd_split_driver *d, void **cookie, uint32_t *len)
{
	uint16_t there = (uint16_t)(__atomic_load_n(&d->used->idx, __ATOMIC_ACQUIRE) - d->used_idx);
	struct xd_vring_used_elem elem;

	if (there == 0)
		return 0;
	if (there > xd_split_driver_outstanding(d))
		return -EPROTO;
	if (d->in_order)
		return get_in_order(d, there, cookie, len);
	memcpy(&elem, &d->used->ring[d->used_idx & d->mask], sizeof(elem));
	if (elem.id >= d->size || d->tokens[elem.id].nb_descs == 0)
		return -EPROTO;
	*cookie = d->tokens[elem.id].cookie;
	*len = elem.len;
	release(d, (uint16_t)elem.id);
	return 1;
}

bool
xd_split_driver_interrupts_on(struct xd_split_driver *d)
{
	if (d->event_idx)
		__atomic_store_n(
			xd_vring_used_event(d->avail, d->size), d->used_idx, __ATOMIC_RELAXED);
	else
		__atomic_store_n(&d->avail->flags, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&d->used->idx, __ATOMIC_ACQUIRE) != d->used_idx;
}

void
xd_split_driver_interrupts_off(struct xd_split_driver *d)
{
	if (d->event_idx)
		__atomic_store_n(xd_vring_used_event(d->avail, d->size),
			(uint16_t)(d->used_idx - 1), __ATOMIC_RELAXED);
	else
		__atomic_store_n(&d->avail->flags, XD_VRING_AVAIL_F_NO_INTERRUPT, __ATOMIC_RELAXED);
}
