/* SPDX-License-Identifier: BSD-3-Clause */
/* The generator's rings against a device that uses buffers in any order it likes. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "traffic/frames/source.h"
#include "traffic/host/tsc.h"
#include "traffic/port/virtio_ring.h"

#define BASE 0x100000000ull

/* What a device holds of a buffer: as the descriptor said. */
struct held {
	uint64_t addr;
	uint32_t len;
	uint16_t id;
};

/* The device side of one ring. It takes what is available and gives back in an order that it is
 * told: reversed within a burst, or as it came. */
struct device {
	uint16_t last_avail, used_idx;
	unsigned nb_held;
	struct held held[4096];
	bool out[4096]; /* the device has this buffer */
};

struct fixture {
	struct xd_virtio_ring ring;
	struct xd_stream stream;
	struct device device;
	uint8_t *memory;
	size_t bytes;
	int kick_fd, call_fd;
};

/* The kinds of ring that most tests run on. */
static const struct kind {
	const char *name;
	bool packed, in_order;
	bool guest, lifo;
} kinds[] = {{"split", false, false, false, false}, {"packed", true, false, false, false},
	{"split in order", false, true, false, false},
	{"packed in order", true, true, false, false}, {"guest split", false, false, true, true},
	{"guest packed", true, false, true, true}, {"guest split, fifo", false, false, true, false},
	{"guest packed, fifo", true, false, true, false},
	{"guest split in order", false, true, true, false},
	{"guest packed in order", true, true, true, false}};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void
begin(struct fixture *f, const struct kind *kind, struct xd_virtio_ring_opts opts,
	const struct xd_stream_opts *stream)
{
	struct xd_error err;

	memset(f, 0, sizeof(*f));
	opts.packed = kind->packed;
	opts.in_order = kind->in_order;
	opts.guest = kind->guest;
	opts.lifo = kind->lifo;
	f->kick_fd = opts.kick_fd = eventfd(0, EFD_NONBLOCK);
	f->call_fd = opts.call_fd = eventfd(0, EFD_NONBLOCK);
	f->bytes = xd_virtio_ring_bytes(&opts);
	f->memory = aligned_alloc(4096, f->bytes);
	assert_non_null(f->memory);
	memset(f->memory, 0, f->bytes);
	assert_int_equal(xd_virtio_ring_init(&f->ring, &opts, f->memory, BASE), 0);
	if (stream) {
		assert_int_equal(xd_stream_init(&f->stream, stream, &err), 0);
		if (!opts.write)
			assert_int_equal(xd_virtio_ring_load(&f->ring, &f->stream), 0);
	}
}

static void
end(struct fixture *f)
{
	xd_virtio_ring_fini(&f->ring);
	xd_stream_fini(&f->stream);
	free(f->memory);
	close(f->kick_fd);
	close(f->call_fd);
}

static uint8_t *
buffer(struct fixture *f, const struct held *h)
{
	assert_true(h->addr >= BASE && h->addr - BASE + h->len <= f->bytes);
	/* The frame begins on a cache line, or where a guest has it. */
	if (!f->ring.guest)
		assert_int_equal((h->addr + XD_VIRTIO_HEADER) % 64, 0);
	else
		assert_int_equal(h->addr % 64, f->ring.write ? 0 : 6);
	return f->memory + (h->addr - BASE);
}

/* The next buffer in the ring, if there is one. */
static bool
next_available(struct fixture *f, struct held *h)
{
	struct device *dev = &f->device;
	uint16_t slot = dev->last_avail & f->ring.mask, flags;

	if (f->ring.packed) {
		const struct xd_packed_desc *d = &f->ring.ring[slot];
		bool wrap = !(dev->last_avail & f->ring.size);

		flags = __atomic_load_n(&d->flags, __ATOMIC_ACQUIRE);
		if (!(flags & 0x80) == wrap || !(flags & 0x8000) != wrap)
			return false;
		*h = (struct held){d->addr, d->len, d->id};
		assert_int_equal(flags & 0x7f7f, f->ring.write ? 2 : 0);
	} else {
		uint16_t idx = __atomic_load_n(&f->ring.avail->idx, __ATOMIC_ACQUIRE);
		const struct xd_vring_desc *d;

		assert_true((uint16_t)(idx - dev->last_avail) <= f->ring.size);
		if (dev->last_avail == idx)
			return false;
		h->id = f->ring.avail->ring[slot];
		assert_true(h->id < f->ring.size);
		d = &f->ring.desc[h->id];
		*h = (struct held){d->addr, d->len, h->id};
		assert_int_equal(d->flags, f->ring.write ? 2 : 0);
	}
	dev->last_avail++;
	return true;
}

/* Takes all that is available. No buffer may come twice. */
static void
take(struct fixture *f)
{
	struct device *dev = &f->device;
	struct held h = {0};

	while (next_available(f, &h)) {
		assert_true(h.id < f->ring.size);
		assert_false(dev->out[h.id]);
		dev->out[h.id] = true;
		dev->held[dev->nb_held++] = h;
	}
}

