/* SPDX-License-Identifier: BSD-3-Clause */
/* The driver side of a packed ring against a small device written here from virtio 1.2, 2.8, and
 * what in-order use adds to both kinds of driver. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "virtqueue/packed_driver.h"

#define MEMORY_BYTES (4u << 20)
#define BASE         0x7000000000ull
#define DATA         (3u << 20) /* buffers and tables begin here */
#define PIECES_MAX   1024

/* Descriptor flags, from the text of the specification and not from the header under test. */
#define NEXT     1
#define WRITE    2
#define INDIRECT 4
#define AVAIL    (1 << 7)
#define USED     (1 << 15)

/* A device that does what the specification says and believes the driver nothing. */
struct device {
	uint8_t *memory;
	struct xd_packed_desc *ring;
	volatile struct xd_packed_event *driver_event, *device_event;
	uint16_t size;
	uint16_t avail, used; /* descriptor numbers */
	bool avail_wrap, used_wrap;
};

/* A chain that the device has. */
struct chain {
	uint16_t first, nb_descs, id;
};

struct fixture {
	uint8_t *memory;
	struct xd_packed_driver driver;
	struct device device;
};

static uint8_t *
at(const struct device *dev, uint64_t addr, uint32_t len)
{
	assert_true(addr >= BASE && addr - BASE + len <= MEMORY_BYTES);
	return dev->memory + (addr - BASE);
}

static void
begin(struct fixture *f, uint32_t size, bool event_idx)
{
	f->memory = aligned_alloc(4096, MEMORY_BYTES);
	assert_non_null(f->memory);
	memset(f->memory, 0, MEMORY_BYTES);
	assert_true(xd_packed_driver_bytes(size) < DATA);
	assert_int_equal(xd_packed_driver_init(&f->driver, f->memory, size, event_idx), 0);
	f->device = (struct device){
		.memory = f->memory,
		.ring = f->driver.ring,
		.driver_event = f->driver.driver_event,
		.device_event = f->driver.device_event,
		.size = (uint16_t)size,
		.avail_wrap = true,
		.used_wrap = true,
	};
}

static void
end(struct fixture *f)
{
	xd_packed_driver_fini(&f->driver);
	free(f->memory);
}

static uint16_t
flags_at(const struct device *dev, uint16_t i)
{
	return __atomic_load_n(&dev->ring[i].flags, __ATOMIC_ACQUIRE);
}

static bool
is_available(uint16_t flags, bool wrap)
{
	return (flags & AVAIL ? true : false) == wrap && (flags & USED ? true : false) != wrap;
}

static void
step(uint16_t *index, bool *wrap, uint16_t size, uint16_t n)
{
	for (; n; n--)
		if (++*index == size) {
			*index = 0;
			*wrap = !*wrap;
		}
}

/* The next available chain; false when there is none. */
static bool
device_take(struct device *dev, struct chain *c)
{
	uint16_t flags = flags_at(dev, dev->avail);

	if (!is_available(flags, dev->avail_wrap))
		return false;
	*c = (struct chain){.first = dev->avail};
	for (;;) {
		assert_true(c->nb_descs < dev->size);
		assert_true(is_available(flags, dev->avail_wrap));
		c->nb_descs++;
		c->id = dev->ring[dev->avail].id;
		step(&dev->avail, &dev->avail_wrap, dev->size, 1);
		if (!(flags & NEXT))
			break;
		flags = flags_at(dev, dev->avail);
	}
	assert_true(c->id < dev->size);
	return true;
}

