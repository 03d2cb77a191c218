/* SPDX-License-Identifier: BSD-3-Clause */
/* The memif port without a switch: with peers of the test's, and with one another. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/memif/memif.h"
#include "frame/offload.h"
#include "memif_peer.h"
#include "memory/bus_error.h"
#include "../entries.h"

#define ROUNDS 100 /* peers that go while frames pass */

struct fixture {
	struct xd_port_env env;
	struct xd_batch *batch;
	char dir[32], path[64];
	struct xd_memif_port *p;
	unsigned turn; /* of the worker: odd while it is in one */
	bool end;
	unsigned nb_fds;
};

/* ---- A switch with one worker ---- */

static void
quiesce(void *ctx)
{
	struct fixture *fx = ctx;
	unsigned turn = __atomic_load_n(&fx->turn, __ATOMIC_SEQ_CST);

	while (turn % 2 && __atomic_load_n(&fx->turn, __ATOMIC_SEQ_CST) == turn)
		sched_yield();
}

static void
changed(void *ctx, struct xd_port *port)
{
	(void)ctx;
	(void)port;
}

static unsigned
nb_workers(void *ctx)
{
	(void)ctx;
	return 1;
}

static struct xd_memif_port *
make_port(struct fixture *fx, enum xd_memif_mode mode)
{
	struct xd_port_config config = {.vlan = XD_VLAN_NONE, .queues = 2, .mtu = 65500};
	struct xd_port *port;
	struct xd_error err;

	snprintf(config.type, sizeof(config.type), "memif");
	snprintf(config.name, sizeof(config.name), "p%d", mode);
	snprintf(xd_memif_config(&config)->path, XD_PATH_MAX, "%s", fx->path);
	xd_memif_config(&config)->mode = mode;
	xd_memif_config(&config)->socket_mode = XD_MODE_UNSET;
	assert_int_equal(xd_memif_check(&config, &err), 0);
	port = xd_memif_driver.create(&xd_memif_driver, &fx->env, &config, &err);
	assert_non_null(port);
	xd_loop_lock(fx->env.loop);
	if (port->driver->start(port, &err))
		fail_msg("%s", err.text);
	xd_loop_unlock(fx->env.loop);
	return (struct xd_memif_port *)port;
}

static void
free_port(struct fixture *fx, struct xd_memif_port *p)
{
	xd_loop_lock(fx->env.loop);
	p->port.driver->stop(&p->port);
	xd_loop_unlock(fx->env.loop);
	p->port.driver->destroy(&p->port);
}

static int
setup(void **state)
{
	struct fixture *fx = calloc(1, sizeof(*fx));

	fx->batch = aligned_alloc(64, sizeof(*fx->batch));
	memset(fx->batch, 0, sizeof(*fx->batch));
	strcpy(fx->dir, "/tmp/xdmemif.XXXXXX");
	assert_non_null(mkdtemp(fx->dir));
	snprintf(fx->path, sizeof(fx->path), "%s/s", fx->dir);
	fx->env = (struct xd_port_env){.loop = xd_loop_create(),
		.reapers = xd_reaper_pool_create(),
		.ctx = fx,
		.quiesce = quiesce,
		.changed = changed,
		.nb_workers = nb_workers};
	fx->env.paths = xd_path_watches_create(fx->env.loop);
	fx->p = make_port(fx, XD_MEMIF_SERVER);
	fx->nb_fds = nb_entries("/proc/self/fd");
	*state = fx;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *fx = *state;

	free_port(fx, fx->p);
	assert_int_not_equal(access(fx->path, F_OK), 0);
	xd_path_watches_destroy(fx->env.paths);
	xd_loop_destroy(fx->env.loop);
	xd_reaper_pool_destroy(fx->env.reapers);
	rmdir(fx->dir);
	free(fx->batch);
	free(fx);
	return 0;
}

/* Lets control see that the connection has ended, and the reaper close what was handed over. */
static void
until_down(struct fixture *fx)
{
	for (unsigned i = 0;
		i < 10000 && (fx->p->sock >= 0 || nb_entries("/proc/self/fd") > fx->nb_fds); i++)
		xd_loop_run_once(fx->env.loop, 1);
	assert_int_equal(fx->p->sock, -1);
	assert_false(fx->p->port.up);
	assert_int_equal(fx->p->nb_regions, 0);
	assert_true(nb_entries("/proc/self/fd") <= fx->nb_fds);
}

