/* SPDX-License-Identifier: BSD-3-Clause */
/* Files behind shared memory that become shorter while they are in use: a touch raises SIGBUS. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "hostile.h"

static void
shorten(int fd, uint64_t bytes)
{
	if (ftruncate(fd, (off_t)bytes))
		die("ftruncate: %s", strerror(errno));
}

/* Only the frame's bytes go; the rings, which lie before them, stay. */
static void
frames_gone(struct hostile *h)
{
	uint64_t at = put_frame(h, 4000);

	(void)at;
	offer(h, TX, &(struct piece){LOW + TABLE_OFFSET + 0xf000, 0x8000, 0}, 1);
	shorten(h->memory_fd, FRAME_OFFSET);
	kick(h, TX);
}

/* The receive buffers go: seen when the switch has a frame for this guest. */
static void
receive_buffers_gone(struct hostile *h)
{
	shorten(h->memory_fd, REGION);
}

static void
all_gone(struct hostile *h)
{
	send_frame(h, FRAME);
	shorten(h->memory_fd, 0);
	kick(h, TX);
}

/* The file comes back as long as it was, with other pages in it. */
static void
gone_and_back(struct hostile *h)
{
	for (unsigned i = 0; i < 50; i++) {
		shorten(h->memory_fd, 0);
		kick(h, TX);
		shorten(h->memory_fd, FILE_BYTES);
		usleep(1000);
	}
}

/* What is said of both rings, without a look at the memory that they were in. */
static void
say_rings(struct hostile *h)
{
	for (unsigned i = 0; i < 2; i++) {
		uint64_t at = h->user + RING_OFFSET(i);

		say_state(h, XD_VU_SET_VRING_NUM, i, RING_SIZE);
		say_state(h, XD_VU_SET_VRING_BASE, i, h->packed ? 0x80008000 : 0);
		ring_addr(h, i, at + DESC_OFFSET, at + DRIVER_OFFSET, at + DEVICE_OFFSET);
		ring_kick_call(h, i);
		say_state(h, XD_VU_SET_VRING_ENABLE, i, 1);
	}
}

/* Gone before the rings are set up, which is when control looks at them first. */
static void
gone_before_rings(struct hostile *h)
{
	expect_alive(h);
	shorten(h->memory_fd, 0);
	say_rings(h);
	kick(h, TX);
}

/* The rings begin anew, as after a reset of the driver, on the memory that was found to be gone:
 * zeroes of the switch's own, of which each turn would touch more. */
static void
rings_again(struct hostile *h)
{
	all_gone(h);
	for (unsigned i = 0; i < 20; i++) {
		usleep(10000);
		for (unsigned ring = 0; ring < 2; ring++)
			say_state(h, XD_VU_GET_VRING_BASE, ring, 0);
		say_rings(h);
		kick(h, TX);
	}
	expect_alive(h);
}

/* Pages given back, as a balloon does: they read as zeroes, and that is no fault. */
static void
pages_discarded(struct hostile *h)
{
	for (unsigned i = 0; i < 20; i++) {
		if (fallocate(h->memory_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			    FRAME_OFFSET, REGION - FRAME_OFFSET) ||
			fallocate(h->memory_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, REGION,
				REGION))
			die("fallocate: %s", strerror(errno));
		send_frame(h, FRAME);
		expect_back(h, TX);
	}
}

/* The rings themselves are discarded: they say nothing then. */
static void
rings_discarded(struct hostile *h)
{
	send_frame(h, FRAME);
	expect_back(h, TX);
	if (fallocate(h->memory_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, REGION))
		die("fallocate: %s", strerror(errno));
	kick(h, TX);
}

const struct attack attacks_truncate[] = {
	{"frames-gone", RINGS, BOTH, FAULT, frames_gone},
	{"receive-buffers-gone", RINGS, BOTH, FAULT, receive_buffers_gone},
	{"all-gone", RINGS, BOTH, FAULT, all_gone},
	{"gone-and-back", RINGS, BOTH, EITHER, gone_and_back},
	{"rings-again", RINGS, BOTH, FAULT, rings_again},
	{"gone-before-rings", MEMORY, BOTH, EITHER, gone_before_rings},
	{"pages-discarded", RINGS, BOTH, HARMLESS, pages_discarded},
	{"rings-discarded", RINGS, BOTH, EITHER, rings_discarded},
	{0},
};
