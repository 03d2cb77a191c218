/* SPDX-License-Identifier: BSD-3-Clause */
/* The af_xdp port without a kernel: its rings and chunks are memory of the test's, which does what
 * the kernel would. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "alone.h"
#include "drivers/af_xdp/af_xdp.h"

#define CHUNK XD_AF_XDP_CHUNK_SMALL

struct fixture {
	struct alone alone;
	struct xd_af_xdp_port *p;
	struct xd_af_xdp_queue *q;
	uint32_t indices[4][2];
	uint32_t need_wakeup;
};

static void
make_ring(struct fixture *fx, unsigned i, struct xd_xsk_ring *ring, uint32_t size, size_t bytes)
{
	*ring = (struct xd_xsk_ring){.producer = &fx->indices[i][0],
		.consumer = &fx->indices[i][1],
		.flags = &fx->need_wakeup,
		.size = size,
		.mask = size - 1};
	ring->entries = calloc(size, bytes);
}

static void
make_queue(struct fixture *fx, uint16_t chunk)
{
	struct xd_af_xdp_queue *q = fx->q;

	fx->p->chunk = chunk;
	q->umem_bytes = (uint64_t)(XD_AF_XDP_RX_CHUNKS + XD_AF_XDP_TX_CHUNKS) * chunk;
	q->umem = malloc(q->umem_bytes + XD_HEAD);
	make_ring(fx, 0, &q->rx, XD_AF_XDP_RX_CHUNKS, sizeof(struct xdp_desc));
	make_ring(fx, 1, &q->fill, XD_AF_XDP_RX_CHUNKS, sizeof(uint64_t));
	make_ring(fx, 2, &q->tx, XD_AF_XDP_TX_CHUNKS, sizeof(struct xdp_desc));
	make_ring(fx, 3, &q->completion, XD_AF_XDP_TX_CHUNKS, sizeof(uint64_t));
	for (uint32_t i = 0; i < XD_AF_XDP_RX_CHUNKS; i++)
		q->fill.addrs[i] = (uint64_t)i * chunk;
	q->fill.at = XD_AF_XDP_RX_CHUNKS;
	xd_xsk_ring_produced(&q->fill);
	for (uint32_t i = 0; i < XD_AF_XDP_TX_CHUNKS; i++)
		q->free[q->nb_free++] = i;
}

static void
free_queue(struct fixture *fx)
{
	free(fx->q->rx.entries);
	free(fx->q->fill.entries);
	free(fx->q->tx.entries);
	free(fx->q->completion.entries);
	free(fx->q->umem);
	fx->q->nb_free = 0;
	memset(fx->indices, 0, sizeof(fx->indices));
}

static int
setup(void **state)
{
	struct fixture *fx = calloc(1, sizeof(*fx));

	fx->p = (struct xd_af_xdp_port *)alone_make(&fx->alone, &xd_af_xdp_driver);
	assert_non_null(fx->p);
	fx->q = &fx->p->queues[0];
	make_queue(fx, CHUNK);
	fx->p->running = true;
	*state = fx;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *fx = *state;

	free_queue(fx);
	alone_free(&fx->alone, &fx->p->port);
	free(fx);
	return 0;
}

static uint64_t
dropped(const struct fixture *fx, enum xd_drop reason)
{
	return fx->p->port.drops[0].n[reason];
}

/* ---- Rules ---- */

static int
read_rules(
	const char *steer, const char *kernel, struct xd_af_xdp_rules *rules, struct xd_error *err)
{
	struct xd_port_config config = alone_config("af_xdp", "p");

	strcpy(xd_af_xdp_config(&config)->steer, steer);
	strcpy(xd_af_xdp_config(&config)->kernel, kernel);
	return xd_af_xdp_rules_read(&config, rules, err);
}

