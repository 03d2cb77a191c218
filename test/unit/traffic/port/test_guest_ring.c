/* SPDX-License-Identifier: BSD-3-Clause */
/* What makes a guest's rings a guest's: the order of ids, of buffers, where frames lie in them, and
 * when a receive ring is filled. That frames come through is for test_virtio_ring.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "traffic/port/guest_ring.h"

#define BASE 0x100000000ull
#define SIZE 64

struct fixture {
	struct xd_virtio_ring ring;
	struct xd_stream stream;
	uint8_t *memory;
	size_t bytes;
	uint16_t taken, given; /* positions, running freely */
	unsigned nb_held;
	struct xd_packed_desc held[SIZE]; /* as offered; packed or not */
};

static void
begin(struct fixture *f, struct xd_virtio_ring_opts opts, const struct xd_stream_opts *stream)
{
	struct xd_error err;

	memset(f, 0, sizeof(*f));
	opts.size = SIZE;
	opts.guest = true;
	opts.kick_fd = opts.call_fd = -1;
	f->bytes = xd_virtio_ring_bytes(&opts);
	f->memory = aligned_alloc(4096, f->bytes);
	assert_non_null(f->memory);
	memset(f->memory, 0, f->bytes);
	assert_int_equal(xd_virtio_ring_init(&f->ring, &opts, f->memory, BASE), 0);
	assert_int_equal(xd_stream_init(&f->stream, stream, &err), 0);
	if (!opts.write)
		assert_int_equal(xd_virtio_ring_load(&f->ring, &f->stream), 0);
}

static void
end(struct fixture *f)
{
	xd_virtio_ring_fini(&f->ring);
	xd_stream_fini(&f->stream);
	free(f->memory);
}

static uint8_t *
at(const struct fixture *f, uint64_t addr, uint32_t len)
{
	assert_true(addr >= BASE && addr - BASE + len <= f->bytes);
	return f->memory + (addr - BASE);
}

/* The device takes all that is available. */
static void
take(struct fixture *f)
{
	for (; f->taken != f->ring.avail_idx; f->taken++) {
		struct xd_packed_desc *h = &f->held[f->nb_held++];

		assert_true(f->nb_held <= SIZE);
		if (f->ring.packed) {
			*h = f->ring.ring[f->taken % SIZE];
			h->flags &= 0x7f7f;
		} else {
			uint16_t id = f->ring.avail->ring[f->taken % SIZE];
			const struct xd_vring_desc *d = &f->ring.desc[id];

			assert_int_equal(f->ring.avail->idx, f->ring.avail_idx);
			*h = (struct xd_packed_desc){d->addr, d->len, id, d->flags};
		}
	}
}

static void
write_used(struct fixture *f, uint16_t id, uint32_t len)
{
	if (f->ring.packed) {
		f->ring.ring[f->given % SIZE] = (struct xd_packed_desc){
			.len = len, .id = id, .flags = f->given & SIZE ? 0 : 0x8080};
		f->given++;
	} else {
		f->ring.used->ring[f->given % SIZE] = (struct xd_vring_used_elem){id, len};
		f->ring.used->idx = ++f->given;
	}
}

/* Gives back the i-th that it holds; returns its id. */
static uint16_t
give(struct fixture *f, unsigned i, uint32_t len)
{
	uint16_t id = f->held[i].id;

	write_used(f, id, len);
	memmove(&f->held[i], &f->held[i + 1], (--f->nb_held - i) * sizeof(f->held[0]));
	return id;
}

/* ---- Ids ---- */

/* The free list as drivers/virtio/virtio_ring.c has it, and as drivers/net/virtio does: linked by
 * next, given back to the head, or to the tail. */
struct model {
	bool lifo;
	uint16_t head, tail, next[SIZE];
};

static uint16_t
model_take(struct model *m)
{
	uint16_t id = m->head;

	m->head = m->next[id];
	return id;
}

static void
model_give(struct model *m, uint16_t id)
{
	if (m->lifo) {
		m->next[id] = m->head;
		m->head = id;
	} else {
		m->next[m->tail] = id;
		m->tail = id;
	}
}