/* The pieces of a chain; returns how many. */
static unsigned
device_chain(const struct device *dev, const struct chain *c, struct xd_split_piece *pieces)
{
	const struct xd_packed_desc *d = &dev->ring[c->first];

	if (d->flags & INDIRECT) {
		const struct xd_packed_desc *table;

		assert_int_equal(c->nb_descs, 1);
		assert_int_equal(d->flags & (NEXT | WRITE), 0);
		assert_int_equal(d->len % 16, 0);
		table = (const struct xd_packed_desc *)at(dev, d->addr, d->len);
		for (unsigned i = 0; i < d->len / 16; i++)
			pieces[i] = (struct xd_split_piece){
				table[i].addr, table[i].len, (table[i].flags & WRITE) != 0};
		return d->len / 16;
	}
	for (unsigned i = 0; i < c->nb_descs; i++) {
		d = &dev->ring[(c->first + i) % dev->size];
		pieces[i] = (struct xd_split_piece){d->addr, d->len, (d->flags & WRITE) != 0};
	}
	return c->nb_descs;
}

/* Writes a used descriptor for buffer id, and goes on behind nb_descs. */
static void
device_give_id(struct device *dev, uint16_t id, uint16_t nb_descs, uint32_t len)
{
	struct xd_packed_desc *d = &dev->ring[dev->used];

	d->addr = 0x6666666666666666; /* nobody may rely on it */
	d->len = len;
	d->id = id;
	__atomic_store_n(&d->flags, dev->used_wrap ? AVAIL | USED : 0, __ATOMIC_RELEASE);
	step(&dev->used, &dev->used_wrap, dev->size, nb_descs);
}

static void
device_give(struct device *dev, const struct chain *c, uint32_t len)
{
	device_give_id(dev, c->id, c->nb_descs, len);
}

static void
assert_same_pieces(const struct xd_split_piece *a, const struct xd_split_piece *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(a[i].addr, b[i].addr);
		assert_int_equal(a[i].len, b[i].len);
		assert_int_equal(a[i].write, b[i].write);
	}
}

/* n pieces of which the last nb_write are written by the device. */
static void
make_pieces(struct xd_split_piece *pieces, unsigned n, unsigned nb_write, unsigned salt)
{
	for (unsigned i = 0; i < n; i++)
		pieces[i] = (struct xd_split_piece){BASE + DATA + 64 * i + salt % 64,
			1 + (i * 7 + salt) % 1000, i + nb_write >= n};
}

/* ---- Tests ---- */

static void
test_sizes(void **state)
{
	static uint8_t memory[8192] __attribute__((aligned(64)));
	struct xd_packed_driver d;

	(void)state;
	assert_int_equal(xd_packed_driver_init(&d, memory, 0, false), -EINVAL);
	assert_int_equal(xd_packed_driver_init(&d, memory, 32769, false), -EINVAL);
	assert_int_equal(xd_packed_driver_init(&d, memory, 65536, false), -EINVAL);
	for (uint32_t size = 1; size <= XD_PACKED_SIZE_MAX; size = size * 3 / 2 + 1) {
		uint8_t *big = aligned_alloc(64, (xd_packed_driver_bytes(size) + 63) / 64 * 64);

		assert_non_null(big);
		assert_int_equal(xd_packed_driver_init(&d, big, size, true), 0);
		assert_int_equal((uintptr_t)d.ring % XD_PACKED_DESC_ALIGN, 0);
		assert_int_equal((uintptr_t)d.driver_event % XD_PACKED_EVENT_ALIGN, 0);
		assert_int_equal((uintptr_t)d.device_event % XD_PACKED_EVENT_ALIGN, 0);
		assert_true((uint8_t *)d.driver_event >= big + xd_packed_desc_bytes(size));
		assert_true(d.device_event > d.driver_event);
		assert_true(big + xd_packed_driver_bytes(size) >= (uint8_t *)(d.device_event + 1));
		xd_packed_driver_fini(&d);
		free(big);
	}
}

