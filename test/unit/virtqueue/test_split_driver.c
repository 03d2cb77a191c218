/* SPDX-License-Identifier: BSD-3-Clause */
/* The driver side of a split ring against a small device written here from virtio 1.2, 2.7. */
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

#include "virtqueue/split_driver.h"

#define MEMORY_BYTES (4u << 20)
#define BASE         0x7000000000ull
#define DATA         (3u << 20) /* buffers and tables begin here */
#define PIECES_MAX   1024

/* A device that does what the specification says and believes the driver nothing. */
struct device {
	uint8_t *memory;
	const struct xd_vring_desc *desc;
	const struct xd_vring_avail *avail;
	struct xd_vring_used *used;
	uint16_t size, last_avail, used_idx;
};

struct fixture {
	uint8_t *memory;
	struct xd_split_driver driver;
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
	assert_true(xd_split_driver_bytes(size) < DATA);
	assert_int_equal(xd_split_driver_init(&f->driver, f->memory, size, event_idx), 0);
	f->device = (struct device){
		.memory = f->memory,
		.desc = f->driver.desc,
		.avail = f->driver.avail,
		.used = f->driver.used,
		.size = (uint16_t)size,
	};
}

static void
end(struct fixture *f)
{
	xd_split_driver_fini(&f->driver);
	free(f->memory);
}

/* The next available head; false when there is none. */
static bool
device_take(struct device *dev, uint16_t *head)
{
	uint16_t idx = __atomic_load_n(&dev->avail->idx, __ATOMIC_ACQUIRE);

	if (idx == dev->last_avail)
		return false;
	assert_true((uint16_t)(idx - dev->last_avail) <= dev->size);
	*head = dev->avail->ring[dev->last_avail++ % dev->size];
	assert_true(*head < dev->size);
	return true;
}

/* Follows a chain in one table; returns the number of pieces. */
static unsigned
walk(const struct xd_vring_desc *table, uint32_t entries, uint32_t first,
	struct xd_split_piece *pieces)
{
	unsigned n = 0;

	for (uint32_t i = first;; i = table[i].next) {
		assert_true(i < entries);
		assert_true(n < entries); /* a longer chain loops */
		pieces[n++] = (struct xd_split_piece){
			table[i].addr, table[i].len, (table[i].flags & XD_VRING_DESC_F_WRITE) != 0};
		assert_false(table[i].flags & XD_VRING_DESC_F_INDIRECT);
		if (!(table[i].flags & XD_VRING_DESC_F_NEXT))
			return n;
	}
}

static unsigned
device_chain(const struct device *dev, uint16_t head, struct xd_split_piece *pieces)
{
	const struct xd_vring_desc *d = &dev->desc[head];

	if (!(d->flags & XD_VRING_DESC_F_INDIRECT))
		return walk(dev->desc, dev->size, head, pieces);
	assert_int_equal(d->flags, XD_VRING_DESC_F_INDIRECT);
	assert_int_equal(d->len % sizeof(*d), 0);
	return walk((const struct xd_vring_desc *)at(dev, d->addr, d->len),
		d->len / (uint32_t)sizeof(*d), 0, pieces);
}

static void
device_give(struct device *dev, uint32_t id, uint32_t len)
{
	dev->used->ring[dev->used_idx % dev->size] = (struct xd_vring_used_elem){id, len};
	__atomic_store_n(&dev->used->idx, ++dev->used_idx, __ATOMIC_RELEASE);
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
	struct xd_split_driver d;

	(void)state;
	assert_int_equal(xd_split_driver_init(&d, memory, 0, false), -EINVAL);
	assert_int_equal(xd_split_driver_init(&d, memory, 48, false), -EINVAL);
	assert_int_equal(xd_split_driver_init(&d, memory, 65536, false), -EINVAL);
	assert_int_equal(xd_split_driver_init(&d, memory, 1, false), 0);
	xd_split_driver_fini(&d);
	for (uint32_t size = 1; size <= XD_VRING_SIZE_MAX; size *= 2) {
		uint8_t *big = aligned_alloc(64, (xd_split_driver_bytes(size) + 63) / 64 * 64);

		assert_non_null(big);
		assert_int_equal(xd_split_driver_init(&d, big, size, true), 0);
		assert_int_equal((uintptr_t)d.desc % XD_VRING_DESC_ALIGN, 0);
		assert_int_equal((uintptr_t)d.avail % XD_VRING_AVAIL_ALIGN, 0);
		assert_int_equal((uintptr_t)d.used % XD_VRING_USED_ALIGN, 0);
		assert_true((uint8_t *)d.avail >= big + xd_vring_desc_bytes(size));
		assert_true((uint8_t *)d.used >= (uint8_t *)d.avail + xd_vring_avail_bytes(size));
		assert_true(big + xd_split_driver_bytes(size) >=
			    (uint8_t *)d.used + xd_vring_used_bytes(size));
		xd_split_driver_fini(&d);
		free(big);
	}
}

