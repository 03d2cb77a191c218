/* SPDX-License-Identifier: BSD-3-Clause */
/* The driver (guest) side of a packed virtqueue: see packed_driver.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "virtqueue/packed_driver.h"

#define LINE 64

static size_t
round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

size_t
xd_packed_driver_bytes(uint32_t size)
{
	return round_up(xd_packed_desc_bytes(size), LINE) + 2 * LINE;
}

int
xd_packed_driver_init(struct xd_packed_driver *d, void *memory, uint32_t size, bool event_idx)
{
	uint8_t *base = memory;
	size_t events = round_up(xd_packed_desc_bytes(size), LINE);

	if (size == 0 || size > XD_PACKED_SIZE_MAX)
		return -EINVAL;
	*d = (struct xd_packed_driver){
		.ring = (struct xd_packed_desc *)base,
		.driver_event = (struct xd_packed_event *)(base + events),
		.device_event = (struct xd_packed_event *)(base + events + LINE),
		.size = (uint16_t)size,
		.event_idx = event_idx,
		.nb_free = (uint16_t)size,
		.avail_pos = XD_PACKED_WRAP, /* both wrap counters begin at 1 (section 2.8.1) */
		.used_pos = XD_PACKED_WRAP,
		.published = XD_PACKED_WRAP,
	};
	d->tokens = calloc(size, sizeof(*d->tokens));
	if (!d->tokens)
		return -ENOMEM;
	for (uint32_t i = 0; i < size; i++)
		d->tokens[i].next = (uint16_t)(i + 1);
	return 0;
}

void
xd_packed_driver_fini(struct xd_packed_driver *d)
{
	free(d->tokens);
	memset(d, 0, sizeof(*d));
}