/* Every length of chain and every place where writing begins, on rings of even and odd sizes. */
static void
test_every_chain_shape(void **state)
{
	static const uint16_t sizes[] = {1, 2, 3, 7, 16, 33};
	struct xd_split_piece pieces[PIECES_MAX], seen[PIECES_MAX];
	struct fixture f;
	struct chain c;
	uint32_t len;
	void *cookie;

	(void)state;
	for (unsigned s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		begin(&f, sizes[s], false);
		for (unsigned n = 1; n <= sizes[s]; n++)
			for (unsigned w = 0; w <= n; w++) {
				make_pieces(pieces, n, w, n * w);
				assert_int_equal(
					xd_packed_driver_add(&f.driver, pieces, n, &pieces[w]), 0);
				assert_false(device_take(&f.device, &c)); /* not published yet */
				assert_true(xd_packed_driver_publish(&f.driver));
				assert_true(device_take(&f.device, &c));
				assert_int_equal(device_chain(&f.device, &c, seen), n);
				assert_same_pieces(seen, pieces, n);
				assert_int_equal(xd_packed_driver_get(&f.driver, &cookie, &len), 0);
				assert_int_equal(xd_packed_driver_outstanding(&f.driver), 1);
				device_give(&f.device, &c, w);
				assert_int_equal(xd_packed_driver_get(&f.driver, &cookie, &len), 1);
				assert_ptr_equal(cookie, &pieces[w]);
				assert_int_equal(len, w);
				assert_int_equal(f.driver.nb_free, sizes[s]);
				assert_int_equal(xd_packed_driver_outstanding(&f.driver), 0);
			}
		end(&f);
	}
}

/* The biggest ring, filled to the last descriptor, some laps. */
static void
test_full_ring(void **state)
{
	static const uint32_t sizes[] = {XD_PACKED_SIZE_MAX, 20011, 1};
	struct xd_split_piece piece = {BASE + DATA, 64, true};
	struct fixture f;
	struct chain c;
	uint32_t len;
	void *cookie;

	(void)state;
	for (unsigned s = 0; s < 3; s++) {
		uint32_t size = sizes[s];

		begin(&f, size, true);
		for (unsigned lap = 0; lap < 5; lap++) {
			for (uintptr_t i = 0; i < size; i++)
				assert_int_equal(
					xd_packed_driver_add(&f.driver, &piece, 1, (void *)i), 0);
			assert_int_equal(xd_packed_driver_add(&f.driver, &piece, 1, NULL), -ENOSPC);
			/* Asked for at the last descriptor of a whole lap. */
			f.device.device_event->off_wrap =
				(uint16_t)((size - 1) | (unsigned)f.device.avail_wrap << 15);
			f.device.device_event->flags = XD_PACKED_EVENT_DESC;
			assert_true(xd_packed_driver_publish(&f.driver));
			for (uintptr_t i = 0; i < size; i++) {
				assert_true(device_take(&f.device, &c));
				device_give(&f.device, &c, 1);
				assert_int_equal(xd_packed_driver_get(&f.driver, &cookie, &len), 1);
				assert_int_equal((uintptr_t)cookie, i);
			}
			assert_false(device_take(&f.device, &c));
		}
		end(&f);
	}
}

static void
test_indirect(void **state)
{
	struct xd_split_piece pieces[PIECES_MAX], seen[PIECES_MAX];
	struct xd_packed_desc *table;
	struct fixture f;
	struct chain c;
	uint32_t len;
	void *cookie;

	(void)state;
	begin(&f, 60, true);
	table = (struct xd_packed_desc *)(f.memory + DATA);
	for (unsigned n = 1; n <= 60; n++) {
		make_pieces(pieces, n, n / 2, n);
		assert_int_equal(xd_packed_driver_add_indirect(
					 &f.driver, pieces, n, table, BASE + DATA, table),
			0);
		assert_int_equal(f.driver.nb_free, 59);
		xd_packed_driver_publish(&f.driver);
		assert_true(device_take(&f.device, &c));
		assert_int_equal(device_chain(&f.device, &c, seen), n);
		assert_same_pieces(seen, pieces, n);
		device_give(&f.device, &c, 0);
		assert_int_equal(xd_packed_driver_get(&f.driver, &cookie, &len), 1);
		assert_ptr_equal(cookie, table);
	}
	end(&f);
}