static void
test_rules(void **state)
{
	struct xd_af_xdp_rules rules;
	struct xd_error err;

	(void)state;
	assert_int_equal(read_rules("", "", &rules, &err), 0);
	assert_true(rules.all && rules.own && rules.n == 0);
	assert_int_equal(read_rules("vlan=10", "none", &rules, &err), 0);
	assert_true(!rules.all && !rules.own && rules.n == 1);
	assert_int_equal(rules.rules[0].kind, XD_STEER_VLAN);
	assert_int_equal(rules.rules[0].whose, XD_STEER_TAKE);
	assert_memory_equal(rules.rules[0].value, "\0\x0a", 2);
	assert_int_equal(read_rules("udp=4789,all", "own,mac=02:0a:00:00:00:FF,ethertype=0x88cc",
				 &rules, &err),
		0);
	assert_true(rules.all && rules.own && rules.n == 3);
	assert_memory_equal(rules.rules[0].value, "\x12\xb5", 2);
	assert_memory_equal(rules.rules[1].value, "\x02\x0a\0\0\0\xff", 6);
	assert_memory_equal(rules.rules[2].value, "\x88\xcc", 2);
	assert_int_equal(rules.rules[2].whose, XD_STEER_KEEP);
}

static void
test_rules_that_are_none(void **state)
{
	static const char *const bad[] = {"vlan", "vlan=", "vlan=0", "vlan=4095", "vlan=-1",
		"vlan=1x", "vlan= 1", "mac=02:00:00:00:00", "mac=1", "udp=65536", "tcp=0",
		"ethertype=0x5ff", "ethertype=65536", "none", "own", "port=1", "vlan=1,", ",vlan=1",
		"vlan=1,vlan=1", "vlan=18446744073709551617"};
	struct xd_port_config config = alone_config("af_xdp", "p");
	struct xd_af_xdp_rules rules;
	struct xd_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err = (struct xd_error){0};
		if (read_rules(bad[i], "", &rules, &err) != -EINVAL)
			fail_msg("\"%s\" is taken", bad[i]);
		assert_string_equal(err.key, "ports.p.steer");
	}
	assert_int_equal(read_rules("", "all", &rules, &err), -EINVAL);
	assert_string_equal(err.key, "ports.p.kernel");
	assert_int_equal(read_rules("tcp=22", "tcp=22", &rules, &err), -EINVAL);
	assert_non_null(strstr(err.text, "in steer and in kernel"));
	strcpy(xd_af_xdp_config(&config)->steer, "udp=1");
	assert_int_equal(xd_af_xdp_driver.check(&config, &err), 0);
	config.mtu = XD_AF_XDP_MTU_MAX + 1;
	assert_int_equal(xd_af_xdp_driver.check(&config, &err), -EINVAL);
	assert_string_equal(err.key, "ports.p.mtu");
}

static void
test_claims(void **state)
{
	struct xd_port_config a = alone_config("af_xdp", "x"), tap = alone_config("af_xdp", "y");

	(void)state;
	strcpy(tap.type, "tap");
	assert_false(xd_port_claims_same(&a, &tap, NULL, NULL));
	strcpy(tap.settings.bytes, "x"); /* its ifname */
	assert_true(xd_port_claims_same(&a, &tap, NULL, NULL));
}

/* ---- From the kernel ---- */

static void
make_bytes(uint8_t *data, size_t len, uint8_t seed)
{
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(i * 7 + i / 256 + seed);
}

static void
produce(struct fixture *fx, uint64_t addr, uint32_t len, uint32_t options)
{
	struct xd_xsk_ring *rx = &fx->q->rx;

	rx->descs[*rx->producer & rx->mask] = (struct xdp_desc){addr, len, options};
	++*rx->producer;
}

/* A piece of a frame, in a chunk that the kernel was given. Returns where it lies. */
static uint8_t *
kernel_sends(struct fixture *fx, uint32_t len, uint32_t options, uint8_t seed)
{
	struct xd_xsk_ring *fill = &fx->q->fill;
	uint64_t addr;

	assert_true(*fill->producer != *fill->consumer);
	addr = fill->addrs[(*fill->consumer)++ & fill->mask];
	assert_int_equal(addr % fx->p->chunk, 0);
	addr += XD_AF_XDP_RX_OFFSET;
	make_bytes(fx->q->umem + addr, len, seed);
	produce(fx, addr, len, options);
	return fx->q->umem + addr;
}

