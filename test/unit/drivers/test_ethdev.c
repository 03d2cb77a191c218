/* SPDX-License-Identifier: BSD-3-Clause */
/* The dpdk port on net_ring devices, each of which receives what it transmits. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cmocka.h>

#include <rte_dev.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "config/noun.h"
#include "drivers/ethdev/ethdev.h"
#include "../with_eal.h"

#define RING_FRAMES 1023 /* what a net_ring holds */

static unsigned
two_workers(void *ctx)
{
	(void)ctx;
	return 2;
}

static void
count_quiesce(void *ctx)
{
	++*(unsigned *)ctx;
}

struct fixture {
	unsigned nb_quiesce;
	struct xd_port_env env;
	struct xd_port *a, *b;
	struct xd_batch *batch;
};

static const struct xd_driver *const driver = &xd_ethdev_driver;

static struct xd_ethdev_port *
ethdev(struct xd_port *port)
{
	return (struct xd_ethdev_port *)port;
}

static struct xd_port_config
config_of(const char *name, const char *devargs)
{
	struct xd_port_config config = {
		.type = "dpdk", .vlan = XD_VLAN_NONE, .queues = 1, .mtu = 1500};

	xd_keys_reset(xd_ethdev_keys, &config);
	snprintf(config.name, sizeof(config.name), "%s", name);
	snprintf(xd_ethdev_config(&config)->devargs, XD_DEVARGS_MAX, "%s", devargs);
	return config;
}

static struct xd_port *
open_config(struct fixture *fx, const struct xd_port_config *config)
{
	struct xd_error err = {0};
	struct xd_port *port;

	assert_int_equal(driver->check(config, &err), 0);
	port = driver->create(driver, &fx->env, config, &err);
	assert_non_null(port);
	assert_false(port->up);
	if (driver->start(port, &err) != 0)
		fail_msg("%s", err.text);
	assert_true(port->up);
	return port;
}

static void
close_port(struct xd_port *port)
{
	driver->stop(port);
	assert_false(port->up);
	driver->destroy(port);
}

static int
setup(void **state)
{
	struct fixture *fx = calloc(1, sizeof(*fx));
	struct xd_port_config a = config_of("a", "net_ring_a"), b = config_of("b", "net_ring_b");

	fx->env = (struct xd_port_env){
		.ctx = &fx->nb_quiesce, .quiesce = count_quiesce, .nb_workers = two_workers};
	fx->batch = aligned_alloc(64, sizeof(*fx->batch));
	memset(fx->batch, 0, sizeof(*fx->batch));
	fx->batch->worker = 1;
	fx->a = open_config(fx, &a);
	fx->b = open_config(fx, &b);
	*state = fx;
	return 0;
}

static void
drain(struct xd_port *port)
{
	struct rte_mbuf *m;

	while (rte_eth_rx_burst(ethdev(port)->port_id, 0, &m, 1) == 1)
		rte_pktmbuf_free(m);
}

/* No test loses a buffer: at the end all are in their pools. */
static int
teardown(void **state)
{
	struct fixture *fx = *state;

	drain(fx->a);
	drain(fx->b);
	assert_int_equal(rte_mempool_in_use_count(ethdev(fx->a)->pool), 0);
	assert_int_equal(rte_mempool_in_use_count(ethdev(fx->b)->pool), 0);
	close_port(fx->a);
	close_port(fx->b);
	assert_int_equal(fx->nb_quiesce, 2);
	free(fx->batch);
	free(fx);
	return 0;
}

static uint8_t
byte_at(uint32_t seed, uint32_t i)
{
	return (uint8_t)(seed * 31 + i * 7 + (i >> 8));
}

/* A frame of len bytes in buffers of at most room bytes each. */
static struct rte_mbuf *
make_mbuf(struct xd_port *port, uint32_t len, uint32_t room, uint32_t seed)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(ethdev(port)->pool), *last = m;

	assert_non_null(m);
	for (uint32_t i = 0; i < len; i++) {
		if (last->data_len == room) {
			last->next = rte_pktmbuf_alloc(ethdev(port)->pool);
			last = last->next;
			assert_non_null(last);
			m->nb_segs++;
		}
		*rte_pktmbuf_mtod_offset(last, uint8_t *, last->data_len++) = byte_at(seed, i);
	}
	m->pkt_len = len;
	return m;
}

static void
inject(struct xd_port *port, uint32_t len, uint32_t room, uint32_t seed)
{
	struct rte_mbuf *m = make_mbuf(port, len, room, seed);

	assert_int_equal(rte_eth_tx_burst(ethdev(port)->port_id, 0, &m, 1), 1);
}

/* Takes one frame off the wire of a port and compares it; skip bytes of the pattern are missing in
 * front, after `extra` bytes of 0xee. */
static void
expect(struct xd_port *port, uint32_t len, uint32_t seed, uint32_t skip, uint32_t extra)
{
	static uint8_t data[70000];
	struct rte_mbuf *m;
	const uint8_t *p;

	assert_int_equal(rte_eth_rx_burst(ethdev(port)->port_id, 0, &m, 1), 1);
	assert_int_equal(m->pkt_len, len - skip + extra);
	p = rte_pktmbuf_read(m, 0, m->pkt_len, data);
	assert_non_null(p);
	for (uint32_t i = 0; i < m->pkt_len; i++) {
		uint8_t want = i < extra ? 0xee : byte_at(seed, i - extra + skip);

		if (p[i] != want)
			fail_msg("byte %u of %u is %02x instead of %02x", i, len, p[i], want);
	}
	rte_pktmbuf_free(m);
}

static void
expect_none(struct xd_port *port)
{
	struct rte_mbuf *m;

	assert_int_equal(rte_eth_rx_burst(ethdev(port)->port_id, 0, &m, 1), 0);
}

/* Receives on a port; all frames are to go to nb_dst ports. */
static uint16_t
receive(struct fixture *fx, struct xd_port *port, uint8_t nb_dst)
{
	uint16_t n = driver->rx(port, 0, fx->batch);

	assert_int_equal(n, fx->batch->n);
	for (uint16_t i = 0; i < n; i++)
		fx->batch->frames[i].nb_dst = nb_dst;
	return n;
}

static uint16_t
send_batch(struct fixture *fx, struct xd_port *port)
{
	struct xd_frame *frames[XD_BATCH];

	for (uint16_t i = 0; i < fx->batch->n; i++)
		frames[i] = &fx->batch->frames[i];
	/* Each queue of a net_ring is a ring of its own; receive queue 0 sees transmit queue 0. */
	return driver->tx(port, 0, frames, fx->batch->n);
}

static uint64_t
drops(const struct xd_port *port, enum xd_drop reason)
{
	return port->drops[0].n[reason];
}

/* A frame as another driver would lend it: no mbuf. */
static void
make_guest_frame(struct xd_batch *batch, uint8_t *data, uint32_t len, uint32_t seed)
{
	struct xd_frame *f = &batch->frames[0];

	for (uint32_t i = 0; i < len; i++)
		data[i] = byte_at(seed, i);
	memset(f, 0, sizeof(*f));
	batch->n = 1;
	f->start = XD_HEADROOM;
	f->len = len;
	f->head_len = (uint8_t)(len < XD_HEAD ? len : XD_HEAD);
	memcpy(f->buf + XD_HEADROOM, data, f->head_len);
	f->segs = batch->segs;
	f->nb_dst = 1;
	if (len > XD_HEAD) {
		/* Two pieces of odd lengths. */
		uint32_t rest = len - XD_HEAD, first = rest / 3;

		batch->segs[0] = (struct xd_seg){data + XD_HEAD, first};
		batch->segs[1] = (struct xd_seg){data + XD_HEAD + first, rest - first};
		f->nb_segs = 2;
	}
}