static void
test_refused(void **state)
{
	struct xd_split_piece pieces[PIECES_MAX];
	struct xd_packed_desc table[4];
	struct fixture f;

	(void)state;
	begin(&f, 8, false);
	make_pieces(pieces, 9, 2, 0);
	assert_int_equal(xd_packed_driver_add(&f.driver, pieces, 0, NULL), -EINVAL);
	assert_int_equal(xd_packed_driver_add(&f.driver, pieces, 9, NULL), -EINVAL);
	pieces[0].write = true; /* and pieces[1] is read: the wrong order */
	assert_int_equal(xd_packed_driver_add(&f.driver, pieces, 2, NULL), -EINVAL);
	assert_int_equal(
		xd_packed_driver_add_indirect(&f.driver, pieces, 2, table, 0, NULL), -EINVAL);
	pieces[0].write = false;
	assert_int_equal(xd_packed_driver_add(&f.driver, pieces, 5, NULL), 0);
	assert_int_equal(xd_packed_driver_add(&f.driver, pieces, 4, NULL), -ENOSPC);
	assert_int_equal(xd_packed_driver_add(&f.driver, pieces, 3, NULL), 0);
	assert_int_equal(
		xd_packed_driver_add_indirect(&f.driver, pieces, 2, table, 0, NULL), -ENOSPC);
	assert_int_equal(xd_packed_driver_add(&f.driver, pieces, 1, NULL), -ENOSPC);
	end(&f);
}

/* What the tests below keep of the chains that they added. */
struct added {
	unsigned n, salt;
	bool out;
};

static void
assert_chain(const struct device *dev, const struct chain *c, const struct added *a)
{
	struct xd_split_piece pieces[PIECES_MAX], seen[PIECES_MAX];

	make_pieces(pieces, a->n, a->n / 3, a->salt);
	assert_int_equal(device_chain(dev, c, seen), a->n);
	assert_same_pieces(seen, pieces, a->n);
}

/* Chains of many shapes given back in random order, hundreds of laps. */
static void
out_of_order(uint16_t size, unsigned longest)
{
	enum { ROUNDS = 100000, SLOTS = 4096 };
	struct xd_split_piece pieces[PIECES_MAX];
	static struct added chains[SLOTS];
	struct chain held[256];
	unsigned nb_held = 0, added = 0, back = 0, seed = 1;
	struct fixture f;

	begin(&f, size, false);
	memset(chains, 0, sizeof(chains));
	while (back < ROUNDS) {
		unsigned slot = added % SLOTS, n = 1 + rand_r(&seed) % longest;
		struct added *a = &chains[slot];
		uint32_t len;
		void *cookie;

		make_pieces(pieces, n, n / 3, added);
		if (!a->out && xd_packed_driver_add(&f.driver, pieces, n, a) == 0)
			*a = (struct added){n, added++, true};
		if (rand_r(&seed) % 2)
			xd_packed_driver_publish(&f.driver);
		while (device_take(&f.device, &held[nb_held])) {
			/* Chains come as they were added. */
			nb_held++;
		}
		if (nb_held && rand_r(&seed) % 2) {
			unsigned i = rand_r(&seed) % nb_held;
			struct chain c = held[i];

			held[i] = held[--nb_held];
			/* Its descriptors may be overwritten by now: only the id counts. */
			device_give(&f.device, &c, 1);
			assert_int_equal(xd_packed_driver_get(&f.driver, &cookie, &len), 1);
			a = cookie;
			assert_true(a >= chains && a < chains + SLOTS && a->out);
			assert_int_equal(a->n, c.nb_descs);
			assert_int_equal(len, 1);
			a->out = false;
			back++;
			assert_int_equal(xd_packed_driver_get(&f.driver, &cookie, &len), 0);
		}
	}
	end(&f);
}

static void
test_out_of_order(void **state)
{
	(void)state;
	out_of_order(64, 9);
	out_of_order(61, 9);
	out_of_order(7, 7);
	out_of_order(256, 1);
}

