/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames between two guests with every pair of offload features, on either kind of ring: what
 * arrives must be what was sent, in a form that the receiver negotiated, with right checksums. The
 * checksum here is written the slow way, after RFC 1071, and shares nothing with the library's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/vlan.h"
#include "frame/offload.h"
#include "virtqueue/device.h"
#include "virtqueue/driver.h"

#define GUEST_BASE 0x100000000ull
#define USER_BASE  0x7f0000000000ull
#define MEM_BYTES  (32u << 20)
#define RING_BYTES (1u << 20)
#define RING_SIZE  256
#define HDR        12
#define PIECE      1536  /* of mergeable buffers */
#define BIG        69632 /* of others */
#define MSS        1400

enum { IPV4, IPV6 };
enum { TCP, UDP };

/* What a guest may ask for or takes: the sets that virtio allows (5.1.3.1). */
static const uint8_t sets[] = {
	0,
	XD_OFFLOAD_CSUM,
	XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO4,
	XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO6,
	XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO4 | XD_OFFLOAD_TSO6,
	XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO4 | XD_OFFLOAD_TSO6 | XD_OFFLOAD_ECN,
	XD_OFFLOAD_CSUM | XD_OFFLOAD_USO4 | XD_OFFLOAD_USO6,
	XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO4 | XD_OFFLOAD_TSO6 | XD_OFFLOAD_ECN | XD_OFFLOAD_USO4 |
		XD_OFFLOAD_USO6,
};

struct side {
	uint8_t *mem;
	struct xd_guest_memory guest;
	struct xd_vq_driver driver;
	struct xd_vq vq;
	struct xd_drops drops;
};

struct world {
	struct side from, to;
	struct xd_batch batch;
	struct xd_counters counters;
	uint8_t sent[70000], got[70000]; /* payload */
	uint32_t sent_bytes, got_bytes;
	unsigned nb_frames;
};

struct kind {
	int ip, proto;
	bool tagged, ecn;
	uint32_t payload;
};

static void
open_side(struct side *s, bool packed, bool mergeable, bool in_order, uint8_t offloads)
{
	void *desc, *driver, *device;
	struct xd_error err;
	struct xd_vq_setup setup = {
		.size = RING_SIZE,
		.base = packed ? XD_PACKED_WRAP : 0,
		.packed = packed,
		.indirect = true,
		.mergeable = mergeable,
		.in_order = in_order,
		.offloads = offloads,
		.call_fd = -1,
		.drops = &s->drops,
	};

	memset(s->mem, 0, RING_BYTES);
	memset(&s->drops, 0, sizeof(s->drops));
	s->guest.n = 1;
	s->guest.regions[0] = (struct xd_guest_region){.guest_addr = GUEST_BASE,
		.user_addr = USER_BASE,
		.size = MEM_BYTES,
		.host = s->mem};
	assert_int_equal(
		xd_vq_driver_init(&s->driver, s->mem, RING_SIZE, packed, false, in_order), 0);
	xd_vq_driver_areas(&s->driver, &desc, &driver, &device);
	setup.desc_addr = USER_BASE + (uint64_t)((uint8_t *)desc - s->mem);
	setup.avail_addr = USER_BASE + (uint64_t)((uint8_t *)driver - s->mem);
	setup.used_addr = USER_BASE + (uint64_t)((uint8_t *)device - s->mem);
	memset(&s->vq, 0, sizeof(s->vq));
	assert_int_equal(xd_vq_setup(&s->vq, &s->guest, &setup, &err), 0);
	s->vq.live = true;
}

/* ---- Frames, and the reference ---- */

