/* SPDX-License-Identifier: BSD-3-Clause */
/* Rings of impossible size and place. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hostile.h"

static void
sizes(struct hostile *h, const uint32_t *numbers, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		hostile_reconnect(h, CONNECTED);
		say_state(h, XD_VU_SET_VRING_NUM, TX, numbers[i]);
		expect_refused(h, "this ring size");
	}
}

static void
size_split(struct hostile *h)
{
	sizes(h, (uint32_t[]){0, 3, 65535, 32769, 65536, 0x80000000, UINT32_MAX}, 7);
}

static void
size_packed(struct hostile *h)
{
	sizes(h, (uint32_t[]){0, 32769, 65535, 65536, 0x80000000, UINT32_MAX}, 6);
}

/* A packed ring may have any number of entries: odd ones work, and wrap where they should. */
static void
size_3_packed(struct hostile *h)
{
	h->rings[RX].size = h->rings[TX].size = 3;
	rings_up(h);
	for (unsigned i = 0; i < 20; i++) {
		send_frame(h, FRAME);
		expect_back(h, TX);
	}
}

static void
size_1(struct hostile *h)
{
	h->rings[RX].size = h->rings[TX].size = 1;
	rings_up(h);
	for (unsigned i = 0; i < 20; i++) {
		send_frame(h, FRAME);
		expect_back(h, TX);
	}
}

/* Both rings at the addresses that `move` makes of the good ones. */
static void
placed(struct hostile *h, uint64_t desc, uint64_t driver, uint64_t device)
{
	for (unsigned i = 0; i < 2; i++) {
		uint64_t at = h->user + RING_OFFSET(i);

		say_state(h, XD_VU_SET_VRING_NUM, i, RING_SIZE);
		say_state(h, XD_VU_SET_VRING_BASE, i, h->packed ? 0x80008000 : 0);
		ring_addr(h, i, desc ? desc : at + DESC_OFFSET,
			driver ? driver : at + DRIVER_OFFSET, device ? device : at + DEVICE_OFFSET);
		ring_kick_call(h, i);
		say_state(h, XD_VU_SET_VRING_ENABLE, i, 1);
	}
	expect_alive(h);
}

#define PLACE_CASE(name, ...)                                                                      \
	static void name(struct hostile *h)                                                        \
	{                                                                                          \
		placed(h, __VA_ARGS__);                                                            \
	}

PLACE_CASE(desc_unaligned, h->user + 8, 0, 0)
PLACE_CASE(driver_unaligned, 0, h->user + DRIVER_OFFSET + 1, 0)
PLACE_CASE(device_unaligned, 0, 0, h->user + DEVICE_OFFSET + 2)
PLACE_CASE(desc_across_end, h->user + REGION - 16, 0, 0)
PLACE_CASE(driver_across_end, 0, h->user + REGION - (h->packed ? 0 : 4), 0)
PLACE_CASE(device_across_end, 0, 0, h->user + REGION - (h->packed ? 0 : 4))
PLACE_CASE(desc_outside, h->user - 4096, 0, 0)
PLACE_CASE(device_outside, 0, 0, 16)
PLACE_CASE(desc_wraps, UINT64_MAX - 15, 0, 0)
PLACE_CASE(device_wraps, 0, 0, UINT64_MAX - 3)
/* Rings that lie on top of each other: the guest hurts itself. */
PLACE_CASE(overlapping, 0, 0, h->user + RING_OFFSET(TX))
PLACE_CASE(all_in_one, h->user, h->user, h->user)

/* The last entries of a ring of 256 lie at the end of the region; a longer one does not fit. */
static void
size_after_address(struct hostile *h)
{
	uint64_t end = h->user + REGION;

	for (unsigned i = 0; i < 2; i++) {
		say_state(h, XD_VU_SET_VRING_NUM, i, RING_SIZE);
		ring_addr(h, i, end - RING_SIZE * 16 * (i + 1), h->user + RING_OFFSET(i),
			h->user + RING_OFFSET(i) + DEVICE_OFFSET);
		ring_kick_call(h, i);
		say_state(h, XD_VU_SET_VRING_ENABLE, i, 1);
	}
	expect_alive(h);
	for (unsigned i = 0; i < 2; i++)
		say_state(h, XD_VU_SET_VRING_NUM, i, 32768);
	expect_alive(h);
}

/* A position that the ring does not have. */
static void
base_beyond(struct hostile *h)
{
	say_state(h, XD_VU_SET_VRING_BASE, TX, h->packed ? 0xffffffff : 0xffff);
	say_state(h, XD_VU_SET_VRING_BASE, RX, h->packed ? 0x7fff7fff : 0x8000);
	for (unsigned i = 0; i < 2; i++) {
		uint64_t at = h->user + RING_OFFSET(i);

		say_state(h, XD_VU_SET_VRING_NUM, i, RING_SIZE);
		ring_addr(h, i, at + DESC_OFFSET, at + DRIVER_OFFSET, at + DEVICE_OFFSET);
		ring_kick_call(h, i);
		say_state(h, XD_VU_SET_VRING_ENABLE, i, 1);
	}
	expect_alive(h);
}

