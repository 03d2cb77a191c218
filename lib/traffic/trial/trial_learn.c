/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
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
	struct xd_stream_opts stream;

	xd_trial_load_of(t, port, &learn.load, &stream, &list);
	learn.load.touch = XD_TOUCH_FULL;
	learn.frames = stream.flows;
	return xd_learn(t->gen, &learn, &t->learned, err);
}

/* Frames of a list, once through. */
static int
learn_list(struct xd_trial *t, unsigned from, int to, const struct xd_frame_list *frames,
	struct xd_error *err)
{
	struct xd_list_stream_opts list = {.list = frames};
	struct xd_learn learn = {
		.from = from,
		.to = to,
		.load = {.list = &list, .touch = XD_TOUCH_FULL},
		.frames = frames->n,
	};

	return xd_learn(t->gen, &learn, &t->learned, err);
}

/* From where frames of a list go to, the same with their MAC addresses exchanged. */
static int
learn_reversed(struct xd_trial *t, unsigned from, struct xd_error *err)
{
	const struct xd_trial_port *p = &t->ports[from];
	struct xd_frame_list list;
	int rc = 0;

	xd_frame_list_init(&list, true);
	for (uint32_t i = 0; i < p->list.n && !rc; i++) {
		const struct xd_list_frame *f = &p->list.frames[i];
		const uint8_t *bytes = xd_list_bytes(&p->list, f);
		struct xd_list_frame_opts opts = {.flow = f->flow};
		uint32_t at;

		if (bytes[0] & GROUP)
			continue;
		rc = xd_frame_list_add(&list, bytes, f->len, &opts, err);
		if (rc)
			break;
		at = (uint32_t)list.frames[list.n - 1].at;
		memcpy(list.bytes + at, bytes + 6, 6);
		memcpy(list.bytes + at + 6, bytes, 6);
	}
	if (!rc && list.n)
		rc = learn_list(t, p->to[0], (int)from, &list, err);
	xd_frame_list_fini(&list);
	return rc;
}

static int
learn_lists(struct xd_trial *t, unsigned port, struct xd_error *err)
{
	const struct xd_trial_port *p = &t->ports[port];
	bool anywhere = t->opts->pattern == XD_PATTERN_MESH;
	int rc = 0;

	if (!p->sends && !p->echoes)
		return 0;
	rc = learn_list(t, port, anywhere ? XD_LEARN_ANYWHERE : p->to[0], &p->list, err);
	if (!rc && p->nb_to == 1 && !t->ports[p->to[0]].sends)
		rc = learn_reversed(t, port, err);
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
		rc = t->listed ? learn_lists(t, i, err) : learn_stream(t, i, err);
	return rc;
}