/* ---- Frames ---- */

static void
fill(uint8_t *frame, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		frame[i] = (uint8_t)(i * 7 + i / 256 + len);
}

static void
check_received(struct fixture *fx, struct xd_memif_port *p, const uint8_t *frame, uint32_t len)
{
	struct xd_batch *batch = fx->batch;
	uint8_t *got = malloc(len);

	assert_int_equal(xd_memif_rx(&p->port, 0, batch), 1);
	assert_int_equal(batch->frames[0].len, len);
	assert_int_equal(batch->frames[0].head_len, len < XD_HEAD ? len : XD_HEAD);
	xd_frame_gather(&batch->frames[0], got);
	assert_memory_equal(got, frame, len);
	free(got);
	assert_true(batch->nb_done >= 1);
	xd_memif_release(&p->port, 0, batch);
}

/* A frame that lies in one piece behind its snapshot. */
static void
transmit(struct fixture *fx, struct xd_memif_port *p, const uint8_t *frame, uint32_t len)
{
	struct xd_frame *f = &fx->batch->frames[0];
	const uint8_t head = (uint8_t)(len < XD_HEAD ? len : XD_HEAD);
	struct xd_seg seg = {frame + head, len - head};

	xd_frame_init(f, len, head, len > head);
	memcpy(f->buf + XD_HEADROOM, frame, head);
	f->segs = &seg;
	assert_int_equal(xd_memif_tx(&p->port, 0, &f, 1), 1);
	xd_memif_notify_tx(&p->port, 0);
}

static const uint32_t lengths[] = {14, 60, 127, 128, 129, 1514, 2048, 2049, 4096, 9018, 65000};

static void
test_frames(void **state)
{
	struct fixture *fx = *state;
	uint8_t *frame = malloc(XD_FRAME_MAX), *got = malloc(XD_FRAME_MAX);
	struct peer peer;
	uint16_t next = 0;
	uint64_t count;

	assert_true(peer_open(&peer, fx->env.loop, fx->path) && peer_connect(&peer));
	assert_true(fx->p->port.up);
	for (unsigned lap = 0; lap < 20; lap++) {
		for (size_t i = 0; i < RTE_DIM(lengths); i++) {
			fill(frame, lengths[i]);
			peer_transmit(&peer, frame, lengths[i], lengths[i] > 200 ? 2048 : 50);
			check_received(fx, fx->p, frame, lengths[i]);
			assert_int_equal(peer.to->tail, peer.to->head);
			transmit(fx, fx->p, frame, lengths[i]);
			assert_int_equal(peer_receive(&peer, &next, got), lengths[i]);
			assert_memory_equal(got, frame, lengths[i]);
		}
	}
	/* It is told unless it polls. */
	assert_int_equal(read(peer.events[1], &count, sizeof(count)), sizeof(count));
	peer.from->flags = XD_MEMIF_MASK_INT;
	transmit(fx, fx->p, frame, 60);
	assert_int_equal(read(peer.events[1], &count, sizeof(count)), -1);
	/* What is no frame is dropped, and its buffers given back. */
	peer_transmit(&peer, frame, 13, 2048);
	peer_transmit(&peer, frame, XD_FRAME_MAX, 2048);
	assert_int_equal(xd_memif_rx(&fx->p->port, 0, fx->batch), 1);
	xd_memif_release(&fx->p->port, 0, fx->batch);
	assert_int_equal(peer.to->tail, peer.to->head);
	assert_int_equal(fx->p->port.drops[0].n[XD_DROP_RUNT], 1);
	/* A full ring takes no more, and is not written over. */
	for (unsigned i = 0; i < PEER_RING - 1; i++)
		transmit(fx, fx->p, frame, 60);
	assert_int_equal(fx->batch->frames[0].len, 60);
	assert_int_equal(
		xd_memif_tx(&fx->p->port, 0, &(struct xd_frame *){&fx->batch->frames[0]}, 1), 0);
	peer_close(&peer);
	until_down(fx);
	free(frame);
	free(got);
}

