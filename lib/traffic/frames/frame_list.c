/* SPDX-License-Identifier: BSD-3-Clause */
/* A list of frames is built: memory for it, bounds on it, and each frame laid on cache lines with
 * its payload and the place of its tag and checksum. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "traffic/frames/frame_list.h"
#include "traffic/frames/sum.h"
#include "traffic/frames/tag.h"
#include "traffic/frames/wide.h"

#define HUGE_PAGE   (2u << 20) /* bytes */
#define TAG_ALONE   42         /* a tag lies behind this byte of a frame with no known payload */
#define FRAMES_FEW  64
#define BYTES_FEW   8192
#define FRAME_BYTES (UINT16_MAX + 1024u) /* of one frame: more than any layer 3 packet takes */

void
xd_frame_list_init(struct xd_frame_list *list, bool tagged)
{
	memset(list, 0, sizeof(*list));
	list->tagged = tagged;
}

void
xd_frame_list_fini(struct xd_frame_list *list)
{
	free(list->frames);
	free(list->bytes);
	memset(list, 0, sizeof(*list));
}

static int
grow_frames(struct xd_frame_list *list, uint64_t room, struct xd_error *err)
{
	struct xd_list_frame *frames = realloc(list->frames, room * sizeof(*frames));

	if (!frames)
		return xd_fail(err, -ENOMEM, "no memory for a list of %llu frames",
			(unsigned long long)room);
	list->frames = frames;
	list->room = (uint32_t)room;
	return 0;
}

static int
grow_bytes(struct xd_frame_list *list, uint64_t size, struct xd_error *err)
{
	/* Many frames read in turn miss the TLB at almost each one of them in small pages. */
	uint64_t align = size < HUGE_PAGE ? XD_LINE : HUGE_PAGE;
	uint8_t *bytes;

	size = (size + align - 1) / align * align;
	bytes = aligned_alloc(align, size);
	if (!bytes)
		return xd_fail(err, -ENOMEM, "no memory for frames of %llu bytes together",
			(unsigned long long)size);
	if (align == HUGE_PAGE)
		madvise(bytes, size, MADV_HUGEPAGE); /* is only a wish */
	if (list->used)
		memcpy(bytes, list->bytes, list->used);
	free(list->bytes);
	list->bytes = bytes;
	list->size = size;
	return 0;
}

static int
check_bounds(uint64_t frames, uint64_t bytes, struct xd_error *err)
{
	if (frames > XD_FRAME_LIST_MAX)
		return xd_fail(err, -E2BIG,
			"%llu frames to be made beforehand are too many; at most %u: fewer flows, "
			"sizes or ports",
			(unsigned long long)frames, XD_FRAME_LIST_MAX);
	if (bytes > XD_FRAME_LIST_BYTES_MAX)
		return xd_fail(err, -E2BIG,
			"frames of %llu MiB to be made beforehand are too many; at most %llu MiB: "
			"fewer flows, smaller sizes",
			(unsigned long long)(bytes >> 20), XD_FRAME_LIST_BYTES_MAX >> 20);
	return 0;
}

int
xd_frame_list_reserve(
	struct xd_frame_list *list, uint64_t frames, uint64_t bytes, struct xd_error *err)
{
	int rc = check_bounds(list->n + frames, list->used + bytes, err);

	if (!rc && list->n + frames > list->room)
		rc = grow_frames(list, list->n + frames, err);
	if (!rc && list->used + bytes > list->size)
		rc = grow_bytes(list, list->used + bytes, err);
	return rc;
}

/* Room for one more frame; twice of what there was, so that adding many is not slow. */
static int
make_room(struct xd_frame_list *list, uint64_t bytes, struct xd_error *err)
{
	int rc = check_bounds(list->n + 1ull, list->used + bytes, err);

	if (!rc && list->n == list->room)
		rc = grow_frames(list, list->room ? list->room * 2ull : FRAMES_FEW, err);
	if (!rc && list->used + bytes > list->size) {
		uint64_t twice = list->size ? list->size * 2 : BYTES_FEW;

		rc = grow_bytes(list, twice > list->used + bytes ? twice : list->used + bytes, err);
	}
	return rc;
}