static uint32_t
sum_bytes(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++) {
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static uint32_t
pseudo_header(const uint8_t *ip, bool v6, uint8_t proto, uint32_t l4_bytes)
{
	uint32_t sum = v6 ? sum_bytes(ip + 8, 32, 0) : sum_bytes(ip + 12, 8, 0);

	sum += proto + (l4_bytes >> 16) + (l4_bytes & 0xffff);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

static void
put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint32_t
get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint8_t
payload_byte(uint32_t i)
{
	return (uint8_t)(i * 13 + (i >> 8) * 5 + (i >> 16) + 1);
}

/* A frame as a guest's stack makes it, with the sum of the pseudo-header where the checksum goes.
 * Returns its length; *l4 is where its TCP or UDP header begins. */
static uint32_t
make_frame(uint8_t *p, const struct kind *k, uint32_t *l4)
{
	const uint32_t l4_header = k->proto == TCP ? 20 : 8, l4_bytes = l4_header + k->payload;
	const uint8_t proto = k->proto == TCP ? 6 : 17;
	uint32_t ip = k->tagged ? 18 : 14;
	uint8_t *t;

	memset(p, 0, 128);
	memcpy(p, "\x02\0\0\0\0\x02\x02\0\0\0\0\x01", 12);
	if (k->tagged)
		memcpy(p + 12, "\x81\0\x20\x0a", 4);
	put16(p + ip - 2, k->ip == IPV4 ? 0x0800 : 0x86dd);
	if (k->ip == IPV4) {
		p[ip] = 0x45;
		put16(p + ip + 2, 20 + l4_bytes);
		put16(p + ip + 4, 0xfffe);
		p[ip + 8] = 64;
		p[ip + 9] = proto;
		memcpy(p + ip + 12, "\x0a\0\0\1\x0a\0\0\2", 8);
		put16(p + ip + 10, ~sum_bytes(p + ip, 20, 0));
		*l4 = ip + 20;
	} else {
		p[ip] = 0x60;
		put16(p + ip + 4, l4_bytes);
		p[ip + 6] = proto;
		p[ip + 7] = 64;
		memset(p + ip + 8, 0xfd, 16);
		memset(p + ip + 24, 0xfc, 16);
		*l4 = ip + 40;
	}
	t = p + *l4;
	put16(t, 5001);
	put16(t + 2, 5002);
	if (k->proto == TCP) {
		memcpy(t + 4, "\xff\xff\xf0\0", 4); /* its sequence numbers wrap */
		t[12] = 5 << 4;
		t[13] = (uint8_t)(0x19 | (k->ecn ? 0x80 : 0)); /* ACK, PSH, FIN; CWR */
		put16(t + 16, pseudo_header(p + ip, k->ip == IPV6, proto, l4_bytes));
	} else {
		put16(t + 4, l4_bytes);
		put16(t + 6, pseudo_header(p + ip, k->ip == IPV6, proto, l4_bytes));
	}
	for (uint32_t i = 0; i < k->payload; i++)
		t[l4_header + i] = payload_byte(i);
	return *l4 + l4_bytes;
}

/* A frame that arrived whole: all its checksums are right, and its payload comes next. */
static void
check_frame(struct world *w, const uint8_t *p, uint32_t len, const struct kind *k, bool tagged,
	bool first)
{
	const uint8_t proto = k->proto == TCP ? 6 : 17;
	const uint32_t ip = tagged ? 18 : 14, l4 = ip + (k->ip == IPV4 ? 20 : 40);
	const uint32_t l4_header = k->proto == TCP ? 20 : 8;
	uint32_t l4_bytes;

	assert_int_equal(get16(p + ip - 2), k->ip == IPV4 ? 0x0800 : 0x86dd);
	if (tagged)
		assert_memory_equal(p + 12, "\x81\0\x20\x0a", 4);
	if (k->ip == IPV4) {
		assert_int_equal(sum_bytes(p + ip, 20, 0), 0xffff);
		l4_bytes = get16(p + ip + 2) - 20;
	} else {
		l4_bytes = get16(p + ip + 4);
	}
	assert_int_equal(len, l4 + l4_bytes);
	assert_int_equal(
		sum_bytes(p + l4, l4_bytes, pseudo_header(p + ip, k->ip == IPV6, proto, l4_bytes)),
		0xffff);
	if (k->proto == TCP) {
		uint32_t seq = get16(p + l4 + 4) << 16 | get16(p + l4 + 6);
		bool last = w->got_bytes + len - l4 - l4_header == w->sent_bytes;

		assert_int_equal(seq, (uint32_t)(0xfffff000u + w->got_bytes));
		assert_int_equal(p[l4 + 13] & 0x09, last ? 0x09 : 0);
		assert_int_equal(p[l4 + 13] & 0x80, first && k->ecn ? 0x80 : 0);
	} else {
		assert_int_equal(get16(p + l4 + 4), l4_bytes);
	}
	memcpy(w->got + w->got_bytes, p + l4 + l4_header, len - l4 - l4_header);
	w->got_bytes += len - l4 - l4_header;
	w->nb_frames++;
}

/* ---- Sending, switching, receiving ---- */

static uint8_t
gso_bit(const struct kind *k)
{
	if (k->proto == TCP)
		return (k->ip == IPV4 ? XD_OFFLOAD_TSO4 : XD_OFFLOAD_TSO6) |
		       (k->ecn ? XD_OFFLOAD_ECN : 0);
	return k->ip == IPV4 ? XD_OFFLOAD_USO4 : XD_OFFLOAD_USO6;
}

static uint8_t
gso_type(const struct kind *k)
{
	if (k->proto == UDP)
		return 5;
	return (k->ip == IPV4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6) |
	       (k->ecn ? VIRTIO_NET_HDR_GSO_ECN : 0);
}

/* Sends the frame as a guest with these features does; false: it cannot send such a frame. */
static bool
guest_sends(struct world *w, const struct kind *k, uint8_t features)
{
	uint8_t *p = w->from.mem + RING_BYTES, *frame = p + HDR;
	const bool big = k->payload > MSS;
	struct xd_split_piece pieces[64];
	uint32_t l4, len, at = 0;
	unsigned n = 0;

	if (big && (features & gso_bit(k)) != gso_bit(k))
		return false;
	len = make_frame(frame, k, &l4);
	memset(p, 0, HDR);
	if (features & XD_OFFLOAD_CSUM) {
		uint16_t start = (uint16_t)l4, offset = k->proto == TCP ? 16 : 6, mss = MSS;

		p[0] = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		p[1] = big ? gso_type(k) : 0;
		memcpy(p + 4, &mss, big ? 2 : 0);
		memcpy(p + 6, &start, 2);
		memcpy(p + 8, &offset, 2);
	} else {
		uint8_t *field = frame + l4 + (k->proto == TCP ? 16 : 6);

		put16(field, ~sum_bytes(frame + l4, len - l4, 0));
	}
	w->sent_bytes = k->payload;
	for (uint32_t i = 0; i < k->payload; i++)
		w->sent[i] = payload_byte(i);
	/* Pieces of all sizes; the header is in more than one. */
	for (uint32_t size = 5; at < HDR + len; size = size * 2 + 1, n++) {
		uint32_t part = size > 5000 ? 5000 : size;

		if (part > HDR + len - at)
			part = HDR + len - at;
		pieces[n] = (struct xd_split_piece){GUEST_BASE + RING_BYTES + at, part, false};
		at += part;
	}
	assert_int_equal(xd_vq_driver_add(&w->from.driver, pieces, n, p), 0);
	xd_vq_driver_publish(&w->from.driver);
	return true;
}

static void
offer_buffers(struct world *w, bool mergeable)
{
	const uint32_t bytes = mergeable ? PIECE : BIG;
	const unsigned n = mergeable ? 200 : 100;

	for (unsigned i = 0; i < n; i++) {
		uint32_t at = RING_BYTES + i * bytes;
		struct xd_split_piece pieces[2] = {{GUEST_BASE + at, bytes / 2, true},
			{GUEST_BASE + at + bytes / 2, bytes - bytes / 2, true}};

		assert_int_equal(xd_vq_driver_add(&w->to.driver, pieces, 2, w->to.mem + at), 0);
		if (xd_vq_driver_free(&w->to.driver) < 2)
			break;
	}
	xd_vq_driver_publish(&w->to.driver);
}

/* From ring to ring, as a worker and a bridge that pushes or pops a tag do. */
static void
switch_frame(struct world *w, bool tag_out)
{
	struct xd_frame *f;

	assert_int_equal(xd_vq_dequeue(&w->from.vq, &w->batch), 1);
	f = &w->batch.frames[0];
	f->tagged = xd_vlan_is_tagged(xd_frame_data(f));
	f->vlan = 10;
	if (f->tagged && !tag_out)
		xd_vlan_pop(f);
	else if (!f->tagged && tag_out)
		xd_vlan_push(f, 0x200a);
	assert_int_equal(xd_vq_enqueue(&w->to.vq, &f, 1, 1518, &w->counters), 1);
	xd_vq_release(&w->from.vq, &w->batch);
	assert_int_equal(w->from.vq.fault, XD_VQ_OK);
	assert_int_equal(w->to.vq.fault, XD_VQ_OK);
}

/* One frame of the receiver's, in one buffer or more; 0: there is none. */
static uint32_t
collect(struct world *w, uint8_t *frame)
{
	uint32_t len, have = 0;
	unsigned buffers = 1;
	void *cookie;

	for (unsigned i = 0; i < buffers; i++) {
		int got = xd_vq_driver_get(&w->to.driver, &cookie, &len);

		if (i == 0 && got == 0)
			return 0;
		assert_int_equal(got, 1);
		if (i == 0)
			buffers =
				(unsigned)(((uint8_t *)cookie)[10] | ((uint8_t *)cookie)[11] << 8);
		memcpy(frame + have, cookie, len);
		have += len;
	}
	assert_in_range(buffers, 1, 200);
	return have;
}

/* What a receiver with these features makes of a frame. */
static void
guest_receives(struct world *w, const struct kind *k, uint8_t features, bool tagged)
{
	uint8_t *p = malloc(80000);
	uint32_t len;

	while ((len = collect(w, p)) != 0) {
		uint8_t *frame = p + HDR;
		uint16_t start, offset, gso_size;
		bool first = w->nb_frames == 0;

		memcpy(&gso_size, p + 4, 2);
		memcpy(&start, p + 6, 2);
		memcpy(&offset, p + 8, 2);
		len -= HDR;
		if (p[0] & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
			assert_true(features & XD_OFFLOAD_CSUM);
			put16(frame + start + offset, ~sum_bytes(frame + start, len - start, 0));
		}
		if (p[1]) {
			assert_int_equal(features & gso_bit(k), gso_bit(k));
			assert_int_equal(p[1], gso_type(k));
			assert_int_equal(gso_size, MSS);
		} else {
			assert_in_range(len, 14, 1518);
		}
		check_frame(w, frame, len, k, tagged, first);
	}
	assert_int_equal(w->got_bytes, w->sent_bytes);
	assert_memory_equal(w->got, w->sent, w->sent_bytes);
	free(p);
}

static void
one_pair(struct world *w, const struct kind *k, uint8_t asks, uint8_t takes, unsigned rings,
	bool tag_out)
{
	const bool mergeable = rings & 4;
	bool sent;

	open_side(&w->from, rings & 1, false, rings & 8, asks);
	open_side(&w->to, rings & 2, mergeable, rings & 8, takes);
	w->got_bytes = 0;
	w->nb_frames = 0;
	sent = guest_sends(w, k, asks);
	if (sent) {
		offer_buffers(w, mergeable);
		switch_frame(w, tag_out);
		guest_receives(w, k, takes, tag_out);
	}
	if (sent && k->payload > MSS && !(takes & gso_bit(k)))
		assert_int_equal(w->nb_frames, (k->payload + MSS - 1) / MSS);
	xd_vq_driver_fini(&w->from.driver);
	xd_vq_driver_fini(&w->to.driver);
}

static struct world *
make_world(void)
{
	struct world *w = aligned_alloc(64, (sizeof(*w) + 63) / 64 * 64);

	memset(w, 0, sizeof(*w));
	w->from.mem = aligned_alloc(4096, MEM_BYTES);
	w->to.mem = aligned_alloc(4096, MEM_BYTES);
	return w;
}

static void
free_world(struct world *w)
{
	free(w->from.mem);
	free(w->to.mem);
	free(w);
}

static void
all_pairs(int ip, int proto, uint32_t payload, bool ecn)
{
	struct world *w = make_world();

	for (unsigned i = 0; i < RTE_DIM(sets) * RTE_DIM(sets) * 16; i++) {
		struct kind k = {ip, proto, i & 1, ecn, payload};

		one_pair(w, &k, sets[i / 16 % RTE_DIM(sets)], sets[i / 16 / RTE_DIM(sets)], i % 16,
			i & 2);
	}
	free_world(w);
}

static void
test_tcp4(void **state)
{
	(void)state;
	all_pairs(IPV4, TCP, 1000, false);
	all_pairs(IPV4, TCP, 9001, false);
	all_pairs(IPV4, TCP, 9001, true);
	all_pairs(IPV4, TCP, 65495, false);
}

static void
test_tcp6(void **state)
{
	(void)state;
	all_pairs(IPV6, TCP, 1001, false);
	all_pairs(IPV6, TCP, 4200, true);
	all_pairs(IPV6, TCP, 65495, false);
}

static void
test_udp(void **state)
{
	(void)state;
	all_pairs(IPV4, UDP, 777, false);
	all_pairs(IPV6, UDP, 778, false);
	all_pairs(IPV4, UDP, 20001, false);
	all_pairs(IPV6, UDP, 20001, false);
}

/* What is counted, and that a receiver which takes it gets the frame whole. */
static void
test_counts(void **state)
{
	const uint8_t all = XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO4 | XD_OFFLOAD_TSO6;
	struct kind tcp = {IPV4, TCP, false, false, 30000};
	struct world *w = make_world();

	(void)state;
	one_pair(w, &tcp, all, all, 4, false);
	assert_int_equal(w->nb_frames, 1);
	assert_int_equal(w->counters.segmented, 0);
	assert_int_equal(w->counters.checksums, 0);
	one_pair(w, &tcp, all, 0, 4, false);
	assert_int_equal(w->counters.segmented, 1);
	tcp.payload = 100;
	one_pair(w, &tcp, all, 0, 4, false);
	assert_int_equal(w->counters.checksums, 1);
	assert_int_equal(w->counters.tx_frames, 3);
	free_world(w);
}

/* Offers the receiver's buffers from number `first` up to `end`, a piece each. */
static void
offer_pieces(struct world *w, unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++) {
		struct xd_split_piece piece = {GUEST_BASE + RING_BYTES + i * PIECE, PIECE, true};

		xd_vq_driver_add(&w->to.driver, &piece, 1, w->to.mem);
	}
	xd_vq_driver_publish(&w->to.driver);
}

/* While not all segments find a buffer, none is put, and the frame can be offered again. */
static void
test_no_room(void **state)
{
	const uint8_t all = XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO4;
	struct kind k = {IPV4, TCP, false, false, 10 * MSS};
	struct world *w = make_world();
	struct xd_frame *f;
	void *cookie;
	uint32_t len;

	(void)state;
	open_side(&w->from, false, false, false, all);
	open_side(&w->to, false, false, false, 0);
	assert_true(guest_sends(w, &k, all));
	offer_pieces(w, 0, 9);
	assert_int_equal(xd_vq_dequeue(&w->from.vq, &w->batch), 1);
	f = &w->batch.frames[0];
	assert_int_equal(xd_vq_enqueue(&w->to.vq, &f, 1, 1518, &w->counters), 0);
	assert_int_equal(xd_vq_driver_get(&w->to.driver, &cookie, &len), 0);
	offer_pieces(w, 9, 12);
	assert_int_equal(xd_vq_enqueue(&w->to.vq, &f, 1, 1518, &w->counters), 1);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(xd_vq_driver_get(&w->to.driver, &cookie, &len), 1);
	assert_int_equal(xd_vq_driver_get(&w->to.driver, &cookie, &len), 0);
	xd_vq_driver_fini(&w->from.driver);
	xd_vq_driver_fini(&w->to.driver);
	free_world(w);
}

/* A receiver whose buffers never hold a frame whole, though it has negotiated to take it so, gets
 * its segments. */
static void
test_short_buffers(void **state)
{
	const uint8_t all = XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO4;
	struct kind k = {IPV4, TCP, false, false, 3 * MSS};
	struct world *w = make_world();
	struct xd_frame *f;
	void *cookie;
	uint32_t len;

	(void)state;
	open_side(&w->from, false, false, false, all);
	open_side(&w->to, false, false, false, all);
	assert_true(guest_sends(w, &k, all));
	offer_pieces(w, 0, 3);
	assert_int_equal(xd_vq_dequeue(&w->from.vq, &w->batch), 1);
	f = &w->batch.frames[0];
	assert_int_equal(xd_vq_enqueue(&w->to.vq, &f, 1, 1518, &w->counters), 1);
	assert_int_equal(w->counters.segmented, 1);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(xd_vq_driver_get(&w->to.driver, &cookie, &len), 1);
		assert_int_equal(len, HDR + 14 + 40 + MSS);
	}
	assert_int_equal(w->to.drops.n[XD_DROP_OVER_MTU], 0);
	xd_vq_driver_fini(&w->from.driver);
	xd_vq_driver_fini(&w->to.driver);
	free_world(w);
}

/* What does not fit the frame is dropped and counted, and the ring goes on. */
static void
test_bad_request(void **state)
{
	const uint8_t all = XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO4;
	struct kind k = {IPV4, TCP, false, false, 5000};
	struct world *w = make_world();
	uint8_t *p = w->from.mem + RING_BYTES;

	(void)state;
	open_side(&w->from, false, false, false, all);
	assert_true(guest_sends(w, &k, all));
	memset(p + 6, 0xff, 2); /* csum_start */
	assert_int_equal(xd_vq_dequeue(&w->from.vq, &w->batch), 0);
	xd_vq_release(&w->from.vq, &w->batch);
	assert_int_equal(w->from.drops.n[XD_DROP_BAD_OFFLOAD], 1);
	assert_true(guest_sends(w, &k, all));
	assert_int_equal(xd_vq_dequeue(&w->from.vq, &w->batch), 1);
	xd_vq_release(&w->from.vq, &w->batch);
	assert_int_equal(w->from.vq.fault, XD_VQ_OK);
	xd_vq_driver_fini(&w->from.driver);
	free_world(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp4),
		cmocka_unit_test(test_tcp6),
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_short_buffers),
		cmocka_unit_test(test_bad_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