/* A device that uses buffers in order and writes only the last of each batch. */
static void
in_order(uint16_t size, unsigned longest)
{
	enum { ROUNDS = 60000, SLOTS = 256 };
	struct xd_split_piece pieces[PIECES_MAX];
	static struct added chains[SLOTS];
	struct chain held[SLOTS];
	unsigned first = 0, nb_held = 0, added = 0, back = 0, seed = 2;
	struct fixture f;

	begin(&f, size, false);
	xd_packed_driver_in_order(&f.driver);
	while (back < ROUNDS) {
		unsigned n = 1 + rand_r(&seed) % longest, batch, total = 0;
		uint32_t len, room;
		void *cookie;

		make_pieces(pieces, n, n / 3, added);
		while (added - back < SLOTS &&
			xd_packed_driver_add(&f.driver, pieces, n, &chains[added % SLOTS]) == 0) {
			chains[added % SLOTS] = (struct added){n, added, true};
			added++;
			n = 1 + rand_r(&seed) % longest;
			make_pieces(pieces, n, n / 3, added);
		}
		if (rand_r(&seed) % 2)
			xd_packed_driver_publish(&f.driver);
		while (device_take(&f.device, &held[(first + nb_held) % SLOTS])) {
			assert_chain(&f.device, &held[(first + nb_held) % SLOTS],
				&chains[(first + nb_held) % SLOTS]);
			nb_held++;
		}
		if (nb_held == 0)
			continue;
		batch = 1 + rand_r(&seed) % nb_held;
		for (unsigned i = 0; i < batch; i++)
			total += held[(first + i) % SLOTS].nb_descs;
		device_give_id(&f.device, held[(first + batch - 1) % SLOTS].id, (uint16_t)total, 1);
		for (unsigned i = 0; i < batch; i++, first++, nb_held--, back++) {
			const struct added *a = &chains[back % SLOTS];

			assert_int_equal(xd_packed_driver_get(&f.driver, &cookie, &len), 1);
			assert_ptr_equal(cookie, a);
			make_pieces(pieces, a->n, a->n / 3, a->salt);
			room = 0;
			for (unsigned p = 0; p < a->n; p++)
				room += pieces[p].write ? pieces[p].len : 0;
			assert_int_equal(len, i + 1 == batch ? 1 : room);
		}
		assert_int_equal(xd_packed_driver_get(&f.driver, &cookie, &len), 0);
	}
	end(&f);
}

static void
test_in_order(void **state)
{
	(void)state;
	in_order(64, 9);
	in_order(61, 5);
	in_order(7, 7);
	in_order(256, 1);
	in_order(1, 1);
}

/* The same on a split ring (section 2.7.9). */
static void
split_in_order(uint16_t size, unsigned longest)
{
	enum { ROUNDS = 100000, SLOTS = 256 };
	struct xd_split_piece pieces[PIECES_MAX];
	static struct added chains[SLOTS];
	uint8_t *memory = calloc(1, xd_split_driver_bytes(size));
	uint16_t last_avail = 0, used = 0, heads[SLOTS], table = 0;
	unsigned added = 0, taken = 0, back = 0, seed = 3;
	struct xd_split_driver d;

	assert_int_equal(xd_split_driver_init(&d, memory, size, false), 0);
	xd_split_driver_in_order(&d);
	while (back < ROUNDS) {
		unsigned n = 1 + rand_r(&seed) % longest, batch;
		uint32_t len, room;
		void *cookie;

		make_pieces(pieces, n, n / 3, added);
		while (added - back < SLOTS &&
			xd_split_driver_add(&d, pieces, n, &chains[added % SLOTS]) == 0) {
			chains[added % SLOTS] = (struct added){n, added, true};
			added++;
			make_pieces(pieces, n, n / 3, added);
		}
		if (rand_r(&seed) % 2)
			xd_split_driver_publish(&d);
		while (last_avail != d.avail->idx) {
			const struct added *a = &chains[taken % SLOTS];

			heads[taken++ % SLOTS] = d.avail->ring[last_avail++ % size];
			/* Descriptors are used in the order of the table. */
			assert_int_equal(heads[(taken - 1) % SLOTS], table);
			make_pieces(pieces, a->n, a->n / 3, a->salt);
			for (unsigned i = 0; i < a->n; i++, table = (table + 1) % size) {
				assert_int_equal(d.desc[table].addr, pieces[i].addr);
				if (i + 1 < a->n)
					assert_int_equal(d.desc[table].next, (table + 1) % size);
			}
		}
		if (taken == back)
			continue;
		batch = 1 + rand_r(&seed) % (taken - back);
		d.used->ring[used % size] =
			(struct xd_vring_used_elem){heads[(back + batch - 1) % SLOTS], 1};
		used += batch;
		d.used->idx = used;
		for (unsigned i = 0; i < batch; i++, back++) {
			const struct added *a = &chains[back % SLOTS];

			assert_int_equal(xd_split_driver_get(&d, &cookie, &len), 1);
			assert_ptr_equal(cookie, a);
			make_pieces(pieces, a->n, a->n / 3, a->salt);
			room = 0;
			for (unsigned p = 0; p < a->n; p++)
				room += pieces[p].write ? pieces[p].len : 0;
			assert_int_equal(len, i + 1 == batch ? 1 : room);
		}
		assert_int_equal(xd_split_driver_get(&d, &cookie, &len), 0);
	}
	xd_split_driver_fini(&d);
	free(memory);
}