/* Writes one used element or descriptor for buffer id, which stands for n. */
static void
write_used(struct fixture *f, uint16_t id, uint32_t len, uint16_t n)
{
	struct device *dev = &f->device;
	uint16_t slot = dev->used_idx & f->ring.mask;

	if (f->ring.packed) {
		bool wrap = !(dev->used_idx & f->ring.size);

		f->ring.ring[slot].addr = 0x6666666666666666; /* nobody may rely on it */
		f->ring.ring[slot].len = len;
		f->ring.ring[slot].id = id;
		__atomic_store_n(&f->ring.ring[slot].flags, wrap ? 0x8080 : 0, __ATOMIC_RELEASE);
		dev->used_idx += n;
	} else {
		f->ring.used->ring[slot] = (struct xd_vring_used_elem){id, len};
		dev->used_idx += n;
		__atomic_store_n(&f->ring.used->idx, dev->used_idx, __ATOMIC_RELEASE);
	}
}

/* Gives back n of those it holds, from the i-th on, with one element, which names the last. */
static void
give_batch(struct fixture *f, unsigned i, unsigned n, uint32_t len)
{
	struct device *dev = &f->device;
	uint16_t last = dev->held[i + n - 1].id;

	for (unsigned k = 0; k < n; k++)
		dev->out[dev->held[i + k].id] = false;
	memmove(&dev->held[i], &dev->held[i + n], (dev->nb_held - i - n) * sizeof(dev->held[0]));
	dev->nb_held -= n;
	write_used(f, last, len, (uint16_t)n);
}

static void
give(struct fixture *f, unsigned i, uint32_t len)
{
	give_batch(f, i, 1, len);
}

static void
check_layout(const struct xd_virtio_ring_opts *opts)
{
	size_t bytes = xd_virtio_ring_bytes(opts);
	uint8_t *memory = calloc(1, bytes + 4096), *base, *events;
	struct xd_virtio_ring r;

	assert_non_null(memory);
	base = (uint8_t *)(((uintptr_t)memory + 4095) & ~(uintptr_t)4095);
	assert_int_equal(xd_virtio_ring_init(&r, opts, base, BASE), 0);
	if (opts->packed) {
		assert_int_equal((uintptr_t)r.ring % XD_PACKED_DESC_ALIGN, 0);
		assert_int_equal((uintptr_t)r.driver_event % 64, 0);
		assert_int_equal((uintptr_t)r.device_event % 64, 0);
		assert_true((uint8_t *)r.driver_event >= base + xd_packed_desc_bytes(opts->size));
		assert_true(r.driver_event < r.device_event);
		events = (uint8_t *)(r.device_event + 1);
	} else {
		assert_int_equal((uintptr_t)r.desc % XD_VRING_DESC_ALIGN, 0);
		assert_int_equal((uintptr_t)r.avail % XD_VRING_AVAIL_ALIGN, 0);
		assert_int_equal((uintptr_t)r.used % XD_VRING_USED_ALIGN, 0);
		assert_int_equal((uintptr_t)r.used->ring % 64, 0);
		assert_true((uint8_t *)r.avail >= base + xd_vring_desc_bytes(opts->size));
		assert_true(
			(uint8_t *)r.used >= (uint8_t *)r.avail + xd_vring_avail_bytes(opts->size));
		events = (uint8_t *)r.used + xd_vring_used_bytes(opts->size);
	}
	assert_true(r.frames - XD_VIRTIO_HEADER >= events);
	assert_true(r.room >= opts->room);
	assert_true(r.frames + (size_t)(opts->size - 1) * r.stride + r.room <= base + bytes);
	assert_int_equal(r.stride / 64 % 2, 1);
	xd_virtio_ring_fini(&r);
	free(memory);
}

static void
test_layout(void **state)
{
	(void)state;
	for (uint32_t size = 32; size <= 32768; size *= 2)
		for (unsigned i = 0; i < 8; i++)
			check_layout(&(struct xd_virtio_ring_opts){.size = (uint16_t)size,
				.room = 1500 + i / 2 * 4000,
				.packed = i % 2,
				.write = i % 3,
				.kick_fd = -1,
				.call_fd = -1});
}

/* Sends round the 16-bit indices more than twice; every frame is the stream's next one. */
static void
send_all(const struct kind *kind, bool shuffled, enum xd_touch touch, uint32_t flows)
{
	struct xd_stream_opts so = {.size = 130, .flows = flows, .to = 1};
	struct xd_virtio_ring_opts opts = {.size = 64, .room = 2048};
	uint64_t sent = 0, seen = 0;
	unsigned seed = 1;
	struct fixture f;

	begin(&f, kind, opts, &so);
	while (seen < 150000) {
		unsigned checked = 0;

		sent += xd_virtio_ring_send(&f.ring, &f.stream, touch, 1 + rand_r(&seed) % 64);
		assert_false(f.ring.broken);
		assert_true(sent - seen <= 64);
		take(&f);
		assert_int_equal(f.device.nb_held, sent - seen);
		for (unsigned n = rand_r(&seed) % 64; n && f.device.nb_held > checked; n--) {
			unsigned i = shuffled ? rand_r(&seed) % f.device.nb_held : checked;
			uint8_t *at = buffer(&f, &f.device.held[i]);
			uint32_t low;

			assert_int_equal(f.device.held[i].len, XD_VIRTIO_HEADER + 130);
			assert_true(xd_stream_is_ours(at + XD_VIRTIO_HEADER));
			memcpy(&low, at + XD_VIRTIO_HEADER + 8, 4);
			if (!shuffled && touch != XD_TOUCH_NONE)
				assert_int_equal(__builtin_bswap32(low), seen % flows);
			for (unsigned b = 50; b < 130; b++)
				if (at[XD_VIRTIO_HEADER + b] != (uint8_t)b)
					fail_msg("byte %u", b);
			if (kind->in_order)
				checked++; /* given back together, below */
			else
				give(&f, i, 0);
			seen++;
		}
		if (checked)
			give_batch(&f, 0, checked, 0);
	}
	assert_int_equal(xd_virtio_ring_outstanding(&f.ring), f.device.nb_held);
	for (unsigned i = 0; i < 64 && !shuffled && !kind->packed && !kind->guest; i++)
		assert_int_equal(f.ring.avail->ring[i], i); /* nothing was ever rewritten */
	end(&f);
}