static void
test_ids(void **state)
{
	struct xd_stream_opts so = {.size = 64, .flows = 1, .to = 1};
	unsigned seed = 1;

	(void)state;
	for (unsigned k = 0; k < 4; k++) {
		struct xd_virtio_ring_opts opts = {.packed = k & 1, .lifo = k & 2, .room = 1518};
		struct model m = {.lifo = k & 2, .tail = SIZE - 1};
		struct fixture f;

		for (uint16_t i = 0; i < SIZE; i++)
			m.next[i] = (uint16_t)(i + 1);
		begin(&f, opts, &so);
		for (unsigned lap = 0; lap < 3000; lap++) {
			uint16_t given[SIZE];
			unsigned before = f.nb_held, n, back;

			/* One stays out, so that the model's first in, first out list has a tail.
			 */
			n = rand_r(&seed) % (SIZE - before);
			assert_int_equal(
				xd_virtio_ring_send(&f.ring, &f.stream, XD_TOUCH_FULL, (uint16_t)n),
				n);
			take(&f);
			assert_int_equal(f.nb_held, before + n);
			for (unsigned i = before; i < f.nb_held; i++)
				assert_int_equal(f.held[i].id, model_take(&m));
			back = f.nb_held ? rand_r(&seed) % (f.nb_held + 1) : 0;
			for (unsigned i = 0; i < back; i++)
				given[i] = give(&f, rand_r(&seed) % f.nb_held, 0);
			/* They are free for the next frame that is sent. */
			for (unsigned i = 0; i < back; i++)
				model_give(&m, given[i]);
		}
		end(&f);
	}
}

/* ---- Buffers ---- */

/* Out of the same lap of two, so many frames lie where they lay. */
static unsigned
same_place(struct fixture *f, uint64_t *addrs, bool *known)
{
	unsigned same = 0;

	xd_virtio_ring_send(&f->ring, &f->stream, XD_TOUCH_FULL, SIZE);
	take(f);
	assert_int_equal(f->nb_held, SIZE);
	for (unsigned i = 0; i < SIZE; i++) {
		uint64_t addr = f->held[i].addr;
		const uint8_t *bytes = at(f, addr, f->held[i].len);

		same += known[i] && addrs[i] == addr;
		known[i] = true;
		addrs[i] = addr;
		/* The header right before the frame, at Linux's offset. */
		assert_int_equal(addr % 64, 6);
		assert_true(xd_stream_is_ours(bytes + XD_VIRTIO_HEADER));
		for (unsigned j = 0; j < i; j++)
			assert_true(f->held[j].addr + f->held[j].len <= addr ||
				    addr + f->held[i].len <= f->held[j].addr);
	}
	for (unsigned i = 0; i < SIZE; i++)
		give(f, 0, 0);
	return same;
}

static void
test_buffers_to_send(void **state)
{
	struct xd_stream_opts so = {.size = 1514, .flows = 1, .to = 1};

	(void)state;
	for (unsigned k = 0; k < 4; k++) {
		struct xd_virtio_ring_opts opts = {.packed = k & 1, .lifo = k & 2, .room = 1518};
		bool known[SIZE] = {false}, *page;
		uint64_t addrs[SIZE];
		unsigned same = 0, pages = 0;
		struct fixture f;

		begin(&f, opts, &so);
		page = calloc(f.bytes / 2048 + 1, sizeof(*page));
		for (unsigned lap = 0; lap < 1000; lap++) {
			same += same_place(&f, addrs, known);
			for (unsigned i = 0; i < SIZE; i++)
				page[(addrs[i] - BASE) / 2048] = true;
		}
		/* By chance one in 128 does. */
		assert_in_range(same, 200, 1000);
		for (unsigned i = 0; i < f.bytes / 2048 + 1; i++)
			pages += page[i];
		assert_int_equal(pages, 2 * SIZE);
		free(page);
		end(&f);
	}
}

/* With touch=none frames are what they were, and headers and descriptors are written. */
static void
test_touch_none(void **state)
{
	struct xd_stream_opts so = {.size = 300, .flows = 5, .to = 1};
	struct xd_virtio_ring_opts opts = {.lifo = true, .room = 1518};
	struct fixture f;

	(void)state;
	begin(&f, opts, &so);
	for (unsigned lap = 0; lap < 100; lap++) {
		xd_virtio_ring_send(&f.ring, &f.stream, XD_TOUCH_NONE, SIZE);
		take(&f);
		while (f.nb_held) {
			uint8_t *bytes = at(&f, f.held[0].addr, f.held[0].len);

			for (unsigned b = 0; b < XD_VIRTIO_HEADER; b++)
				assert_int_equal(bytes[b], 0);
			assert_true(xd_stream_is_ours(bytes + XD_VIRTIO_HEADER));
			assert_int_equal(bytes[XD_VIRTIO_HEADER + 299], 299 % 256);
			memset(bytes, 0xee, XD_VIRTIO_HEADER);
			give(&f, 0, 0);
		}
	}
	end(&f);
}

/* ---- Frames in pieces ---- */

