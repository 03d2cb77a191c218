/* SPDX-License-Identifier: BSD-3-Clause */
/* What is left to whoever goes on with a ring: pages noted as written, and where the ring stands.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "vhost_user/packed_resume.h"
#include "virtqueue/device.h"
#include "virtqueue/driver.h"
#include "virtqueue/packed_ring.h"

#define GUEST_BASE 0x40000000ull
#define USER_BASE  0x7f0000000000ull
#define MEM_BYTES  (4u << 20)
#define BUFFERS    (1u << 20) /* offset of the buffers */
#define RING_SIZE  64
#define PAGE       4096

struct guest {
	uint8_t *mem, *before;
	struct xd_guest_memory memory;
	struct xd_vq_driver driver;
	struct xd_vq vq;
	struct xd_drops drops;
	struct xd_counters counters;
	struct xd_batch batch;
	struct xd_dirty_log log;
	struct xd_packed_position position;
	struct xd_intent intent;
};

static void
open_queue(struct guest *g, bool packed, uint16_t base, bool log)
{
	void *desc, *driver, *device;
	struct xd_error err;
	struct xd_vq_setup setup = {
		.size = RING_SIZE,
		.base = base,
		.packed = packed,
		.indirect = true,
		.mergeable = true,
		.call_fd = -1,
		.drops = &g->drops,
		.record = {.position = packed ? (uint64_t *)(void *)&g->position : NULL,
			.intent = packed ? g->intent.slots : NULL},
		.log = log ? &g->log : NULL,
		.log_ring = log,
	};

	xd_vq_driver_areas(&g->driver, &desc, &driver, &device);
	setup.desc_addr = USER_BASE + (uint64_t)((uint8_t *)desc - g->mem);
	setup.avail_addr = USER_BASE + (uint64_t)((uint8_t *)driver - g->mem);
	setup.used_addr = USER_BASE + (uint64_t)((uint8_t *)device - g->mem);
	setup.log_used_addr = GUEST_BASE + (uint64_t)((uint8_t *)device - g->mem);
	assert_int_equal(xd_vq_setup(&g->vq, &g->memory, &setup, &err), 0);
	g->vq.live = true;
}

static struct guest *
make_guest(bool packed)
{
	struct guest *g = aligned_alloc(64, (sizeof(*g) + 63) / 64 * 64);

	memset(g, 0, sizeof(*g));
	g->mem = aligned_alloc(PAGE, MEM_BYTES);
	g->before = aligned_alloc(PAGE, MEM_BYTES);
	memset(g->mem, 0, MEM_BYTES);
	g->memory.n = 1;
	g->memory.regions[0] = (struct xd_guest_region){.guest_addr = GUEST_BASE,
		.user_addr = USER_BASE,
		.size = MEM_BYTES,
		.host = g->mem};
	g->log.nb_pages = (GUEST_BASE + MEM_BYTES) / PAGE;
	g->log.bits = calloc(1, g->log.nb_pages / 8);
	assert_int_equal(xd_vq_driver_init(&g->driver, g->mem, RING_SIZE, packed, false, false), 0);
	return g;
}

static void
free_guest(struct guest *g)
{
	xd_vq_driver_fini(&g->driver);
	free(g->mem);
	free(g->before);
	free(g->log.bits);
	free(g);
}

static bool
is_logged(const struct guest *g, uint64_t page)
{
	page += GUEST_BASE / PAGE;
	return g->log.bits[page / 8] >> page % 8 & 1;
}

/* Every page that changed since `before` is noted; returns how many did. */
static unsigned
check_log(struct guest *g)
{
	unsigned changed = 0;

	for (uint64_t page = 0; page < MEM_BYTES / PAGE; page++) {
		if (!memcmp(g->mem + page * PAGE, g->before + page * PAGE, PAGE))
			continue;
		assert_true(is_logged(g, page));
		changed++;
	}
	return changed;
}

static void
give_buffers(struct guest *g, unsigned n, uint32_t bytes)
{
	for (unsigned i = 0; i < n; i++) {
		uint32_t at = BUFFERS + i * 9000 + 4090; /* headers across pages */
		struct xd_split_piece piece = {GUEST_BASE + at, bytes, true};

		assert_int_equal(
			xd_vq_driver_add(&g->driver, &piece, 1, (void *)(uintptr_t)(i + 1)), 0);
	}
	xd_vq_driver_publish(&g->driver);
}

