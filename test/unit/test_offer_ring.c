/* SPDX-License-Identifier: BSD-3-Clause */
/* The generator's rings against a device that uses buffers in any order it likes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "traffic/offer_ring.h"

#define BASE 0x100000000ull

/* The device side of one ring. It takes what is available and gives back in an order that it is
 * told: reversed within a burst, or as it came. */
struct device {
	struct xd_offer_ring *ring;
	uint8_t *memory;
	uint16_t last_avail, used_idx;
	unsigned nb_held;
	uint16_t held[4096];
	bool out[4096]; /* the device has this buffer */
};

struct fixture {
	struct xd_offer_ring ring;
	struct xd_stream stream;
	struct device device;
	uint8_t *memory;
	size_t bytes;
	int kick_fd;
};

static void
begin(struct fixture *f, struct xd_offer_opts opts, const struct xd_stream_opts *stream)
{
	struct xd_error err;

	memset(f, 0, sizeof(*f));
	f->kick_fd = opts.kick_fd = eventfd(0, EFD_NONBLOCK);
	f->bytes = xd_offer_ring_bytes(&opts);
	f->memory = aligned_alloc(4096, f->bytes);
	assert_non_null(f->memory);
	memset(f->memory, 0, f->bytes);
	assert_int_equal(xd_offer_ring_init(&f->ring, &opts, f->memory, BASE), 0);
	f->device.ring = &f->ring;
	f->device.memory = f->memory;
	if (stream) {
		assert_int_equal(xd_stream_init(&f->stream, stream, &err), 0);
		if (!opts.write)
			assert_int_equal(xd_offer_ring_load(&f->ring, &f->stream), 0);
	}
}

static void
end(struct fixture *f)
{
	xd_offer_ring_fini(&f->ring);
	xd_stream_fini(&f->stream);
	free(f->memory);
	close(f->kick_fd);
}

static uint8_t *
buffer(struct fixture *f, uint16_t id, uint32_t *len)
{
	struct xd_vring_desc d = f->ring.desc[id];

	assert_true(d.addr >= BASE && d.addr - BASE + d.len <= f->bytes);
	assert_int_equal(d.flags & ~XD_VRING_DESC_F_WRITE, 0);
	/* The frame begins on a cache line. */
	assert_int_equal((d.addr + XD_OFFER_HEADER) % 64, 0);
	*len = d.len;
	return f->memory + (d.addr - BASE);
}

/* Takes all that is available. No buffer may come twice. */
static void
take(struct fixture *f)
{
	struct device *dev = &f->device;
	uint16_t idx = __atomic_load_n(&f->ring.avail->idx, __ATOMIC_ACQUIRE);

	assert_true((uint16_t)(idx - dev->last_avail) <= f->ring.size);
	while (dev->last_avail != idx) {
		uint16_t id = f->ring.avail->ring[dev->last_avail++ & f->ring.mask];

		assert_true(id < f->ring.size);
		assert_false(dev->out[id]);
		dev->out[id] = true;
		dev->held[dev->nb_held++] = id;
	}
}

/* Gives back the i-th of those it holds. */
static void
give(struct fixture *f, unsigned i, uint32_t len)
{
	struct device *dev = &f->device;
	uint16_t id = dev->held[i];

	memmove(&dev->held[i], &dev->held[i + 1], (--dev->nb_held - i) * sizeof(dev->held[0]));
	dev->out[id] = false;
	f->ring.used->ring[dev->used_idx++ & f->ring.mask] = (struct xd_vring_used_elem){id, len};
	__atomic_store_n(&f->ring.used->idx, dev->used_idx, __ATOMIC_RELEASE);
}