static void
test_split_in_order(void **state)
{
	(void)state;
	split_in_order(64, 9);
	split_in_order(8, 8);
	split_in_order(256, 1);
}

/* In order, a split device that names a chain it does not have, or skips more than it says. */
static void
test_split_in_order_bad_device(void **state)
{
	static const struct {
		uint32_t id;
		uint16_t idx;
	} cases[] = {{1, 1}, {4, 1}, {8, 1}, {UINT32_MAX, 1}, {2, 1}, {0, 3}};
	struct xd_split_piece pieces[2];

	(void)state;
	make_pieces(pieces, 2, 1, 0);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static uint8_t memory[4096] __attribute__((aligned(64)));
		struct xd_split_driver d;

		memset(memory, 0, sizeof(memory));
		assert_int_equal(xd_split_driver_init(&d, memory, 8, false), 0);
		xd_split_driver_in_order(&d);
		assert_int_equal(xd_split_driver_add(&d, pieces, 2, NULL), 0);
		assert_int_equal(xd_split_driver_add(&d, pieces, 2, NULL), 0);
		xd_split_driver_publish(&d);
		assert_int_equal(xd_split_driver_add(&d, pieces, 2, NULL), 0);
		d.used->ring[0] = (struct xd_vring_used_elem){cases[i].id, 0};
		d.used->idx = cases[i].idx;
		if (xd_split_driver_get(&d, &(void *){0}, &(uint32_t){0}) != -EPROTO)
			fail_msg("case %u", i);
		xd_split_driver_fini(&d);
	}
}

/* Adds and publishes one chain, and gives it back; whether the driver was asked to kick. */
static bool
one(struct fixture *f)
{
	struct xd_split_piece piece = {BASE + DATA, 64, false};
	struct chain c;
	uint32_t len;
	void *cookie;
	bool kick;

	assert_int_equal(xd_packed_driver_add(&f->driver, &piece, 1, NULL), 0);
	kick = xd_packed_driver_publish(&f->driver);
	assert_true(device_take(&f->device, &c));
	device_give(&f->device, &c, 0);
	assert_int_equal(xd_packed_driver_get(&f->driver, &cookie, &len), 1);
	return kick;
}

static void
test_kick_by_flag(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 8, false);
	assert_false(xd_packed_driver_publish(&f.driver)); /* nothing was added */
	assert_true(one(&f));
	f.device.device_event->flags = 1; /* disable */
	assert_false(one(&f));
	f.device.device_event->flags = 0;
	assert_true(one(&f));
	f.device.device_event->flags = 2; /* at a descriptor: was not negotiated */
	f.device.device_event->off_wrap = 7;
	assert_true(one(&f));
	end(&f);
}

