/* SPDX-License-Identifier: BSD-3-Clause */
/* See packed_resume.h: the note of a position held against the ring. */
#include <string.h>

#include "vhost_user/packed_resume.h"
#include "virtqueue/split_layout.h"

static uint16_t
flags_at(const struct xd_packed_desc *ring, uint32_t i)
{
	return __atomic_load_n(&ring[i].flags, __ATOMIC_RELAXED);
}

static bool
used_flag(const struct xd_packed_desc *ring, uint32_t i)
{
	return flags_at(ring, i) & XD_PACKED_DESC_F_USED;
}

static bool
seen_by_a_device(const struct xd_packed_desc *ring, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++) {
		if (used_flag(ring, i))
			return true;
	}
	return false;
}

static uint16_t
id_at(const struct xd_packed_desc *ring, uint32_t i)
{
	return __atomic_load_n(&ring[i].id, __ATOMIC_RELAXED);
}

/* Whether the descriptor before i, whose lap is `wrap`, was passed by the device: it was used, or
 * is the last of what came with one that was, and so has the id that the used one says. */
static bool
passed(const struct xd_packed_desc *ring, uint32_t size, uint32_t i, bool wrap, bool first_only)
{
	uint16_t id = id_at(ring, i ? i - 1 : size - 1);
	bool last = true;

	for (uint32_t n = 0; n < size; n++) {
		uint16_t flags;

		wrap ^= i == 0;
		i = i ? i - 1 : size - 1;
		flags = flags_at(ring, i);
		if (!!(flags & XD_PACKED_DESC_F_USED) == wrap)
			return last || !xd_packed_is_used(flags, wrap) || id_at(ring, i) == id;
		if (!xd_packed_is_avail(flags, wrap) ||
			(!first_only && !(flags & XD_VRING_DESC_F_NEXT) != last))
			return false;
		last = false;
	}
	return false;
}

static bool
used_at(const struct xd_packed_desc *ring, uint16_t position)
{
	return xd_packed_is_used(
		flags_at(ring, xd_packed_index(position)), position & XD_PACKED_WRAP);
}

/* Past what the turn in which the device died had given back already. */
static uint16_t
finish_turn(const struct xd_packed_desc *ring, uint32_t size, const struct xd_packed_note *note,
	uint16_t position)
{
	const uint16_t *slots = note->intent ? note->intent->slots : NULL;
	uint16_t n = slots ? __atomic_load_n(&slots[0], __ATOMIC_RELAXED) : 0;
	bool any = false;

	for (uint16_t i = 0; i < n && i + 1 < XD_VQ_INTENT; i++) {
		uint16_t descs = __atomic_load_n(&slots[i + 1], __ATOMIC_RELAXED);

		if (descs == 0 || descs > size)
			break;
		if (!used_at(ring, position) && !(any && note->first_only))
			break;
		any = true;
		position = xd_packed_add(position, descs, (uint16_t)size);
	}
	return position;
}

/* Whether the descriptor at the position was not passed. */
static bool
ahead(const struct xd_packed_desc *ring, uint32_t size, uint16_t position)
{
	uint32_t i = xd_packed_index(position);
	uint32_t before = i ? i - 1 : size - 1;
	bool wrap = position & XD_PACKED_WRAP;
	uint16_t flags = flags_at(ring, i);

	if (xd_packed_is_avail(flags, wrap))
		return true;
	/* If the driver has come round to right behind us, the ring is full, and this one
	 * available. Else this is what the lap before has left: the first or any other of a
	 * buffer's. */
	return !xd_packed_is_avail(flags_at(ring, before), i ? !wrap : wrap) &&
	       !xd_packed_is_used(flags, wrap);
}

/* Whether the device, which noted this position, stands at *to. */
static bool
agrees(const struct xd_packed_desc *ring, uint32_t size, const struct xd_packed_note *note,
	uint16_t from, uint16_t *to)
{
	if (xd_packed_index(from) >= size)
		return false;
	*to = finish_turn(ring, size, note, from);
	return ahead(ring, size, *to) &&
	       passed(ring, size, xd_packed_index(*to), *to & XD_PACKED_WRAP, note->first_only);
}

bool
xd_packed_resume(const struct xd_packed_desc *ring, uint32_t size,
	const struct xd_packed_note *note, uint16_t *position)
{
	uint64_t word = __atomic_load_n((const uint64_t *)(const void *)note->at, __ATOMIC_ACQUIRE);
	struct xd_packed_position at;
	uint16_t now, old;

	memcpy(&at, &word, sizeof(at));
	if (!seen_by_a_device(ring, size))
		return false;
	now = (uint16_t)(xd_packed_index(at.used_idx) | (at.used_wrap ? XD_PACKED_WRAP : 0));
	old = (uint16_t)(xd_packed_index(at.old_used_idx) |
			 (at.old_used_wrap ? XD_PACKED_WRAP : 0));
	/* Of another back end, which notes where it is going before it goes: what the first of
	 * these descriptors says was done is done (specification, "When reconnecting"). */
	if (!note->intent && now != old && xd_packed_index(old) < size &&
		used_flag(ring, xd_packed_index(old)) != !!(old & XD_PACKED_WRAP))
		return agrees(ring, size, note, old, position);
	return agrees(ring, size, note, now, position);
}