static int
check_frame(const struct xd_frame_list *list, uint32_t len, const struct xd_list_frame_opts *opts,
	struct xd_error *err)
{
	uint32_t tag = list->tagged ? XD_TAG_BYTES : 0;
	uint32_t head = opts->payload_at;

	if (head == 0 && list->tagged)
		head = TAG_ALONE;
	if (len == 0 || len > FRAME_BYTES)
		return xd_fail(
			err, -EINVAL, "a frame of %u bytes; it has 1 to %u", len, FRAME_BYTES);
	if (len < head + tag)
		return xd_fail(err, -EINVAL,
			"a frame of %u bytes has no room for %u of headers and %u of tag", len,
			head, tag);
	if (opts->csum_at && (opts->csum_at + 2u > len - tag || opts->l4_at > opts->csum_at ||
				     (opts->payload_at && opts->csum_at + 2u > opts->payload_at)))
		return xd_fail(err, -EINVAL,
			"a frame of %u bytes whose checksum is at byte %u does not end its "
			"headers there",
			len, opts->csum_at);
	if (opts->flow >= XD_TAG_FLOWS_MAX)
		return xd_fail(
			err, -E2BIG, "flow %u: at most %u flows", opts->flow, XD_TAG_FLOWS_MAX);
	return 0;
}

/* Checksum and tag are zero before; the checksum is written here only when there is no tag. */
static void
set_checksum(const struct xd_frame_list *list, struct xd_list_frame *frame,
	const struct xd_list_frame_opts *opts)
{
	uint8_t *bytes = list->bytes + frame->at;
	uint16_t sum;

	frame->csum_at = opts->csum_at;
	frame->csum_base = xd_sum(bytes + opts->l4_at, frame->len - opts->l4_at, opts->pseudo);
	if (list->tagged) {
		frame->tag_odd = (frame->len - XD_TAG_BYTES - opts->l4_at) & 1;
		return;
	}
	sum = (uint16_t)~frame->csum_base;
	if (sum == 0) /* for UDP it would say "none" (RFC 768); for the others it is as good */
		sum = 0xffff;
	memcpy(bytes + opts->csum_at, &sum, sizeof(sum));
	frame->csum_at = 0;
	frame->csum_base = 0;
}

int
xd_frame_list_add(struct xd_frame_list *list, const uint8_t *bytes, uint32_t len,
	const struct xd_list_frame_opts *opts, struct xd_error *err)
{
	uint64_t room = (uint64_t)xd_lines(len) * XD_LINE;
	uint32_t end = list->tagged ? len - XD_TAG_BYTES : len;
	struct xd_list_frame *frame;
	uint8_t *dst;
	int rc = check_frame(list, len, opts, err);

	if (!rc)
		rc = make_room(list, room, err);
	if (rc)
		return rc;
	frame = &list->frames[list->n++];
	*frame = (struct xd_list_frame){
		.at = list->used,
		.at_ns = opts->at_ns,
		.len = len,
		.flow = opts->flow,
		.payload_at = opts->payload_at,
	};
	dst = list->bytes + frame->at;
	memcpy(dst, bytes, opts->payload_at ? opts->payload_at : end);
	for (uint32_t i = opts->payload_at; opts->payload_at && i < end; i++)
		dst[i] = (uint8_t)(len - i);
	memset(dst + end, 0, room - end);
	if (opts->csum_at) {
		memset(dst + opts->csum_at, 0, 2);
		set_checksum(list, frame, opts);
	}
	list->used += room;
	list->total_len += len;
	list->mean_len = (double)list->total_len / list->n;
	if (len > list->max_len)
		list->max_len = len;
	if (opts->flow >= list->nb_flows)
		list->nb_flows = opts->flow + 1;
	if (opts->at_ns > list->span_ns)
		list->span_ns = opts->at_ns;
	return 0;
}
