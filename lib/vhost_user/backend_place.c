/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The position at which a ring starts. The front end says so (SET_VRING_BASE), but what it says is
 * out of date when the back end before us died: then a record tells, in the front end's inflight
 * region or in a file of ours, and the ring itself. Done once a ring is known entirely, before
 * workers see it.
 */
#include <string.h>

#include "vhost_user/backend_internal.h"
#include "vhost_user/inflight.h"
#include "vhost_user/packed_resume.h"

/* struct xd_vu_vring.base of a packed ring whose every buffer was given back. */
static uint32_t
packed_base(uint16_t position)
{
	return position | (uint32_t)position << 16;
}

/* The ring's descriptors as the front end says where they are; NULL: not memory, or not aligned,
 * and the ring will not be used. */
static const struct xd_packed_desc *
packed_ring(const struct xd_vu_backend *be, const struct xd_vu_vring *vr)
{
	const uint8_t *p =
		xd_guest_user_ptr(&be->state.memory, vr->desc_addr, xd_packed_desc_bytes(vr->size));

	return (uintptr_t)p % XD_PACKED_DESC_ALIGN ? NULL : (const void *)p;
}

/* Takes the position that was noted if the ring agrees. */
static void
resume_packed(struct xd_vu_backend *be, unsigned vring, const struct xd_packed_position *at,
	const struct xd_intent *intent)
{
	struct xd_vu_vring *vr = &be->state.vrings[vring];
	const struct xd_packed_desc *descs = packed_ring(be, vr);
	const struct xd_packed_note note = {
		.at = at,
		.intent = intent,
		.first_only = (be->state.features & (1ull << XD_VIRTIO_F_IN_ORDER)) && vring % 2,
	};
	uint16_t position;

	if (!descs || !xd_packed_resume(descs, vr->size, &note, &position) ||
		vr->base == packed_base(position))
		return;
	xd_vu_log(be, XD_VU_LINE_RING, XD_LOG_INFO,
		"%s: ring %u is taken up at entry %u of %u, where it was left", be->name, vring,
		position & 0x7fffu, vr->size);
	vr->base = packed_base(position);
}

static void
place_packed_inflight(struct xd_vu_backend *be, unsigned vring, struct xd_inflight_packed *r)
{
	struct xd_intent *intent = xd_vu_inflight_intent(be, vring);

	if (__atomic_load_n(&r->version, __ATOMIC_ACQUIRE) == XD_INFLIGHT_VERSION &&
		r->desc_num == be->inflight_queue_size)
		resume_packed(be, vring, &r->at, intent);
	xd_inflight_reset_packed(
		r, be->inflight_queue_size, (uint16_t)be->state.vrings[vring].base);
	if (intent)
		intent->slots[0] = 0;
}

static void
place_split_inflight(struct xd_vu_backend *be, unsigned vring, struct xd_inflight_split *r)
{
	struct xd_vu_vring *vr = &be->state.vrings[vring];
	const struct xd_vring_used *used = (const void *)xd_guest_user_ptr(
		&be->state.memory, vr->used_addr, xd_vring_used_bytes(vr->size));

	/* The used index is what was given back, whatever the region says (specification, "When
	 * reconnecting"), and so, in order, where to go on. */
	if (__atomic_load_n(&r->version, __ATOMIC_ACQUIRE) == XD_INFLIGHT_VERSION &&
		r->desc_num == be->inflight_queue_size && used &&
		(uintptr_t)used % XD_VRING_USED_ALIGN == 0)
		vr->base = __atomic_load_n(&used->idx, __ATOMIC_RELAXED);
	xd_inflight_reset_split(r, be->inflight_queue_size, (uint16_t)vr->base);
}

static void
open_ring_file(struct xd_vu_backend *be)
{
	struct xd_error err;

	if (be->rings || be->rings_failed || !be->opts.run_dir)
		return;
	be->rings = xd_ring_file_open(be->opts.run_dir, be->name, be->state.nb_vrings, &err);
	be->rings_failed = !be->rings;
	if (!be->rings)
		xd_vu_log(be, XD_VU_LINE_RING, XD_LOG_WARN,
			"%s: packed rings will not survive a restart: %s", be->name, err.text);
}