static void
test_send_in_order(void **state)
{
	(void)state;
	for (unsigned k = 0; k < KINDS; k++) {
		send_all(&kinds[k], false, XD_TOUCH_FULL, 1);
		send_all(&kinds[k], false, XD_TOUCH_FULL, 1000);
		send_all(&kinds[k], false, XD_TOUCH_STAMP, 7);
		send_all(&kinds[k], false, XD_TOUCH_NONE, 7);
	}
}

static void
test_send_out_of_order(void **state)
{
	(void)state;
	for (unsigned k = 0; k < KINDS; k++) {
		if (kinds[k].in_order)
			continue;
		send_all(&kinds[k], true, XD_TOUCH_FULL, 1000);
		send_all(&kinds[k], true, XD_TOUCH_NONE, 1);
	}
}

/* The biggest ring, whose position takes all 16 bits: filled and emptied some laps. */
static void
test_biggest(void **state)
{
	struct xd_stream_opts so = {.size = 64, .flows = 1, .to = 1};
	struct xd_virtio_ring_opts opts = {.size = 32768, .room = 64};
	static struct fixture f;
	uint64_t sent = 0;
	struct held h = {0};

	(void)state;
	for (unsigned k = 0; k < KINDS; k++) {
		begin(&f, &kinds[k], opts, &so);
		for (unsigned lap = 0; lap < 5; lap++) {
			uint16_t n = 0, got;

			while ((got = xd_virtio_ring_send(&f.ring, &f.stream, XD_TOUCH_NONE, 64)))
				n += got;
			assert_int_equal(n, 32768);
			for (unsigned i = 0; i < 32768; i++, sent++) {
				assert_true(next_available(&f, &h));
				if (!kinds[k].lifo)
					assert_int_equal(h.id, i);
				write_used(&f, h.id, 0, 1);
			}
			assert_false(next_available(&f, &h));
		}
		assert_int_equal(xd_virtio_ring_outstanding(&f.ring), 0);
		end(&f);
	}
	assert_int_equal(sent, KINDS * 5 * 32768);
}

/* What the stream leaves to the device is in every buffer's virtio-net header. */
static void
test_header(void **state)
{
	struct xd_stream_opts so = {
		.size = 3000, .flows = 1, .to = 1, .offload = {.tso = true, .mss = 1460}};
	struct xd_virtio_ring_opts opts = {.size = 64, .room = 4096};
	struct fixture f;

	(void)state;
	for (unsigned k = 0; k < KINDS; k++) {
		begin(&f, &kinds[k], opts, &so);
		assert_int_equal(xd_virtio_ring_send(&f.ring, &f.stream, XD_TOUCH_FULL, 64), 64);
		take(&f);
		assert_int_equal(f.device.nb_held, 64);
		for (unsigned i = 0; i < 64; i++) {
			static const uint8_t want[] = {1, 1, 54, 0, 0xb4, 5, 34, 0, 16, 0, 0, 0};

			assert_memory_equal(buffer(&f, &f.device.held[i]), want, sizeof(want));
		}
		end(&f);
	}
}

/* Puts a frame of the stream into buffers that the device holds: the first is held[i]. In order,
 * only the last of them is written back: the others are full. */
static void
deliver(struct fixture *f, unsigned i)
{
	static uint8_t frame[XD_STREAM_MAX + 64];
	uint32_t total = XD_VIRTIO_HEADER + f->stream.size, done = 0, bytes = 0, room = 0;
	uint16_t buffers = 0, rest = 1;
	struct held h[64];

	for (; room < total; buffers++) {
		assert_true(buffers < 64 && i + buffers < f->device.nb_held);
		h[buffers] = f->device.held[i + buffers];
		room += h[buffers].len;
	}
	xd_stream_write_any(&f->stream, frame, XD_TOUCH_FULL);
	for (uint16_t n = 0; n < buffers; n++, done += bytes) {
		uint8_t *at = buffer(f, &h[n]);

		bytes = total - done < h[n].len ? total - done : h[n].len;
		if (n == 0) {
			memset(at, 0, XD_VIRTIO_HEADER);
			memcpy(at + 10, f->ring.mergeable ? &buffers : &rest, 2);
			memcpy(at + XD_VIRTIO_HEADER, frame, bytes - XD_VIRTIO_HEADER);
		} else {
			memcpy(at, frame + done - XD_VIRTIO_HEADER, bytes);
		}
		if (!f->ring.in_order)
			give(f, i, bytes);
	}
	if (f->ring.in_order)
		give_batch(f, i, buffers, bytes);
}

