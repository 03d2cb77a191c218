/* SPDX-License-Identifier: BSD-3-Clause */
/* The tap port without a kernel's interface: a socket that keeps frames apart stands for it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "alone.h"
#include "drivers/tap/tap.h"
#include "memory/bus_error.h"
#include "virtqueue/net_header.h"

#define KERNEL_BYTES (4 << 20) /* of frames that the socket holds */
#define PAGE         4096
#define PIECE        6000 /* of memory in more than a page */

struct fixture {
	struct alone alone;
	struct xd_tap_port *p;
	int kernel; /* the other end of queue 0 */
};

static int
setup(void **state)
{
	struct fixture *fx = calloc(1, sizeof(*fx));
	int pair[2], bytes = KERNEL_BYTES;

	fx->p = (struct xd_tap_port *)alone_make(&fx->alone, &xd_tap_driver);
	assert_non_null(fx->p);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	for (unsigned i = 0; i < 2; i++)
		setsockopt(pair[i], SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
	fx->p->queues[0].dev.fd = pair[0];
	fx->kernel = pair[1];
	fx->p->offloads = 0xff;
	fx->p->running = true;
	*state = fx;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *fx = *state;

	close(fx->p->queues[0].dev.fd);
	close(fx->kernel);
	alone_free(&fx->alone, &fx->p->port);
	free(fx);
	return 0;
}

static uint64_t
dropped(const struct fixture *fx, enum xd_drop reason)
{
	return fx->p->port.drops[0].n[reason];
}

/* ---- Words ---- */

static void
test_addresses(void **state)
{
	static const char *const bad[] = {"10.0.0.1", "10.0.0.1/", "10.0.0.1/33", "10.0.0/8", "x/8",
		"10.0.0.1/-1", "10.0.0.1/8x", "fd00::1/129", "0.0.0.0/0", "224.0.0.1/4", "::/0",
		"ff02::1/64", "10.0.0.1/8,", ",10.0.0.1/8", "10.0.0.1/8 10.0.0.2/8",
		"10.0.0.1/8, 10.0.0.2/8", "10.0.0.1/24,10.0.0.1/24", "/24", "10.0.0.1/24/24",
		"0000000000000000000000000000000000000000000000000000000000000000000::1/64"};
	struct xd_ip a[XD_TAP_ADDRESSES];
	char many[512] = "";
	struct xd_error err;

	(void)state;
	assert_int_equal(xd_tap_addresses("", a, &err), 0);
	assert_int_equal(xd_tap_addresses("10.1.2.3/24", a, &err), 1);
	assert_int_equal(a[0].prefix, 24);
	assert_memory_equal(a[0].bytes, "\x0a\x01\x02\x03", 4);
	assert_int_equal(xd_tap_addresses("10.1.2.3/32,fd00::7/64,192.0.2.1/0", a, &err), 3);
	assert_int_equal(a[1].family, AF_INET6);
	assert_int_equal(a[1].bytes[15], 7);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (xd_tap_addresses(bad[i], a, &err) != -EINVAL)
			fail_msg("\"%s\" is taken", bad[i]);
	}
	for (unsigned i = 0; i <= XD_TAP_ADDRESSES; i++)
		sprintf(many + strlen(many), "%s10.0.0.%u/8", i ? "," : "", i + 1);
	assert_int_equal(xd_tap_addresses(many, a, &err), -E2BIG);
}

static void
test_mac(void **state)
{
	static const char *const bad[] = {"", "02:00:00:00:00", "02:00:00:00:00:0",
		"01:00:00:00:00:01", "00:00:00:00:00:00", "02:00:00:00:00:01:02",
		"02-00-00-00-00-01", "02:00:00:00:00:0g", " 2:00:00:00:00:01", "+2:00:00:00:00:01"};
	uint8_t mac[6];

	(void)state;
	assert_int_equal(xd_tap_mac("02:0A:0b:00:00:fF", mac), 0);
	assert_memory_equal(mac, "\x02\x0a\x0b\x00\x00\xff", 6);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (xd_tap_mac(bad[i], mac) != -EINVAL)
			fail_msg("\"%s\" is taken", bad[i]);
	}
}