static void
test_check(void **state)
{
	const char *const bad[] = {"", ",x=1", "net_tap0,iface=x\n", "net tap0", "net_tap0,",
		"net_tap0,x=1,,y=2", "net_tap0,=1", "class=eth", "bus=vdev,name=net_null0",
		"bus=pci,addr=0000:01:00.0", "/class=eth", "net_null0,size=64/class=eth",
		"net_ring_with_a_name_that_is_much_longer_than_what_dpdk_can_store_in_64",
		/* What peers can crash, by whatever name DPDK finds it. */
		"net_memif0,role=server", "vdev:net_memif0", "vdev/net_memif0",
		"vdev_eth_vhost0,iface=x", "net_failsafe0,dev(net_vhost0,iface=x)",
		"net_failsafe0,dev(vdev:net_vhost0,iface=x)"};
	const char *const good[] = {"0000:03:00.0", "net_tap0,iface=x", "net_null0",
		"net_pcap0,rx_pcap=/tmp/net_memif", "net_pcap0,rx_pcap=not_net_vhost",
		"net_pcap0,rx_pcap=a/b,tx_pcap=b", "class=eth,mac=00:11:22:33:44:55"};
	struct xd_error err = {0};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(bad); i++) {
		struct xd_port_config config = config_of("p", bad[i]);

		if (driver->check(&config, &err) != -EINVAL)
			fail_msg("\"%s\" passes", bad[i]);
		assert_string_equal(err.key, "ports.p.devargs");
	}
	for (size_t i = 0; i < RTE_DIM(good); i++) {
		struct xd_port_config config = config_of("p", good[i]);

		assert_int_equal(driver->check(&config, &err), 0);
	}
	struct xd_port_config config = config_of("p", "net_null0");
	config.queues = XD_ETHDEV_QUEUES_MAX + 1;
	assert_int_equal(driver->check(&config, &err), -EINVAL);
	assert_string_equal(err.key, "ports.p.queues");
}