/* Asked for at every place, however many are published at once, on the laps' borders too. */
static void
test_kick_by_event(void **state)
{
	static const uint16_t sizes[] = {1, 2, 3, 8, 13};
	struct xd_split_piece piece = {BASE + DATA, 64, false};
	unsigned seed = 1;
	struct fixture f;

	(void)state;
	for (unsigned s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		uint16_t size = sizes[s];

		begin(&f, size, true);
		f.device.device_event->flags = 1;
		assert_false(one(&f));
		for (unsigned i = 0; i < 20000; i++) {
			unsigned n = 1 + rand_r(&seed) % size;
			unsigned ahead = rand_r(&seed) % size;
			uint16_t event = f.device.avail;
			bool wrap = f.device.avail_wrap, kick;
			struct chain c;

			step(&event, &wrap, size, (uint16_t)ahead);
			f.device.device_event->off_wrap = (uint16_t)(event | (unsigned)wrap << 15);
			f.device.device_event->flags = 2;
			for (unsigned k = 0; k < n; k++)
				assert_int_equal(
					xd_packed_driver_add(&f.driver, &piece, 1, NULL), 0);
			kick = xd_packed_driver_publish(&f.driver);
			if (kick != (ahead < n))
				fail_msg("size %u, %u published, event %u ahead: %d", size, n,
					ahead, kick);
			while (device_take(&f.device, &c)) {
				device_give(&f.device, &c, 0);
				assert_int_equal(xd_packed_driver_get(
							 &f.driver, &(void *){0}, &(uint32_t){0}),
					1);
			}
		}
		end(&f);
	}
}

static void
test_interrupts(void **state)
{
	struct xd_split_piece piece = {BASE + DATA, 64, false};
	struct fixture f;
	struct chain c;

	(void)state;
	for (unsigned event_idx = 0; event_idx < 2; event_idx++) {
		begin(&f, 5, event_idx);
		for (unsigned i = 0; i < 100; i++) {
			one(&f);
			xd_packed_driver_interrupts_off(&f.driver);
			assert_int_equal(f.device.driver_event->flags, 1);
			assert_false(xd_packed_driver_interrupts_on(&f.driver));
			assert_int_equal(f.device.driver_event->flags, event_idx ? 2 : 0);
			if (event_idx) /* the next descriptor that the device will write */
				assert_int_equal(f.device.driver_event->off_wrap,
					f.device.used | f.device.used_wrap << 15);
			/* One used between the last look and asking. */
			assert_int_equal(xd_packed_driver_add(&f.driver, &piece, 1, NULL), 0);
			xd_packed_driver_publish(&f.driver);
			assert_true(device_take(&f.device, &c));
			assert_false(xd_packed_driver_interrupts_on(&f.driver));
			device_give(&f.device, &c, 0);
			assert_true(xd_packed_driver_interrupts_on(&f.driver));
			assert_int_equal(
				xd_packed_driver_get(&f.driver, &(void *){0}, &(uint32_t){0}), 1);
		}
		end(&f);
	}
}

