/* SPDX-License-Identifier: BSD-3-Clause */
/* What a trial has the switch learn before (learn.h): the addresses of its streams or lists, and
 * those that answers come from. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/trial/trial_parts.h"

#define GROUP 1 /* bit of a MAC address's first byte */

/* The synthetic stream: frames from a port, whether it is to send later or not, so that the
 * addresses that frames go to are learned too. */
static int
learn_stream(struct xd_trial *t, unsigned port, struct xd_error *err)
{
	struct xd_learn learn = {.from = port, .to = t->ports[port].to[0], .size = t->size};
	struct xd_list_stream_opts list;
	struct xd_stream_opts stream, back;
	struct xd_gen_load teach;

	xd_trial_load_of(t, port, &learn.load, &stream, &list);
	learn.load.touch = XD_TOUCH_FULL;
	learn.frames = stream.flows;
	if (t->opts->pattern != XD_PATTERN_BROADCAST) {
		xd_trial_load_of(t, (unsigned)learn.to, &teach, &back, &list);
		teach.touch = XD_TOUCH_FULL;
		learn.teach = &teach;
		learn.teach_frames = back.flows;
	}
	return xd_learn(t->gen, &learn, &t->learned, err);
}

/* Frames of a list, once through; teach: what is sent from where they go; or NULL. */
static int
learn_list(struct xd_trial *t, unsigned from, int to, const struct xd_frame_list *frames,
	const struct xd_frame_list *teach, struct xd_error *err)
{
	struct xd_list_stream_opts list = {.list = frames}, back = {.list = teach};
	struct xd_gen_load teach_load = {.list = &back, .touch = XD_TOUCH_FULL};
	struct xd_learn learn = {
		.from = from,
		.to = to,
		.load = {.list = &list, .touch = XD_TOUCH_FULL},
		.frames = frames->n,
	};

	if (to != XD_LEARN_ANYWHERE && teach && teach->n) {
		learn.teach = &teach_load;
		learn.teach_frames = teach->n;
	}
	return xd_learn(t->gen, &learn, &t->learned, err);
}

/* VLAN tags as they are in a frame. */
struct tags {
	unsigned n;
	const uint8_t *bytes;
};

/* A frame of a list with its MAC addresses exchanged, and these tags instead of its own. */
static int
add_reversed(struct xd_frame_list *list, const uint8_t *bytes, const struct xd_list_frame *f,
	const struct tags *tags, struct xd_error *err)
{
	uint32_t skip = 12 + xd_tag_vlans(bytes) * XD_TAG_VLAN_BYTES;
	uint32_t head = 12 + tags->n * XD_TAG_VLAN_BYTES, len = f->len - skip + head;
	struct xd_list_frame_opts opts = {.flow = f->flow};
	uint8_t *reversed = calloc(1, len + XD_STREAM_MIN);
	int rc;

	if (!reversed)
		return xd_fail(err, -ENOMEM, "no memory for frames to learn from");
	memcpy(reversed, bytes + 6, 6);
	memcpy(reversed + 6, bytes, 6);
	memcpy(reversed + 12, tags->bytes, tags->n * XD_TAG_VLAN_BYTES);
	memcpy(reversed + head, bytes + skip, f->len - skip);
	rc = xd_frame_list_add(
		list, reversed, len < XD_STREAM_MIN ? XD_STREAM_MIN : len, &opts, err);
	free(reversed);
	return rc;
}

/* From where frames of port `from` go to, the same back. tags: as they arrived; NULL: not known
 * yet, so as they are and with none. */
static int
reverse(struct xd_trial *t, unsigned from, const struct tags *tags, struct xd_frame_list *list,
	struct xd_error *err)
{
	const struct xd_frame_list *sent = &t->ports[from].list;
	int rc = 0;