/* Every length of chain and every place where writing begins. */
static void
test_every_chain_shape(void **state)
{
	struct xd_split_piece pieces[PIECES_MAX], seen[PIECES_MAX];
	struct fixture f;
	uint32_t len;
	uint16_t head = 0;
	void *cookie;

	(void)state;
	begin(&f, 16, false);
	for (unsigned n = 1; n <= 16; n++)
		for (unsigned w = 0; w <= n; w++) {
			make_pieces(pieces, n, w, n * w);
			assert_int_equal(xd_split_driver_add(&f.driver, pieces, n, &pieces[w]), 0);
			assert_false(device_take(&f.device, &head)); /* not published yet */
			assert_true(xd_split_driver_publish(&f.driver));
			assert_true(device_take(&f.device, &head));
			assert_int_equal(device_chain(&f.device, head, seen), n);
			assert_same_pieces(seen, pieces, n);
			assert_int_equal(xd_split_driver_get(&f.driver, &cookie, &len), 0);
			device_give(&f.device, head, w * 3);
			assert_int_equal(xd_split_driver_get(&f.driver, &cookie, &len), 1);
			assert_ptr_equal(cookie, &pieces[w]);
			assert_int_equal(len, w * 3);
			assert_int_equal(f.driver.nb_free, 16);
		}
	end(&f);
}

static void
test_indirect(void **state)
{
	struct xd_split_piece pieces[PIECES_MAX], seen[PIECES_MAX];
	struct xd_vring_desc *table;
	struct fixture f;
	uint32_t len;
	uint16_t head = 0;
	void *cookie;

	(void)state;
	begin(&f, 64, true);
	table = (struct xd_vring_desc *)(f.memory + DATA);
	for (unsigned n = 1; n <= 64; n++) {
		make_pieces(pieces, n, n / 2, n);
		assert_int_equal(xd_split_driver_add_indirect(
					 &f.driver, pieces, n, table, BASE + DATA, table),
			0);
		assert_int_equal(f.driver.nb_free, 63);
		xd_split_driver_publish(&f.driver);
		assert_true(device_take(&f.device, &head));
		assert_int_equal(device_chain(&f.device, head, seen), n);
		assert_same_pieces(seen, pieces, n);
		device_give(&f.device, head, 0);
		assert_int_equal(xd_split_driver_get(&f.driver, &cookie, &len), 1);
		assert_ptr_equal(cookie, table);
	}
	end(&f);
}

static void
test_refused(void **state)
{
	struct xd_split_piece pieces[PIECES_MAX];
	struct xd_vring_desc table[4];
	struct fixture f;

	(void)state;
	begin(&f, 8, false);
	make_pieces(pieces, 9, 2, 0);
	assert_int_equal(xd_split_driver_add(&f.driver, pieces, 0, NULL), -EINVAL);
	assert_int_equal(xd_split_driver_add(&f.driver, pieces, 9, NULL), -EINVAL);
	pieces[0].write = true; /* and pieces[1] is read: the wrong order */
	assert_int_equal(xd_split_driver_add(&f.driver, pieces, 2, NULL), -EINVAL);
	assert_int_equal(
		xd_split_driver_add_indirect(&f.driver, pieces, 2, table, 0, NULL), -EINVAL);
	pieces[0].write = false;
	assert_int_equal(xd_split_driver_add(&f.driver, pieces, 5, NULL), 0);
	assert_int_equal(xd_split_driver_add(&f.driver, pieces, 4, NULL), -ENOSPC);
	assert_int_equal(xd_split_driver_add(&f.driver, pieces, 3, NULL), 0);
	assert_int_equal(
		xd_split_driver_add_indirect(&f.driver, pieces, 2, table, 0, NULL), -ENOSPC);
	assert_int_equal(xd_split_driver_add(&f.driver, pieces, 1, NULL), -ENOSPC);
	end(&f);
}