static void
put_frame(struct guest *g, uint32_t len)
{
	static uint8_t body[16384];
	struct xd_frame *f = &g->batch.frames[0];
	struct xd_seg seg = {body, len - XD_HEAD};

	memset(body, 0x5a, sizeof(body));
	xd_frame_init(f, len, XD_HEAD, 1);
	memset(f->buf, 0xa5, sizeof(f->buf));
	f->segs = &seg;
	assert_int_equal(xd_vq_enqueue(&g->vq, &f, 1, 65000, &g->counters), 1);
}

static void
log_of_ring(bool packed)
{
	struct guest *g = make_guest(packed);

	open_queue(g, packed, packed ? XD_PACKED_WRAP : 0, true);
	give_buffers(g, 20, 2048);
	memcpy(g->before, g->mem, MEM_BYTES);
	memset(g->log.bits, 0, g->log.nb_pages / 8);
	put_frame(g, 1000);
	put_frame(g, 15000); /* in eight buffers */
	assert_in_range(check_log(g), 10, 40);
	/* Nor is everything noted. */
	assert_false(is_logged(g, MEM_BYTES / PAGE - 1));
	assert_false(is_logged(g, BUFFERS / PAGE + 60));
	free_guest(g);
}

static void
test_log_split(void **state)
{
	(void)state;
	log_of_ring(false);
}

static void
test_log_packed(void **state)
{
	(void)state;
	log_of_ring(true);
}

/* The bitmap ends where the front end says, whatever the address. */
static void
test_log_bounds(void **state)
{
	uint8_t bits[2] = {0, 0xaa};
	struct xd_dirty_log log = {bits, 8};

	(void)state;
	xd_dirty_log_write(&log, 7 * PAGE, 3 * PAGE);
	assert_int_equal(bits[0], 0x80);
	xd_dirty_log_write(&log, UINT64_MAX - 1, 2);
	xd_dirty_log_write(&log, 0, 0);
	assert_int_equal(bits[0], 0x80);
	xd_dirty_log_write(&log, PAGE - 1, 2);
	assert_int_equal(bits[0], 0x83);
	assert_int_equal(bits[1], 0xaa);
}

/* Sends `n` frames of one, two, three, ... descriptors. */
static void
send_chains(struct guest *g, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct xd_split_piece pieces[4];

		for (unsigned k = 0; k <= i % 4; k++)
			pieces[k] = (struct xd_split_piece){
				GUEST_BASE + BUFFERS + i * 2048 + k * 100, 100, false};
		assert_int_equal(
			xd_vq_driver_add(&g->driver, pieces, i % 4 + 1, (void *)(uintptr_t)(i + 1)),
			0);
	}
	xd_vq_driver_publish(&g->driver);
}

static unsigned
receive_all(struct guest *g)
{
	unsigned n = 0;

	while (xd_vq_dequeue(&g->vq, &g->batch)) {
		n += g->batch.n;
		xd_vq_release(&g->vq, &g->batch);
	}
	return n;
}

static unsigned
get_back(struct guest *g)
{
	unsigned n = 0;
	void *cookie;
	uint32_t len;

	while (xd_vq_driver_get(&g->driver, &cookie, &len) == 1)
		n++;
	return n;
}

/* A device that dies in the middle of a turn, `told` of whose 8 buffers the guest has seen used:
 * the next one goes on so that each buffer comes back exactly once. */
static void
die_after(bool packed, unsigned told)
{
	struct guest *g = make_guest(packed);
	uint16_t base = 0, pos;

	open_queue(g, packed, packed ? XD_PACKED_WRAP : 0, false);
	/* Some laps first, so that wrap counters matter. */
	for (unsigned lap = 0; lap < 7; lap++) {
		send_chains(g, 10);
		assert_int_equal(receive_all(g), 10);
		assert_int_equal(get_back(g), 10);
	}
	send_chains(g, 8);
	assert_int_equal(xd_vq_dequeue(&g->vq, &g->batch), 8);
	assert_int_equal(g->batch.nb_done, 8);
	if (packed) {
		pos = g->vq.used_idx;
		xd_packed_record_intent(&g->vq, g->batch.done_descs, 8);
		for (unsigned i = 0; i < told; i++) {
			xd_packed_put_used(&g->vq, pos, g->batch.done[i], 0, 0);
			pos = xd_packed_add(pos, g->batch.done_descs[i], RING_SIZE);
		}
	} else {
		g->batch.nb_done = (uint16_t)told;
		xd_vq_release(&g->vq, &g->batch);
	}
	assert_int_equal(get_back(g), told);

	if (packed)
		assert_true(xd_packed_resume(g->driver.ring.ring, RING_SIZE,
			&(struct xd_packed_note){&g->position, &g->intent, false}, &base));
	g->intent.slots[0] = 0;
	memset(&g->vq, 0xee, sizeof(g->vq));
	open_queue(g, packed, base, false);
	assert_int_equal(receive_all(g), 8 - told);
	assert_int_equal(get_back(g), 8 - told);
	send_chains(g, 10);
	assert_int_equal(receive_all(g), 10);
	assert_int_equal(get_back(g), 10);
	assert_int_equal(g->vq.fault, XD_VQ_OK);
	free_guest(g);
}