static void
test_layout(void **state)
{
	(void)state;
	for (uint32_t size = 32; size <= 32768; size *= 2)
		for (unsigned room = 1500; room < 10000; room += 4000) {
			struct xd_offer_opts opts = {
				.size = (uint16_t)size, .room = room, .kick_fd = -1};
			struct xd_offer_ring r;
			size_t bytes = xd_offer_ring_bytes(&opts);
			uint8_t *memory = aligned_alloc(4096, bytes);

			assert_non_null(memory);
			assert_int_equal(xd_offer_ring_init(&r, &opts, memory, BASE), 0);
			assert_int_equal((uintptr_t)r.desc % XD_VRING_DESC_ALIGN, 0);
			assert_int_equal((uintptr_t)r.avail % XD_VRING_AVAIL_ALIGN, 0);
			assert_int_equal((uintptr_t)r.used % XD_VRING_USED_ALIGN, 0);
			assert_int_equal((uintptr_t)r.used->ring % 64, 0);
			assert_true((uint8_t *)r.avail >= memory + xd_vring_desc_bytes(size));
			assert_true((uint8_t *)r.used >=
				    (uint8_t *)r.avail + xd_vring_avail_bytes(size));
			assert_true(r.frames - XD_OFFER_HEADER >=
				    (uint8_t *)r.used + xd_vring_used_bytes(size));
			assert_true(r.room >= room);
			assert_true(r.frames + (size_t)(size - 1) * r.stride + r.room <=
				    memory + bytes);
			assert_int_equal(r.stride / 64 % 2, 1);
			xd_offer_ring_fini(&r);
			free(memory);
		}
}

/* Sends round the 16-bit indices more than twice; every frame is the stream's next one. */
static void
send_all(bool in_order, enum xd_touch touch, uint32_t flows)
{
	struct xd_stream_opts so = {.size = 130, .flows = flows, .to = 1};
	struct xd_offer_opts opts = {.size = 64, .room = 2048};
	uint64_t sent = 0, seen = 0;
	unsigned seed = 1;
	struct fixture f;

	begin(&f, opts, &so);
	while (seen < 150000) {
		sent += xd_offer_ring_send(&f.ring, &f.stream, touch, 1 + rand_r(&seed) % 64);
		assert_false(f.ring.broken);
		assert_true(sent - seen <= 64);
		take(&f);
		assert_int_equal(f.device.nb_held, sent - seen);
		for (unsigned n = rand_r(&seed) % 64; n && f.device.nb_held; n--) {
			unsigned i = in_order ? 0 : rand_r(&seed) % f.device.nb_held;
			uint32_t len, low;
			uint8_t *at = buffer(&f, f.device.held[i], &len);

			assert_int_equal(len, XD_OFFER_HEADER + 130);
			assert_true(xd_stream_is_ours(at + XD_OFFER_HEADER));
			memcpy(&low, at + XD_OFFER_HEADER + 8, 4);
			if (in_order && touch != XD_TOUCH_NONE)
				assert_int_equal(__builtin_bswap32(low), seen % flows);
			for (unsigned b = 50; b < 130; b++)
				if (at[XD_OFFER_HEADER + b] != (uint8_t)b)
					fail_msg("byte %u", b);
			give(&f, i, 0);
			seen++;
		}
	}
	assert_int_equal(xd_offer_ring_outstanding(&f.ring), f.device.nb_held);
	if (in_order)
		for (unsigned i = 0; i < 64; i++) /* nothing was ever rewritten */
			assert_int_equal(f.ring.avail->ring[i], i);
	end(&f);
}

static void
test_send_in_order(void **state)
{
	(void)state;
	send_all(true, XD_TOUCH_FULL, 1);
	send_all(true, XD_TOUCH_FULL, 1000);
	send_all(true, XD_TOUCH_STAMP, 7);
	send_all(true, XD_TOUCH_NONE, 7);
}

static void
test_send_out_of_order(void **state)
{
	(void)state;
	send_all(false, XD_TOUCH_FULL, 1000);
	send_all(false, XD_TOUCH_NONE, 1);
}

/* Puts a frame of the stream into buffers that the device holds: the first is held[i]. */
static void
deliver(struct fixture *f, unsigned i, uint32_t room)
{
	uint8_t frame[XD_STREAM_MAX + 64];
	uint32_t total = XD_OFFER_HEADER + f->stream.size, done = 0, len;
	uint16_t buffers = (uint16_t)((total + room - 1) / room);

	xd_stream_write_any(&f->stream, frame, XD_TOUCH_FULL);
	for (uint16_t n = 0; n < buffers; n++) {
		uint8_t *at = buffer(f, f->device.held[i], &len);
		uint32_t bytes = total - done < room ? total - done : room;

		if (n == 0) {
			memset(at, 0, XD_OFFER_HEADER);
			memcpy(at + 10, &buffers, 2);
			memcpy(at + XD_OFFER_HEADER, frame, bytes - XD_OFFER_HEADER);
		} else {
			memcpy(at, frame + done - XD_OFFER_HEADER, bytes);
		}
		done += bytes;
		give(f, i, bytes);
		if (i >= f->device.nb_held)
			i = 0;
	}
}

