/* SPDX-License-Identifier: BSD-3-Clause */
/* The headers of a template's frames as bytes. Shared by template*.c alone. */
#ifndef XD_TRAFFIC_FRAMES_TEMPLATE_FRAME_H
#define XD_TRAFFIC_FRAMES_TEMPLATE_FRAME_H

#include "traffic/frames/template_header.h"

/* Where things lie in each frame of a template, and which addresses the generator varies. */
struct xd_template_frame {
	const struct xd_template *t;
	const struct xd_template_build *build;
	const struct xd_template_header *l3, *l4; /* or NULL */
	uint16_t l3_at, l4_at, payload_at;        /* bytes; where the next thing begins if there is
						   * none of that layer */
	bool vary_macs, vary_addresses, vary_ports; /* of flows, where nothing is given */
};

/* build may be NULL as long as only the layout is asked for. */
void xd_template_frame_init(struct xd_template_frame *f, const struct xd_template *t,
	const struct xd_template_build *build);

/* The longest frame: what fits into layer 3's length. */
uint32_t xd_template_frame_max(const struct xd_template_frame *f);

/* Writes headers of f->payload_at bytes of flow `flow` to destination `d`, all but what depends on
 * the frame's length. */
void xd_template_frame_write(
	const struct xd_template_frame *f, uint32_t flow, unsigned d, uint8_t *bytes);

/* Completes them for a frame of `len` bytes, and fills what the list is to know of it (layer 4). */
void xd_template_frame_complete(const struct xd_template_frame *f, uint32_t len, uint8_t *bytes,
	struct xd_list_frame_opts *opts);

#endif