static void
expect_start_fails(struct fixture *fx, const struct xd_port_config *config, const char *words)
{
	struct xd_error err = {0};
	struct xd_port *port = driver->create(driver, &fx->env, config, &err);

	assert_non_null(port);
	if (driver->start(port, &err) == 0)
		fail_msg("%s starts", xd_ethdev_config(config)->devargs);
	if (strstr(err.text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
	assert_false(port->up);
	assert_int_equal(driver->rx(port, 0, fx->batch), 0);
	driver->stop(port); /* of a port that did not start: nothing */
	driver->destroy(port);
}

static void
test_start_fails(void **state)
{
	struct fixture *fx = *state;
	uint16_t nb_devices = rte_eth_dev_count_total();
	struct xd_port_config config = config_of("p", "net_foo0");

	expect_start_fails(fx, &config, "no DPDK driver of that name");
	config = config_of("p", "class=eth,mac=00:11:22:33:44:55");
	expect_start_fails(fx, &config, "DPDK has no device of that address");
	config = config_of("p", "0000:ff:1f.7");
	expect_start_fails(fx, &config, "there is no such device");
	config = config_of("p", "net_ring_a");
	expect_start_fails(fx, &config, "used by crossdock:a already");
	config = config_of("p", "net_pcap0,rx_pcap=/nonexistent");
	expect_start_fails(fx, &config, "its driver does not start");
	config = config_of("p", "net_ring_p");
	config.mtu = 40;
	expect_start_fails(fx, &config, "mtu 40");
	/* What was plugged for nothing is unplugged. */
	assert_int_equal(rte_eth_dev_count_total(), nb_devices);
}

static void
test_device_of_the_application(void **state)
{
	struct fixture *fx = *state;
	struct xd_port_config config = config_of("p", "net_null_own");
	struct xd_port *port;
	uint16_t id;

	assert_int_equal(rte_dev_probe("net_null_own,no-rx=1"), 0);
	for (int i = 0; i < 2; i++) {
		port = open_config(fx, &config);
		assert_false(ethdev(port)->probed);
		close_port(port);
		fx->nb_quiesce--;
		assert_int_equal(rte_eth_dev_get_port_by_name("net_null_own", &id), 0);
	}
	assert_int_equal(rte_eal_hotplug_remove("vdev", "net_null_own"), 0);
}

static void
test_receive(void **state)
{
	struct fixture *fx = *state;
	const uint32_t lens[] = {14, 60, 64, 65, 127, 128, 129, 1514};
	struct xd_batch *batch = fx->batch;
	static uint8_t data[2048];

	for (uint32_t i = 0; i < RTE_DIM(lens); i++)
		inject(fx->a, lens[i], 2048, i);
	assert_int_equal(receive(fx, fx->a, 1), RTE_DIM(lens));
	for (uint32_t i = 0; i < RTE_DIM(lens); i++) {
		struct xd_frame *f = &batch->frames[i];

		assert_int_equal(f->len, lens[i]);
		assert_int_equal(f->head_len, lens[i] < XD_HEAD ? lens[i] : XD_HEAD);
		assert_int_equal(f->nb_segs, lens[i] > XD_HEAD);
		assert_int_equal(f->start, XD_HEADROOM);
		assert_false(f->dirty);
		assert_non_null(f->mbuf);
		xd_frame_gather(f, data);
		for (uint32_t k = 0; k < lens[i]; k++)
			assert_int_equal(data[k], byte_at(i, k));
	}
	assert_int_equal(batch->bytes, 14 + 60 + 64 + 65 + 127 + 128 + 129 + 1514);
	driver->release(fx->a, 0, batch);
	assert_int_equal(receive(fx, fx->a, 1), 0);
	driver->release(fx->a, 0, batch);
}

static void
test_receive_chain(void **state)
{
	struct fixture *fx = *state;
	struct xd_batch *batch = fx->batch;
	static uint8_t data[9000];

	inject(fx->a, 9000, 100, 1); /* the head lies in two buffers */
	inject(fx->a, 150, 50, 2);   /* in three */
	assert_int_equal(receive(fx, fx->a, 1), 2);
	assert_int_equal(batch->frames[0].len, 9000);
	assert_int_equal(batch->frames[0].nb_segs, 89);
	assert_int_equal(batch->frames[1].nb_segs, 1);
	assert_int_equal(batch->nb_segs, 90);
	for (uint32_t i = 0; i < 2; i++) {
		xd_frame_gather(&batch->frames[i], data);
		for (uint32_t k = 0; k < batch->frames[i].len; k++)
			assert_int_equal(data[k], byte_at(i + 1, k));
	}
	driver->release(fx->a, 0, batch);
}

static void
test_receive_drops(void **state)
{
	struct fixture *fx = *state;

	inject(fx->a, 13, 2048, 0);
	inject(fx->a, 0, 2048, 0);
	inject(fx->a, XD_FRAME_MAX + 1, 2048, 0);
	inject(fx->a, 3000, 10, 0); /* more pieces than a batch tells */
	inject(fx->a, 64, 2048, 7);
	assert_int_equal(receive(fx, fx->a, 1), 1);
	assert_int_equal(fx->batch->frames[0].len, 64);
	assert_int_equal(fx->batch->nb_segs, 0);
	assert_int_equal(drops(fx->a, XD_DROP_RUNT), 2);
	assert_int_equal(drops(fx->a, XD_DROP_TOO_LONG), 2);
	driver->release(fx->a, 0, fx->batch);
}

static void
test_stripped_tag_is_put_back(void **state)
{
	struct fixture *fx = *state;
	struct rte_mbuf *m = make_mbuf(fx->a, 60, 2048, 3);

	m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	m->vlan_tci = 0x2123;
	assert_int_equal(rte_eth_tx_burst(ethdev(fx->a)->port_id, 0, &m, 1), 1);
	assert_int_equal(receive(fx, fx->a, 1), 1);
	assert_int_equal(fx->batch->frames[0].len, 64);
	assert_memory_equal(fx->batch->frames[0].buf + XD_HEADROOM + 12, "\x81\x00\x21\x23", 4);
	driver->release(fx->a, 0, fx->batch);
}

static void
test_forward_whole(void **state)
{
	struct fixture *fx = *state;
	struct rte_mbuf *came_in;

	inject(fx->a, 64, 2048, 1);
	inject(fx->a, 1514, 600, 2);
	assert_int_equal(receive(fx, fx->a, 1), 2);
	came_in = fx->batch->frames[0].mbuf;
	assert_int_equal(send_batch(fx, fx->b), 2);
	assert_null(fx->batch->frames[0].mbuf);
	driver->release(fx->a, 0, fx->batch);
	assert_ptr_equal(came_in->pool, ethdev(fx->a)->pool);
	assert_int_equal(rte_mempool_in_use_count(ethdev(fx->b)->pool), 0); /* nothing copied */
	expect(fx->b, 64, 1, 0, 0);
	expect(fx->b, 1514, 2, 0, 0);
	assert_int_equal(fx->b->counters[0].tx_frames, 2);
	assert_int_equal(fx->b->counters[0].tx_bytes, 1578);
}

static void
push_pattern(struct xd_frame *f, uint8_t bytes)
{
	memset(xd_frame_push(f, bytes), 0xee, bytes);
}

static void
test_forward_edited(void **state)
{
	struct fixture *fx = *state;

	inject(fx->a, 1000, 2048, 1);
	inject(fx->a, 1000, 2048, 2);
	inject(fx->a, 300, 100, 3); /* the head is not in one buffer: copied */
	assert_int_equal(receive(fx, fx->a, 1), 3);
	push_pattern(&fx->batch->frames[0], 4);
	xd_frame_pop(&fx->batch->frames[1], 4);
	push_pattern(&fx->batch->frames[2], 4);
	assert_int_equal(send_batch(fx, fx->b), 3);
	assert_null(fx->batch->frames[0].mbuf);
	assert_null(fx->batch->frames[1].mbuf);
	assert_non_null(fx->batch->frames[2].mbuf);
	assert_int_equal(rte_mempool_in_use_count(ethdev(fx->b)->pool), 1);
	driver->release(fx->a, 0, fx->batch);
	expect(fx->b, 1000, 1, 0, 4);
	expect(fx->b, 1000, 2, 4, 0);
	expect(fx->b, 300, 3, 0, 4);
}

static void
test_edited_but_held_by_others(void **state)
{
	struct fixture *fx = *state;
	struct rte_mbuf *held;

	inject(fx->a, 200, 2048, 1);
	assert_int_equal(receive(fx, fx->a, 1), 1);
	held = fx->batch->frames[0].mbuf;
	rte_mbuf_refcnt_update(held, 1);
	push_pattern(&fx->batch->frames[0], 4);
	assert_int_equal(send_batch(fx, fx->b), 1);
	driver->release(fx->a, 0, fx->batch);
	expect(fx->b, 200, 1, 0, 4);
	assert_int_equal(held->pkt_len, 200);
	assert_int_equal(*rte_pktmbuf_mtod(held, uint8_t *), byte_at(1, 0));
	rte_pktmbuf_free(held);
}

/* To two ports as it is, and to one with a tag, as the bridge's flooding does. */
static void
test_flood(void **state)
{
	struct fixture *fx = *state;
	struct xd_frame clone __attribute__((aligned(64)));
	struct xd_frame *one = &clone;

	inject(fx->a, 700, 300, 1);
	assert_int_equal(receive(fx, fx->a, 3), 1);
	clone = fx->batch->frames[0];
	push_pattern(&clone, 4);
	assert_int_equal(send_batch(fx, fx->b), 1);
	assert_int_equal(send_batch(fx, fx->a), 1);
	assert_int_equal(driver->tx(fx->b, 0, &one, 1), 1);
	assert_non_null(fx->batch->frames[0].mbuf);
	driver->release(fx->a, 0, fx->batch);
	expect(fx->b, 700, 1, 0, 0);
	expect(fx->a, 700, 1, 0, 0);
	expect(fx->b, 700, 1, 0, 4);
	expect_none(fx->b);
}

static void
test_guest_frames(void **state)
{
	struct fixture *fx = *state;
	static uint8_t data[1600];

	for (uint32_t len = 14; len <= 1518; len += 47) {
		make_guest_frame(fx->batch, data, len, len);
		assert_int_equal(send_batch(fx, fx->b), 1);
		memset(data, 0, sizeof(data)); /* the lender has it back */
		expect(fx->b, len, len, 0, 0);
	}
	make_guest_frame(fx->batch, data, 1000, 5);
	push_pattern(&fx->batch->frames[0], 64);
	assert_int_equal(send_batch(fx, fx->b), 1);
	expect(fx->b, 1000, 5, 0, 64);
}

static void
test_jumbo(void **state)
{
	struct fixture *fx = *state;
	struct xd_port_config config = config_of("j", "net_ring_j");
	static uint8_t data[66000];
	struct xd_port *port;

	config.mtu = 65535;
	port = open_config(fx, &config);
	make_guest_frame(fx->batch, data, 65535, 9);
	assert_int_equal(send_batch(fx, port), 1);
	expect(port, 65535, 9, 0, 0);
	/* The same into small buffers: a chain. */
	fx->b->max_frame = 65535;
	assert_int_equal(send_batch(fx, fx->b), 1);
	assert_true(rte_mempool_in_use_count(ethdev(fx->b)->pool) >= 32);
	expect(fx->b, 65535, 9, 0, 0);
	close_port(port);
	fx->nb_quiesce--;
}

static void
test_over_mtu(void **state)
{
	struct fixture *fx = *state;

	inject(fx->a, 1519, 2048, 0);
	inject(fx->a, 1518, 2048, 1);
	assert_int_equal(receive(fx, fx->a, 1), 2);
	assert_int_equal(send_batch(fx, fx->b), 2);
	driver->release(fx->a, 0, fx->batch);
	assert_int_equal(drops(fx->b, XD_DROP_OVER_MTU), 1);
	assert_int_equal(fx->b->counters[0].tx_frames, 1);
	expect(fx->b, 1518, 1, 0, 0);
	expect_none(fx->b);
}

static void
test_empty_pool(void **state)
{
	struct fixture *fx = *state;
	struct rte_mempool *pool = ethdev(fx->b)->pool;
	unsigned n = rte_mempool_avail_count(pool);
	struct rte_mbuf **all = calloc(n, sizeof(struct rte_mbuf *));
	static uint8_t data[6000];

	assert_non_null(all);
	assert_int_equal(rte_pktmbuf_alloc_bulk(pool, all, n), 0);
	make_guest_frame(fx->batch, data, 100, 1);
	assert_int_equal(send_batch(fx, fx->b), 1);
	assert_int_equal(drops(fx->b, XD_DROP_NO_BUFFER), 1);
	/* One buffer is not enough for three: it is given back. */
	rte_pktmbuf_free(all[0]);
	fx->b->max_frame = 6000;
	make_guest_frame(fx->batch, data, 5000, 1);
	assert_int_equal(send_batch(fx, fx->b), 1);
	assert_int_equal(drops(fx->b, XD_DROP_NO_BUFFER), 2);
	assert_int_equal(rte_mempool_avail_count(pool), 1);
	assert_int_equal(fx->b->counters[0].tx_frames, 0);
	expect_none(fx->b);
	rte_pktmbuf_free_bulk(all + 1, n - 1);
	free(all);
}

/* A device that takes fewer: the rest is untouched and can be offered again, and a drop among the
 * rest is counted once. */
static void
test_full_device(void **state)
{
	struct fixture *fx = *state;
	struct xd_batch *batch = fx->batch;
	struct xd_frame *frames[6];
	static uint8_t data[2048];

	for (uint32_t i = 0; i < RING_FRAMES - 2; i++)
		inject(fx->b, 60, 2048, 100);
	inject(fx->a, 300, 2048, 0);  /* whole */
	inject(fx->a, 300, 2048, 1);  /* edited in place */
	inject(fx->a, 300, 2048, 2);  /* edited in place, not taken at first */
	inject(fx->a, 300, 2048, 3);  /* shared */
	inject(fx->a, 2000, 2048, 4); /* too long */
	inject(fx->a, 300, 2048, 5);  /* made a guest's: copied */
	assert_int_equal(receive(fx, fx->a, 1), 6);
	for (unsigned i = 0; i < 6; i++)
		frames[i] = &batch->frames[i];
	push_pattern(frames[1], 4);
	push_pattern(frames[2], 4);
	frames[3]->nb_dst = 2;
	rte_pktmbuf_free(frames[5]->mbuf);
	frames[5]->mbuf = NULL;
	for (uint32_t i = 0; i < 300; i++)
		data[i] = byte_at(5, i);
	memcpy(frames[5]->buf + XD_HEADROOM, data, XD_HEAD);
	batch->segs[frames[5]->segs - batch->segs].addr = data + XD_HEAD;

	assert_int_equal(driver->tx(fx->b, 0, frames, 6), 2);
	assert_int_equal(fx->b->counters[0].tx_frames, 2);
	assert_int_equal(drops(fx->b, XD_DROP_OVER_MTU), 0);
	assert_non_null(frames[2]->mbuf);
	assert_int_equal(rte_mbuf_refcnt_read(frames[3]->mbuf), 1);
	assert_int_equal(driver->tx(fx->b, 0, frames + 2, 4), 0);
	assert_int_equal(rte_mbuf_refcnt_read(frames[3]->mbuf), 1);
	for (uint32_t i = 0; i < RING_FRAMES - 2; i++)
		expect(fx->b, 60, 100, 0, 0);
	assert_int_equal(driver->tx(fx->b, 0, frames + 2, 4), 4);
	driver->release(fx->a, 0, batch);
	assert_int_equal(fx->b->counters[0].tx_frames, 5);
	assert_int_equal(drops(fx->b, XD_DROP_OVER_MTU), 1);
	expect(fx->b, 300, 0, 0, 0);
	expect(fx->b, 300, 1, 0, 4);
	expect(fx->b, 300, 2, 0, 4);
	expect(fx->b, 300, 3, 0, 0);
	expect(fx->b, 300, 5, 0, 0);
	expect_none(fx->b);
}

static void
test_many_frames_in_order(void **state)
{
	struct fixture *fx = *state;
	struct xd_frame *frames[3 * XD_BATCH];
	static uint8_t data[64];

	make_guest_frame(fx->batch, data, 60, 0);
	for (unsigned i = 0; i < RTE_DIM(frames); i++) {
		frames[i] = aligned_alloc(64, sizeof(struct xd_frame));
		*frames[i] = fx->batch->frames[0];
		for (unsigned k = 0; k < 60; k++)
			frames[i]->buf[XD_HEADROOM + k] = byte_at(i, k);
	}
	assert_int_equal(driver->tx(fx->b, 2 * ethdev(fx->b)->nb_tx, frames, RTE_DIM(frames)),
		RTE_DIM(frames));
	for (unsigned i = 0; i < RTE_DIM(frames); i++) {
		expect(fx->b, 60, i, 0, 0);
		free(frames[i]);
	}
	assert_int_equal(driver->tx(fx->b, 0, NULL, 0), 0);
}

/* ---- Checksums and segments ---- */

/* A TCP or UDP frame of a guest's, behind `tags` tags. */
struct packet {
	bool ipv6, udp;
	unsigned tags;
	unsigned hop_by_hop; /* bytes of an extension header */
	uint32_t payload;
	uint16_t gso_size; /* 0: it needs a checksum only */
};

static uint8_t packet_data[66000];

static uint32_t
l3_of(const struct packet *packet)
{
	return 14 + 4 * packet->tags;
}

static uint32_t
l4_of(const struct packet *packet)
{
	return l3_of(packet) + (packet->ipv6 ? 40 + packet->hop_by_hop : 20);
}

static uint32_t
end_of(const struct packet *packet)
{
	return l4_of(packet) + (packet->udp ? 8 : 20);
}

static void
write_ip(const struct packet *packet, uint8_t *ip, uint32_t l4_len)
{
	uint8_t proto = packet->udp ? IPPROTO_UDP : IPPROTO_TCP;

	if (packet->ipv6) {
		struct rte_ipv6_hdr *v6 = (void *)ip;

		v6->vtc_flow = rte_cpu_to_be_32(6u << 28);
		v6->payload_len = rte_cpu_to_be_16((uint16_t)(packet->hop_by_hop + l4_len));
		v6->proto = packet->hop_by_hop ? 0 : proto;
		memset(ip + 40, 0, packet->hop_by_hop);
		ip[40] = packet->hop_by_hop ? proto : 0;
	} else {
		struct rte_ipv4_hdr *v4 = (void *)ip;

		v4->version_ihl = 0x45;
		v4->total_length = rte_cpu_to_be_16((uint16_t)(20 + l4_len));
		v4->fragment_offset = 0;
		v4->next_proto_id = proto;
		v4->hdr_checksum = 0;
		v4->hdr_checksum = rte_ipv4_cksum(v4);
	}
}

/* The pseudo-header's sum; without the length when it is for segments. */
static uint16_t
pseudo_sum(const struct packet *packet, const uint8_t *ip, bool segments)
{
	uint64_t flags = segments ? RTE_MBUF_F_TX_TCP_SEG : 0;
	struct rte_ipv6_hdr v6;

	if (!packet->ipv6)
		return rte_ipv4_phdr_cksum((const void *)ip, flags);
	memcpy(&v6, ip, sizeof(v6));
	v6.payload_len =
		rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(v6.payload_len) - packet->hop_by_hop));
	v6.proto = packet->udp ? IPPROTO_UDP : IPPROTO_TCP;
	return rte_ipv6_phdr_cksum(&v6, flags);
}