static void
receive_all(const struct kind *kind, bool shuffled, bool mergeable, uint32_t size)
{
	struct xd_stream_opts so = {.size = size, .flows = 1000, .to = 1};
	struct xd_virtio_ring_opts opts = {
		.size = 64, .room = 2048, .write = true, .mergeable = mergeable};
	struct xd_receive counts = {0};
	uint64_t delivered = 0;
	unsigned seed = 1;
	struct fixture f;

	begin(&f, kind, opts, &so);
	while (delivered < 30000) {
		take(&f);
		for (unsigned n = rand_r(&seed) % 64; n && f.device.nb_held >= 8; n--) {
			deliver(&f, shuffled ? rand_r(&seed) % (f.device.nb_held - 7) : 0);
			delivered++;
		}
		xd_virtio_ring_receive(
			&f.ring, XD_TOUCH_FULL, size, 1 + rand_r(&seed) % 64, &counts);
		assert_false(f.ring.broken);
	}
	while (xd_virtio_ring_receive(&f.ring, XD_TOUCH_FULL, size, 64, &counts))
		;
	take(&f);
	/* Every buffer was offered again; a guest does that when more than half are free. */
	assert_in_range(f.device.nb_held, kind->guest ? 32 : 64, 64);
	assert_int_equal(counts.frames, delivered);
	assert_int_equal(counts.bytes, delivered * size);
	assert_int_equal(counts.foreign, 0);
	end(&f);
}

static void
test_receive(void **state)
{
	(void)state;
	for (unsigned k = 0; k < KINDS; k++) {
		receive_all(&kinds[k], false, false, 64);
		receive_all(&kinds[k], false, false, 1518);
		receive_all(&kinds[k], false, true, 64);
		receive_all(&kinds[k], false, true, 9018);
	}
	for (unsigned k = 0; k < KINDS; k++) {
		if (kinds[k].in_order)
			continue;
		receive_all(&kinds[k], true, false, 1518);
		receive_all(&kinds[k], true, true, 64);
	}
}

/* A frame that is not ours is counted apart. */
static void
test_foreign(void **state)
{
	struct xd_stream_opts so = {.size = 64, .flows = 1, .to = 1};
	struct xd_virtio_ring_opts opts = {.size = 64, .room = 2048, .write = true};

	(void)state;
	for (unsigned k = 0; k < KINDS; k++) {
		struct xd_receive counts = {0};
		struct fixture f;

		begin(&f, &kinds[k], opts, &so);
		take(&f);
		deliver(&f, 0); /* ours */
		memset(buffer(&f, &f.device.held[0]), 0, 200);
		give(&f, 0, XD_VIRTIO_HEADER + 64); /* the right length, and empty */
		memset(buffer(&f, &f.device.held[0]), 0, 200);
		give(&f, 0, XD_VIRTIO_HEADER + 100);
		assert_int_equal(
			xd_virtio_ring_receive(&f.ring, XD_TOUCH_FULL, 64, 64, &counts), 3);
		assert_int_equal(counts.frames, 1);
		assert_int_equal(counts.foreign, 2);
		end(&f);
	}
}

/* What a device must not write breaks the ring, and nothing is read where it says. */
static void
bad_device(const struct kind *kind, uint16_t id, uint32_t len, uint16_t buffers)
{
	struct xd_stream_opts so = {.size = 64, .flows = 1, .to = 1};
	struct xd_virtio_ring_opts opts = {
		.size = 64, .room = 2048, .write = true, .mergeable = true};
	struct xd_receive counts = {0};
	struct fixture f;

	begin(&f, kind, opts, &so);
	take(&f);
	for (unsigned n = 0; n < 64; n++)
		buffer(&f, &f.device.held[n])[10] = 1; /* num_buffers */
	memcpy(buffer(&f, &f.device.held[0]) + 10, &buffers, 2);
	write_used(&f, id, len, 1);
	xd_virtio_ring_receive(&f.ring, XD_TOUCH_FULL, 64, 64, &counts);
	if (!f.ring.broken)
		fail_msg("%s: id %u, %u bytes, %u buffers", kind->name, id, len, buffers);
	assert_int_equal(counts.frames, 0);
	/* And stays so. */
	assert_int_equal(xd_virtio_ring_receive(&f.ring, XD_TOUCH_FULL, 64, 64, &counts), 0);
	end(&f);
}

static void
test_bad_device(void **state)
{
	(void)state;
	for (unsigned k = 0; k < KINDS; k++) {
		bad_device(&kinds[k], 64, 76, 1);
		bad_device(&kinds[k], UINT16_MAX, 76, 1);
		bad_device(&kinds[k], 0, 13, 1);
		bad_device(&kinds[k], 0, 1u << 30, 1);
		bad_device(&kinds[k], 0, 2061, 1);
		bad_device(&kinds[k], 0, 76, 0);
		bad_device(&kinds[k], 0, 76, 2); /* and the second was not given back */
		bad_device(&kinds[k], 0, 76, 65535);
	}
}