/* A client of ours. */
static void
test_two_ends(void **state)
{
	struct fixture *fx = *state;
	struct xd_memif_port *client = make_port(fx, XD_MEMIF_CLIENT);
	uint8_t *frame = malloc(XD_FRAME_MAX);

	for (unsigned i = 0; i < 5000 && !(client->port.up && fx->p->port.up); i++)
		xd_loop_run_once(fx->env.loop, 1);
	assert_true(client->port.up && fx->p->port.up);
	assert_int_equal(client->port.nb_tx, 2);
	assert_string_equal(client->remote, "p1");
	for (unsigned lap = 0; lap < 200; lap++) {
		for (size_t i = 0; i < RTE_DIM(lengths); i++) {
			fill(frame, lengths[i]);
			transmit(fx, client, frame, lengths[i]);
			check_received(fx, fx->p, frame, lengths[i]);
			transmit(fx, fx->p, frame, lengths[i]);
			check_received(fx, client, frame, lengths[i]);
		}
	}
	assert_false(xd_memif_arm(&fx->p->port, 0));
	transmit(fx, client, frame, 60);
	assert_int_equal(client->port.counters[0].notify_sent, 1);
	assert_true(xd_memif_arm(&fx->p->port, 0));
	xd_memif_disarm(&fx->p->port, 0);
	free_port(fx, client);
	until_down(fx);
	free(frame);
}

/* A worker sleeps while a peer leaves a frame unfinished, and wakes for what comes of it. */
static void
test_unfinished_frame(void **state)
{
	struct fixture *fx = *state;
	struct xd_port *port = &fx->p->port;
	uint8_t frame[300];
	struct peer peer;

	fill(frame, sizeof(frame));
	assert_true(peer_open(&peer, fx->env.loop, fx->path) && peer_connect(&peer));
	peer_transmit(&peer, frame, sizeof(frame), 100);
	peer.to->head = 2;
	assert_true(xd_memif_arm(port, 0));
	assert_int_equal(xd_memif_rx(port, 0, fx->batch), 0);
	assert_false(xd_memif_arm(port, 0));
	peer.to->head = 3;
	assert_true(xd_memif_arm(port, 0));
	check_received(fx, fx->p, frame, sizeof(frame));
	assert_false(xd_memif_arm(port, 0));
	/* Behind a whole frame, which may come again. */
	peer_transmit(&peer, frame, 100, 100);
	peer_transmit(&peer, frame, sizeof(frame), 100);
	peer.to->head = 6;
	assert_int_equal(xd_memif_rx(port, 0, fx->batch), 1);
	xd_memif_rewind(port, 0, fx->batch, 0);
	assert_true(xd_memif_arm(port, 0));
	assert_int_equal(xd_memif_rx(port, 0, fx->batch), 1);
	xd_memif_release(port, 0, fx->batch);
	assert_true(xd_memif_arm(port, 0));
	assert_int_equal(xd_memif_rx(port, 0, fx->batch), 0);
	assert_false(xd_memif_arm(port, 0));
	peer_close(&peer);
	until_down(fx);
}

/* One is told of a peer without a name, too. */
static void
test_peer_without_a_name(void **state)
{
	struct fixture *fx = *state;
	struct xd_memif_message m;
	struct peer peer;

	assert_true(peer_open(&peer, fx->env.loop, fx->path));
	for (unsigned i = 0; i < PEER_MESSAGES; i++) {
		m = peer_message(i);
		if (i == PEER_MESSAGES - 1)
			m.connect.if_name[0] = '\0';
		assert_int_not_equal(peer_say(&peer, &m, peer_fd(&peer, i)), 0);
	}
	assert_string_equal(fx->p->remote, "a peer without a name");
	peer_close(&peer);
	until_down(fx);
}