void
xd_packed_driver_in_order(struct xd_packed_driver *d)
{
	d->in_order = true;
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

/* Flags that make the descriptor at pos available (section 2.8.1). */
static uint16_t
avail_flags(uint16_t pos)
{
	return pos & XD_PACKED_WRAP ? XD_PACKED_DESC_F_AVAIL : XD_PACKED_DESC_F_USED;
}

/* Writes the next descriptor of the ring. The first that is not published keeps its old flags,
 * length and id, with which it is not available. */
static void
put(struct xd_packed_driver *d, uint64_t addr, uint32_t len, uint16_t id, uint16_t flags)
{
	uint64_t *words = (uint64_t *)(void *)&d->ring[xd_packed_index(d->avail_pos)];
	uint64_t word =
		len | (uint64_t)id << 32 | (uint64_t)(flags | avail_flags(d->avail_pos)) << 48;

	/* In words, as a device may read them. */
	__atomic_store_n(&words[0], addr, __ATOMIC_RELAXED);
	if (d->avail_pos == d->published)
		d->held = word;
	else
		__atomic_store_n(&words[1], word, __ATOMIC_RELEASE);
	d->avail_pos = xd_packed_add(d->avail_pos, 1, d->size);
}

/* An id for a chain of nb_descs: in order the place where it begins, which follows from the chain
 * before it; else the first that is free. */
static uint16_t
take_id(struct xd_packed_driver *d, uint16_t nb_descs, uint32_t room, void *cookie)
{
	uint16_t id = d->in_order ? xd_packed_index(d->avail_pos) : d->free_id;
	struct xd_packed_token *token = &d->tokens[id];

	d->free_id = token->next;
	token->cookie = cookie;
	token->number = d->added++;
	token->room = room;
	token->nb_descs = nb_descs;
	d->nb_free -= nb_descs;
	return id;
}

int
xd_packed_driver_add(
	struct xd_packed_driver *d, const struct xd_split_piece *pieces, unsigned n, void *cookie)
{
	uint16_t id;

	if (!xd_split_pieces_valid(d->size, pieces, n))
		return -EINVAL;
	if (n > d->nb_free)
		return -ENOSPC;
	id = take_id(d, (uint16_t)n, room_of(pieces, n), cookie);
	for (unsigned i = 0; i < n; i++)
		put(d, pieces[i].addr, pieces[i].len, id,
			(uint16_t)((pieces[i].write ? XD_VRING_DESC_F_WRITE : 0) |
				   (i + 1 < n ? XD_VRING_DESC_F_NEXT : 0)));
	return 0;
}

int
xd_packed_driver_add_indirect(struct xd_packed_driver *d, const struct xd_split_piece *pieces,
	unsigned n, struct xd_packed_desc *table, uint64_t table_addr, void *cookie)
{
	if (!xd_split_pieces_valid(d->size, pieces, n))
		return -EINVAL;
	if (d->nb_free == 0)
		return -ENOSPC;
	/* Entries follow each other, so NEXT and the id are not used (section 2.8.7). */
	for (unsigned i = 0; i < n; i++)
		table[i] = (struct xd_packed_desc){
			.addr = pieces[i].addr,
			.len = pieces[i].len,
			.flags = pieces[i].write ? XD_VRING_DESC_F_WRITE : 0,
		};
	put(d, table_addr, (uint32_t)(n * sizeof(*table)),
		take_id(d, 1, room_of(pieces, n), cookie), XD_VRING_DESC_F_INDIRECT);
	return 0;
}

/* One read of an event area. */
static struct xd_packed_event
read_event(const struct xd_packed_event *at)
{
	struct xd_packed_event event;
	uint32_t word = __atomic_load_n((const uint32_t *)(const void *)at, __ATOMIC_RELAXED);

	memcpy(&event, &word, sizeof(event));
	return event;
}

static void
write_event(struct xd_packed_event *at, uint16_t off_wrap, uint16_t flags)
{
	struct xd_packed_event event = {off_wrap, flags};
	uint32_t word;

	memcpy(&word, &event, sizeof(word));
	__atomic_store_n((uint32_t *)(void *)at, word, __ATOMIC_RELAXED);
}

bool
xd_packed_driver_publish(struct xd_packed_driver *d)
{
	uint16_t before = d->published;
	struct xd_packed_event event;

	if (before == d->avail_pos)
		return false;
	__atomic_store_n((uint64_t *)(void *)&d->ring[xd_packed_index(before)].len, d->held,
		__ATOMIC_RELEASE);
	d->published = d->avail_pos;
	d->nb_published = d->added;
	/* The device must see the flags before we see its wish, or both could go to sleep. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	event = read_event(d->device_event);
	if (event.flags == XD_PACKED_EVENT_DESC && d->event_idx)
		return xd_packed_need_event(event.off_wrap, d->published, before, d->size);
	return event.flags != XD_PACKED_EVENT_DISABLE;
}

/* The used descriptor at used_pos, read once; false: there is none. */
static bool
read_used(const struct xd_packed_driver *d, uint16_t *id, uint32_t *len)
{
	const uint64_t *words =
		(const uint64_t *)(const void *)&d->ring[xd_packed_index(d->used_pos)];
	uint64_t word = __atomic_load_n(&words[1], __ATOMIC_ACQUIRE);

	*len = (uint32_t)word;
	*id = (uint16_t)(word >> 32);
	return xd_packed_is_used((uint16_t)(word >> 48), d->used_pos & XD_PACKED_WRAP);
}

/* Frees a chain's descriptors and its id. */
static void
release(struct xd_packed_driver *d, uint16_t id)
{
	struct xd_packed_token *token = &d->tokens[id];

	d->used_pos = xd_packed_add(d->used_pos, token->nb_descs, d->size);
	d->nb_free += token->nb_descs;
	token->nb_descs = 0;
	token->next = d->free_id;
	d->free_id = id;
	d->returned++;
}

/* Chains from the oldest on up to the one with this id; 0: the device has no such. */
static uint32_t
batch_of(const struct xd_packed_driver *d, uint16_t id)
{
	uint16_t pos = d->used_pos;

	for (uint32_t n = 1; n <= xd_packed_driver_outstanding(d); n++) {
		uint16_t at = xd_packed_index(pos);

		if (at == id)
			return n;
		pos = xd_packed_add(pos, d->tokens[at].nb_descs, d->size);
	}
	return 0;
}

/* In order: the descriptor that the device wrote names the last of some chains, and the next one it
 * will write is that behind them (section 2.8.8). */
static int
get_in_order(struct xd_packed_driver *d, void **cookie, uint32_t *len)
{
	uint16_t id = xd_packed_index(d->used_pos), last;

	if (d->batch == 0) {
		if (!read_used(d, &last, &d->batch_len))
			return 0;
		d->batch = batch_of(d, last);
		if (d->batch == 0)
			return -EPROTO;
	}
	*len = d->batch == 1 ? d->batch_len : d->tokens[id].room;
	if (d->tokens[id].room && *len > d->tokens[id].room)
		return -EPROTO;
	*cookie = d->tokens[id].cookie;
	d->batch--;
	release(d, id);
	return 1;
}

int
xd_packed_driver_get(struct xd_packed_driver *d, void **cookie, uint32_t *len)
{
	const struct xd_packed_token *token;
	uint16_t id;

	if (d->in_order)
		return get_in_order(d, cookie, len);
	if (!read_used(d, &id, len))
		return 0;
	if (id >= d->size)
		return -EPROTO;
	token = &d->tokens[id];
	if (token->nb_descs == 0 || (int32_t)(token->number - d->nb_published) >= 0)
		return -EPROTO;
	/* What devices say they wrote where they could only read means nothing. */
	if (token->room && *len > token->room)
		return -EPROTO;
	*cookie = token->cookie;
	release(d, id);
	return 1;
}

bool
xd_packed_driver_interrupts_on(struct xd_packed_driver *d)
{
	uint32_t len;
	uint16_t id;

	write_event(d->driver_event, d->used_pos,
		d->event_idx ? XD_PACKED_EVENT_DESC : XD_PACKED_EVENT_ENABLE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return d->batch || read_used(d, &id, &len);
}

void
xd_packed_driver_interrupts_off(struct xd_packed_driver *d)
{
	write_event(d->driver_event, 0, XD_PACKED_EVENT_DISABLE);
}