static void
test_death(void **state)
{
	(void)state;
	for (unsigned told = 0; told <= 8; told++) {
		die_after(false, told);
		die_after(true, told);
	}
}

/* While no back end was there, the front end gave back a buffer that was not the next one: the
 * switch takes those before it, and goes on behind it. */
static void
test_given_back_by_others(void **state)
{
	struct guest *g = make_guest(true);
	uint16_t pos;

	(void)state;
	open_queue(g, true, XD_PACKED_WRAP, false);
	/* At every place in the ring, its end included. */
	for (unsigned round = 0; round < 3 * RING_SIZE; round++) {
		struct xd_split_piece piece = {GUEST_BASE + BUFFERS, 100, false};
		unsigned before = round % 3, behind = round % 5;

		for (unsigned i = 0; i < before + 1 + behind; i++)
			assert_int_equal(
				xd_vq_driver_add(&g->driver, &piece, 1, (void *)(uintptr_t)1), 0);
		xd_vq_driver_publish(&g->driver);
		pos = xd_packed_add(g->vq.used_idx, (uint16_t)before, RING_SIZE);
		xd_packed_put_used(&g->vq, pos, g->vq.ring[xd_packed_index(pos)].id, 0, 0);
		for (unsigned looks = 0; looks < 4; looks++) {
			xd_vq_dequeue(&g->vq, &g->batch);
			if (g->batch.nb_done)
				xd_vq_release(&g->vq, &g->batch);
		}
		assert_int_equal(get_back(g), before + 1 + behind);
		assert_false(xd_vq_arm(&g->vq));
	}
	assert_int_equal(g->vq.fault, XD_VQ_OK);
	free_guest(g);
}

/* Frames that the ring is rewound to come again, and what brought no frame is not counted as one.
 */
static void
rewind_some(bool packed, unsigned keep)
{
	struct guest *g = make_guest(packed);
	struct xd_split_piece runt = {GUEST_BASE + BUFFERS, 15, false};
	unsigned n = 0;

	open_queue(g, packed, packed ? XD_PACKED_WRAP : 0, false);
	for (unsigned i = 0; i < 12; i++) {
		struct xd_split_piece piece = {
			GUEST_BASE + BUFFERS + 4096 * (i + 1), 12 + 100 + i, false};

		if (i % 3 == 1)
			xd_vq_driver_add(&g->driver, &runt, 1, (void *)1);
		xd_vq_driver_add(&g->driver, &piece, 1, (void *)1);
	}
	xd_vq_driver_publish(&g->driver);
	while (n < 12) {
		assert_true(xd_vq_dequeue(&g->vq, &g->batch) > 0);
		if (g->batch.n > keep)
			xd_vq_rewind(&g->vq, &g->batch, (uint16_t)keep);
		for (unsigned i = 0; i < g->batch.n; i++)
			assert_int_equal(g->batch.frames[i].len, 100 + n++);
		xd_vq_release(&g->vq, &g->batch);
	}
	assert_int_equal(n, 12);
	assert_int_equal(get_back(g), 16);
	assert_int_equal(g->vq.frames, 12);
	/* Each once, however often it was read. */
	assert_int_equal(g->drops.n[XD_DROP_RUNT], 4);
	free_guest(g);
}

static void
test_rewind(void **state)
{
	(void)state;
	for (unsigned keep = 1; keep < 13; keep++) {
		rewind_some(false, keep);
		rewind_some(true, keep);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_split),
		cmocka_unit_test(test_log_packed),
		cmocka_unit_test(test_log_bounds),
		cmocka_unit_test(test_death),
		cmocka_unit_test(test_given_back_by_others),
		cmocka_unit_test(test_rewind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