/* Frame number i of the batch, in a head and two pieces. */
static void
lend(struct xd_batch *batch, unsigned i, const uint8_t *data, uint32_t len)
{
	struct xd_frame *f = &batch->frames[i];
	uint32_t rest = len - XD_HEAD;

	memset(f, 0, sizeof(*f));
	xd_frame_init(f, len, XD_HEAD, 2);
	f->nb_dst = 1;
	memcpy(f->buf + XD_HEADROOM, data, XD_HEAD);
	f->segs = &batch->segs[2 * i];
	batch->segs[2 * i] = (struct xd_seg){data + XD_HEAD, rest / 3};
	batch->segs[2 * i + 1] = (struct xd_seg){data + XD_HEAD + rest / 3, rest - rest / 3};
}

static uint32_t
write_packet(const struct packet *packet, uint8_t *data)
{
	uint32_t l3 = l3_of(packet), l4 = l4_of(packet), len = end_of(packet) + packet->payload;
	uint16_t sum;

	for (uint32_t i = 0; i < len; i++)
		data[i] = byte_at(77, i);
	for (unsigned i = 0; i < packet->tags; i++)
		memcpy(data + 12 + 4 * i, "\x81\x00\x00\x05", 4);
	memcpy(data + l3 - 2, packet->ipv6 ? "\x86\xdd" : "\x08\x00", 2);
	write_ip(packet, data + l3, len - l4);
	if (packet->udp)
		((struct rte_udp_hdr *)(void *)(data + l4))->dgram_len =
			rte_cpu_to_be_16((uint16_t)(len - l4));
	else
		data[l4 + 12] = 0x50;
	sum = pseudo_sum(packet, data + l3, false);
	memcpy(data + l4 + (packet->udp ? 6 : 16), &sum, 2);
	return len;
}