static uint16_t
receive(struct fixture *fx)
{
	return xd_af_xdp_driver.rx(&fx->p->port, 0, fx->alone.batch);
}

static void
release(struct fixture *fx)
{
	xd_af_xdp_driver.release(&fx->p->port, 0, fx->alone.batch);
	assert_int_equal(fx->alone.batch->nb_done, 0);
}

static uint32_t
chunks_of_kernel(const struct fixture *fx)
{
	return *fx->q->fill.producer - *fx->q->fill.consumer;
}

static void
test_frames_come_whole(void **state)
{
	static const uint32_t lens[] = {14, 60, 127, 128, 129, 1514, 1792};
	struct fixture *fx = *state;
	uint8_t want[CHUNK], got[CHUNK];

	for (unsigned lap = 0; lap < 1000; lap++) {
		for (unsigned i = 0; i < 7; i++)
			kernel_sends(fx, lens[i], 0, (uint8_t)(lap + i));
		assert_int_equal(receive(fx), 7);
		for (unsigned i = 0; i < 7; i++) {
			struct xd_frame *f = &fx->alone.batch->frames[i];

			assert_int_equal(f->len, lens[i]);
			assert_int_equal(f->head_len, lens[i] < XD_HEAD ? lens[i] : XD_HEAD);
			assert_int_equal(f->offload.word, 0);
			make_bytes(want, f->len, (uint8_t)(lap + i));
			xd_frame_gather(f, got);
			assert_memory_equal(got, want, f->len);
		}
		release(fx);
		assert_int_equal(chunks_of_kernel(fx), XD_AF_XDP_RX_CHUNKS);
	}
	assert_int_equal(receive(fx), 0);
	assert_int_equal(fx->alone.batch->nb_done, 0);
}

static void
test_frames_in_pieces(void **state)
{
	static const uint32_t pieces[] = {3840, 3840, 1338};
	struct fixture *fx = *state;
	uint8_t got[9018];
	const uint8_t *at[3];

	free_queue(fx);
	make_queue(fx, XD_AF_XDP_CHUNK_LARGE);
	kernel_sends(fx, 60, 0, 1);
	for (unsigned i = 0; i < 3; i++)
		at[i] = kernel_sends(fx, pieces[i], i < 2 ? XDP_PKT_CONTD : 0, (uint8_t)i);
	assert_int_equal(receive(fx), 2);
	assert_int_equal(fx->alone.batch->nb_done, 4);
	assert_int_equal(fx->alone.batch->frames[1].len, sizeof(got));
	xd_frame_gather(&fx->alone.batch->frames[1], got);
	assert_memory_equal(got, at[0], 3840);
	assert_memory_equal(got + 3840, at[1], 3840);
	assert_memory_equal(got + 7680, at[2], 1338);
	release(fx);
	assert_int_equal(chunks_of_kernel(fx), XD_AF_XDP_RX_CHUNKS);
	/* The rest of one that is not there yet. */
	kernel_sends(fx, 200, 0, 1);
	kernel_sends(fx, 3840, XDP_PKT_CONTD, 1);
	assert_int_equal(receive(fx), 1);
	release(fx);
	assert_int_equal(receive(fx), 0);
	kernel_sends(fx, 100, 0, 2);
	assert_int_equal(receive(fx), 1);
	assert_int_equal(fx->alone.batch->frames[0].len, 3940);
	release(fx);
	assert_int_equal(chunks_of_kernel(fx), XD_AF_XDP_RX_CHUNKS);
}

/* What cannot be is dropped, and nothing outside of the memory is touched; a frame behind it comes.
 */