/* An id that only has too many bits, and an index that jumps: split rings alone have such. */
static void
test_bad_split_device(void **state)
{
	struct xd_virtio_ring_opts opts = {.size = 64, .room = 2048, .write = true};
	struct xd_receive counts = {0};
	struct fixture f;

	(void)state;
	for (unsigned jump = 0; jump < 4; jump++) {
		begin(&f, &kinds[jump / 2 * 2], opts, NULL);
		take(&f);
		f.ring.used->ring[0] = (struct xd_vring_used_elem){jump % 2 ? 0 : 65536, 76};
		f.ring.used->idx = jump % 2 ? 65 : 1;
		xd_virtio_ring_receive(&f.ring, XD_TOUCH_FULL, 64, 64, &counts);
		assert_true(f.ring.broken);
		end(&f);
	}
}

/* In order: a batch that ends with a buffer that was not offered. */
static void
test_bad_batch(void **state)
{
	struct xd_stream_opts so = {.size = 64, .flows = 1, .to = 1};
	struct xd_virtio_ring_opts opts = {.size = 64, .room = 2048};
	struct fixture f;

	(void)state;
	for (unsigned k = 0; k < KINDS; k++) {
		if (!kinds[k].in_order)
			continue;
		begin(&f, &kinds[k], opts, &so);
		xd_virtio_ring_send(&f.ring, &f.stream, XD_TOUCH_FULL, 8);
		take(&f);
		write_used(&f, 8, 0, 8);
		xd_virtio_ring_outstanding(&f.ring);
		assert_true(f.ring.broken);
		assert_int_equal(xd_virtio_ring_send(&f.ring, &f.stream, XD_TOUCH_FULL, 8), 0);
		end(&f);
	}
}

static bool
kicked(struct fixture *f)
{
	eventfd_t n;

	return eventfd_read(f->kick_fd, &n) == 0;
}

/* Says whether the device wants to be kicked, without the event index. */
static void
device_polls(struct fixture *f, bool polls)
{
	if (f->ring.packed)
		f->ring.device_event->flags = polls ? XD_PACKED_EVENT_DISABLE : 0;
	else
		f->ring.used->flags = polls ? XD_VRING_USED_F_NO_NOTIFY : 0;
}

static void
test_kicks(void **state)
{
	struct xd_stream_opts so = {.size = 64, .flows = 1, .to = 1};
	struct xd_virtio_ring_opts opts = {.size = 64, .room = 2048};
	struct fixture f;

	(void)state;
	for (unsigned k = 0; k < KINDS; k++) {
		if (kinds[k].in_order)
			continue;
		begin(&f, &kinds[k], opts, &so);
		if (kinds[k].packed)
			assert_int_equal(f.ring.driver_event->flags, XD_PACKED_EVENT_DISABLE);
		else
			assert_int_equal(f.ring.avail->flags, XD_VRING_AVAIL_F_NO_INTERRUPT);
		xd_virtio_ring_notify(&f.ring, true);
		assert_false(kicked(&f)); /* nothing was published */
		xd_virtio_ring_send(&f.ring, &f.stream, XD_TOUCH_FULL, 4);
		xd_virtio_ring_notify(&f.ring, false);
		assert_true(kicked(&f)); /* wanted: at once, and once */
		xd_virtio_ring_notify(&f.ring, true);
		assert_false(kicked(&f));

		device_polls(&f, true);
		xd_virtio_ring_send(&f.ring, &f.stream, XD_TOUCH_FULL, 4);
		xd_virtio_ring_notify(&f.ring, false);
		assert_false(kicked(&f));
		/* The device armed itself meanwhile: the question was left open. */
		device_polls(&f, false);
		xd_virtio_ring_notify(&f.ring, true);
		assert_true(kicked(&f));

		device_polls(&f, true);
		xd_virtio_ring_send(&f.ring, &f.stream, XD_TOUCH_FULL, 4);
		xd_virtio_ring_notify(&f.ring, true);
		device_polls(&f, false);
		xd_virtio_ring_notify(&f.ring, true);
		assert_false(kicked(&f)); /* it looked at the ring after arming, so it knows */
		end(&f);
	}
}

/* Position idx as the event area of a packed ring has it. */
static uint16_t
off_wrap(const struct fixture *f, uint16_t idx)
{
	return (uint16_t)(idx % f->ring.size | (idx / f->ring.size % 2 ? 0 : 0x8000));
}

/* Whether the driver wants an interrupt when n buffers from used_idx on are given back. */
static bool
interrupt_wanted(const struct fixture *f, uint16_t n)
{
	uint16_t old = f->device.used_idx, now = (uint16_t)(old + n);
	const struct xd_packed_event *e = f->ring.driver_event;

	if (!f->ring.packed)
		return f->ring.event_idx ? xd_vring_need_event(*xd_vring_used_event(
								       f->ring.avail, f->ring.size),
						   now, old)
					 : !f->ring.avail->flags;
	if (e->flags != XD_PACKED_EVENT_DESC)
		return e->flags == XD_PACKED_EVENT_ENABLE;
	for (; old != now; old++)
		if (off_wrap(f, old) == e->off_wrap)
			return true;
	return false;
}