static void
check_table(const struct fixture *f, const struct xd_packed_desc *d, uint32_t size)
{
	static uint8_t frame[XD_STREAM_MAX + 128], got[XD_STREAM_MAX + 128];
	unsigned n = d->len / 16;
	const struct xd_vring_desc *table;
	struct xd_stream copy = f->stream;
	uint32_t bytes = 0;

	assert_int_equal(d->flags, XD_VRING_DESC_F_INDIRECT);
	assert_int_equal(d->len % 16, 0);
	assert_in_range(n, 2, 3);
	table = (const struct xd_vring_desc *)(const void *)at(f, d->addr, d->len);
	for (unsigned i = 0; i < n; i++) {
		memcpy(got + bytes, at(f, table[i].addr, table[i].len), table[i].len);
		bytes += table[i].len;
		if (f->ring.packed) /* flags are where a split ring's next is */
			assert_int_equal(table[i].next, 0);
		else
			assert_int_equal(table[i].flags, i + 1 < n);
		if (!f->ring.packed && i + 1 < n)
			assert_int_equal(table[i].next, i + 1);
	}
	assert_int_equal(table[0].len, XD_VIRTIO_HEADER + XD_STREAM_TCP_HEAD);
	assert_int_equal(bytes, XD_VIRTIO_HEADER + size);
	copy.next = 0;
	xd_stream_write_any(&copy, frame, XD_TOUCH_FULL);
	assert_memory_equal(got, f->stream.header, XD_VIRTIO_HEADER);
	assert_memory_equal(got + XD_VIRTIO_HEADER, frame, size);
	memset(at(f, table[1].addr, table[1].len), 0xee, table[1].len); /* and written anew */
}

static void
test_pieces(void **state)
{
	static const uint32_t sizes[] = {60, 118, 1514, 32768, 40000, 65549};

	(void)state;
	for (unsigned k = 0; k < 2 * sizeof(sizes) / sizeof(sizes[0]); k++) {
		struct xd_stream_opts so = {.size = sizes[k / 2],
			.flows = 1,
			.to = 1,
			.offload = {.tso = true, .mss = 1460}};
		struct xd_virtio_ring_opts opts = {
			.packed = k & 1, .lifo = true, .pieces = true, .room = 65550};
		struct fixture f;
		uint64_t last = 0;

		begin(&f, opts, &so);
		for (unsigned lap = 0; lap < 4; lap++) {
			assert_int_equal(
				xd_virtio_ring_send(&f.ring, &f.stream, XD_TOUCH_FULL, SIZE), SIZE);
			take(&f);
			assert_int_equal(f.nb_held, SIZE);
			while (f.nb_held) {
				assert_true(f.held[0].addr != last);
				last = f.held[0].addr;
				check_table(&f, &f.held[0], sizes[k / 2]);
				give(&f, 0, 0);
			}
		}
		end(&f);
	}
}

/* ---- Receiving ---- */

/* Puts one of the stream's frames into the first buffers that the device holds. */
static void
deliver(struct fixture *f)
{
	uint32_t total = XD_VIRTIO_HEADER + f->stream.size, room = 0, done = 0;
	static uint8_t frame[XD_STREAM_MAX + 64];
	uint16_t buffers = 0;

	while (room < total) {
		assert_true(buffers < f->nb_held);
		room += f->held[buffers++].len;
	}
	memset(frame, 0, XD_VIRTIO_HEADER);
	memcpy(frame + 10, &buffers, 2);
	xd_stream_write_any(&f->stream, frame + XD_VIRTIO_HEADER, XD_TOUCH_FULL);
	while (done < total) {
		uint32_t bytes = f->held[0].len < total - done ? f->held[0].len : total - done;

		memcpy(at(f, f->held[0].addr, bytes), frame + done, bytes);
		done += bytes;
		give(f, 0, bytes);
	}
}