static void
test_entries_that_lie(void **state)
{
	struct fixture *fx = *state;
	const uint64_t end = fx->q->umem_bytes;
	static const uint32_t runts[] = {0, 1, 13};
	unsigned n = 0;

	for (unsigned i = 0; i < 3; i++)
		kernel_sends(fx, runts[i], 0, 0);
	produce(fx, end, 60, 0);
	produce(fx, end - 59, 60, 0);
	produce(fx, UINT64_MAX, 60, 0);
	produce(fx, UINT64_MAX - 59, 60, 0);
	produce(fx, 1ull << 63, UINT32_MAX, 0);
	produce(fx, 0, UINT32_MAX, 0);
	produce(fx, 0, XD_FRAME_MAX + 1, 0);
	/* A frame whose second piece is nowhere, and one without an end. */
	produce(fx, 0, 200, XDP_PKT_CONTD);
	produce(fx, end, 200, 0);
	for (unsigned i = 0; i < 100; i++)
		produce(fx, 0, 1500, XDP_PKT_CONTD);
	kernel_sends(fx, 60, 0, 9);
	while (receive(fx) == 0 && fx->alone.batch->nb_done != 0) {
		release(fx);
		assert_true(++n < 100);
	}
	assert_int_equal(fx->alone.batch->n, 1);
	assert_true(fx->alone.batch->frames[0].len >= 60);
	release(fx);
	assert_int_equal(dropped(fx, XD_DROP_RUNT), 3);
	assert_int_equal(dropped(fx, XD_DROP_NO_BUFFER), 7);
	assert_true(dropped(fx, XD_DROP_TOO_LONG) >= 2);
	/* A producer's index that has run away. */
	*fx->q->rx.producer += XD_AF_XDP_RX_CHUNKS + 1;
	assert_int_equal(receive(fx), 0);
}

static void
test_turns_are_bounded(void **state)
{
	struct fixture *fx = *state;

	for (unsigned i = 0; i < XD_BATCH + 3; i++)
		kernel_sends(fx, 60, 0, 0);
	assert_int_equal(receive(fx), XD_BATCH);
	release(fx);
	assert_int_equal(receive(fx), 3);
	release(fx);
}

/* Frames that wait for a full port come again as they were, whatever was done to them. */
static void
test_frames_come_again(void **state)
{
	struct fixture *fx = *state;
	uint8_t want[CHUNK], got[CHUNK];
	unsigned done = 0;

	for (unsigned i = 0; i < 5; i++)
		kernel_sends(fx, 60 + 100 * i, 0, (uint8_t)i);
	for (uint16_t keep = 0; done < 5; keep++) {
		struct xd_batch *batch = fx->alone.batch;

		assert_int_equal(receive(fx), 5 - done);
		for (unsigned i = 0; i < batch->n; i++) {
			make_bytes(want, batch->frames[i].len, (uint8_t)(done + i));
			xd_frame_gather(&batch->frames[i], got);
			assert_int_equal(batch->frames[i].len, 60 + 100 * (done + i));
			assert_memory_equal(got, want, batch->frames[i].len);
		}
		xd_frame_push(&batch->frames[0], 4);
		memset(batch->frames[batch->n - 1].buf, 0xee, sizeof(batch->frames[0].buf));
		keep = keep < batch->n ? keep : batch->n;
		xd_af_xdp_driver.rewind(&fx->p->port, 0, batch, keep);
		assert_int_equal(batch->n, keep);
		done += keep;
		release(fx);
		assert_int_equal(xd_af_xdp_driver.arm(&fx->p->port, 0), done < 5);
	}
	assert_int_equal(chunks_of_kernel(fx), XD_AF_XDP_RX_CHUNKS);
}

/* ---- Checksums that a stack left to a device ---- */

#define TCP_AT  34
#define PAYLOAD 54