static void
test_check(void **state)
{
	static const struct {
		const char *ifname, *netns, *ip, *mac, *key;
		uint16_t mtu;
	} rows[] = {
		{"eth0", "blue", "10.0.0.1/24", "02:00:00:00:00:01", NULL, 1500},
		{"", "", "", "", NULL, XD_TAP_MTU_MAX},
		{"eth0", "/proc/1/ns/net", "", "", NULL, 68},
		{"a b", "", "", "", "ifname", 1500},
		{"a/b", "", "", "", "ifname", 1500},
		{"tap%d", "", "", "", "ifname", 1500},
		{"..", "", "", "", "ifname", 1500},
		{"a:1", "", "", "", "ifname", 1500},
		{"eth0", "a/b", "", "", "netns", 1500},
		{"eth0", "..", "", "", "netns", 1500},
		{"eth0", "", "10.0.0.1", "", "ip", 1500},
		{"eth0", "", "", "01:00:00:00:00:01", "mac", 1500},
		{"eth0", "", "", "", "mtu", XD_TAP_MTU_MAX + 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct xd_port_config config = alone_config("tap", "p");
		struct xd_tap_config *tap = xd_tap_config(&config);
		struct xd_error err = {0};
		char key[128];

		strcpy(tap->ifname, rows[i].ifname);
		strcpy(tap->netns, rows[i].netns);
		strcpy(tap->ip, rows[i].ip);
		strcpy(tap->mac, rows[i].mac);
		config.mtu = rows[i].mtu;
		snprintf(key, sizeof(key), "ports.p.%s", rows[i].key ? rows[i].key : "");
		assert_int_equal(xd_tap_driver.check(&config, &err), rows[i].key ? -EINVAL : 0);
		assert_string_equal(err.key, rows[i].key ? key : "");
	}
}

/* The port's name is the interface's, when it can be and no other is given. */
static void
test_name(void **state)
{
	struct xd_port_config config = alone_config("tap", "a-name-of-16-byt");
	struct xd_error err;

	(void)state;
	assert_int_equal(xd_tap_driver.check(&config, &err), -EINVAL);
	assert_non_null(strstr(err.text, "the port's name"));
	strcpy(config.name, "a-name-of-15-by");
	assert_int_equal(xd_tap_driver.check(&config, &err), 0);
	assert_string_equal(xd_netdev_ifname(&config, ""), "a-name-of-15-by");
}

static void
test_claims(void **state)
{
	struct xd_port_config a = alone_config("tap", "x"), b = alone_config("tap", "y"),
			      dpdk = alone_config("tap", "z");
	struct xd_claim claim;

	(void)state;
	assert_false(xd_port_claims_same(&a, &b, NULL, NULL));
	strcpy(xd_tap_config(&b)->ifname, "x");
	assert_true(xd_port_claims_same(&a, &b, NULL, NULL));
	strcpy(xd_tap_config(&b)->netns, "blue");
	assert_false(xd_port_claims_same(&a, &b, NULL, NULL));
	strcpy(xd_tap_config(&a)->netns, "/run/netns/blue");
	assert_true(xd_port_claims_same(&a, &b, NULL, &claim));
	assert_string_equal(claim.name, "x in /run/netns/blue");
	/* The interface that DPDK's driver makes. */
	strcpy(dpdk.type, "dpdk");
	strcpy(dpdk.settings.bytes, "net_tap0,iface=x");
	xd_tap_config(&a)->netns[0] = 0;
	assert_true(xd_port_claims_same(&a, &dpdk, NULL, NULL));
}

/* ---- From the kernel ---- */

#define TCP_AT  34
#define PAYLOAD 54

/* A TCP segment over IPv4 with payload of its own in every place, behind room for a header. */
static void
make_frame(uint8_t *data, size_t len)
{
	static const uint8_t head[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 0, 0,
		0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 1, 2, 3, 4, 0, 0, 0, 1, 0, 0, 0, 1,
		0x50, 0x10};

	for (size_t i = 0; i < len; i++)
		data[i] = i < sizeof(head) ? head[i] : i < PAYLOAD ? 0 : (uint8_t)(i * 7 + i / 256);
	if (len < PAYLOAD)
		return;
	data[16] = (uint8_t)((len - 14) >> 8);
	data[17] = (uint8_t)(len - 14);
}

/* Has the kernel send a frame of len bytes with a header. */
static void
kernel_sends(struct fixture *fx, const struct virtio_net_hdr *header, size_t len)
{
	uint8_t *data = calloc(1, XD_TAP_HEADER + len);

	if (header)
		memcpy(data, header, sizeof(*header));
	make_frame(data + XD_TAP_HEADER, len);
	assert_int_equal(send(fx->kernel, data, XD_TAP_HEADER + len, 0), XD_TAP_HEADER + len);
	free(data);
}

static uint16_t
receive(struct fixture *fx)
{
	fx->p->queues[0].next_tsc = 0;
	return xd_tap_driver.rx(&fx->p->port, 0, fx->alone.batch);
}

static void
test_frames_come_whole(void **state)
{
	static const uint32_t lens[] = {PAYLOAD, 60, 127, 128, 129, 1514, 9014, 65549};
	struct fixture *fx = *state;
	uint8_t *want = malloc(XD_FRAME_MAX), *got = malloc(XD_FRAME_MAX);
	unsigned n = 0;

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		kernel_sends(fx, NULL, lens[i]);
	assert_int_equal(receive(fx), 8);
	assert_int_equal(fx->alone.batch->nb_done, 8);
	for (; n < fx->alone.batch->n; n++) {
		struct xd_frame *f = &fx->alone.batch->frames[n];

		assert_int_equal(f->len, lens[n]);
		assert_int_equal(f->head_len, lens[n] < XD_HEAD ? lens[n] : XD_HEAD);
		assert_int_equal(f->offload.word, 0);
		make_frame(want, f->len);
		xd_frame_gather(f, got);
		assert_memory_equal(got, want, f->len);
	}
	xd_tap_driver.release(&fx->p->port, 0, fx->alone.batch);
	assert_int_equal(fx->alone.batch->nb_done, 0);
	assert_int_equal(receive(fx), 0);
	free(want);
	free(got);
}

/* A turn ends at so many frames or bytes; the rest comes with the next. */
static void
test_turns_are_bounded(void **state)
{
	struct fixture *fx = *state;

	for (unsigned i = 0; i < XD_BATCH + 3; i++)
		kernel_sends(fx, NULL, 60);
	assert_int_equal(receive(fx), XD_BATCH);
	assert_int_equal(receive(fx), 3);
	for (unsigned i = 0; i < 4; i++)
		kernel_sends(fx, NULL, 65549);
	assert_int_equal(receive(fx), 2);
	assert_int_equal(receive(fx), 2);
}

static void
test_lengths_that_no_frame_has(void **state)
{
	struct fixture *fx = *state;

	for (size_t len = 0; len < XD_FRAME_MIN; len++)
		kernel_sends(fx, NULL, len);
	kernel_sends(fx, NULL, XD_FRAME_MAX);
	kernel_sends(fx, NULL, XD_FRAME_MAX + 1);
	kernel_sends(fx, NULL, XD_FRAME_MAX + 1000);
	assert_int_equal(send(fx->kernel, "", 1, 0), 1);
	kernel_sends(fx, NULL, 60);
	assert_int_equal(receive(fx), 2);
	assert_int_equal(fx->alone.batch->frames[0].len, XD_FRAME_MAX);
	assert_int_equal(fx->alone.batch->frames[1].len, 60);
	assert_int_equal(dropped(fx, XD_DROP_RUNT), XD_FRAME_MIN + 1);
	assert_int_equal(dropped(fx, XD_DROP_TOO_LONG), 2);
}

#define CSUM .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = TCP_AT, .csum_offset = 16

static void
test_offloads_from_the_kernel(void **state)
{
	static const struct virtio_net_hdr good[] = {
		{CSUM},
		{CSUM, .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 1448, .hdr_len = 9999},
		{.flags = VIRTIO_NET_HDR_F_DATA_VALID},
	};
	static const struct virtio_net_hdr bad[] = {
		{.gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 1448},
		{CSUM, .gso_type = VIRTIO_NET_HDR_GSO_TCPV6, .gso_size = 1448},
		{CSUM, .gso_type = VIRTIO_NET_HDR_GSO_UDP_L4, .gso_size = 1448},
		{CSUM, .gso_type = VIRTIO_NET_HDR_GSO_UDP, .gso_size = 1448},
		{CSUM, .gso_type = 0x7f, .gso_size = 1448},
		{CSUM, .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 0},
		{CSUM, .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 1},
		{.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 0, .csum_offset = 0},
		{.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 2999, .csum_offset = 0},
		{.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 0xffff, .csum_offset = 0xffff},
		{.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = TCP_AT, .csum_offset = 0xffff},
		{.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
			.csum_start = TCP_AT,
			.csum_offset = 4,
			.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
			.gso_size = 1448},
		{.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
			.csum_start = TCP_AT + 1,
			.csum_offset = 16,
			.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
			.gso_size = 1448},
	};
	struct fixture *fx = *state;
	const unsigned nb_bad = sizeof(bad) / sizeof(bad[0]);

	for (unsigned i = 0; i < nb_bad; i++)
		kernel_sends(fx, &bad[i], 3000);
	for (unsigned i = 0; i < 3; i++)
		kernel_sends(fx, &good[i], 3000);
	assert_int_equal(receive(fx), 3);
	assert_int_equal(dropped(fx, XD_DROP_BAD_OFFLOAD), nb_bad);
	assert_int_equal(fx->alone.batch->frames[0].offload.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_int_equal(fx->alone.batch->frames[0].offload.csum_start, TCP_AT);
	assert_int_equal(fx->alone.batch->frames[1].offload.gso_size, 1448);
	assert_int_equal(fx->alone.batch->frames[2].offload.word, 0);
}

/* An empty queue is not read all the time, and again at once after a sleep. */
static void
test_an_empty_queue_is_left_alone(void **state)
{
	struct fixture *fx = *state;
	struct xd_tap_queue *q = &fx->p->queues[0];

	fx->p->look_tsc = UINT64_MAX / 2;
	assert_int_equal(receive(fx), 0);
	q->seen_tsc = 1; /* long ago */
	assert_int_equal(receive(fx), 0);
	kernel_sends(fx, NULL, 60);
	assert_int_equal(xd_tap_driver.rx(&fx->p->port, 0, fx->alone.batch), 0);
	assert_int_equal(fx->alone.batch->nb_done, 0);
	xd_tap_driver.disarm(&fx->p->port, 0);
	assert_int_equal(xd_tap_driver.rx(&fx->p->port, 0, fx->alone.batch), 1);
	/* Where frames come, more are looked for. */
	kernel_sends(fx, NULL, 60);
	assert_int_equal(xd_tap_driver.rx(&fx->p->port, 0, fx->alone.batch), 1);
}

/* Frames that wait for a full port come again as they were, whatever was done to them, and before
 * others. */
static void
test_frames_come_again(void **state)
{
	static const uint32_t lens[] = {60, 1514, 200, 9014, 61};
	const struct virtio_net_hdr header = {CSUM};
	struct fixture *fx = *state;
	uint8_t want[9014], got[9014];
	uint16_t done = 0;

	for (unsigned i = 0; i < 5; i++)
		kernel_sends(fx, &header, lens[i]);
	assert_int_equal(receive(fx), 5);
	for (uint16_t keep = 0; keep <= 2; keep++) {
		struct xd_batch *batch = fx->alone.batch;
		const uint16_t n = batch->n;

		xd_frame_push(&batch->frames[keep], 4);
		memset(batch->frames[n - 1].buf, 0xee, sizeof(batch->frames[0].buf));
		batch->frames[n - 1].offload.word = 0;
		xd_tap_driver.rewind(&fx->p->port, 0, batch, keep);
		done += keep;
		assert_int_equal(batch->n, keep);
		assert_int_equal(batch->nb_done, keep);
		xd_tap_driver.release(&fx->p->port, 0, batch);
		assert_true(xd_tap_driver.arm(&fx->p->port, 0));
		if (keep == 0)
			kernel_sends(fx, NULL, 62);
		assert_int_equal(receive(fx), n - keep);
		for (uint16_t i = 0; i < batch->n; i++) {
			make_frame(want, lens[done + i]);
			assert_int_equal(batch->frames[i].len, lens[done + i]);
			xd_frame_gather(&batch->frames[i], got);
			assert_memory_equal(got, want, lens[done + i]);
			assert_int_equal(
				batch->frames[i].offload.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
		}
	}
	assert_false(xd_tap_driver.arm(&fx->p->port, 0));
	assert_int_equal(receive(fx), 1);
	assert_int_equal(fx->alone.batch->frames[0].len, 62);
}

/* ---- To the kernel ---- */

/* The batch's first frame: len bytes, what is behind the snapshot at rest. */
static struct xd_frame *
frame_of(struct fixture *fx, uint8_t *rest, uint32_t len)
{
	struct xd_frame *f = &fx->alone.batch->frames[0];
	uint8_t *whole = malloc(len);

	xd_frame_init(f, len, len < XD_HEAD ? (uint8_t)len : XD_HEAD, len > XD_HEAD);
	f->nb_dst = 1;
	make_frame(whole, len);
	memcpy(xd_frame_data(f), whole, f->head_len);
	if (len > XD_HEAD) {
		memcpy(rest, whole + XD_HEAD, len - XD_HEAD);
		fx->alone.batch->segs[0] = (struct xd_seg){rest, len - XD_HEAD};
		f->segs = fx->alone.batch->segs;
	}
	free(whole);
	return f;
}

static uint16_t
transmit(struct fixture *fx, struct xd_frame *f)
{
	return xd_tap_driver.tx(&fx->p->port, 0, &f, 1);
}

/* The next frame that came; its header in *header. */
static ssize_t
kernel_gets(struct fixture *fx, struct virtio_net_hdr *header, uint8_t *data)
{
	uint8_t *buf = malloc(XD_TAP_HEADER + XD_FRAME_MAX);
	ssize_t len = recv(fx->kernel, buf, XD_TAP_HEADER + XD_FRAME_MAX, 0);

	if (len >= XD_TAP_HEADER) {
		memcpy(header, buf, sizeof(*header));
		memcpy(data, buf + XD_TAP_HEADER, (size_t)len - XD_TAP_HEADER);
	}
	free(buf);
	return len < 0 ? -1 : len - XD_TAP_HEADER;
}

static void
test_frames_go_whole(void **state)
{
	static const uint32_t lens[] = {60, 128, 129, 1514, 2048, 2049, 4000};
	struct fixture *fx = *state;
	uint8_t rest[4096], want[4096], got[4096];
	struct virtio_net_hdr header, zero = {0};
	uint64_t bytes = 0;

	fx->p->port.max_frame = 4000;

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		assert_int_equal(transmit(fx, frame_of(fx, rest, lens[i])), 1);
		assert_int_equal(kernel_gets(fx, &header, got), lens[i]);
		make_frame(want, lens[i]);
		assert_memory_equal(got, want, lens[i]);
		assert_memory_equal(&header, &zero, sizeof(zero));
		bytes += lens[i];
	}
	assert_int_equal(fx->p->port.counters[0].tx_frames, 7);
	assert_int_equal(fx->p->port.counters[0].tx_bytes, bytes);
}

/* With no headroom left the header goes in a piece of its own. */
static void
test_a_head_that_fills_its_room(void **state)
{
	struct fixture *fx = *state;
	struct xd_frame *f = frame_of(fx, NULL, 100);
	struct virtio_net_hdr header;
	uint8_t got[256], want[256] = {0};

	make_frame(want + XD_HEADROOM, 100);
	memset(xd_frame_push(f, XD_HEADROOM), 0, XD_HEADROOM);
	assert_int_equal(transmit(fx, f), 1);
	assert_int_equal(kernel_gets(fx, &header, got), 100 + XD_HEADROOM);
	assert_memory_equal(got, want, 100 + XD_HEADROOM);
}

static void
test_offloads_to_the_kernel(void **state)
{
	struct fixture *fx = *state;
	uint8_t *rest = malloc(XD_FRAME_MAX), *got = malloc(XD_FRAME_MAX);
	struct virtio_net_hdr header;
	struct xd_frame *f = frame_of(fx, rest, 3000);

	f->offload = (union xd_offload){.csum_start = TCP_AT,
		.csum_offset = 16,
		.gso_size = 1000,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM};
	assert_int_equal(transmit(fx, f), 1);
	assert_int_equal(kernel_gets(fx, &header, got), 3000);
	assert_int_equal(header.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
	assert_int_equal(header.gso_size, 1000);
	assert_int_equal(header.hdr_len, PAYLOAD);
	assert_int_equal(header.csum_start, TCP_AT);
	/* A kernel that does not take them. */
	fx->p->offloads = 0;
	assert_int_equal(transmit(fx, f), 1);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(kernel_gets(fx, &header, got), i < 2 ? PAYLOAD + 1000 : 1000);
		assert_int_equal(header.flags | header.gso_type, 0);
	}
	assert_int_equal(fx->p->port.counters[0].segmented, 1);
	assert_int_equal(fx->p->port.counters[0].tx_frames, 2);
	f->len = f->head_len = 100;
	f->nb_segs = 0;
	f->offload.gso_type = VIRTIO_NET_HDR_GSO_NONE;
	assert_int_equal(transmit(fx, f), 1);
	assert_int_equal(kernel_gets(fx, &header, got), 100);
	assert_int_equal(fx->p->port.counters[0].checksums, 1);
	free(rest);
	free(got);
}

static void
test_frames_that_do_not_go(void **state)
{
	struct fixture *fx = *state;
	uint8_t *rest = calloc(1, XD_FRAME_MAX);
	struct xd_frame *f = frame_of(fx, rest, 1519);
	unsigned sent = 0;

	assert_int_equal(transmit(fx, f), 1);
	assert_int_equal(dropped(fx, XD_DROP_OVER_MTU), 1);
	/* Segments that would be too long. */
	f->offload = (union xd_offload){.csum_start = TCP_AT,
		.csum_offset = 16,
		.gso_size = 1470,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM};
	assert_int_equal(transmit(fx, f), 1);
	assert_int_equal(dropped(fx, XD_DROP_OVER_MTU), 2);
	/* A full queue is told, not counted. */
	f = frame_of(fx, rest, 1514);
	while (transmit(fx, f) == 1)
		assert_true(++sent < 100000);
	assert_int_equal(fx->p->port.counters[0].tx_frames, sent);
	assert_int_equal(dropped(fx, XD_DROP_NO_BUFFER), 0);
	fx->p->port.up = false;
	assert_int_equal(transmit(fx, f), 1);
	assert_int_equal(dropped(fx, XD_DROP_PORT_DOWN), 1);
	free(rest);
}

/* The sender takes its memory away while the kernel is to read it: its owner is told, and the frame
 * goes with zeroes, as it would to any other port. */
static void
test_memory_that_is_taken_away(void **state)
{
	struct fixture *fx = *state;
	int memory = memfd_create("guest", 0);
	bool lost = false;
	struct xd_bus_owner owner = {&lost, -1};
	struct virtio_net_hdr header;
	uint8_t got[PIECE], want[PIECE], *map;

	fx->p->port.max_frame = PIECE;
	assert_int_equal(xd_bus_error_install(), 0);
	for (uint32_t len = 1000; len <= PIECE; len += 5000, lost = false) {
		struct xd_frame *f;

		assert_int_equal(ftruncate(memory, 3 * PAGE), 0);
		map = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
		assert_ptr_not_equal(map, MAP_FAILED);
		assert_int_equal(xd_bus_error_add(map, 2 * PAGE, PAGE, &owner), 0);
		f = frame_of(fx, map, len);
		assert_int_equal(ftruncate(memory, 0), 0);
		assert_int_equal(transmit(fx, f), 1);
		assert_true(lost);
		assert_int_equal(kernel_gets(fx, &header, got), len);
		make_frame(want, len);
		memset(want + XD_HEAD, 0, len - XD_HEAD);
		assert_memory_equal(got, want, len);
		xd_bus_error_remove(map);
		munmap(map, 3 * PAGE);
	}
	assert_int_equal(fx->p->port.counters[0].tx_frames, 2);
	assert_int_equal(dropped(fx, XD_DROP_NO_BUFFER), 0);
	close(memory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_mac),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_claims),
		cmocka_unit_test_setup_teardown(test_frames_come_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(test_turns_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lengths_that_no_frame_has, setup, teardown),
		cmocka_unit_test_setup_teardown(test_offloads_from_the_kernel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_empty_queue_is_left_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_frames_come_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_frames_go_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_head_that_fills_its_room, setup, teardown),
		cmocka_unit_test_setup_teardown(test_offloads_to_the_kernel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_frames_that_do_not_go, setup, teardown),
		cmocka_unit_test_setup_teardown(test_memory_that_is_taken_away, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