static void
test_refill(void **state)
{
	struct xd_stream_opts so = {.size = 1514, .flows = 1, .to = 1};

	(void)state;
	for (unsigned k = 0; k < 4; k++) {
		struct xd_virtio_ring_opts opts = {.packed = k & 1,
			.lifo = k & 2,
			.room = 1518,
			.mergeable = true,
			.write = true};
		struct xd_receive counts = {0};
		unsigned long_ones = 0, all = 0;
		struct fixture f;
		uint64_t next;

		begin(&f, opts, &so);
		take(&f);
		assert_int_equal(f.nb_held, SIZE);
		next = f.held[SIZE - 1].addr + f.held[SIZE - 1].len;
		for (unsigned lap = 0; lap < 1000; lap++) {
			for (unsigned i = 0; i < 32; i++)
				deliver(&f);
			assert_int_equal(
				xd_virtio_ring_receive(&f.ring, XD_TOUCH_FULL, 1514, 64, &counts),
				32);
			take(&f);
			assert_int_equal(f.nb_held, SIZE - 32); /* half is not more than half */
			deliver(&f);
			assert_int_equal(
				xd_virtio_ring_receive(&f.ring, XD_TOUCH_FULL, 1514, 64, &counts),
				1);
			take(&f);
			assert_int_equal(f.nb_held, SIZE);
			for (unsigned i = SIZE - 33; i < SIZE; i++, all++) {
				/* Cut one behind the other from pages of 32 KiB. */
				if (f.held[i].addr != next)
					assert_int_equal((f.held[i].addr - BASE -
								 (uint64_t)(f.ring.guest->memory -
									    f.memory)) %
								 32768,
						0);
				assert_int_equal(f.held[i].addr % 64, 0);
				assert_true(f.held[i].len == 1536 || f.held[i].len == 2048);
				long_ones += f.held[i].len == 2048;
				next = f.held[i].addr + f.held[i].len;
			}
		}
		assert_in_range(long_ones, all / 22, all / 20); /* the last of each 21 */
		assert_int_equal(counts.frames, 33000);
		end(&f);
	}
}

/* More has come than is taken: what is left keeps its id and its bytes until it is taken, however
 * often the ring is filled up meanwhile. */
static void
test_left_for_later(void **state)
{
	struct xd_stream_opts so = {.size = 64, .flows = 1, .to = 1};

	(void)state;
	for (unsigned k = 0; k < 8; k++) {
		struct xd_virtio_ring_opts opts = {.packed = k & 1,
			.lifo = k & 2,
			.room = 1518,
			.mergeable = k & 4,
			.write = true};
		struct xd_receive counts = {0};
		uint64_t waiting[SIZE];
		struct fixture f;
		unsigned n = 0, ahead = 0;

		begin(&f, opts, &so);
		for (unsigned lap = 1; lap <= 500; lap++) {
			take(&f);
			for (; f.nb_held > 4 && n < SIZE; n++) {
				waiting[n] = f.held[0].addr;
				deliver(&f);
			}
			assert_int_equal(
				xd_virtio_ring_receive(&f.ring, XD_TOUCH_FULL, 64, 20, &counts),
				20);
			n -= 20;
			memmove(waiting, waiting + 20, n * sizeof(waiting[0]));
			take(&f);
			for (unsigned i = 0; i < f.nb_held; i++)
				for (unsigned j = 0; j < n; j++)
					assert_true(f.held[i].addr != waiting[j]);
			assert_int_equal(counts.frames, 20 * lap);
			assert_int_equal(counts.foreign, 0);
			ahead += (uint16_t)(f.ring.guest->looked - f.ring.used_idx);
		}
		/* Some of it is looked at before it is asked for. */
		assert_in_range(ahead, 500 * 5, 500 * 20);
		end(&f);
	}
}

/* Buffers grow to a page when frames are long, and shrink again. */
static void
test_length_of_buffers(void **state)
{
	struct xd_stream_opts so = {.size = 9018, .flows = 1, .to = 1};
	struct xd_virtio_ring_opts opts = {
		.lifo = true, .room = 9018, .mergeable = true, .write = true};
	struct xd_receive counts = {0};
	struct xd_error err;
	struct fixture f;

	(void)state;
	begin(&f, opts, &so);
	for (unsigned lap = 0; lap < 500; lap++) {
		take(&f);
		deliver(&f);
		xd_virtio_ring_receive(&f.ring, XD_TOUCH_FULL, 9018, 64, &counts);
	}
	take(&f);
	assert_int_equal(counts.frames, 500);
	assert_in_range(f.held[f.nb_held - 1].len, 4096, 4096 * 2 - 64);
	so.size = 64;
	xd_stream_fini(&f.stream);
	assert_int_equal(xd_stream_init(&f.stream, &so, &err), 0);
	for (unsigned lap = 0; lap < 2000; lap++) {
		take(&f);
		deliver(&f);
		xd_virtio_ring_receive(&f.ring, XD_TOUCH_FULL, 64, 64, &counts);
	}
	take(&f);
	assert_int_equal(counts.frames, 2500);
	assert_int_equal(f.held[0].len, 1536);
	end(&f);
}

