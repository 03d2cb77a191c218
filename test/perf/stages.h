/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One thread that is the guests and the switch by turns, on two rings: no cache line travels
 * between cores, and what is measured is instructions and this core's caches.
 *
 *   stages.c            each stage of a turn by itself
 *   stages_workers.c    several such threads at once, by what they share
 *   stages_addresses.c  what the address table costs, by what is in it
 *   stages_bench.c      rings and their buffers
 */
#ifndef TEST_STAGES_H
#define TEST_STAGES_H

#include "bridge/bridge.h"
#include "memory/memory.h"
#include "virtqueue/device.h"

#define STAGES_RING          1024
#define STAGES_FRAME         64
#define STAGES_HEADER        12
#define STAGES_RX_OFFSET     (4u << 20)
#define STAGES_SPAN_OFFSET   (8u << 20)
#define STAGES_TABLES_OFFSET (3u << 20)
#define STAGES_MEM_BYTES     (12u << 20)

/* A guest that sends, one that receives, and one that watches. */
struct stages_bench {
	uint8_t *mem;
	bool packed;
	bool watched;                /* frames go to the third too */
	uint32_t offered;            /* buffers, of each ring; */
	uint32_t tx_bytes;           /* of each descriptor of the sender's, */
	uint16_t tx_flags;           /* and what it says */
	uint32_t rx_offered, rx_due; /* of the receiver's, and how many to offer next */
	struct xd_guest_memory guest;
	struct xd_vq tx, rx, span;
	struct xd_batch batch;
	struct xd_turn turn;
	struct xd_counters counters;
};

/* An address of a port's. */
void stages_set_mac(uint8_t *mac, unsigned port, unsigned flow);
/* The rings, with frames from addresses of one port to those of another. 0 or -1, and it was said
 * why. */
int stages_make_rings(
	struct stages_bench *b, bool packed, unsigned from, unsigned to, unsigned flows);
/* The drivers make the next batch of buffers available. */
void stages_offer(struct stages_bench *b);
/* Has the sender's frames lie in two pieces, of `first` bytes and of the others, by an indirect
 * table each. */
void stages_make_indirect(struct stages_bench *b, uint32_t first);
/* The frame that lies in entry i of the sender's ring. */
uint8_t *stages_frame(struct stages_bench *b, unsigned i);

/* stages_workers.c. With `most` workers at most, of 8. 0 or 1: it was said why. */
int stages_workers(unsigned most);

/* stages_addresses.c. With 2 to `most` addresses. 0 or 1: it was said why. */
int stages_addresses(unsigned most);

#endif
