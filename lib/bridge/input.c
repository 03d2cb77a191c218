/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first stage: drops frames that are not to be switched, classifies the others into a VLAN
 * (IEEE 802.1Q, 8.6.1 and 8.6.2), and prefetches what the look-ups of both addresses will read.
 *
 * Nearly all frames are plain (is_plain) and judged by two words in input_run; the others take the
 * slow path, input_other.
 */
#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "bridge/bridge.h"
#include "bridge/vlan.h"

/* 01:80:c2:00:00:00 to 0f are for the bridge's neighbour alone: 802.1Q, 8.6.3. */
static inline bool
is_reserved(const uint8_t *mac)
{
	return mac[0] == 0x01 && mac[1] == 0x80 && mac[2] == 0xc2 && mac[3] == 0 && mac[4] == 0 &&
	       mac[5] < 0x10;
}

/* Classifies a tagged frame into its VLAN; false: the port does not carry it. */
static bool
classify_tagged(const struct xd_plan_port *in, struct xd_frame *f)
{
	const uint8_t *data = xd_frame_data(f);
	const uint16_t vlan = xd_vlan_tci(data) & XD_VLAN_VID_MASK;

	/* The tag is the customer's: it stays behind that of the service, which is none as yet. */
	if (in->tunnel) {
		f->vlan = in->tunnel_vlan;
		return xd_plan_port_has_customer(in, vlan);
	}
	f->tagged = true;
	f->service = xd_vlan_tpid(data) == XD_VLAN_TPID_SERVICE;
	if (vlan == 0) {
		/* A priority tag names no VLAN: 802.1Q, 6.9.1. It belongs where untagged frames do;
		 * the tag stays, for its priority, where one is due. */
		if (f->vlan == XD_VLAN_NONE)
			return false;
		if (f->vlan == 0)
			xd_vlan_pop(f);
		else
			xd_vlan_set_vid(f, f->vlan);
		return true;
	}
	f->vlan = vlan;
	return vlan <= XD_VLAN_MAX && xd_plan_port_tagged(in, vlan);
}

/* Judges and classifies a frame that is not plain, and has the VLAN of those that come untagged.
 * XD_DROP_NONE: it is to be switched. */
static enum xd_drop
classify(const struct xd_plan_port *in, struct xd_frame *f)
{
	static const uint8_t zero[6];
	const uint8_t *data = xd_frame_data(f);

	/* A group address cannot send, and the zero address is nobody's. */
	if ((data[6] & 1) || !memcmp(data + 6, zero, 6))
		return XD_DROP_BAD_SOURCE;
	if ((data[0] & 1) && is_reserved(data))
		return XD_DROP_RESERVED_ADDRESS;
	if (xd_vlan_is_tagged(data)) {
		if (f->len < XD_FRAME_MIN + XD_VLAN_TAG_BYTES)
			return XD_DROP_RUNT;
		return classify_tagged(in, f) ? XD_DROP_NONE : XD_DROP_VLAN;
	}
	return f->vlan != XD_VLAN_NONE ? XD_DROP_NONE : XD_DROP_VLAN;
}

/* Both addresses and the type, in two words: all that nearly every frame is judged by. */
struct words {
	uint64_t w0; /* destination, 2 bytes of source */
	uint64_t w1; /* 4 bytes of source, type, 2 bytes of payload */
};

#define MAC_MASK 0xffffffffffffull

/* What the TPIDs 0x8100 and 0x88a8 have in common, as they lie in memory: one comparison for both.
 * The 30 other types that have it too are nobody's, and take the slow path. */
#define TPIDS_MASK 0x57f6u
#define TPIDS      0x0080u

static inline struct words
read_words(const uint8_t *data)
{
	struct words w;

	memcpy(&w, data, sizeof(w));
	return w;
}

static inline uint64_t
source(struct words w)
{
	return w.w0 >> 48 | (uint64_t)(uint32_t)w.w1 << 16;
}

/* An untagged frame with a valid source, to a unicast or to the broadcast address. */
static inline bool
is_plain(struct words w)
{
	const uint64_t group_source = 1ull << 48, group = 1;

	if (unlikely(w.w0 & (group_source | group)) &&
		((w.w0 & group_source) || (w.w0 & MAC_MASK) != MAC_MASK))
		return false;
	return source(w) != 0 && ((uint32_t)(w.w1 >> 32) & TPIDS_MASK) != TPIDS;
}

/* One frame that is not plain: the slow path. */
static void
input_other(struct xd_turn *turn, struct xd_frame *f)
{
	const struct xd_fdb *fdb = turn->in->bridge->fdb;
	enum xd_drop reason = classify(turn->in, f);
	/* A tag may have been taken off. */
	struct words w = read_words(xd_frame_data(f));

	if (reason == XD_DROP_NONE && !xd_plan_port_allows(turn->in, source(w)))
		reason = XD_DROP_MAC_NOT_ALLOWED;
	if (reason == XD_DROP_VLAN && turn->in->mirror_output)
		reason = XD_DROP_MIRROR_OUTPUT;
	if (reason != XD_DROP_NONE) {
		xd_turn_drop(turn, reason, f);
		return;
	}
	turn->dst[turn->n].key = 0;
	if (!(w.w0 & 1))
		xd_look_at(fdb, &turn->dst[turn->n], w.w0 & MAC_MASK, f->vlan);
	xd_look_at(fdb, &turn->src[turn->n], source(w), f->vlan);
	turn->frames[turn->n++] = f;
}