static void
receive_all(bool in_order, bool mergeable, uint32_t size)
{
	struct xd_stream_opts so = {.size = size, .flows = 1000, .to = 1};
	struct xd_offer_opts opts = {
		.size = 64, .room = 2048, .write = true, .mergeable = mergeable};
	struct xd_receive_counts counts = {0};
	uint64_t delivered = 0;
	unsigned seed = 1;
	struct fixture f;

	begin(&f, opts, &so);
	while (delivered < 30000) {
		take(&f);
		for (unsigned n = rand_r(&seed) % 64; n && f.device.nb_held >= 8; n--) {
			deliver(&f, in_order ? 0 : rand_r(&seed) % (f.device.nb_held - 7), 2048);
			delivered++;
		}
		xd_offer_ring_receive(
			&f.ring, XD_TOUCH_FULL, size, 1 + rand_r(&seed) % 64, &counts);
		assert_false(f.ring.broken);
	}
	while (xd_offer_ring_receive(&f.ring, XD_TOUCH_FULL, size, 64, &counts))
		;
	take(&f);
	assert_int_equal(f.device.nb_held, 64); /* every buffer was offered again */
	assert_int_equal(counts.frames, delivered);
	assert_int_equal(counts.bytes, delivered * size);
	assert_int_equal(counts.foreign, 0);
	end(&f);
}

static void
test_receive(void **state)
{
	(void)state;
	receive_all(true, false, 64);
	receive_all(true, false, 1518);
	receive_all(false, false, 1518);
	receive_all(true, true, 64);
	receive_all(false, true, 64);
	receive_all(true, true, 9018);
}

/* A frame that is not ours is counted apart. */
static void
test_foreign(void **state)
{
	struct xd_stream_opts so = {.size = 64, .flows = 1, .to = 1};
	struct xd_offer_opts opts = {.size = 64, .room = 2048, .write = true};
	struct xd_receive_counts counts = {0};
	struct fixture f;
	uint32_t len;

	(void)state;
	begin(&f, opts, &so);
	take(&f);
	deliver(&f, 0, 2048); /* ours */
	memset(buffer(&f, f.device.held[0], &len), 0, 200);
	give(&f, 0, XD_OFFER_HEADER + 64); /* the right length, and empty */
	memset(buffer(&f, f.device.held[0], &len), 0, 200);
	give(&f, 0, XD_OFFER_HEADER + 100);
	assert_int_equal(xd_offer_ring_receive(&f.ring, XD_TOUCH_FULL, 64, 64, &counts), 3);
	assert_int_equal(counts.frames, 1);
	assert_int_equal(counts.foreign, 2);
	end(&f);
}

/* What a device must not write breaks the ring, and nothing is read where it says. */
static void
test_bad_device(void **state)
{
	static const struct {
		uint32_t id, len;
		uint16_t jump, buffers;
	} cases[] = {{64, 76, 1, 1}, {UINT32_MAX, 76, 1, 1}, {0, 13, 1, 1}, {0, 1u << 30, 1, 1},
		{0, 2061, 1, 1}, {0, 76, 65, 1}, {0, 76, 1, 0}, {0, 76, 1, 2}, {0, 76, 1, 65535},
		{65536, 76, 1, 1}};
	struct xd_stream_opts so = {.size = 64, .flows = 1, .to = 1};
	struct xd_offer_opts opts = {.size = 64, .room = 2048, .write = true, .mergeable = true};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct xd_receive_counts counts = {0};
		struct fixture f;
		uint32_t len;

		begin(&f, opts, &so);
		take(&f);
		for (unsigned n = 0; n < 64; n++) {
			f.ring.used->ring[n] = (struct xd_vring_used_elem){n, cases[i].len};
			buffer(&f, (uint16_t)n, &len)[10] = 1; /* num_buffers */
		}
		f.ring.used->ring[0].id = cases[i].id;
		memcpy(buffer(&f, 0, &len) + 10, &cases[i].buffers, 2);
		f.ring.used->idx = cases[i].jump;
		xd_offer_ring_receive(&f.ring, XD_TOUCH_FULL, 64, 64, &counts);
		if (!f.ring.broken)
			fail_msg("case %u", i);
		assert_int_equal(counts.frames, 0);
		/* And stays so. */
		assert_int_equal(xd_offer_ring_receive(&f.ring, XD_TOUCH_FULL, 64, 64, &counts), 0);
		end(&f);
	}
}