	for (uint32_t i = 0; i < sent->n && !rc; i++) {
		const struct xd_list_frame *f = &sent->frames[i];
		const uint8_t *bytes = xd_list_bytes(sent, f);
		struct tags own = {xd_tag_vlans(bytes), bytes + 12}, none = {0, bytes};

		if (bytes[0] & GROUP)
			continue;
		rc = add_reversed(list, bytes, f, tags ? tags : &own, err);
		if (!rc && !tags && own.n)
			rc = add_reversed(list, bytes, f, &none, err);
	}
	return rc;
}

/* What comes out of a switch says with which tag, if any, it takes frames there: an access port has
 * none, a trunk may have one. */
static int
learn_answers(struct xd_trial *t, unsigned from, struct xd_error *err)
{
	unsigned to = t->ports[from].to[0];
	const struct xd_receive *r = &t->gen->ports[to]->received;
	struct tags tags = {r->vlans, r->vlan};
	uint8_t copy[sizeof(r->vlan)];
	struct xd_frame_list list;
	int rc;

	memcpy(copy, r->vlan, sizeof(copy)); /* the port forgets */
	tags.bytes = copy;
	xd_frame_list_init(&list, true);
	rc = reverse(t, from, &tags, &list, err);
	if (!rc && list.n)
		rc = learn_list(t, to, (int)from, &list, NULL, err);
	xd_gen_port_load(t->gen->ports[to], &(struct xd_gen_load){0}, NULL);
	xd_frame_list_fini(&list);
	return rc;
}

static int
learn_lists(struct xd_trial *t, unsigned port, struct xd_error *err)
{
	const struct xd_trial_port *p = &t->ports[port], *peer = &t->ports[p->to[0]];
	bool anywhere = t->opts->pattern == XD_PATTERN_MESH;
	struct xd_frame_list back;
	int rc = 0;

	if (!p->sends && !p->echoes)
		return 0;
	xd_frame_list_init(&back, true);
	if (!anywhere && !peer->sends && !peer->echoes)
		rc = reverse(t, port, NULL, &back, err);
	if (!rc)
		rc = learn_list(t, port, anywhere ? XD_LEARN_ANYWHERE : p->to[0], &p->list,
			peer->sends || peer->echoes ? &peer->list : &back, err);
	xd_gen_port_load(t->gen->ports[p->to[0]], &(struct xd_gen_load){0}, NULL);
	xd_frame_list_fini(&back);
	if (!rc && p->nb_to == 1 && !peer->sends)
		rc = learn_answers(t, port, err);
	return rc;
}

/* Of a half, its own addresses: whether they arrive, the other end sees. */
static int
teach_half(struct xd_trial *t, unsigned port, struct xd_error *err)
{
	struct xd_list_stream_opts list = {.list = &t->ports[port].list};
	struct xd_stream_opts stream = {0};
	struct xd_gen_load load = {.list = &list};
	int rc;

	if (!t->listed)
		xd_trial_load_of(t, port, &load, &stream, &list);
	load.touch = XD_TOUCH_FULL;
	rc = xd_gen_port_load(t->gen->ports[port], &load, err);
	if (!rc)
		rc = xd_teach(t->gen, port, t->listed ? t->ports[port].list.n : stream.flows, err);
	xd_gen_port_load(t->gen->ports[port], &(struct xd_gen_load){0}, NULL);
	return rc;
}

int
xd_trial_learn(struct xd_trial *t, struct xd_error *err)
{
	bool broadcast = t->opts->pattern == XD_PATTERN_BROADCAST;
	int rc = 0;

	/* Nobody knows what the addresses of a capture are, or what stands behind a reflector. */
	if (t->opts->capture || t->opts->pattern == XD_PATTERN_REFLECT ||
		t->opts->pattern == XD_PATTERN_SEND)
		return 0;
	for (unsigned i = 0; i < (broadcast ? 1 : t->nb_ports) && !rc; i++)
		rc = t->opts->half ? teach_half(t, i, err)
		     : t->listed   ? learn_lists(t, i, err)
				   : learn_stream(t, i, err);
	return rc;
}