/* Chains of many shapes given back in random order, round the 16-bit indices more than twice. */
static void
test_out_of_order(void **state)
{
	enum { SIZE = 64, ROUNDS = 150000 };
	struct xd_split_piece pieces[PIECES_MAX], seen[PIECES_MAX];
	struct {
		unsigned n, salt;
		bool out;
	} chains[4096];
	uint16_t held[SIZE];
	unsigned nb_held = 0, added = 0, back = 0, seed = 1;
	struct fixture f;

	(void)state;
	begin(&f, SIZE, false);
	memset(chains, 0, sizeof(chains));
	while (back < ROUNDS) {
		uint16_t head;
		uint32_t len;
		void *cookie;
		unsigned slot = added % 4096, n = 1 + rand_r(&seed) % 9;

		make_pieces(pieces, n, n / 3, added);
		if (!chains[slot].out &&
			xd_split_driver_add(&f.driver, pieces, n, &chains[slot]) == 0) {
			chains[slot].n = n;
			chains[slot].salt = added++;
			chains[slot].out = true;
		}
		if (rand_r(&seed) % 2)
			xd_split_driver_publish(&f.driver);
		while (device_take(&f.device, &head))
			held[nb_held++] = head;
		if (nb_held && rand_r(&seed) % 2) {
			unsigned i = rand_r(&seed) % nb_held;

			head = held[i];
			held[i] = held[--nb_held];
			n = device_chain(&f.device, head, seen);
			device_give(&f.device, head, seen[0].len);
			assert_int_equal(xd_split_driver_get(&f.driver, &cookie, &len), 1);
			slot = (unsigned)((typeof(&chains[0]))cookie - chains);
			assert_true(slot < 4096 && chains[slot].out);
			assert_int_equal(n, chains[slot].n);
			make_pieces(pieces, n, n / 3, chains[slot].salt);
			assert_same_pieces(seen, pieces, n);
			assert_int_equal(len, pieces[0].len);
			chains[slot].out = false;
			back++;
		}
	}
	end(&f);
}

/* Adds and publishes one chain, and gives it back; whether the driver was asked to kick. */
static bool
one(struct fixture *f)
{
	struct xd_split_piece piece = {BASE + DATA, 64, false};
	uint16_t head = 0;
	uint32_t len;
	void *cookie;
	bool kick;

	assert_int_equal(xd_split_driver_add(&f->driver, &piece, 1, NULL), 0);
	kick = xd_split_driver_publish(&f->driver);
	assert_true(device_take(&f->device, &head));
	device_give(&f->device, head, 0);
	assert_int_equal(xd_split_driver_get(&f->driver, &cookie, &len), 1);
	return kick;
}

static void
test_kick_by_flag(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 8, false);
	assert_false(xd_split_driver_publish(&f.driver)); /* nothing was added */
	assert_true(one(&f));
	f.device.used->flags = XD_VRING_USED_F_NO_NOTIFY;
	assert_false(one(&f));
	f.device.used->flags = 0;
	assert_true(one(&f));
	end(&f);
}

static void
test_kick_by_event(void **state)
{
	struct xd_split_piece piece = {BASE + DATA, 64, false};
	struct fixture f;

	(void)state;
	begin(&f, 8, true);
	f.device.used->flags = XD_VRING_USED_F_NO_NOTIFY; /* means nothing with the event index */
	/* Asked for at every place of the 16 bits, also where they wrap. */
	for (unsigned i = 0; i < 70000; i++) {
		unsigned ahead = i % 3;
		uint16_t event = (uint16_t)(f.device.last_avail + ahead);

		*xd_vring_avail_event(f.device.used, 8) = event;
		assert_int_equal(one(&f), ahead == 0);
	}
	/* Within what is published at once. */
	*xd_vring_avail_event(f.device.used, 8) = (uint16_t)(f.device.last_avail + 2);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(xd_split_driver_add(&f.driver, &piece, 1, NULL), 0);
	assert_true(xd_split_driver_publish(&f.driver));
	end(&f);
}

