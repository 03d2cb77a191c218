/* SPDX-License-Identifier: BSD-3-Clause */
/* One frame that is not of the synthetic stream: its tag is read and followed (track.h), sent back,
 * or it is shown to the sink. */
#include <string.h>

#include "traffic/frames/stream.h"
#include "traffic/port/receive.h"

#define SHORTEST 46 /* bytes: two VLAN tags may have been popped, and frames are not padded */

/* Apart, so that frames for others do not make room for what it needs. */
static __attribute__((noinline)) void
show(const struct xd_receive *r, const uint8_t *frame, uint32_t len)
{
	struct xd_arrival arrival = {
		.data = frame, .len = len, .now = r->now, .gathered = r->gathered};

	if (r->header)
		memcpy(&arrival.header, r->header, sizeof(arrival.header));
	else if (r->headers)
		memcpy(&arrival.header, frame - XD_SOURCE_HEADER, sizeof(arrival.header));
	r->sink->take(r->sink->ctx, &arrival);
}

void
xd_receive_frame(struct xd_receive *r, const uint8_t *frame, uint32_t len)
{
	struct xd_tag tag;
	bool good = true;

	if (r->kind == XD_RECEIVE_TAGGED) {
		good = len >= SHORTEST && xd_tag_read(frame, len, &tag);
		if (good && r->track)
			good = xd_track_frame(r->track, frame, len, &tag, r->now);
		if (good && r->echo)
			xd_echo_put(r->echo, &tag);
	} else if (r->kind == XD_RECEIVE_SINK) {
		show(r, frame, len);
	}
	if (good && r->frames == 0 && r->kind == XD_RECEIVE_TAGGED) {
		r->vlans = (uint8_t)xd_tag_vlans(frame);
		memcpy(r->vlan, frame + 12, r->vlans * XD_TAG_VLAN_BYTES);
	}
	if (good) {
		r->frames++;
		r->bytes += len;
	} else {
		r->foreign++;
	}
}
