/* SPDX-License-Identifier: BSD-3-Clause */
/* The Internet checksum (RFC 1071) over a frame in pieces. Sums are in the order of memory: RFC
 * 1071, 2(B). */
#include "frame/copy.h"
#include "frame/offload.h"

#define BLOCK 128

/* Adds the two halves of each word of a line to eight sums, of which none overflows: 32 bits at a
 * time. */
#define ADD_LINE(sums, at)                                                                         \
	do {                                                                                       \
		xd_line line_ = *(const xd_line *)(at);                                            \
		(sums) += line_ & UINT32_MAX;                                                      \
		(sums) += line_ >> 32;                                                             \
	} while (0)

/* The sum in 16 bits, carries added. */
static uint32_t
fold(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint32_t)((sum & UINT16_MAX) + (sum >> 16));
}

static uint64_t
sum_tail(const uint8_t *p, uint32_t len)
{
	uint64_t sum = 0, word;
	uint32_t half;
	uint16_t quarter;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&word, p, 8);
		sum += (word & UINT32_MAX) + (word >> 32);
	}
	if (len & 4) {
		memcpy(&half, p, 4);
		sum += half;
		p += 4;
	}
	if (len & 2) {
		memcpy(&quarter, p, 2);
		sum += quarter;
		p += 2;
	}
	if (len & 1)
		sum += *p; /* the low byte of a word whose other one is zero */
	return sum;
}

static uint32_t
sum_bytes(const uint8_t *p, uint32_t len)
{
	typedef uint64_t sums_of_line __attribute__((vector_size(64)));
	sums_of_line even = {0}, odd = {0};
	uint64_t sum = 0;

	if (len >= BLOCK) {
		for (; len >= BLOCK; p += BLOCK, len -= BLOCK) {
			ADD_LINE(even, p);
			ADD_LINE(odd, p + 64);
		}
		even += odd;
		for (unsigned i = 0; i < 8; i++)
			sum += even[i];
	}
	return fold(sum + sum_tail(p, len));
}

/* Where a sum has come to. */
struct progress {
	uint32_t skip; /* bytes before the first one wanted */
	uint32_t left;
	uint32_t sum;
	bool odd; /* the next byte is the second of a word */
};

static void
add_piece(struct progress *at, const uint8_t *p, uint32_t len)
{
	uint32_t part;

	if (at->skip >= len) {
		at->skip -= len;
		return;
	}
	p += at->skip;
	len -= at->skip;
	at->skip = 0;
	if (len > at->left)
		len = at->left;
	at->left -= len;
	part = sum_bytes(p, len);
	if (at->odd)
		part = __builtin_bswap16((uint16_t)part);
	at->odd ^= len & 1;
	at->sum += part;
}

uint32_t
xd_frame_sum(struct xd_frame *f, uint32_t offset, uint32_t len, uint32_t sum)
{
	struct progress at = {.skip = offset, .left = len, .sum = fold(sum)};

	add_piece(&at, xd_frame_data(f), f->head_len);
	for (unsigned i = 0; i < f->nb_segs && at.left != 0; i++)
		add_piece(&at, f->segs[i].addr, f->segs[i].len);
	return fold(at.sum);
}

int
xd_frame_finish_checksum(struct xd_frame *f)
{
	uint32_t start = xd_offload_start(f);
	uint32_t field = start + f->offload.csum_offset;
	uint16_t checksum;

	if (!(f->offload.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return 0;
	if (f->offload.gso_type != VIRTIO_NET_HDR_GSO_NONE || field + 2 > f->head_len)
		return -1;
	/* The field holds the pseudo-header's sum, so it is summed with the rest. */
	checksum = (uint16_t)~xd_frame_sum(f, start, f->len - start, 0);
	if (checksum == 0 && f->offload.csum_offset == XD_UDP_CSUM_OFFSET)
		checksum = 0xffff;
	memcpy(xd_frame_data(f) + field, &checksum, sizeof(checksum));
	f->dirty = true;
	f->offload.word = 0;
	return 0;
}