static struct xd_offload_request
request_of(const struct packet *packet)
{
	struct xd_offload_request request = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_size = packet->gso_size,
		.csum_start = (uint16_t)l4_of(packet),
		.csum_offset = packet->udp ? 6 : 16,
	};

	if (packet->gso_size != 0)
		request.gso_type = packet->udp    ? VIRTIO_NET_HDR_GSO_UDP_L4
				   : packet->ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6
						  : VIRTIO_NET_HDR_GSO_TCPV4;
	return request;
}

/* Makes frame number i of the batch of a packet whose bytes stay where they are. */
static void
make_packet_at(struct xd_batch *batch, unsigned i, const struct packet *packet, uint8_t *data)
{
	struct xd_offload_request request = request_of(packet);

	lend(batch, i, data, write_packet(packet, data));
	assert_int_equal(xd_offload_check(&batch->frames[i], &request, 0xff), 0);
}

static void
make_packet(struct fixture *fx, const struct packet *packet)
{
	make_packet_at(fx->batch, 0, packet, packet_data);
	fx->batch->n = 1;
}

/* Takes a frame off the wire of a port; the caller frees it. */
static struct rte_mbuf *
take(struct xd_port *port)
{
	struct rte_mbuf *m;

	assert_int_equal(rte_eth_rx_burst(ethdev(port)->port_id, 0, &m, 1), 1);
	return m;
}

/* Takes one off that is right in all its checksums, and is `sent` bytes of payload on; returns its
 * bytes of payload. It is in one buffer. */
static uint32_t
expect_packet(struct xd_port *port, const struct packet *packet, uint32_t sent)
{
	struct rte_mbuf *m = take(port);
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t l3 = l3_of(packet), l4 = l4_of(packet), end = end_of(packet), payload;

	assert_int_equal(m->nb_segs, 1);
	assert_int_equal(m->ol_flags, 0);
	payload = m->pkt_len - end;
	if (packet->ipv6) {
		struct rte_ipv6_hdr *v6 = (void *)(data + l3);

		assert_int_equal(rte_be_to_cpu_16(v6->payload_len), m->pkt_len - l3 - 40);
		v6->payload_len = rte_cpu_to_be_16((uint16_t)(m->pkt_len - l4));
		v6->proto = packet->udp ? IPPROTO_UDP : IPPROTO_TCP;
		assert_int_equal(rte_ipv6_udptcp_cksum_verify(v6, data + l4), 0);
	} else {
		assert_int_equal(rte_ipv4_cksum((void *)(data + l3)), 0);
		assert_int_equal(rte_ipv4_udptcp_cksum_verify((void *)(data + l3), data + l4), 0);
	}
	assert_memory_equal(data, packet_data, l3);
	assert_memory_equal(data + end, packet_data + end + sent, payload);
	rte_pktmbuf_free(m);
	return payload;
}

static void
expect_segments(struct xd_port *port, const struct packet *packet)
{
	uint32_t sent = 0, left, n;

	while (sent < packet->payload) {
		left = packet->payload - sent;
		n = expect_packet(port, packet, sent);
		assert_int_equal(n, RTE_MIN((uint32_t)packet->gso_size, left));
		sent += n;
	}
}

static void
test_checksum_in_software(void **state)
{
	struct fixture *fx = *state;
	unsigned n = 0;

	for (unsigned kind = 0; kind < 8; kind++) {
		struct packet packet = {.ipv6 = kind & 1,
			.udp = kind & 2,
			.tags = kind >> 2,
			.payload = 501 + kind};

		make_packet(fx, &packet);
		assert_int_equal(send_batch(fx, fx->b), 1);
		assert_int_equal(fx->b->counters[0].checksums, ++n);
		assert_int_equal(expect_packet(fx->b, &packet, 0), packet.payload);
	}
	assert_int_equal(fx->b->counters[0].tx_frames, n);
	assert_int_equal(fx->b->counters[0].segmented, 0);
	/* A checksum that lies too far behind. */
	struct packet packet = {.payload = 501};

	make_packet(fx, &packet);
	fx->batch->frames[0].offload.csum_offset = XD_HEAD;
	assert_int_equal(send_batch(fx, fx->b), 1);
	assert_int_equal(drops(fx->b, XD_DROP_UNFINISHED_OFFLOAD), 1);
	assert_int_equal(fx->b->counters[0].checksums, n);
	expect_none(fx->b);
}

/* What needs no offload is left as it is. */
static void
test_valid_checksum(void **state)
{
	struct fixture *fx = *state;
	static uint8_t data[300];

	make_guest_frame(fx->batch, data, 300, 4);
	fx->batch->frames[0].offload.flags = VIRTIO_NET_HDR_F_DATA_VALID;
	ethdev(fx->b)->tx_offloads = UINT64_MAX;
	assert_int_equal(send_batch(fx, fx->b), 1);
	assert_int_equal(fx->b->counters[0].checksums, 0);
	expect(fx->b, 300, 4, 0, 0);
}

static void
test_segments_in_software(void **state)
{
	struct fixture *fx = *state;
	uint64_t nb_bytes = 0;

	for (unsigned kind = 0; kind < 8; kind++) {
		struct packet packet = {.ipv6 = kind & 1,
			.udp = kind & 2,
			.tags = kind >> 2,
			.payload = 60001,
			.gso_size = 1400};

		make_packet(fx, &packet);
		assert_int_equal(send_batch(fx, fx->b), 1);
		assert_int_equal(fx->b->counters[0].segmented, kind + 1);
		assert_int_equal(fx->b->counters[0].tx_frames, kind + 1);
		nb_bytes += fx->batch->frames[0].len;
		assert_int_equal(fx->b->counters[0].tx_bytes, nb_bytes);
		expect_segments(fx->b, &packet);
	}
	assert_int_equal(fx->b->counters[0].checksums, 0);
	expect_none(fx->b);
}

/* The longest frame is that of the MTU, however long the frame that it is a segment of. */
static void
test_segments_and_mtu(void **state)
{
	struct fixture *fx = *state;
	struct packet packet = {.payload = 5000, .gso_size = 1518 - 54};

	make_packet(fx, &packet);
	assert_int_equal(send_batch(fx, fx->b), 1);
	expect_segments(fx->b, &packet);
	packet.gso_size++;
	make_packet(fx, &packet);
	assert_int_equal(send_batch(fx, fx->b), 1);
	assert_int_equal(drops(fx->b, XD_DROP_OVER_MTU), 1);
	assert_int_equal(fx->b->counters[0].segmented, 1);
	expect_none(fx->b);
	/* So many that it cannot be segmented. */
	packet = (struct packet){.payload = 8 * XD_SEGMENTS_MAX + 1, .gso_size = 8};
	make_packet(fx, &packet);
	assert_int_equal(send_batch(fx, fx->b), 1);
	assert_int_equal(drops(fx->b, XD_DROP_UNFINISHED_OFFLOAD), 1);
	expect_none(fx->b);
}

