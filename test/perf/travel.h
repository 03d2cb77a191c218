/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two guests on one core and the switch on another: what a frame costs when its lines travel.
 * `stages` is the same without travel.
 *
 *   travel.c        both cores' loops, and what a turn's stages take
 *   travel_lines.c  the lines that have to travel, counted in the rings; and what a line costs
 */
#ifndef TEST_TRAVEL_H
#define TEST_TRAVEL_H

#include "traffic/port/virtio_ring.h"
#include "virtqueue/device.h"

/* A guest's ring, and the switch's side of it. */
struct travel_ring {
	struct xd_virtio_ring driver;
	struct xd_vq vq;
	struct xd_guest_memory guest;
	struct xd_drops drops;
	uint8_t *mem;
	size_t bytes;
};

/* Lines of a ring that hold a batch's descriptors and so on, for each of its frames. */
struct travel_lines {
	double bytes;       /* header and frame */
	double descriptors; /* packed rings: used ones too */
	double entries;     /* split rings: available and used */
	double indices;     /* split rings: both */
};

/* Of the batch that a stopped ring's device takes next; frames with their headers are `len` long.
 * All are 0 when it has no whole batch. */
struct travel_lines travel_lines(const struct travel_ring *ring, uint32_t len);
/* Lines that a frame moves, of what one ring has. */
double travel_lines_sum(const struct travel_lines *lines);
/* Cycles that a core waits for a line, of many that it asks for at once: those that the other core
 * wrote, to be read, and those that the other read, to be written. 0: cannot be told. */
struct travel_cost {
	double read, write;
} travel_cost(int core, int other);

#endif