/* A device that gives back what it does not have. */
static void
test_bad_device(void **state)
{
	struct xd_split_piece pieces[2];
	struct fixture f;
	struct chain c;
	uint32_t len;
	void *cookie;

	(void)state;
	for (unsigned kind = 0; kind < 8; kind++) {
		bool ordered = kind >= 5;

		begin(&f, 8, false);
		if (ordered)
			xd_packed_driver_in_order(&f.driver);
		make_pieces(pieces, 2, 1, 0);
		assert_int_equal(xd_packed_driver_add(&f.driver, pieces, 2, NULL), 0);
		assert_int_equal(xd_packed_driver_add(&f.driver, pieces, 2, NULL), 0);
		xd_packed_driver_publish(&f.driver);
		/* Written, and not yet to be seen. */
		assert_int_equal(xd_packed_driver_add(&f.driver, pieces, 2, NULL), 0);
		assert_true(device_take(&f.device, &c));
		if (kind == 0 || kind == 5)
			device_give_id(&f.device, 8, 2, 0);
		else if (kind == 1)
			device_give_id(&f.device, UINT16_MAX, 2, 0);
		else if (kind == 2)
			device_give_id(&f.device, 7, 2, 0); /* an id that is not in use */
		else if (kind == 3)
			device_give_id(&f.device, 2, 2, 0); /* of the chain it cannot have seen */
		else if (kind == 6)
			device_give_id(&f.device, 4, 2, 0); /* the same */
		else if (kind == 7)
			device_give_id(&f.device, 1, 2, 0); /* in the middle of a chain */
		else
			device_give(&f.device, &c, pieces[1].len + 1); /* more than there is room */
		if (xd_packed_driver_get(&f.driver, &cookie, &len) != -EPROTO)
			fail_msg("kind %u", kind);
		end(&f);
	}
	begin(&f, 8, false);
	assert_int_equal(xd_packed_driver_add(&f.driver, pieces, 2, NULL), 0);
	assert_int_equal(xd_packed_driver_add(&f.driver, pieces, 2, NULL), 0);
	xd_packed_driver_publish(&f.driver);
	assert_true(device_take(&f.device, &c));
	device_give(&f.device, &c, 0);
	device_give(&f.device, &c, 0); /* twice */
	assert_int_equal(xd_packed_driver_get(&f.driver, &cookie, &len), 1);
	assert_int_equal(xd_packed_driver_get(&f.driver, &cookie, &len), -EPROTO);
	end(&f);
}

#define ECHOES 50000

/* Adds one to every byte read, and writes it into what may be written. */
static void *
echo(void *arg)
{
	struct device *dev = arg;
	struct xd_split_piece p[PIECES_MAX];
	struct chain c;

	for (unsigned done = 0; done < ECHOES;) {
		if (!device_take(dev, &c)) {
			sched_yield();
			continue;
		}
		if (device_chain(dev, &c, p) != 2 || p[0].write || !p[1].write)
			return NULL;
		for (uint32_t i = 0; i < p[0].len; i++)
			at(dev, p[1].addr, p[1].len)[i] = at(dev, p[0].addr, p[0].len)[i] + 1;
		device_give(dev, &c, p[0].len);
		done++;
	}
	return dev;
}

static void
test_device_on_another_thread(void **state)
{
	unsigned sent = 0, back = 0;
	struct fixture f;
	pthread_t thread;
	void *result;

	(void)state;
	begin(&f, 31, false);
	assert_int_equal(pthread_create(&thread, NULL, echo, &f.device), 0);
	while (back < ECHOES) {
		uint8_t *buffer = f.memory + DATA + sent % 15 * 128;
		struct xd_split_piece pieces[] = {{BASE + (uint64_t)(buffer - f.memory), 8, false},
			{BASE + (uint64_t)(buffer - f.memory) + 64, 8, true}};
		uint32_t len;
		void *cookie;
		int rc;

		if (sent < ECHOES && sent - back < 15) {
			memset(buffer, (int)(sent & 0x7f), 8);
			assert_int_equal(xd_packed_driver_add(&f.driver, pieces, 2, buffer), 0);
			xd_packed_driver_publish(&f.driver);
			sent++;
		}
		rc = xd_packed_driver_get(&f.driver, &cookie, &len);
		assert_true(rc >= 0);
		if (rc == 0) {
			sched_yield();
			continue;
		}
		assert_int_equal(len, 8);
		for (unsigned i = 0; i < 8; i++)
			assert_int_equal(((uint8_t *)cookie)[64 + i], (back & 0x7f) + 1);
		back++;
	}
	pthread_join(thread, &result);
	assert_ptr_equal(result, &f.device);
	end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_every_chain_shape),
		cmocka_unit_test(test_full_ring),
		cmocka_unit_test(test_indirect),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_out_of_order),
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_split_in_order),
		cmocka_unit_test(test_split_in_order_bad_device),
		cmocka_unit_test(test_kick_by_flag),
		cmocka_unit_test(test_kick_by_event),
		cmocka_unit_test(test_interrupts),
		cmocka_unit_test(test_bad_device),
		cmocka_unit_test(test_device_on_another_thread),
	};

	return cmocka_run_group_tests_name("packed driver", tests, NULL, NULL);
}