/* Frames before and behind keep their places, whatever becomes of each. */
static void
test_segments_among_others(void **state)
{
	struct fixture *fx = *state;
	struct packet long_one = {.payload = 4000, .gso_size = 1000};
	struct packet whole = {.payload = 400};
	struct xd_batch *batch = fx->batch;
	static uint8_t plain[300], small[600];

	for (unsigned i = 0; i < XD_BATCH; i++) {
		if (i % 4 == 1)
			make_packet_at(batch, i, &whole, small);
		else if (i % 4 == 3 || i == 16)
			make_packet_at(batch, i, &long_one, packet_data);
		else
			lend(batch, i, plain, i == 6 ? 2000 : sizeof(plain));
	}
	batch->n = XD_BATCH;
	batch->frames[6].nb_segs = 0; /* it is too long anyway */
	assert_int_equal(send_batch(fx, fx->b), XD_BATCH);
	for (unsigned i = 0; i < XD_BATCH; i++) {
		struct rte_mbuf *m;

		if (i % 4 == 1) {
			assert_int_equal(expect_packet(fx->b, &whole, 0), 400);
		} else if (i % 4 == 3 || i == 16) {
			expect_segments(fx->b, &long_one);
		} else if (i != 6) {
			m = take(fx->b);
			assert_int_equal(m->pkt_len, sizeof(plain));
			rte_pktmbuf_free(m);
		}
	}
	expect_none(fx->b);
	assert_int_equal(fx->b->counters[0].tx_frames, XD_BATCH - 1);
	assert_int_equal(fx->b->counters[0].segmented, 9);
	assert_int_equal(fx->b->counters[0].checksums, 8);
	assert_int_equal(drops(fx->b, XD_DROP_OVER_MTU), 1);
}

/* A device without room: the frame stays as it was. With room for some segments: it counts once. */
static void
test_segments_to_full_device(void **state)
{
	struct fixture *fx = *state;
	struct packet packet = {.payload = 10000, .gso_size = 1000};
	struct xd_frame before;

	for (uint32_t i = 0; i < RING_FRAMES; i++)
		inject(fx->b, 60, 2048, 100);
	make_packet(fx, &packet);
	before = fx->batch->frames[0];
	assert_int_equal(send_batch(fx, fx->b), 0);
	assert_memory_equal(&fx->batch->frames[0], &before, sizeof(before));
	assert_int_equal(fx->b->counters[0].segmented, 0);
	assert_int_equal(drops(fx->b, XD_DROP_RING_FULL), 0);
	for (uint32_t i = 0; i < 4; i++)
		expect(fx->b, 60, 100, 0, 0);
	assert_int_equal(send_batch(fx, fx->b), 1);
	assert_int_equal(fx->b->counters[0].segmented, 1);
	assert_int_equal(fx->b->counters[0].tx_frames, 0);
	assert_int_equal(drops(fx->b, XD_DROP_RING_FULL), 1);
	for (uint32_t i = 0; i < RING_FRAMES - 4; i++)
		expect(fx->b, 60, 100, 0, 0);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(expect_packet(fx->b, &packet, i * 1000), 1000);
	expect_none(fx->b);
}

static void
test_segments_and_empty_pool(void **state)
{
	struct fixture *fx = *state;
	struct packet packet = {.payload = 10000, .gso_size = 1000};
	struct rte_mempool *pool = ethdev(fx->b)->pool;
	unsigned n = rte_mempool_avail_count(pool);
	struct rte_mbuf **all = calloc(n, sizeof(struct rte_mbuf *));

	assert_non_null(all);
	assert_int_equal(rte_pktmbuf_alloc_bulk(pool, all, n), 0);
	rte_pktmbuf_free_bulk(all, 9); /* and it takes ten */
	make_packet(fx, &packet);
	assert_int_equal(send_batch(fx, fx->b), 1);
	assert_int_equal(drops(fx->b, XD_DROP_NO_BUFFER), 1);
	assert_int_equal(fx->b->counters[0].segmented, 0);
	assert_int_equal(rte_mempool_avail_count(pool), 9);
	expect_none(fx->b);
	rte_pktmbuf_free_bulk(all + 9, n - 9);
	free(all);
}

#define CHECKSUMS (RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM)
#define TSO                                                                                        \
	(RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_IPV4_CKSUM |                            \
		RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_MULTI_SEGS)

/* The frame as a guest sent it, prepared for offload. A net_ring does none, so it is as the
 * device would get it. */
static void
expect_order(struct xd_port *port, const struct packet *packet, uint64_t flags)
{
	struct rte_mbuf *m = take(port);
	uint32_t l3 = l3_of(packet), l4 = l4_of(packet), len = end_of(packet) + packet->payload;
	uint32_t field = l4 + (packet->udp ? 6 : 16);
	static uint8_t want[66000], got[66000];
	uint16_t sum = pseudo_sum(packet, packet_data + l3, packet->gso_size != 0);

	assert_int_equal(m->ol_flags, flags);
	assert_int_equal(m->l2_len, l3);
	assert_int_equal(m->l3_len, l4 - l3);
	assert_int_equal(m->l4_len, end_of(packet) - l4);
	if (packet->gso_size != 0)
		assert_int_equal(m->tso_segsz, packet->gso_size);
	assert_int_equal(m->pkt_len, len);
	memcpy(want, packet_data, len);
	memcpy(want + field, &sum, sizeof(sum));
	if (packet->gso_size != 0 && !packet->ipv6)
		memset(want + l3 + 10, 0, 2);
	assert_memory_equal(rte_pktmbuf_read(m, 0, len, got), want, len);
	rte_pktmbuf_free(m);
}