static void
test_interrupts(void **state)
{
	struct xd_split_piece piece = {BASE + DATA, 64, false};
	struct fixture f;
	uint16_t head = 0;

	(void)state;
	for (unsigned event_idx = 0; event_idx < 2; event_idx++) {
		begin(&f, 8, event_idx);
		one(&f);
		xd_split_driver_interrupts_off(&f.driver);
		assert_int_equal(
			f.driver.avail->flags, event_idx ? 0 : XD_VRING_AVAIL_F_NO_INTERRUPT);
		if (event_idx) /* 65535 chains away */
			assert_false(
				xd_vring_need_event(*xd_vring_used_event(f.driver.avail, 8), 8, 1));
		assert_false(xd_split_driver_interrupts_on(&f.driver));
		assert_int_equal(f.driver.avail->flags, 0);
		if (event_idx)
			assert_true(
				xd_vring_need_event(*xd_vring_used_event(f.driver.avail, 8), 2, 1));
		/* One used between the last look and asking. */
		assert_int_equal(xd_split_driver_add(&f.driver, &piece, 1, NULL), 0);
		xd_split_driver_publish(&f.driver);
		assert_true(device_take(&f.device, &head));
		device_give(&f.device, head, 0);
		assert_true(xd_split_driver_interrupts_on(&f.driver));
		end(&f);
	}
}

/* A device that gives back what it does not have. */
static void
test_bad_device(void **state)
{
	struct xd_split_piece pieces[2];
	struct fixture f;
	uint16_t head = 0;
	uint32_t len;
	void *cookie;

	(void)state;
	for (unsigned kind = 0; kind < 5; kind++) {
		begin(&f, 8, false);
		make_pieces(pieces, 2, 0, 0);
		assert_int_equal(xd_split_driver_add(&f.driver, pieces, 2, NULL), 0);
		assert_int_equal(xd_split_driver_add(&f.driver, pieces, 2, NULL), 0);
		xd_split_driver_publish(&f.driver);
		assert_true(device_take(&f.device, &head));
		if (kind == 0)
			device_give(&f.device, 8, 0);
		else if (kind == 1)
			device_give(&f.device, UINT32_MAX, 0);
		else if (kind == 2)
			device_give(&f.device, head + 1u, 0); /* inside the chain */
		else if (kind == 3)
			f.device.used->idx = 3; /* more than it was given */
		if (kind < 4) {
			assert_int_equal(xd_split_driver_get(&f.driver, &cookie, &len), -EPROTO);
		} else {
			device_give(&f.device, head, 0);
			device_give(&f.device, head, 0); /* twice */
			assert_int_equal(xd_split_driver_get(&f.driver, &cookie, &len), 1);
			assert_int_equal(xd_split_driver_get(&f.driver, &cookie, &len), -EPROTO);
		}
		end(&f);
	}
}

#define ECHOES 50000

/* Adds one to every byte read, and writes it into what may be written. */
static void *
echo(void *arg)
{
	struct device *dev = arg;
	struct xd_split_piece p[PIECES_MAX];
	uint16_t head = 0;

	for (unsigned done = 0; done < ECHOES;) {
		if (!device_take(dev, &head)) {
			sched_yield();
			continue;
		}
		if (device_chain(dev, head, p) != 2 || p[0].write || !p[1].write)
			return NULL;
		for (uint32_t i = 0; i < p[0].len; i++)
			at(dev, p[1].addr, p[1].len)[i] = at(dev, p[0].addr, p[0].len)[i] + 1;
		device_give(dev, head, p[0].len);
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
	begin(&f, 32, false);
	assert_int_equal(pthread_create(&thread, NULL, echo, &f.device), 0);
	while (back < ECHOES) {
		uint8_t *buffer = f.memory + DATA + sent % 16 * 128;
		struct xd_split_piece pieces[] = {{BASE + (uint64_t)(buffer - f.memory), 8, false},
			{BASE + (uint64_t)(buffer - f.memory) + 64, 8, true}};
		uint32_t len;
		void *cookie;
		int rc;

		if (sent < ECHOES && sent - back < 16) {
			memset(buffer, (int)(sent & 0x7f), 8);
			assert_int_equal(xd_split_driver_add(&f.driver, pieces, 2, buffer), 0);
			xd_split_driver_publish(&f.driver);
			sent++;
		}
		rc = xd_split_driver_get(&f.driver, &cookie, &len);
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
		cmocka_unit_test(test_indirect),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_out_of_order),
		cmocka_unit_test(test_kick_by_flag),
		cmocka_unit_test(test_kick_by_event),
		cmocka_unit_test(test_interrupts),
		cmocka_unit_test(test_bad_device),
		cmocka_unit_test(test_device_on_another_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