/* What is noted in the file is looked for under the new name by the next switch. */
static void
move_ring_file(const struct xd_vu_backend *be, const char *name)
{
	struct xd_error err;

	if (be->rings && xd_ring_file_move(be->opts.run_dir, be->name, name, &err) < 0)
		xd_log(be->opts.log, XD_LOG_VHOST, XD_LOG_WARN,
			"%s: packed rings will not survive a restart: %s", name, err.text);
}

void
xd_vu_backend_set(struct xd_vu_backend *be, const char *name, uint16_t mtu)
{
	be->opts.mtu = mtu;
	if (!strcmp(be->name, name))
		return;
	move_ring_file(be, name);
	snprintf(be->name, sizeof(be->name), "%s", name);
}

void
xd_vu_place_ring(struct xd_vu_backend *be, unsigned vring)
{
	struct xd_vu_vring *vr = &be->state.vrings[vring];
	const struct xd_ring_note *noted;
	void *region;

	if (be->placed[vring] || !vr->has_addr || vr->size == 0 || be->state.memory.n == 0)
		return;
	be->placed[vring] = true;
	if (xd_vu_packed(be))
		open_ring_file(be);
	region = xd_vu_inflight_queue(be, vring);
	if (region) {
		xd_ring_file_end(be->rings, vring);
		if (xd_vu_packed(be))
			place_packed_inflight(be, vring, region);
		else
			place_split_inflight(be, vring, region);
	} else if (xd_vu_packed(be)) {
		noted = xd_ring_file_find(be->rings, vring, &be->peer, vr->size, vr->desc_addr);
		if (noted)
			resume_packed(be, vring, &noted->at, &noted->intent);
		xd_ring_file_begin(
			be->rings, vring, &be->peer, vr->size, vr->desc_addr, (uint16_t)vr->base);
	}
}

void
xd_vu_place_rings(struct xd_vu_backend *be)
{
	for (unsigned i = 0; i < be->state.nb_vrings; i++) {
		if (be->state.vrings[i].started)
			xd_vu_place_ring(be, i);
	}
}

void
xd_vu_unplace_ring(struct xd_vu_backend *be, unsigned vring)
{
	void *region = xd_vu_inflight_queue(be, vring);

	be->placed[vring] = false;
	xd_ring_file_end(be->rings, vring);
	/* Not initialised: the front end knows the position, or there is none. */
	if (region && xd_vu_packed(be))
		__atomic_store_n(
			&((struct xd_inflight_packed *)region)->version, 0, __ATOMIC_RELEASE);
	else if (region)
		__atomic_store_n(
			&((struct xd_inflight_split *)region)->version, 0, __ATOMIC_RELEASE);
}

struct xd_vq_record
xd_vu_vring_record(const struct xd_vu_backend *be, unsigned vring)
{
	struct xd_packed_position *at = NULL;
	struct xd_intent *intent = NULL;
	struct xd_ring_note *note;
	void *region;

	if (vring >= be->state.nb_vrings || !be->placed[vring])
		return (struct xd_vq_record){0};
	region = xd_vu_inflight_queue(be, vring);
	note = xd_vu_packed(be) ? xd_ring_file_note(be->rings, vring) : NULL;
	if (region && !xd_vu_packed(be))
		return (struct xd_vq_record){
			.used_idx = &((struct xd_inflight_split *)region)->used_idx};
	if (region) {
		at = &((struct xd_inflight_packed *)region)->at;
		intent = xd_vu_inflight_intent(be, vring);
	} else if (note) {
		at = &note->at;
		intent = &note->intent;
	}
	if (!at)
		return (struct xd_vq_record){0};
	return (struct xd_vq_record){
		.position = (uint64_t *)(void *)at,
		.intent = intent ? intent->slots : NULL,
	};
}