/* A peer whose buffers are of a byte each has a transmit fill only so many of them. */
static void
test_tiny_buffers(void **state)
{
	struct fixture *fx = *state;
	const uint32_t log2 = 12, n = 1u << log2, offset = PEER_BUFFERS;
	static const uint8_t bytes[1514];
	struct xd_frame *frames[3];
	struct xd_seg seg = {bytes, 1514 - XD_HEAD};
	struct peer peer;

	assert_true(peer_open(&peer, fx->env.loop, fx->path));
	peer.from = (struct xd_memif_layout *)(void *)(peer.at + offset);
	peer.from->cookie = XD_MEMIF_COOKIE;
	peer.from->head = (uint16_t)n;
	for (uint32_t i = 0; i < n; i++)
		peer.from->desc[i] =
			(struct xd_memif_desc){.length = 1, .offset = PEER_BYTES - n + i};
	for (unsigned i = 0; i < PEER_MESSAGES; i++) {
		struct xd_memif_message m = peer_message(i);

		if (i == 3) {
			m.add_ring.offset = offset;
			m.add_ring.log2_ring_size = (uint8_t)log2;
		}
		assert_int_not_equal(peer_say(&peer, &m, peer_fd(&peer, i)), 0);
	}
	for (unsigned i = 0; i < RTE_DIM(frames); i++) {
		frames[i] = &fx->batch->frames[i];
		xd_frame_init(frames[i], sizeof(bytes), XD_HEAD, 1);
		frames[i]->segs = &seg;
	}
	assert_int_equal(xd_memif_tx(&fx->p->port, 0, frames, RTE_DIM(frames)), RTE_DIM(frames));
	assert_int_equal(fx->p->port.drops[0].n[XD_DROP_SCATTERED], 2);
	assert_int_equal(peer.from->tail, sizeof(bytes));
	/* The next may fill as many. */
	assert_int_equal(xd_memif_tx(&fx->p->port, 0, frames, 1), 1);
	assert_int_equal(peer.from->tail, 2 * sizeof(bytes));
	assert_true(fx->p->port.up);
	peer_close(&peer);
	until_down(fx);
}

/* A TCP segment over IPv4, to be cut into segments of so many bytes. */
static void
to_be_segmented(struct xd_frame *f, const struct xd_seg *seg, uint16_t gso_size)
{
	static const uint8_t headers[54] = {[12] = 0x08, [14] = 0x45, [23] = 6, [46] = 0x50};
	uint8_t *data;

	xd_frame_init(f, sizeof(headers) + seg->len, sizeof(headers), 1);
	f->segs = seg;
	data = xd_frame_data(f);
	memcpy(data, headers, sizeof(headers));
	data[16] = (uint8_t)((f->len - 14) >> 8);
	data[17] = (uint8_t)(f->len - 14);
	f->offload.csum_start = 34;
	f->offload.csum_offset = 16;
	f->offload.gso_size = gso_size;
	f->offload.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	f->offload.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
}

/* Segments go when all have room; till then the peer's buffers stay as they are. */
static void
test_segments_without_room(void **state)
{
	struct fixture *fx = *state;
	struct xd_frame *f = &fx->batch->frames[0];
	uint8_t *bytes = calloc(1, XD_FRAME_MAX), *got = malloc(XD_FRAME_MAX);
	struct xd_seg seg = {bytes, 64000};
	struct peer peer;
	uint16_t next = 0;

	assert_true(peer_open(&peer, fx->env.loop, fx->path) && peer_connect(&peer));
	transmit(fx, fx->p, bytes, 60);
	to_be_segmented(f, &seg, 64000 / PEER_RING);
	assert_int_equal(xd_memif_tx(&fx->p->port, 0, &f, 1), 0);
	for (unsigned i = 1; i < PEER_RING; i++)
		assert_int_equal(peer.from->desc[i].length, PEER_BUFFER);
	assert_int_equal(peer_receive(&peer, &next, got), 60);
	assert_int_equal(xd_memif_tx(&fx->p->port, 0, &f, 1), 1);
	for (unsigned i = 0; i < PEER_RING; i++)
		assert_int_equal(peer_receive(&peer, &next, got), 54 + 64000 / PEER_RING);
	/* Those that no ring of this length has room for do not keep others waiting. */
	to_be_segmented(f, &seg, 64000 / PEER_RING / 2);
	assert_int_equal(xd_memif_tx(&fx->p->port, 0, &f, 1), 1);
	assert_int_equal(fx->p->port.drops[0].n[XD_DROP_UNFINISHED_OFFLOAD], 1);
	assert_int_equal(peer_receive(&peer, &next, got), 0);
	peer_close(&peer);
	until_down(fx);
	free(bytes);
	free(got);
}