static void
test_kicks_by_event(void **state)
{
	struct xd_stream_opts so = {.size = 64, .flows = 1, .to = 1};
	struct xd_virtio_ring_opts opts = {.size = 64, .room = 2048, .event_idx = true};
	struct fixture f;

	(void)state;
	for (unsigned k = 0; k < KINDS; k++) {
		if (kinds[k].in_order)
			continue;
		begin(&f, &kinds[k], opts, &so);
		for (unsigned i = 0; i < 40000; i++) {
			uint16_t event = (uint16_t)(f.ring.avail_idx + i % 5); /* three are sent */

			/* The event never lies among what comes next: no interrupt. */
			assert_false(interrupt_wanted(&f, 3));
			if (kinds[k].packed)
				*f.ring.device_event = (struct xd_packed_event){
					off_wrap(&f, event), XD_PACKED_EVENT_DESC};
			else
				*xd_vring_avail_event(f.ring.used, 64) = event;
			assert_int_equal(
				xd_virtio_ring_send(&f.ring, &f.stream, XD_TOUCH_STAMP, 3), 3);
			xd_virtio_ring_notify(&f.ring, true);
			assert_int_equal(kicked(&f), i % 5 < 3);
			take(&f);
			while (f.device.nb_held)
				give(&f, 0, 0);
		}
		end(&f);
	}
}

/* A receive ring with interrupts waits for one before it looks, and asks for one when it has seen
 * everything: so none is lost, and none comes while it works. */
static void
test_interrupts(void **state)
{
	struct xd_stream_opts so = {.size = 64, .flows = 1, .to = 1};
	struct xd_virtio_ring_opts opts = {
		.size = 64, .room = 2048, .write = true, .interrupts = true};
	struct fixture f;

	(void)state;
	for (unsigned k = 0; k < 2 * KINDS; k++) {
		struct xd_receive counts = {0};

		opts.event_idx = k >= KINDS;
		begin(&f, &kinds[k % KINDS], opts, &so);
		for (unsigned i = 0; i < 2000; i++) {
			take(&f);
			/* It finds nothing and asks. */
			assert_int_equal(
				xd_virtio_ring_receive(&f.ring, XD_TOUCH_FULL, 64, 64, &counts), 0);
			assert_true(interrupt_wanted(&f, 3));
			for (unsigned n = 0; n < 3; n++)
				deliver(&f, 0);
			assert_int_equal(
				xd_virtio_ring_receive(&f.ring, XD_TOUCH_FULL, 64, 64, &counts),
				0); /* it sleeps */
			eventfd_write(f.call_fd, 1);
			assert_int_equal(
				xd_virtio_ring_receive(&f.ring, XD_TOUCH_FULL, 64, 2, &counts), 2);
			assert_false(interrupt_wanted(&f, 3)); /* it is at work */
			deliver(&f, 0);
			assert_int_equal(
				xd_virtio_ring_receive(&f.ring, XD_TOUCH_FULL, 64, 64, &counts), 2);
		}
		assert_int_equal(counts.frames, 2000 * 4);
		end(&f);
	}
}

/* A sending ring wants to be told when three quarters of what is under way are sent. */
static void
test_interrupts_for_room(void **state)
{
	struct xd_stream_opts so = {.size = 64, .flows = 1, .to = 1};
	struct xd_virtio_ring_opts opts = {
		.size = 64, .room = 2048, .interrupts = true, .event_idx = true};
	struct fixture f;

	(void)state;
	for (unsigned k = 0; k < KINDS; k++) {
		begin(&f, &kinds[k], opts, &so);
		for (unsigned i = 0; i < 5000; i++) {
			assert_int_equal(
				xd_virtio_ring_send(&f.ring, &f.stream, XD_TOUCH_STAMP, 40), 40);
			assert_false(interrupt_wanted(&f, 30));
			assert_true(interrupt_wanted(&f, 31));
			take(&f);
			while (f.device.nb_held)
				give(&f, 0, 0);
			assert_int_equal(xd_virtio_ring_outstanding(&f.ring), 0);
		}
		end(&f);
	}
	opts.event_idx = false; /* only when there was no room */
	for (unsigned k = 0; k < KINDS; k++) {
		begin(&f, &kinds[k], opts, &so);
		xd_virtio_ring_send(&f.ring, &f.stream, XD_TOUCH_STAMP, 40);
		assert_false(interrupt_wanted(&f, 40));
		assert_int_equal(xd_virtio_ring_send(&f.ring, &f.stream, XD_TOUCH_STAMP, 40), 24);
		assert_true(interrupt_wanted(&f, 40));
		end(&f);
	}
}

#define STREAMED 300000