static void
test_prepared(void **state)
{
	struct fixture *fx = *state;
	const struct {
		struct packet packet;
		uint64_t offloads, flags;
	} cases[] = {
		{{.payload = 700}, RTE_ETH_TX_OFFLOAD_TCP_CKSUM,
			RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_TCP_CKSUM},
		{{.ipv6 = true, .tags = 1, .payload = 700}, RTE_ETH_TX_OFFLOAD_TCP_CKSUM,
			RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_TCP_CKSUM},
		{{.udp = true, .tags = 2, .payload = 700}, RTE_ETH_TX_OFFLOAD_UDP_CKSUM,
			RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM},
		{{.ipv6 = true, .udp = true, .payload = 700}, RTE_ETH_TX_OFFLOAD_UDP_CKSUM,
			RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_UDP_CKSUM},
		{{.payload = 60001, .gso_size = 1448}, TSO,
			RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_SEG},
		{{.ipv6 = true, .tags = 1, .payload = 60001, .gso_size = 1400},
			TSO & ~RTE_ETH_TX_OFFLOAD_IPV4_CKSUM,
			RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_TCP_SEG},
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		ethdev(fx->b)->tx_offloads = cases[i].offloads;
		make_packet(fx, &cases[i].packet);
		assert_int_equal(send_batch(fx, fx->b), 1);
		expect_order(fx->b, &cases[i].packet, cases[i].flags);
	}
	assert_int_equal(fx->b->counters[0].tx_frames, RTE_DIM(cases));
	/* Sums that carry, and that do not. */
	ethdev(fx->b)->tx_offloads = TSO;
	for (uint32_t i = 0; i < 40; i++) {
		struct packet packet = {.payload = 2000 + i * 1601, .gso_size = 1000};

		make_packet(fx, &packet);
		assert_int_equal(send_batch(fx, fx->b), 1);
		expect_order(fx->b, &packet,
			RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_SEG);
	}
	/* A program's lies in an mbuf, and is copied. */
	{
		struct packet packet = {.payload = 5000, .gso_size = 1000};
		struct rte_mbuf *m = rte_pktmbuf_alloc(ethdev(fx->a)->pool);

		make_packet(fx, &packet);
		fx->batch->frames[0].mbuf = m;
		fx->batch->frames[0].nb_dst = 1;
		assert_int_equal(send_batch(fx, fx->b), 1);
		assert_ptr_equal(fx->batch->frames[0].mbuf, m);
		expect_order(fx->b, &packet,
			RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_SEG);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(fx->b->counters[0].checksums, 0);
	assert_int_equal(fx->b->counters[0].segmented, 0);
	expect_none(fx->b);
}

/* What a device cannot do is done in software. */
static void
test_not_prepared(void **state)
{
	struct fixture *fx = *state;
	const struct {
		struct packet packet;
		uint64_t offloads;
		uint16_t nb_tso_segs;
	} cases[] = {
		{{.payload = 700}, RTE_ETH_TX_OFFLOAD_UDP_CKSUM, 0},
		{{.udp = true, .payload = 700}, TSO, 0},
		{{.ipv6 = true, .hop_by_hop = 8, .payload = 700}, UINT64_MAX, 0},
		{{.ipv6 = true, .hop_by_hop = 8, .payload = 7000, .gso_size = 1000}, UINT64_MAX, 0},
		{{.udp = true, .payload = 7000, .gso_size = 1000}, UINT64_MAX, 0},
		{{.payload = 7000, .gso_size = 1000}, CHECKSUMS, 0},
		{{.payload = 7000, .gso_size = 1000}, TSO & ~RTE_ETH_TX_OFFLOAD_IPV4_CKSUM, 0},
		{{.payload = 7000, .gso_size = 1000}, TSO & ~RTE_ETH_TX_OFFLOAD_TCP_CKSUM, 0},
		{{.payload = 7000, .gso_size = 1000}, TSO & ~RTE_ETH_TX_OFFLOAD_MULTI_SEGS, 0},
		{{.payload = 7000, .gso_size = 1000}, TSO, 3},
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		const struct packet *packet = &cases[i].packet;

		ethdev(fx->b)->tx_offloads = cases[i].offloads;
		ethdev(fx->b)->nb_tso_segs = cases[i].nb_tso_segs;
		make_packet(fx, packet);
		assert_int_equal(send_batch(fx, fx->b), 1);
		if (packet->gso_size != 0)
			expect_segments(fx->b, packet);
		else
			assert_int_equal(expect_packet(fx->b, packet, 0), packet->payload);
	}
	assert_int_equal(fx->b->counters[0].checksums, 3);
	assert_int_equal(fx->b->counters[0].segmented, RTE_DIM(cases) - 3);
	/* A checksum that is not where that of the outermost protocol is. */
	for (unsigned i = 0; i < 2; i++) {
		struct packet packet = {.udp = true, .payload = 700};
		union xd_offload *offload = &fx->batch->frames[0].offload;
		struct rte_mbuf *m;

		ethdev(fx->b)->tx_offloads = UINT64_MAX;
		make_packet(fx, &packet);
		*(i == 0 ? &offload->csum_start : &offload->csum_offset) += 10;
		assert_int_equal(send_batch(fx, fx->b), 1);
		m = take(fx->b);
		assert_int_equal(m->ol_flags, 0);
		rte_pktmbuf_free(m);
		assert_int_equal(fx->b->counters[0].checksums, 4 + i);
	}
	/* In four buffers it goes as it is; without room on the device it is undone. */
	ethdev(fx->b)->nb_tso_segs = 4;
	make_packet(fx, &cases[9].packet);
	for (uint32_t i = 0; i < RING_FRAMES; i++)
		inject(fx->b, 60, 2048, 100);
	assert_int_equal(send_batch(fx, fx->b), 0);
	assert_int_equal(rte_mempool_in_use_count(ethdev(fx->b)->pool), RING_FRAMES);
	drain(fx->b);
	assert_int_equal(send_batch(fx, fx->b), 1);
	expect_order(fx->b, &cases[9].packet,
		RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_SEG);
}

/* The kernel's end of a TAP device, from which frames are read. */
static int
open_tap_end(const char *name)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	struct timeval patience = {.tv_sec = 5};
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));

	assert_true(fd >= 0);
	at.sll_ifindex = (int)if_nametoindex(name);
	assert_int_not_equal(at.sll_ifindex, 0);
	assert_int_equal(bind(fd, (void *)&at, sizeof(at)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

/* The next frame that came out of the device onto the wire of a net_ring, so that it is looked at
 * like any other. What the kernel itself sends there is passed over. */
static void
pass_on(int fd, struct xd_port *port)
{
	static uint8_t data[66000];
	struct sockaddr_ll from;
	struct rte_mbuf *m;
	ssize_t len;

	do {
		socklen_t from_len = sizeof(from);

		len = recvfrom(fd, data, sizeof(data), 0, (void *)&from, &from_len);
		if (len < 0)
			fail_msg("nothing came: %s", strerror(errno));
	} while (from.sll_pkttype == PACKET_OUTGOING);
	m = rte_pktmbuf_alloc(ethdev(port)->pool);
	assert_non_null(m);
	assert_true(len <= rte_pktmbuf_tailroom(m));
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), data, (size_t)len);
	assert_int_equal(rte_eth_tx_burst(ethdev(port)->port_id, 0, &m, 1), 1);
}

/* A device that does offload: net_tap, in software. It segments frames of IPv4 as it should, but
 * those of IPv6 must not be left to it. */
static void
test_offload_is_done(void **state)
{
	struct fixture *fx = *state;
	struct xd_port_config config = config_of("t", "net_tap_xd,iface=xdtest0");
	struct xd_port *port;
	int fd;

	if (access("/dev/net/tun", R_OK | W_OK) != 0 || geteuid() != 0)
		skip();
	port = open_config(fx, &config);
	fd = open_tap_end("xdtest0");
	for (unsigned kind = 0; kind < 7; kind++) {
		struct packet packet = {.ipv6 = kind & 1,
			.udp = kind & 2,
			.payload = kind < 4 ? 701 : 30001,
			.gso_size = kind < 4 ? 0 : 1400};
		unsigned n = packet.gso_size == 0 ? 1 : (30001 + 1399) / 1400;

		if (kind == 6) {
			packet.udp = false;
			ethdev(port)->tx_offloads |= RTE_ETH_TX_OFFLOAD_TCP_TSO;
		}
		make_packet(fx, &packet);
		assert_int_equal(send_batch(fx, port), 1);
		for (unsigned i = 0; i < n; i++)
			pass_on(fd, fx->a);
		if (n > 1)
			expect_segments(fx->a, &packet);
		else
			assert_int_equal(expect_packet(fx->a, &packet, 0), packet.payload);
	}
	assert_int_equal(port->counters[0].tx_frames, 7);
	assert_int_equal(port->counters[0].checksums, 0);
	assert_int_equal(port->counters[0].segmented, 2);
	close(fd);
	close_port(port);
	fx->nb_quiesce--;
}

/* A packet on the wire of a port, as a device would bring it. */
static void
inject_packet(struct xd_port *port, const struct packet *packet, uint64_t flags, uint32_t ptype)
{
	uint32_t len = write_packet(packet, packet_data);
	struct rte_mbuf *m = make_mbuf(port, len, 2048, 0);

	memcpy(rte_pktmbuf_mtod(m, uint8_t *), packet_data, len);
	m->ol_flags |= flags;
	m->packet_type = ptype;
	assert_int_equal(rte_eth_tx_burst(ethdev(port)->port_id, 0, &m, 1), 1);
}