/* A TCP segment over IPv4, with the sum of the pseudo-header where its checksum belongs. */
static void
make_segment(uint8_t *data, size_t len)
{
	static const uint8_t head[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 0, 0,
		0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 1, 2, 3, 4, 0, 0, 0, 1, 0, 0, 0, 1,
		0x50, 0x10, 0, 0, 0, 0, 0, 0};
	uint32_t sum = 2 * 0x0a00 + 1 + 2 + 6 + (uint32_t)(len - TCP_AT);

	memcpy(data, head, sizeof(head));
	for (size_t i = sizeof(head); i < len; i++)
		data[i] = (uint8_t)(i * 7);
	data[16] = (uint8_t)((len - 14) >> 8);
	data[17] = (uint8_t)(len - 14);
	sum = (sum & 0xffff) + (sum >> 16);
	data[TCP_AT + 16] = (uint8_t)(sum >> 8);
	data[TCP_AT + 17] = (uint8_t)sum;
}

/* Of the pseudo-header and all behind: 0xffff when the checksum is right. */
static uint32_t
whole_sum(const uint8_t *data, size_t len)
{
	uint32_t sum = 2 * 0x0a00 + 1 + 2 + 6 + (uint32_t)(len - TCP_AT);

	for (size_t i = TCP_AT; i < len; i++)
		sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

static void
test_checksums_of_a_veth(void **state)
{
	struct fixture *fx = *state;
	uint8_t got[1000];
	uint8_t *at;

	fx->p->is_veth = true;
	at = kernel_sends(fx, 1000, 0, 0);
	make_segment(at, 1000);
	at = kernel_sends(fx, 1000, 0, 0);
	make_segment(at, 1000);
	at[TCP_AT + 17] ^= 1;
	kernel_sends(fx, 1000, 0, 0);
	assert_int_equal(receive(fx), 3);
	assert_int_equal(fx->alone.batch->frames[0].offload.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_int_equal(fx->alone.batch->frames[0].offload.csum_start, TCP_AT);
	assert_int_equal(fx->alone.batch->frames[0].offload.csum_offset, 16);
	assert_int_equal(fx->alone.batch->frames[1].offload.word, 0);
	assert_int_equal(fx->alone.batch->frames[2].offload.word, 0);
	assert_int_equal(xd_frame_finish_checksum(&fx->alone.batch->frames[0]), 0);
	xd_frame_gather(&fx->alone.batch->frames[0], got);
	assert_int_equal(whole_sum(got, 1000), 0xffff);
	release(fx);
}

/* ---- To the kernel ---- */

/* A frame whose bytes behind the snapshot lie in rest. */
static struct xd_frame *
frame_of(struct fixture *fx, uint8_t *rest, uint32_t len)
{
	struct xd_frame *f = &fx->alone.batch->frames[0];

	make_segment(rest, len);
	xd_frame_init(f, len, (uint8_t)(len < XD_HEAD ? len : XD_HEAD), len > XD_HEAD);
	memcpy(xd_frame_data(f), rest, f->head_len);
	fx->alone.batch->segs[0] = (struct xd_seg){rest + XD_HEAD, len - f->head_len};
	f->segs = fx->alone.batch->segs;
	return f;
}

static uint16_t
transmit(struct fixture *fx, struct xd_frame *f)
{
	struct xd_frame *frames[] = {f};

	fx->p->port.max_frame = xd_port_max_frame(fx->p->chunk == CHUNK ? 1500 : 9000);
	return xd_af_xdp_driver.tx(&fx->p->port, 0, frames, 1);
}

/* The next frame that the kernel sends, which then is done with its chunks. Returns its length. */
static uint32_t
kernel_gets(struct fixture *fx, uint8_t *data, uint32_t *options)
{
	struct xd_xsk_ring *tx = &fx->q->tx, *done = &fx->q->completion;
	uint32_t len = 0;
	struct xdp_desc desc;

	*options = tx->descs[*tx->consumer & tx->mask].options & ~(uint32_t)XDP_PKT_CONTD;
	do {
		assert_true(*tx->consumer != *tx->producer);
		desc = tx->descs[(*tx->consumer)++ & tx->mask];
		assert_true(desc.addr >= (uint64_t)XD_AF_XDP_RX_CHUNKS * fx->p->chunk);
		assert_true(desc.addr % fx->p->chunk == XD_AF_XDP_TX_OFFSET);
		assert_true(desc.len != 0 && desc.len + XD_AF_XDP_TX_OFFSET <= fx->p->chunk);
		memcpy(data + len, fx->q->umem + desc.addr, desc.len);
		len += desc.len;
		done->addrs[(*done->producer)++ & done->mask] = desc.addr;
	} while (desc.options & XDP_PKT_CONTD);
	return len;
}

/* Of the next frame: the kernel is asked for its TCP checksum. */
static void
check_metadata(const struct fixture *fx)
{
	const struct xd_xsk_ring *tx = &fx->q->tx;
	const uint8_t *meta =
		fx->q->umem + tx->descs[*tx->consumer & tx->mask].addr - XD_AF_XDP_METADATA;
	uint64_t flags;
	uint16_t start, offset;

	memcpy(&flags, meta, sizeof(flags));
	memcpy(&start, meta + 8, sizeof(start));
	memcpy(&offset, meta + 10, sizeof(offset));
	assert_int_equal(flags, 2);
	assert_int_equal(start, TCP_AT);
	assert_int_equal(offset, 16);
}

static void
test_frames_go_whole(void **state)
{
	static const uint32_t lens[] = {60, 128, 129, 1514, 1518};
	struct fixture *fx = *state;
	uint8_t rest[CHUNK], got[CHUNK];
	uint32_t options;

	for (unsigned lap = 0; lap < 1000; lap++) {
		for (unsigned i = 0; i < 5; i++) {
			assert_int_equal(transmit(fx, frame_of(fx, rest, lens[i])), 1);
			assert_int_equal(kernel_gets(fx, got, &options), lens[i]);
			assert_memory_equal(got, rest, lens[i]);
			assert_int_equal(options, 0);
		}
	}
	assert_int_equal(fx->p->port.counters[0].tx_frames, 5000);
}

static void
test_frames_go_in_pieces(void **state)
{
	static const uint32_t lens[] = {4032, 4033, 8064, 8065, 9018};
	struct fixture *fx = *state;
	uint8_t rest[9018], got[9018];
	uint32_t options;

	free_queue(fx);
	make_queue(fx, XD_AF_XDP_CHUNK_LARGE);
	for (unsigned i = 0; i < 5; i++) {
		struct xd_frame *f = frame_of(fx, rest, lens[i]);

		/* In several segments, too. */
		fx->alone.batch->segs[0].len = 3000;
		fx->alone.batch->segs[1] =
			(struct xd_seg){rest + XD_HEAD + 3000, lens[i] - XD_HEAD - 3000};
		f->nb_segs = 2;
		assert_int_equal(transmit(fx, f), 1);
		assert_int_equal(kernel_gets(fx, got, &options), lens[i]);
		assert_memory_equal(got, rest, lens[i]);
	}
}

/* While the kernel has all chunks nothing is taken; what it says of chunks that are none is not
 * believed. */
static void
test_a_full_ring(void **state)
{
	struct fixture *fx = *state;
	struct xd_xsk_ring *done = &fx->q->completion;
	uint8_t rest[200], got[CHUNK];
	struct xd_frame *f = frame_of(fx, rest, 200);
	uint32_t options;
	static const uint64_t lies[] = {0, UINT64_MAX, CHUNK * (uint64_t)XD_AF_XDP_RX_CHUNKS - 1,
		CHUNK * (uint64_t)(XD_AF_XDP_RX_CHUNKS + XD_AF_XDP_TX_CHUNKS)};

	for (unsigned i = 0; i < XD_AF_XDP_TX_CHUNKS; i++)
		assert_int_equal(transmit(fx, f), 1);
	assert_int_equal(transmit(fx, f), 0);
	for (unsigned i = 0; i < 4; i++)
		done->addrs[(*done->producer)++ & done->mask] = lies[i];
	assert_int_equal(transmit(fx, f), 0);
	assert_int_equal(fx->q->nb_free, 0);
	kernel_gets(fx, got, &options);
	assert_int_equal(transmit(fx, f), 1);
	assert_int_equal(transmit(fx, f), 0);
	fx->p->port.up = false;
	assert_int_equal(transmit(fx, f), 1);
	assert_int_equal(dropped(fx, XD_DROP_PORT_DOWN), 1);
}

static void
test_checksums_of_frames(void **state)
{
	struct fixture *fx = *state;
	uint8_t rest[1000], got[CHUNK];
	uint32_t options;

	for (unsigned ask = 0; ask < 2; ask++) {
		struct xd_frame *f = frame_of(fx, rest, 1000);

		fx->p->ask_csum = ask;
		f->offload = (union xd_offload){.csum_start = TCP_AT,
			.csum_offset = 16,
			.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM};
		assert_int_equal(transmit(fx, f), 1);
		if (ask)
			check_metadata(fx);
		assert_int_equal(kernel_gets(fx, got, &options), 1000);
		if (!ask) {
			assert_int_equal(options, 0);
			assert_int_equal(whole_sum(got, 1000), 0xffff);
			continue;
		}
		assert_int_equal(options, XDP_TX_METADATA);
		assert_memory_equal(got, rest, 1000);
	}
	assert_int_equal(fx->p->port.counters[0].checksums, 1);
}

static void
test_long_frames_become_segments(void **state)
{
	struct fixture *fx = *state;
	uint8_t rest[PAYLOAD + 3500], got[CHUNK];
	uint32_t options;

	for (unsigned ask = 0; ask < 2; ask++) {
		struct xd_frame *f = frame_of(fx, rest, sizeof(rest));

		fx->p->ask_csum = ask;
		f->offload = (union xd_offload){.csum_start = TCP_AT,
			.csum_offset = 16,
			.gso_size = 1400,
			.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
			.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM};
		assert_int_equal(transmit(fx, f), 1);
		for (unsigned i = 0; i < 3; i++) {
			uint8_t want[CHUNK];
			uint32_t len;

			if (ask)
				check_metadata(fx);
			len = kernel_gets(fx, got, &options);

			assert_int_equal(len, PAYLOAD + (i < 2 ? 1400 : 700));
			assert_memory_equal(
				got + PAYLOAD, rest + PAYLOAD + i * 1400, len - PAYLOAD);
			assert_int_equal(options, ask ? XDP_TX_METADATA : 0);
			if (!ask) {
				assert_int_equal(whole_sum(got, len), 0xffff);
				continue;
			}
			/* The pseudo-header's sum, with the segment's own length. */
			make_segment(want, len);
			assert_memory_equal(got + TCP_AT + 16, want + TCP_AT + 16, 2);
		}
	}
	assert_int_equal(fx->p->port.counters[0].segmented, 2);
	assert_int_equal(fx->p->port.counters[0].tx_frames, 2);
	/* Segments that would be too long. */
	{
		struct xd_frame *f = frame_of(fx, rest, sizeof(rest));

		f->offload = (union xd_offload){.csum_start = TCP_AT,
			.csum_offset = 16,
			.gso_size = 1470,
			.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
			.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM};
		assert_int_equal(transmit(fx, f), 1);
		assert_int_equal(dropped(fx, XD_DROP_OVER_MTU), 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_rules_that_are_none),
		cmocka_unit_test(test_claims),
		cmocka_unit_test_setup_teardown(test_frames_come_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(test_frames_in_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(test_entries_that_lie, setup, teardown),
		cmocka_unit_test_setup_teardown(test_turns_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_frames_come_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_checksums_of_a_veth, setup, teardown),
		cmocka_unit_test_setup_teardown(test_frames_go_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(test_frames_go_in_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_full_ring, setup, teardown),
		cmocka_unit_test_setup_teardown(test_checksums_of_frames, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_frames_become_segments, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