/* A device on another thread: each frame that it finds is the next one, whole. */
static void *
swallow(void *arg)
{
	struct fixture *f = arg;

	for (uint32_t seen = 0; seen < STREAMED; seen++) {
		struct held h;
		uint32_t low;
		uint8_t *at;

		while (!next_available(f, &h))
			sched_yield();
		at = f->memory + (h.addr - BASE) + XD_VIRTIO_HEADER;
		memcpy(&low, at + 8, 4);
		if (h.len != XD_VIRTIO_HEADER + 130 || __builtin_bswap32(low) != seen ||
			at[129] != 129)
			return NULL;
		memset(at, 0, 130);
		write_used(f, h.id, 0, 1);
	}
	return f;
}

static void
test_device_on_another_thread(void **state)
{
	struct xd_stream_opts so = {.size = 130, .flows = STREAMED + 1, .to = 1};
	struct xd_virtio_ring_opts opts = {.size = 64, .room = 256};
	static struct fixture f;
	unsigned seed = 1;

	(void)state;
	for (unsigned k = 0; k < KINDS; k++) {
		uint32_t sent = 0;
		pthread_t thread;
		void *result;

		begin(&f, &kinds[k], opts, &so);
		assert_int_equal(pthread_create(&thread, NULL, swallow, &f), 0);
		while (sent < STREAMED && !f.ring.broken) {
			uint32_t n = 1 + rand_r(&seed) % 64;
			uint16_t got = xd_virtio_ring_send(&f.ring, &f.stream, XD_TOUCH_FULL,
				(uint16_t)(n < STREAMED - sent ? n : STREAMED - sent));

			sent += got;
			if (got == 0)
				sched_yield();
		}
		assert_false(f.ring.broken);
		pthread_join(thread, &result);
		assert_ptr_equal(result, &f);
		assert_int_equal(xd_virtio_ring_outstanding(&f.ring), 0);
		end(&f);
	}
}

static void
test_load_waits(void **state)
{
	struct xd_stream_opts so = {.size = 64, .flows = 1, .to = 1};
	struct xd_virtio_ring_opts opts = {.size = 64, .room = 2048};
	struct fixture f;

	(void)state;
	for (unsigned k = 0; k < KINDS; k++) {
		if (kinds[k].in_order)
			continue;
		begin(&f, &kinds[k], opts, &so);
		xd_virtio_ring_send(&f.ring, &f.stream, XD_TOUCH_FULL, 2);
		assert_int_equal(xd_virtio_ring_load(&f.ring, &f.stream), -EBUSY);
		take(&f);
		give(&f, 1, 0);
		give(&f, 0, 0);
		assert_int_equal(xd_virtio_ring_load(&f.ring, &f.stream), 0);
		end(&f);
	}
}

/* ---- Sources and sinks ---- */

/* Frame number k of a source, with a header that says so. */
struct numbered {
	uint32_t made, seen;
	uint32_t there; /* that the source has */
	/* Frames of a burst that lie in the ring's buffers, and how often a burst ended. */
	const struct xd_virtio_ring *ring;
	uint16_t avail_idx;
	uint64_t given_at; /* time stamp counter: the device gave the last one then */
	uint32_t nb_lent, ends;
	struct xd_arrival lent[64];
	uint32_t number[64];
};

static uint32_t
numbered_len(uint32_t k)
{
	return 60 + k * 997 % 60000;
}

static uint16_t
numbered_ready(void *ctx, uint16_t n)
{
	struct numbered *c = ctx;

	return c->there - c->made < n ? (uint16_t)(c->there - c->made) : n;
}

static uint32_t
numbered_write(void *ctx, uint8_t *data, uint32_t room, struct virtio_net_hdr_v1 *header)
{
	struct numbered *c = ctx;
	uint32_t k = c->made++, len = numbered_len(k);

	assert_true(len <= room);
	memset(data, (int)k, len);
	memcpy(data + 20, &k, sizeof(k));
	header->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	header->gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
	header->gso_size = (uint16_t)k;
	return len;
}