/* Frames that wait for their receiver come again, and what was dropped does not. */
static void
test_rewind(void **state)
{
	struct fixture *fx = *state;
	struct xd_port *port = &fx->p->port;
	uint8_t frame[300];
	struct peer peer;

	assert_true(peer_open(&peer, fx->env.loop, fx->path) && peer_connect(&peer));
	peer_transmit(&peer, frame, 13, 2048);
	for (uint32_t len = 100; len <= 300; len += 100)
		peer_transmit(&peer, frame, len, 60);
	peer_transmit(&peer, frame, 13, 2048);
	assert_int_equal(xd_memif_rx(port, 0, fx->batch), 3);
	xd_memif_rewind(port, 0, fx->batch, 1);
	assert_int_equal(fx->batch->n, 1);
	assert_int_equal(fx->batch->bytes, 100);
	/* That of what was dropped, and two of the frame. */
	assert_int_equal(fx->batch->nb_done, 3);
	xd_memif_release(port, 0, fx->batch);
	assert_int_equal(peer.to->tail, 3);
	assert_int_equal(xd_memif_rx(port, 0, fx->batch), 2);
	assert_int_equal(fx->batch->frames[0].len, 200);
	xd_memif_rewind(port, 0, fx->batch, 0);
	assert_int_equal(fx->batch->nb_done, 0);
	assert_int_equal(xd_memif_rx(port, 0, fx->batch), 2);
	xd_memif_release(port, 0, fx->batch);
	assert_int_equal(port->drops[0].n[XD_DROP_RUNT], 1);
	assert_int_equal(xd_memif_rx(port, 0, fx->batch), 0);
	assert_int_equal(fx->batch->nb_done, 1);
	xd_memif_release(port, 0, fx->batch);
	assert_int_equal(peer.to->tail, peer.to->head);
	assert_int_equal(port->drops[0].n[XD_DROP_RUNT], 2);
	peer_close(&peer);
	until_down(fx);
}

/* A socket whose file is removed is made again, for the next peer. */
static void
test_removed_socket(void **state)
{
	struct fixture *fx = *state;
	struct peer peer;

	assert_int_equal(unlink(fx->path), 0);
	for (unsigned i = 0; i < 10000 && access(fx->path, F_OK) < 0; i++)
		xd_loop_run_once(fx->env.loop, 10);
	assert_true(peer_open(&peer, fx->env.loop, fx->path) && peer_connect(&peer));
	peer_close(&peer);
	until_down(fx);
}

/* ---- Peers that go ---- */

static void *
work(void *ctx)
{
	struct fixture *fx = ctx;
	struct xd_port *port = &fx->p->port;

	while (!__atomic_load_n(&fx->end, __ATOMIC_RELAXED)) {
		struct xd_frame *frames[XD_BATCH];
		uint16_t n;

		__atomic_fetch_add(&fx->turn, 1, __ATOMIC_SEQ_CST);
		n = xd_memif_rx(port, 0, fx->batch);
		for (uint16_t i = 0; i < n; i++)
			frames[i] = &fx->batch->frames[i];
		/* As a worker that is preempted in its turn, with frames in the peer's memory. */
		if (n) {
			usleep(1000);
			xd_memif_tx(port, 0, frames, n);
		}
		xd_memif_notify_tx(port, 0);
		if (n || fx->batch->nb_done)
			xd_memif_release(port, 0, fx->batch);
		__atomic_fetch_add(&fx->turn, 1, __ATOMIC_SEQ_CST);
		if (n == 0)
			sched_yield();
	}
	return NULL;
}

/* Frames come back until some have, and then the peer goes: with a file that is cut off, or
 * without. */
