/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames that a stream sends in turn, made beforehand: what a template, a mix of sizes, a mesh or a
 * capture comes to. A frame lies on whole cache lines; behind its headers its bytes count down to
 * its end (the last is 1, the one before it 2, ...; modulo 256), so that a receiver can tell a
 * changed one wherever headers were pushed or popped. Tagged frames end with a tag (tag.h), which
 * is written as each is sent, and the checksum of layer 4 with it.
 *
 * Built by control, read by the thread that sends.
 */
#ifndef XD_TRAFFIC_FRAMES_FRAME_LIST_H
#define XD_TRAFFIC_FRAMES_FRAME_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define XD_FRAME_LIST_MAX       (1u << 20)   /* frames */
#define XD_FRAME_LIST_BYTES_MAX (1ull << 30) /* of all frames together */

/* One frame of the list. */
struct xd_list_frame {
	uint64_t at;        /* of its first byte in the list's bytes: a multiple of 64 */
	uint64_t at_ns;     /* when a capture has it, since its first frame; else 0 */
	uint32_t len;       /* bytes, without FCS */
	uint32_t flow;      /* 0 to nb_flows - 1 */
	uint16_t csum_at;   /* of layer 4's checksum in the frame; 0: there is none to keep right */
	uint16_t csum_base; /* the one's complement sum (RFC 1071) of all that it covers but the
			     * tag, pseudo header included, in memory order, folded; the frame
			     * itself has zeroes for both checksum and tag */
	uint16_t payload_at; /* where the count-down begins; 0: there is none */
	bool tag_odd;        /* the tag begins at an odd byte of what that checksum covers */
};

struct xd_frame_list {
	uint32_t n, room;
	uint32_t nb_flows;  /* one more than the largest flow */
	uint32_t max_len;   /* bytes; of the longest frame */
	uint64_t total_len; /* bytes; of all frames */
	double mean_len;    /* bytes */
	uint64_t span_ns;   /* a capture's own time from its first frame to its last */
	bool tagged;        /* frames end with a tag */
	struct xd_list_frame *frames;
	uint8_t *bytes;      /* aligned to a line */
	uint64_t used, size; /* of bytes: what frames take in whole lines, what there is */
};

/* What the caller knows of the frame that it adds. */
struct xd_list_frame_opts {
	uint32_t flow;
	uint64_t at_ns;   /* not before the frame added last */
	uint16_t l4_at;   /* where the bytes that layer 4's checksum covers begin, */
	uint16_t csum_at; /* where that checksum is; 0: none, */
	uint16_t pseudo;  /* and the sum of its pseudo header, in memory order, folded */
	/* Bytes from here to the tag become the count-down; 0: they are left as they are. */
	uint16_t payload_at;
};

/* An empty list. xd_frame_list_fini accepts zeroes. */
void xd_frame_list_init(struct xd_frame_list *list, bool tagged);
void xd_frame_list_fini(struct xd_frame_list *list);

/* Room for so many frames more, which take so many bytes more in whole lines: spares copies.
 * -E2BIG beyond the bounds above, -ENOMEM. Control. */
int xd_frame_list_reserve(
	struct xd_frame_list *list, uint64_t frames, uint64_t bytes, struct xd_error *err);

/* Adds a copy of a frame. With csum_at the checksum is made right: for an untagged list at once,
 * for a tagged one as far as it does not depend on the tag (csum_base). -EINVAL when a frame
 * is empty, ends before its payload or checksum, or when a tagged one has no room for its tag
 * behind payload_at (or, without, behind byte 42); -E2BIG beyond the bounds above, -ENOMEM. After
 * an error the list is as it was. Control. */
int xd_frame_list_add(struct xd_frame_list *list, const uint8_t *bytes, uint32_t len,
	const struct xd_list_frame_opts *opts, struct xd_error *err);

static inline const uint8_t *
xd_list_bytes(const struct xd_frame_list *list, const struct xd_list_frame *frame)
{
	return list->bytes + frame->at;
}

#endif