static void
assert_numbered(
	const uint8_t *data, uint32_t len, const struct virtio_net_hdr_v1 *header, uint32_t k)
{
	assert_int_equal(len, numbered_len(k));
	assert_memory_equal(data + 20, &k, sizeof(k));
	assert_int_equal(data[0], (uint8_t)k);
	assert_int_equal(data[len - 1], (uint8_t)k);
	assert_int_equal(header->flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_int_equal(header->gso_type, VIRTIO_NET_HDR_GSO_TCPV6);
	assert_int_equal(header->gso_size, (uint16_t)k);
}

/* Every frame of a source is sent once, with its header, whatever room there is. */
static void
test_source(void **state)
{
	struct xd_virtio_ring_opts opts = {.size = 32, .room = 61000};
	struct numbered c = {.there = 0};
	struct xd_source source = {numbered_ready, numbered_write, &c};
	struct xd_list_stream_opts list = {.source = &source};
	struct fixture f;

	(void)state;
	for (unsigned k = 0; k < KINDS; k++) {
		c = (struct numbered){.there = 0};
		begin(&f, &kinds[k], opts, NULL);
		assert_int_equal(xd_stream_init_list(&f.stream, &list, NULL), 0);
		f.stream.list->room = f.ring.room;
		f.stream.list->headers = true;
		assert_int_equal(xd_virtio_ring_load(&f.ring, &f.stream), 0);
		while (c.seen < 500) {
			uint16_t n = 40;

			c.there += 7;
			n = xd_list_stream_ready(f.stream.list, n);
			xd_virtio_ring_send(&f.ring, &f.stream, XD_TOUCH_FULL, n);
			take(&f);
			while (f.device.nb_held > 3) {
				struct virtio_net_hdr_v1 header;
				uint8_t *at = buffer(&f, &f.device.held[0]);

				memcpy(&header, at, sizeof(header));
				assert_numbered(at + XD_VIRTIO_HEADER,
					f.device.held[0].len - XD_VIRTIO_HEADER, &header, c.seen++);
				give(&f, 0, 0);
			}
		}
		assert_in_range(c.made - c.seen, 0, 3);
		end(&f);
	}
}

static void
numbered_take(void *ctx, const struct xd_arrival *frame)
{
	struct numbered *c = ctx;

	assert_numbered(frame->data, frame->len, &frame->header, c->seen);
	assert_true(frame->now >= c->given_at);
	if (!frame->gathered) {
		assert_in_range(c->nb_lent, 0, 63);
		c->number[c->nb_lent] = c->seen;
		c->lent[c->nb_lent++] = *frame;
	}
	c->seen++;
}

/* What was not put together lies where it was until the burst ends, and is not offered yet. */
static void
numbered_end(void *ctx)
{
	struct numbered *c = ctx;

	assert_int_equal(c->ring->avail_idx, c->avail_idx);
	for (uint32_t i = 0; i < c->nb_lent; i++)
		assert_numbered(c->lent[i].data, c->lent[i].len, &c->lent[i].header, c->number[i]);
	c->nb_lent = 0;
	c->ends++;
}

/* Puts frame number k into buffers that the device holds, the first ones. False: they are too few.
 */
static bool
deliver_numbered(struct fixture *f, uint32_t k)
{
	static uint8_t bytes[65536];
	struct numbered c = {.made = k};
	struct virtio_net_hdr_v1 header = {.num_buffers = 0};
	uint32_t total =
		XD_VIRTIO_HEADER + numbered_write(&c, bytes + XD_VIRTIO_HEADER, 61000, &header);
	uint32_t done = 0, part = 0, room = 0;
	struct held h[128];
	uint16_t buffers = 0;

	for (; room < total; buffers++) {
		if (buffers == f->device.nb_held)
			return false;
		h[buffers] = f->device.held[buffers];
		room += h[buffers].len;
	}
	header.num_buffers = buffers;
	memcpy(bytes, &header, sizeof(header));
	for (uint16_t n = 0; n < buffers; n++, done += part) {
		part = total - done < h[n].len ? total - done : h[n].len;
		memcpy(buffer(f, &h[n]), bytes + done, part);
		if (!f->ring.in_order)
			give(f, 0, part);
	}
	if (f->ring.in_order)
		give_batch(f, 0, buffers, part);
	return true;
}

/* A sink is shown every frame whole, in order and with its header, from one buffer or from many. */
static void
test_sink(void **state)
{
	(void)state;
	for (unsigned k = 0; k < 2 * KINDS; k++) {
		bool mergeable = k >= KINDS;
		struct xd_virtio_ring_opts opts = {.size = 128,
			.room = mergeable ? 2048 : 61000,
			.write = true,
			.mergeable = mergeable};
		struct numbered c = {.there = 0};
		struct xd_sink sink = {.take = numbered_take, .ctx = &c, .end = numbered_end};
		struct xd_receive counts = {
			.kind = XD_RECEIVE_SINK, .sink = &sink, .headers = true};
		uint32_t delivered = 0;
		struct fixture f;

		begin(&f, &kinds[k % KINDS], opts, NULL);
		c.ring = &f.ring;
		while (delivered < 500) {
			take(&f);
			while (f.device.nb_held > 32 && deliver_numbered(&f, delivered))
				delivered++;
			c.given_at = xd_tsc();
			c.avail_idx = f.ring.avail_idx;
			xd_virtio_ring_receive(&f.ring, XD_TOUCH_STAMP, 0, 64, &counts);
			assert_false(f.ring.broken);
		}
		do
			c.avail_idx = f.ring.avail_idx;
		while (xd_virtio_ring_receive(&f.ring, XD_TOUCH_STAMP, 0, 64, &counts));
		assert_int_equal(c.seen, delivered);
		assert_int_equal(c.nb_lent, 0);
		assert_in_range(c.ends, 2, 500);
		assert_int_equal(counts.frames, delivered);
		end(&f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_send_in_order),
		cmocka_unit_test(test_send_out_of_order),
		cmocka_unit_test(test_biggest),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_receive),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_bad_device),
		cmocka_unit_test(test_bad_split_device),
		cmocka_unit_test(test_bad_batch),
		cmocka_unit_test(test_kicks),
		cmocka_unit_test(test_kicks_by_event),
		cmocka_unit_test(test_interrupts),
		cmocka_unit_test(test_interrupts_for_room),
		cmocka_unit_test(test_device_on_another_thread),
		cmocka_unit_test(test_load_waits),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_sink),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