static void
test_received_checksums(void **state)
{
	struct fixture *fx = *state;
	const struct packet packet = {.ipv6 = true, .udp = true, .payload = 500};
	const struct packet none = {.ipv6 = true, .hop_by_hop = 80, .payload = 500};
	struct xd_batch *batch = fx->batch;

	inject_packet(fx->a, &packet, RTE_MBUF_F_RX_L4_CKSUM_GOOD, RTE_PTYPE_L4_UDP);
	inject_packet(fx->a, &packet, RTE_MBUF_F_RX_L4_CKSUM_GOOD, RTE_PTYPE_TUNNEL_VXLAN);
	inject_packet(fx->a, &packet, RTE_MBUF_F_RX_L4_CKSUM_BAD, 0);
	inject_packet(fx->a, &packet, RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN, 0);
	inject_packet(fx->a, &none, RTE_MBUF_F_RX_L4_CKSUM_NONE, 0); /* headers beyond the head */
	inject_packet(fx->a, &packet, RTE_MBUF_F_RX_L4_CKSUM_NONE, 0);
	assert_int_equal(receive(fx, fx->a, 1), 5);
	assert_int_equal(drops(fx->a, XD_DROP_BAD_OFFLOAD), 1);
	assert_int_equal(batch->nb_segs, 5);
	assert_int_equal(batch->frames[0].offload.word,
		((union xd_offload){.flags = VIRTIO_NET_HDR_F_DATA_VALID}).word);
	for (unsigned i = 1; i < 4; i++)
		assert_int_equal(batch->frames[i].offload.word, 0);
	assert_int_equal(batch->frames[4].offload.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	/* The one that needs its checksum gets it in the buffer that it came in. */
	ethdev(fx->b)->tx_offloads = UINT64_MAX;
	assert_int_equal(send_batch(fx, fx->b), 5);
	assert_null(batch->frames[4].mbuf);
	driver->release(fx->a, 0, batch);
	assert_int_equal(fx->b->counters[0].checksums, 1);
	for (unsigned i = 0; i < 4; i++) {
		struct rte_mbuf *m = take(fx->b);

		assert_memory_equal(rte_pktmbuf_mtod(m, void *), packet_data, m->pkt_len);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(expect_packet(fx->b, &packet, 0), packet.payload);
	expect_none(fx->b);
}

static void
test_stopped(void **state)
{
	struct fixture *fx = *state;
	struct xd_port_config config = config_of("s", "net_ring_s");
	struct xd_port *port = open_config(fx, &config);
	struct xd_error err = {0};
	static uint8_t data[64];
	uint16_t nb_devices = rte_eth_dev_count_total();

	assert_true(port->pool_bytes > 4096 * 2048);
	driver->stop(port);
	fx->nb_quiesce--;
	assert_int_equal(rte_eth_dev_count_total(), nb_devices - 1);
	assert_int_equal(port->pool_bytes, 0);
	make_guest_frame(fx->batch, data, 60, 0);
	assert_int_equal(send_batch(fx, port), 1);
	assert_int_equal(port->drops[0].n[XD_DROP_PORT_DOWN], 1);
	assert_int_equal(driver->rx(port, 0, fx->batch), 0);
	/* And again. */
	assert_int_equal(driver->start(port, &err), 0);
	make_guest_frame(fx->batch, data, 60, 0);
	assert_int_equal(send_batch(fx, port), 1);
	expect(port, 60, 0, 0, 0);
	close_port(port);
	fx->nb_quiesce--;
	driver->destroy(NULL);
}

static void
run_pending(struct xd_loop *loop, const struct rte_mempool *pool, const char *name)
{
	for (int i = 0; i < 40 && rte_mempool_lookup(name) == pool; i++)
		xd_loop_run_once(loop, 100);
}

/* A buffer of a stopped port waits on another device: its pool is freed when it has come back. */
static void
test_pool_outlives_port(void **state)
{
	struct fixture *fx = *state;
	struct xd_port_config config = config_of("s", "net_ring_s");
	struct xd_port *port;
	struct rte_mempool *pool;
	char name[RTE_MEMPOOL_NAMESIZE];

	fx->env.loop = xd_loop_create();
	port = open_config(fx, &config);
	pool = ethdev(port)->pool;
	snprintf(name, sizeof(name), "%s", pool->name);
	inject(port, 64, 2048, 1);
	assert_int_equal(receive(fx, port, 1), 1);
	assert_int_equal(send_batch(fx, fx->b), 1);
	driver->release(port, 0, fx->batch);
	close_port(port);
	fx->nb_quiesce--;
	assert_ptr_equal(rte_mempool_lookup(name), pool);
	expect(fx->b, 64, 1, 0, 0);
	run_pending(fx->env.loop, pool, name);
	assert_null(rte_mempool_lookup(name));
	xd_loop_destroy(fx->env.loop);
	fx->env.loop = NULL;
}

static void
test_set(void **state)
{
	struct fixture *fx = *state;
	struct xd_port_config config = fx->a->config;
	struct xd_error err = {0};

	config.vlan = 10; /* the bridge's business */
	assert_int_equal(driver->can_set(fx->a, &config, &err), 0);
	driver->set(fx->a, &config);
	config.mtu = 9000; /* longer than its buffers */
	assert_int_equal(driver->can_set(fx->a, &config, &err), -ENOTSUP);
	assert_int_equal(fx->a->max_frame, 1518);
	config.mtu = 40; /* no device takes that */
	assert_int_equal(driver->can_set(fx->a, &config, &err), -EINVAL);
	assert_string_equal(err.key, "ports.a.mtu");
	/* What nobody asks a driver: their rows say that it takes a new device. */
	config = fx->a->config;
	config.queues = 2;
	assert_true(xd_noun_cost(&xd_port_noun, &fx->a->config, &config) & XD_COST_NEW);
	config = config_of("a", "net_ring_z");
	assert_true(xd_noun_cost(&xd_port_noun, &fx->a->config, &config) & XD_COST_NEW);
}

static void
note_key(void *ctx, const char *key, const char *value)
{
	char *keys = ctx;

	assert_true(value[0] != '\0');
	strcat(strcat(keys, key), " ");
}

static void
test_describe(void **state)
{
	struct fixture *fx = *state;
	char keys[1024] = "";

	driver->describe(fx->a, note_key, keys);
	assert_non_null(strstr(keys, "device_driver "));
	assert_non_null(strstr(keys, "link "));
	assert_non_null(strstr(keys, "buffers "));
	assert_non_null(strstr(keys, "transmit_offloads "));
	assert_non_null(strstr(keys, "receive_offloads "));
	assert_non_null(strstr(keys, "device_rx_missed "));
}

/* More queues than the device has; queues only in pairs. */
static void
test_queues(void **state)
{
	struct fixture *fx = *state;
	struct xd_port_config config = config_of("q", "net_ring_q");
	struct xd_port *port;

	config.queues = 4;
	port = open_config(fx, &config);
	assert_int_equal(port->nb_queues, ethdev(port)->nb_rx);
	assert_int_equal(driver->rx(port, port->nb_queues, fx->batch), 0);
	close_port(port);
	fx->nb_quiesce--;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		TEST(test_start_fails),
		TEST(test_device_of_the_application),
		TEST(test_receive),
		TEST(test_receive_chain),
		TEST(test_receive_drops),
		TEST(test_stripped_tag_is_put_back),
		TEST(test_forward_whole),
		TEST(test_forward_edited),
		TEST(test_edited_but_held_by_others),
		TEST(test_flood),
		TEST(test_guest_frames),
		TEST(test_jumbo),
		TEST(test_over_mtu),
		TEST(test_empty_pool),
		TEST(test_full_device),
		TEST(test_many_frames_in_order),
		TEST(test_checksum_in_software),
		TEST(test_valid_checksum),
		TEST(test_segments_in_software),
		TEST(test_segments_and_mtu),
		TEST(test_segments_among_others),
		TEST(test_segments_to_full_device),
		TEST(test_segments_and_empty_pool),
		TEST(test_prepared),
		TEST(test_not_prepared),
		TEST(test_offload_is_done),
		TEST(test_received_checksums),
		TEST(test_stopped),
		TEST(test_pool_outlives_port),
		TEST(test_set),
		TEST(test_describe),
		TEST(test_queues),
	};

	return cmocka_run_group_tests_name("ethdev", tests, start_eal, stop_eal);
}