/* A device that keeps one buffer of each page for ever: the ring dries up, and recovers. */
static void
test_pages_held_back(void **state)
{
	struct xd_stream_opts so = {.size = 64, .flows = 1, .to = 1};
	struct xd_virtio_ring_opts opts = {
		.lifo = true, .room = 1518, .mergeable = true, .write = true};
	struct xd_receive counts = {0};
	struct fixture f;

	(void)state;
	begin(&f, opts, &so);
	for (unsigned lap = 0; lap < 200; lap++) {
		take(&f);
		/* The oldest of all stay; the newest come back. */
		for (unsigned n = f.nb_held > 20 ? f.nb_held - 20 : 0; n; n--) {
			struct xd_packed_desc last = f.held[f.nb_held - 1];
			uint8_t *bytes = at(&f, last.addr, last.len);

			memset(bytes, 0, XD_VIRTIO_HEADER);
			bytes[10] = 1;
			memset(bytes + XD_VIRTIO_HEADER, 0, 60);
			give(&f, f.nb_held - 1, XD_VIRTIO_HEADER + 60);
			if (lap % 3 == 0 && n % 3 == 0)
				break;
		}
		xd_virtio_ring_receive(&f.ring, XD_TOUCH_FULL, 64, 64, &counts);
		assert_false(f.ring.broken);
	}
	take(&f);
	while (f.nb_held)
		deliver(&f);
	while (xd_virtio_ring_receive(&f.ring, XD_TOUCH_FULL, 64, 64, &counts))
		;
	take(&f);
	assert_in_range(f.nb_held, SIZE / 2, SIZE);
	end(&f);
}

/* A buffer that the device does not have is not given back. */
static void
test_bad_ids(void **state)
{
	struct xd_stream_opts so = {.size = 64, .flows = 1, .to = 1};

	(void)state;
	for (unsigned k = 0; k < 8; k++) {
		struct xd_virtio_ring_opts opts = {
			.packed = k & 1, .write = k & 2, .lifo = true, .room = 1518};
		struct xd_receive counts = {0};
		bool twice = k & 4;
		struct fixture f;

		begin(&f, opts, &so);
		if (!opts.write)
			xd_virtio_ring_send(&f.ring, &f.stream, XD_TOUCH_FULL, 8);
		take(&f);
		write_used(&f, f.held[0].id, 76);
		write_used(&f, twice ? f.held[0].id : SIZE, 76);
		if (opts.write)
			xd_virtio_ring_receive(&f.ring, XD_TOUCH_FULL, 64, 64, &counts);
		else
			xd_virtio_ring_send(&f.ring, &f.stream, XD_TOUCH_FULL, 1);
		assert_true(f.ring.broken);
		end(&f);
	}
}

/* ---- The pool ---- */

static void
test_pool(void **state)
{
	struct xd_guest_piece pieces[64];
	struct xd_guest_pool pool;
	unsigned out = 0, seed = 1, refused = 0;

	(void)state;
	assert_int_equal(xd_guest_pool_init(&pool, 7, 4096), 0);
	for (unsigned lap = 0; lap < 100000; lap++) {
		uint32_t bytes = 64 + rand_r(&seed) % 14 * 64;

		if (rand_r(&seed) % 2 && out < 64) {
			if (!xd_guest_pool_cut(&pool, bytes, &pieces[out])) {
				refused++;
				continue;
			}
			assert_in_range(pieces[out].bytes, bytes, 2 * bytes - 1);
			assert_true(pieces[out].page < 7 * 64 && pieces[out].page % 64 == 0);
			assert_true(pieces[out].line / 64 * 64 == pieces[out].page);
			assert_int_equal(pieces[out].bytes % 64, 0);
			assert_true(
				pieces[out].line + pieces[out].bytes / 64 <= pieces[out].page + 64);
			for (unsigned i = 0; i < out; i++)
				assert_true(
					pieces[i].line + pieces[i].bytes / 64 <= pieces[out].line ||
					pieces[out].line + pieces[out].bytes / 64 <=
						pieces[i].line);
			out++;
		} else if (out) {
			unsigned i = rand_r(&seed) % out;

			xd_guest_pool_drop(&pool, pieces[i].page, 1);
			pieces[i] = pieces[--out];
		}
	}
	assert_true(refused > 0);
	while (out)
		xd_guest_pool_drop(&pool, pieces[--out].page, 1);
	assert_in_range(xd_guest_pool_free(&pool), 6, 7); /* but for the one that is being cut */
	xd_guest_pool_fini(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_buffers_to_send),
		cmocka_unit_test(test_touch_none),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_refill),
		cmocka_unit_test(test_left_for_later),
		cmocka_unit_test(test_length_of_buffers),
		cmocka_unit_test(test_pages_held_back),
		cmocka_unit_test(test_bad_ids),
		cmocka_unit_test(test_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