static void
go_under_traffic(struct fixture *fx, unsigned round, const uint8_t *frame, uint8_t *got)
{
	struct peer peer;
	uint16_t next = 0;
	unsigned nb = 0;

	assert_true(peer_open(&peer, fx->env.loop, fx->path) && peer_connect(&peer));
	while (nb < 20 + round) {
		if ((uint16_t)(peer.to->head - __atomic_load_n(&peer.to->tail, __ATOMIC_ACQUIRE)) <
			PEER_RING - 4)
			peer_transmit(&peer, frame, 3000, 2048);
		while (peer_receive(&peer, &next, got))
			nb++;
		sched_yield();
	}
	if (round % 4 == 0) {
		munmap(peer.at, PEER_BYTES);
		assert_int_equal(ftruncate(peer.memory, 0), 0);
		peer.at = mmap(NULL, PEER_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	}
	peer_close(&peer);
	until_down(fx);
}

static void
test_peers_that_go(void **state)
{
	struct fixture *fx = *state;
	uint8_t *frame = malloc(XD_FRAME_MAX), *got = malloc(XD_FRAME_MAX);
	pthread_t worker;

	fill(frame, 3000);
	assert_int_equal(xd_bus_error_install(), 0);
	assert_int_equal(pthread_create(&worker, NULL, work, fx), 0);
	for (unsigned i = 0; i < ROUNDS; i++)
		go_under_traffic(fx, i, frame, got);
	assert_int_equal(fx->p->nb_connects, ROUNDS);
	__atomic_store_n(&fx->end, true, __ATOMIC_RELAXED);
	pthread_join(worker, NULL);
	free(frame);
	free(got);
}

/* ---- Peers that break rules ---- */

struct breach {
	unsigned message; /* whose number this is is changed so */
	void (*change)(struct xd_memif_message *m, struct peer *peer);
	const char *said;
};

#define CHANGE(name, ...)                                                                          \
	static void name(struct xd_memif_message *m, struct peer *peer)                            \
	{                                                                                          \
		(void)m;                                                                           \
		(void)peer;                                                                        \
		__VA_ARGS__;                                                                       \
	}

CHANGE(other_version, m->init.version = 0x100)
CHANGE(other_mode, m->init.mode = 1)
CHANGE(other_type, m->type = 99)
CHANGE(too_early, m->type = XD_MEMIF_CONNECT)
CHANGE(init_again, *m = peer_message(0))
CHANGE(other_region, m->add_region.index = 1)
CHANGE(long_region, m->add_region.size = PEER_BYTES + 1)
CHANGE(endless_region, m->add_region.size = UINT64_MAX)
CHANGE(empty_region, m->add_region.size = 0)
CHANGE(no_memory, close(peer->memory); peer->memory = dup(peer->events[0]))
CHANGE(far_ring, m->add_ring.index = 2)
CHANGE(long_ring, m->add_ring.log2_ring_size = 15)
CHANGE(private_header, m->add_ring.private_hdr_size = 1)
CHANGE(no_event, close(peer->events[0]); peer->events[0] = dup(peer->memory))
CHANGE(same_ring, m->add_ring.flags = XD_MEMIF_RING_C2S)
CHANGE(no_cookie, peer->to->cookie = 0)
CHANGE(ring_elsewhere, m->add_ring.region = 1)
CHANGE(ring_outside, m->add_ring.offset = PEER_BYTES - PEER_LAYOUT + 8)
CHANGE(ring_far_outside, m->add_ring.offset = UINT32_MAX - 7)
CHANGE(ring_askew, m->add_ring.offset = 4)

static const struct breach breaches[] = {
	{0, other_version, "its version is not 2.0"},
	{0, other_mode, "its mode is not Ethernet"},
	{0, too_early, "a message comes when none is due"},
	{1, other_type, "a message is of no type that there is"},
	{1, init_again, "INIT comes a second time"},
	{1, other_region, "a region is out of order, or one too many"},
	{1, long_region, "a region cannot be mapped, or is longer than its file"},
	{1, endless_region, "a region cannot be mapped, or is longer than its file"},
	{1, empty_region, "a region cannot be mapped, or is longer than its file"},
	{1, no_memory, "a region is no shared memory (memfd, tmpfs or hugetlbfs)"},
	{2, far_ring, "it has more rings than the port has queues"},
	{2, long_ring, "a ring is longer than 16384 buffers"},
	{2, private_header, "private headers are not supported"},
	{2, no_event, "a ring comes without an eventfd"},
	{3, same_ring, "a ring comes a second time"},
	{3, too_early, "it has no ring that frames could be sent by"},
	{4, no_cookie, "a ring does not begin with memif's cookie"},
	{2, ring_elsewhere, "a ring lies in no region"},
	{2, ring_outside, "a ring lies in no region"},
	{2, ring_far_outside, "a ring lies in no region"},
	{2, ring_askew, "a ring is not aligned to 8 bytes"},
};

static void
breach(struct fixture *fx, const struct breach *b)
{
	struct xd_memif_message m;
	struct peer peer;
	int answer = XD_MEMIF_ACK;

	assert_true(peer_open(&peer, fx->env.loop, fx->path));
	for (unsigned i = 0; i < PEER_MESSAGES && answer == XD_MEMIF_ACK; i++) {
		m = peer_message(i);
		if (i == b->message)
			b->change(&m, &peer);
		answer = peer_say(&peer, &m, peer_fd(&peer, i));
	}
	assert_int_equal(answer, XD_MEMIF_DISCONNECT);
	assert_string_equal(fx->p->problem, b->said);
	peer_close(&peer);
	until_down(fx);
}

static void
test_breaches(void **state)
{
	for (size_t i = 0; i < RTE_DIM(breaches); i++)
		breach(*state, &breaches[i]);
}

static void
test_messages_of_other_sizes(void **state)
{
	struct fixture *fx = *state;
	struct xd_memif_message m = peer_message(0);
	uint8_t longer[200] = {XD_MEMIF_INIT};
	int fds[4];

	for (unsigned i = 0; i < 3; i++) {
		struct peer peer;

		assert_true(peer_open(&peer, fx->env.loop, fx->path));
		for (unsigned k = 0; k < RTE_DIM(fds); k++)
			fds[k] = peer.events[0];
		if (i == 0)
			peer_send(&peer, &m, sizeof(m) - 1, fds, 1);
		else if (i == 1)
			peer_send(&peer, (void *)longer, sizeof(longer), fds, 1);
		else
			peer_send(&peer, &m, sizeof(m), fds, RTE_DIM(fds));
		assert_int_equal(peer_answer(&peer, &m), sizeof(m));
		assert_int_equal(m.type, XD_MEMIF_DISCONNECT);
		peer_close(&peer);
		until_down(fx);
		m = peer_message(0);
	}
}

CHANGE(buffer_outside, peer->to->desc[0].offset = PEER_BYTES - 1; peer->to->head = 1)
CHANGE(buffer_endless, peer->to->desc[0].length = UINT32_MAX; peer->to->head = 1)
CHANGE(buffer_elsewhere, peer->to->desc[0].region = 1; peer->to->head = 1)
CHANGE(buffer_far, peer->to->desc[0].region = UINT16_MAX; peer->to->head = 1)
CHANGE(head_ahead, peer->to->head = PEER_RING + 1)
CHANGE(endless_chain, for (unsigned i = 0; i < PEER_RING; i++) peer->to->desc[i].flags = 1;
	peer->to->head = PEER_RING)
CHANGE(empty_outside, peer->from->desc[0].offset = PEER_BYTES - 1)
CHANGE(empty_elsewhere, peer->from->desc[0].region = 7)
CHANGE(empty_without_room, peer->from->desc[0].length = 0)
CHANGE(offers_too_many, peer->from->head = PEER_RING + 1)

static const struct breach ring_breaches[] = {
	{0, buffer_outside, "a buffer lies in no region"},
	{0, buffer_endless, "a buffer lies in no region"},
	{0, buffer_elsewhere, "a buffer lies in no region"},
	{0, buffer_far, "a buffer lies in no region"},
	{0, head_ahead, "a ring's counter is ahead of its buffers"},
	{0, endless_chain, "a frame lies in too many buffers"},
	{1, empty_outside, "an empty buffer lies in no region"},
	{1, empty_elsewhere, "an empty buffer lies in no region"},
	{1, empty_without_room, "an empty buffer lies in no region"},
	{1, offers_too_many, "a ring's counter is ahead of its buffers"},
};

static void
test_broken_rings(void **state)
{
	struct fixture *fx = *state;
	static const uint8_t frame[60] = {1};

	for (size_t i = 0; i < RTE_DIM(ring_breaches); i++) {
		struct peer peer;

		assert_true(peer_open(&peer, fx->env.loop, fx->path) && peer_connect(&peer));
		ring_breaches[i].change(NULL, &peer);
		if (ring_breaches[i].message)
			transmit(fx, fx->p, frame, sizeof(frame));
		else
			assert_int_equal(xd_memif_rx(&fx->p->port, 0, fx->batch), 0);
		assert_false(fx->p->from[0].live && fx->p->to[0].live);
		xd_loop_run_once(fx->env.loop, 1);
		assert_string_equal(fx->p->problem, ring_breaches[i].said);
		assert_int_equal(fx->p->nb_faults, i + 1);
		peer_close(&peer);
		until_down(fx);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_frames, setup, teardown),
		cmocka_unit_test_setup_teardown(test_two_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unfinished_frame, setup, teardown),
		cmocka_unit_test_setup_teardown(test_peer_without_a_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tiny_buffers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_segments_without_room, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rewind, setup, teardown),
		cmocka_unit_test_setup_teardown(test_removed_socket, setup, teardown),
		cmocka_unit_test_setup_teardown(test_peers_that_go, setup, teardown),
		cmocka_unit_test_setup_teardown(test_breaches, setup, teardown),
		cmocka_unit_test_setup_teardown(test_messages_of_other_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broken_rings, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