/* In the wrong order, and with parts missing: nothing starts. */
static void
incomplete(struct hostile *h)
{
	ring_kick_call(h, TX);
	say_state(h, XD_VU_SET_VRING_ENABLE, TX, 1);
	expect_alive(h);
	say_state(h, XD_VU_SET_VRING_NUM, TX, RING_SIZE);
	expect_alive(h);
	ring_addr(h, TX, h->user, h->user, h->user); /* but there is no memory */
	expect_alive(h);
	say_state(h, XD_VU_GET_VRING_BASE, TX, 0);
}

/* Memory that goes from under running rings. */
static void
memory_removed(struct hostile *h)
{
	struct xd_vu_mem_one one = {.region = {LOW, REGION, h->user, 0}};

	hostile_need(h, XD_VU_PF_CONFIGURE_MEM_SLOTS, "memory slots");
	send_frame(h, FRAME);
	say(h, XD_VU_REM_MEM_REG, &one, sizeof(one), -1);
	kick(h, TX);
	expect_alive(h);
}

static void
memory_replaced(struct hostile *h)
{
	struct xd_vu_mem_table table = {.nb_regions = 1, .regions = {{HIGH, REGION, HIGH, 0}}};
	int fd = memory_file(REGION);

	send_frame(h, FRAME);
	say(h, XD_VU_SET_MEM_TABLE, &table, 8 + 32, fd);
	kick(h, TX);
	expect_alive(h);
}

/* ---- Kick and call descriptors that are none ---- */

/* Restarts both rings with this descriptor; then frames both ways. */
static void
with_fd(struct hostile *h, uint32_t request, int fd)
{
	hostile_reconnect(h, RINGS);
	for (unsigned i = 0; i < 2; i++)
		say_u64(h, request, i, fd);
	close(fd);
}

static void
odd_fds(struct hostile *h, uint32_t request)
{
	int sockets[2], pipes[2], fds[6];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) || pipe(pipes))
		die("%s", strerror(errno));
	close(sockets[1]); /* its peer has gone, */
	close(pipes[0]);   /* and nobody reads: a write raises SIGPIPE */
	fds[0] = sockets[0];
	fds[1] = pipes[1];
	fds[2] = open("/tmp", O_RDONLY | O_DIRECTORY);
	fds[3] = open("/dev/zero", O_RDWR);
	fds[4] = open("/proc/self/exe", O_RDONLY);
	fds[5] = memory_file(4096);
	for (unsigned i = 0; i < 6; i++) {
		if (fds[i] < 0)
			die("%s", strerror(errno));
		with_fd(h, request, fds[i]);
		/* Whether the switch takes it or hangs up is its own affair. */
		if (h->sock >= 0)
			send_frame(h, FRAME);
		usleep(20000);
	}
}

static void
odd_kicks(struct hostile *h)
{
	odd_fds(h, XD_VU_SET_VRING_KICK);
}

static void
odd_calls(struct hostile *h)
{
	odd_fds(h, XD_VU_SET_VRING_CALL);
}

const struct attack attacks_ring[] = {
	{"size", CONNECTED, SPLIT, REFUSED, size_split},
	{"size", CONNECTED, PACKED, REFUSED, size_packed},
	{"size-3", MEMORY, PACKED, HARMLESS, size_3_packed},
	{"size-1", MEMORY, BOTH, HARMLESS, size_1},
	{"desc-unaligned", MEMORY, BOTH, UNUSED, desc_unaligned},
	{"driver-unaligned", MEMORY, BOTH, UNUSED, driver_unaligned},
	{"device-unaligned", MEMORY, BOTH, UNUSED, device_unaligned},
	{"desc-across-end", MEMORY, BOTH, UNUSED, desc_across_end},
	{"driver-across-end", MEMORY, BOTH, UNUSED, driver_across_end},
	{"device-across-end", MEMORY, BOTH, UNUSED, device_across_end},
	{"desc-outside", MEMORY, BOTH, UNUSED, desc_outside},
	{"device-outside", MEMORY, BOTH, UNUSED, device_outside},
	{"desc-wraps", MEMORY, BOTH, UNUSED, desc_wraps},
	{"device-wraps", MEMORY, BOTH, UNUSED, device_wraps},
	{"overlapping", MEMORY, BOTH, EITHER, overlapping},
	{"all-in-one", MEMORY, BOTH, EITHER, all_in_one},
	{"size-after-address", MEMORY, BOTH, UNUSED, size_after_address},
	{"base-beyond", MEMORY, BOTH, EITHER, base_beyond},
	{"incomplete", CONNECTED, BOTH, UNUSED, incomplete},
	{"memory-removed", RINGS, BOTH, UNUSED, memory_removed},
	{"memory-replaced", RINGS, BOTH, UNUSED, memory_replaced},
	{"odd-kicks", CONNECTED, BOTH, EITHER, odd_kicks},
	{"odd-calls", CONNECTED, BOTH, EITHER, odd_calls},
	{0},
};