static bool
kicked(struct fixture *f)
{
	eventfd_t n;

	return eventfd_read(f->kick_fd, &n) == 0;
}

static void
test_kicks(void **state)
{
	struct xd_stream_opts so = {.size = 64, .flows = 1, .to = 1};
	struct xd_offer_opts opts = {.size = 64, .room = 2048};
	struct fixture f;

	(void)state;
	begin(&f, opts, &so);
	assert_int_equal(f.ring.avail->flags, XD_VRING_AVAIL_F_NO_INTERRUPT);
	xd_offer_ring_notify(&f.ring, true);
	assert_false(kicked(&f)); /* nothing was published */
	xd_offer_ring_send(&f.ring, &f.stream, XD_TOUCH_FULL, 4);
	xd_offer_ring_notify(&f.ring, false);
	assert_true(kicked(&f)); /* wanted: at once, and once */
	xd_offer_ring_notify(&f.ring, true);
	assert_false(kicked(&f));

	f.ring.used->flags = XD_VRING_USED_F_NO_NOTIFY;
	xd_offer_ring_send(&f.ring, &f.stream, XD_TOUCH_FULL, 4);
	xd_offer_ring_notify(&f.ring, false);
	assert_false(kicked(&f));
	/* The device armed itself meanwhile: the question was left open. */
	f.ring.used->flags = 0;
	xd_offer_ring_notify(&f.ring, true);
	assert_true(kicked(&f));

	f.ring.used->flags = XD_VRING_USED_F_NO_NOTIFY;
	xd_offer_ring_send(&f.ring, &f.stream, XD_TOUCH_FULL, 4);
	xd_offer_ring_notify(&f.ring, true);
	f.ring.used->flags = 0;
	xd_offer_ring_notify(&f.ring, true);
	assert_false(kicked(&f)); /* it looked at the ring after arming, so it knows */
	end(&f);
}

static void
test_kicks_by_event(void **state)
{
	struct xd_stream_opts so = {.size = 64, .flows = 1, .to = 1};
	struct xd_offer_opts opts = {.size = 64, .room = 2048, .event_idx = true};
	struct fixture f;
	uint16_t *event;

	(void)state;
	begin(&f, opts, &so);
	event = xd_vring_avail_event(f.ring.used, 64);
	for (unsigned i = 0; i < 40000; i++) {
		uint16_t before = f.ring.avail_idx;

		/* used_event never lies among what comes next: no interrupt is asked for. */
		assert_false(xd_vring_need_event(*xd_vring_used_event(f.ring.avail, 64),
			(uint16_t)(f.device.used_idx + 3), f.device.used_idx));
		*event = (uint16_t)(before + i % 5); /* three are sent */
		assert_int_equal(xd_offer_ring_send(&f.ring, &f.stream, XD_TOUCH_STAMP, 3), 3);
		xd_offer_ring_notify(&f.ring, true);
		assert_int_equal(kicked(&f), i % 5 < 3);
		take(&f);
		while (f.device.nb_held)
			give(&f, 0, 0);
	}
	end(&f);
}

static void
test_load_waits(void **state)
{
	struct xd_stream_opts so = {.size = 64, .flows = 1, .to = 1};
	struct xd_offer_opts opts = {.size = 64, .room = 2048};
	struct fixture f;

	(void)state;
	begin(&f, opts, &so);
	xd_offer_ring_send(&f.ring, &f.stream, XD_TOUCH_FULL, 2);
	assert_int_equal(xd_offer_ring_load(&f.ring, &f.stream), -EBUSY);
	take(&f);
	give(&f, 1, 0);
	give(&f, 0, 0);
	assert_int_equal(xd_offer_ring_load(&f.ring, &f.stream), 0);
	end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_send_in_order),
		cmocka_unit_test(test_send_out_of_order),
		cmocka_unit_test(test_receive),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_bad_device),
		cmocka_unit_test(test_kicks),
		cmocka_unit_test(test_kicks_by_event),
		cmocka_unit_test(test_load_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