/* Frames from f on that are plain. Returns the first that is not, or end. checked is a constant:
 * the port says which sources it may have. */
static __rte_always_inline struct xd_frame *
input_run(struct xd_turn *restrict turn, const struct xd_fdb *restrict fdb,
	struct xd_frame *restrict f, const struct xd_frame *end, uint64_t *bytes,
	const bool checked)
{
	const uint64_t vlan = turn->in->pvid;
	const uint64_t route = xd_plan_port_route(turn->in);
	/* Addresses and type of the last frame that was kept; at first, of none. */
	uint64_t last0 = 0, last1 = 1;
	uint64_t allowed = checked ? turn->in->macs[0] : 0;
	uint32_t repeats = turn->repeats;
	size_t n = turn->n; /* of that width it indexes three arrays without being extended */
	uint64_t sum = 0;

	for (; f < end; f++) {
		/* As received: every driver puts the start of a frame there. */
		struct words w = read_words(f->buf + XD_HEADROOM);

		f->route = route;
		if (w.w0 == last0 && w.w1 << 16 == last1) {
			sum += f->len;
			repeats |= 1u << n;
			turn->frames[n++] = f;
			continue;
		}
		if (unlikely(!is_plain(w)))
			break;
		sum += f->len;
		if (checked && unlikely(source(w) != allowed)) {
			if (!xd_plan_port_allows(turn->in, source(w))) {
				xd_turn_drop(turn, XD_DROP_MAC_NOT_ALLOWED, f);
				continue;
			}
			allowed = source(w);
		}
		last0 = w.w0;
		last1 = w.w1 << 16;
		if (likely(!(w.w0 & 1)))
			xd_look_at(fdb, &turn->dst[n], w.w0 & MAC_MASK, vlan);
		else
			turn->dst[n].key = 0;
		xd_look_at(fdb, &turn->src[n], source(w), vlan);
		turn->frames[n++] = f;
	}
	turn->n = (uint16_t)n;
	turn->repeats = repeats;
	*bytes += sum;
	return f;
}

/* Most ports may have any source, and pay nothing for those that may not. */
static struct xd_frame *
input_any(struct xd_turn *turn, struct xd_frame *f, const struct xd_frame *end, uint64_t *bytes)
{
	return input_run(turn, turn->in->bridge->fdb, f, end, bytes, false);
}

static struct xd_frame *
input_checked(struct xd_turn *turn, struct xd_frame *f, const struct xd_frame *end, uint64_t *bytes)
{
	return input_run(turn, turn->in->bridge->fdb, f, end, bytes, true);
}

void
xd_bridge_input_again(struct xd_turn *turn, struct xd_frame *const *frames, uint16_t n)
{
	const bool may_be_plain = turn->in->pvid != XD_VLAN_NONE && turn->in->nb_macs == 0;
	/* As in input_run. */
	struct words last = {0, 1};

	turn->n = 0;
	turn->repeats = 0;
	for (uint16_t i = 0; i < n; i++) {
		struct xd_frame *f = frames[i];
		struct words w = read_words(xd_frame_data(f));

		f->in_port = turn->in->index;
		f->vlan = turn->in->pvid;
		f->tagged = false;
		f->service = turn->in->service;
		if (!may_be_plain || !is_plain(w)) {
			last = (struct words){0, 1};
			input_other(turn, f);
			continue;
		}
		if (w.w0 == last.w0 && w.w1 << 16 == last.w1) {
			turn->repeats |= 1u << turn->n;
		} else {
			turn->dst[turn->n].key = 0;
			if (!(w.w0 & 1))
				xd_look_at(turn->in->bridge->fdb, &turn->dst[turn->n],
					w.w0 & MAC_MASK, f->vlan);
			xd_look_at(turn->in->bridge->fdb, &turn->src[turn->n], source(w), f->vlan);
			last = (struct words){w.w0, w.w1 << 16};
		}
		turn->frames[turn->n++] = f;
	}
}

void
xd_bridge_input(struct xd_turn *turn)
{
	const bool may_be_plain = turn->in->pvid != XD_VLAN_NONE;
	struct xd_frame *f = turn->batch->frames;
	struct xd_frame *const end = f + turn->batch->n;
	uint64_t bytes = 0;

	turn->n = 0;
	turn->nb_lost = 0;
	turn->repeats = 0;
	while (f < end) {
		if (unlikely(!may_be_plain))
			f->route = xd_plan_port_route(turn->in);
		else if (likely(turn->in->nb_macs == 0))
			f = input_any(turn, f, end, &bytes);
		else
			f = input_checked(turn, f, end, &bytes);
		if (likely(f == end))
			break;
		bytes += f->len;
		input_other(turn, f++);
	}
	turn->bytes = bytes;
}
