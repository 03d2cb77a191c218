/* SPDX-License-Identifier: BSD-3-Clause */
/* Attacks by speed: a second thread that rewrites, floods, and descriptors that block. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "hostile.h"

#define SHORT_MS   250
#define STOPPED_MS 20 /* without a buffer given back: the port was stopped, or is very slow */

/* A thread that does something to the guest's memory until it is told to stop. */
struct second {
	struct hostile *h;
	void (*step)(struct hostile *h, uint64_t *state);
	bool stop;
	pthread_t thread;
};

static void *
second_main(void *arg)
{
	struct second *s = arg;
	uint64_t state = 7;

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		for (unsigned i = 0; i < 256; i++)
			s->step(s->h, &state);
	}
	return NULL;
}

static void
second_start(struct second *s)
{
	s->stop = false;
	if (pthread_create(&s->thread, NULL, second_main, s))
		die("no second thread");
}

static void
second_stop(struct second *s)
{
	__atomic_store_n(&s->stop, true, __ATOMIC_RELAXED);
	pthread_join(s->thread, NULL);
}

/* Starts over when the port seems to have been stopped: nothing came back since *last_ms. The
 * second thread, if there is one, must not look at memory that goes. */
static bool
start_over(struct hostile *h, struct second *s, uint64_t *last_ms)
{
	if (now_ms() - *last_ms < STOPPED_MS)
		return false;
	if (s)
		second_stop(s);
	hostile_reconnect(h, RINGS);
	if (s)
		second_start(s);
	*last_ms = now_ms();
	return true;
}

/* Offers good frames as fast as they come back, for a while. Returns how often it had to start
 * over. */
static unsigned
keep_sending(struct hostile *h, struct second *s, unsigned ms)
{
	uint64_t until_ms = now_ms() + ms, last_ms = now_ms(), at = LOW + FRAME_OFFSET;
	unsigned restarts = 0;

	while (now_ms() < until_ms) {
		if (all_back(h, TX)) {
			offer(h, TX, (struct piece[]){{at, HDR, 0}, {at + HDR, 1000, 0}}, 2);
			kick(h, TX);
			refill_rx(h);
			last_ms = now_ms();
		} else if (start_over(h, s, &last_ms)) {
			restarts++;
			put_frame(h, 1000);
		}
	}
	return restarts;
}

/* ---- Rewriting ---- */

static struct xd_vring_desc *
first_descs(struct hostile *h)
{
	return split_desc(h, TX); /* address and length lie at the same place in both kinds */
}

/* Values that are all good by themselves: whoever reads twice gets two that do not fit. */
static void
rewrite_good(struct hostile *h, uint64_t *state)
{
	static const uint32_t lens[] = {HDR, HDR + 14, 60, 1500, 65000, 0x7fffffff};
	uint32_t r = random_u32(state);
	struct xd_vring_desc *d = &first_descs(h)[h->packed ? r % RING_SIZE : r % 2];
	uint64_t len = lens[r / 256 % 6];

	__atomic_store_n(&d->addr, len > 60000 ? SPARSE : LOW + FRAME_OFFSET, __ATOMIC_RELAXED);
	__atomic_store_n(&d->len, (uint32_t)len, __ATOMIC_RELAXED);
}

/* Any address and length, and flags now and then. */
static void
rewrite_bad(struct hostile *h, uint64_t *state)
{
	uint32_t r = random_u32(state);
	struct xd_vring_desc *d = &first_descs(h)[h->packed ? r % RING_SIZE : r % 2];

	__atomic_store_n(&d->addr, r & 1 ? LOW + FRAME_OFFSET : random_u32(state) * 4096ull,
		__ATOMIC_RELAXED);
	__atomic_store_n(&d->len, r & 2 ? HDR + 60 : random_u32(state), __ATOMIC_RELAXED);
	if (!h->packed && r % 64 == 0)
		__atomic_store_n(&d->flags, (uint16_t)(r >> 8 & 7), __ATOMIC_RELAXED);
}

/* virtio-net header and protocol headers of the frame that is being read. */
static void
rewrite_header(struct hostile *h, uint64_t *state)
{
	static const uint8_t values[] = {0, 1, 4, 0x45, 0x4f, 6, 17, 0x86, 0xdd, 0xff};
	uint8_t *at = h->memory + FRAME_OFFSET;
	uint32_t r = random_u32(state);
	uint32_t where = r % 80;

	/* Not the addresses: frames stay where they do no harm. */
	if (where < HDR || where >= HDR + 12)
		__atomic_store_n(&at[where], values[r / 128 % sizeof(values)], __ATOMIC_RELAXED);
}

/* Entries of an indirect table, and how long it is. */
static void
rewrite_table(struct hostile *h, uint64_t *state)
{
	uint32_t r = random_u32(state);
	struct xd_vring_desc *table = (struct xd_vring_desc *)(void *)(h->memory + TABLE_OFFSET);
	struct xd_vring_desc *d = &first_descs(h)[h->packed ? r % RING_SIZE : 0];

	__atomic_store_n(&d->len, 16 * (1 + r / 256 % 3), __ATOMIC_RELAXED);
	__atomic_store_n(&table[r % 3].len, r & 1 ? 40 : 70000, __ATOMIC_RELAXED);
	__atomic_store_n(&table[r % 3].next, (uint16_t)(r / 16 % 4), __ATOMIC_RELAXED);
}

static void
rewritten(struct hostile *h, void (*step)(struct hostile *h, uint64_t *state))
{
	struct second s = {.h = h, .step = step};

	put_frame(h, 1000);
	second_start(&s);
	keep_sending(h, &s, 2 * SHORT_MS);
	second_stop(&s);
}

static void
rewritten_good(struct hostile *h)
{
	rewritten(h, rewrite_good);
}

static void
rewritten_bad(struct hostile *h)
{
	rewritten(h, rewrite_bad);
}

static void
rewritten_header(struct hostile *h)
{
	rewritten(h, rewrite_header);
}

static void
rewritten_table(struct hostile *h)
{
	struct second s = {.h = h, .step = rewrite_table};
	uint64_t at = put_frame(h, 1000), until_ms = now_ms() + 2 * SHORT_MS, last_ms = now_ms();

	second_start(&s);
	while (now_ms() < until_ms) {
		if (all_back(h, TX)) {
			struct piece table = indirect(h,
				(struct piece[]){{at, HDR, 0}, {at + HDR, 40, 0}, {at, 40, 0}}, 3);

			offer(h, TX, &table, 1);
			kick(h, TX);
			last_ms = now_ms();
		} else if (start_over(h, &s, &last_ms)) {
			put_frame(h, 1000);
		}
	}
	second_stop(&s);
}

static void
rewrite_rx(struct hostile *h, uint64_t *state)
{
	uint32_t r = random_u32(state);
	struct xd_vring_desc *d = &split_desc(h, RX)[r % RING_SIZE];

	__atomic_store_n(&d->addr, r & 1 ? HIGH + r % 4096 : SPARSE / 2, __ATOMIC_RELAXED);
	__atomic_store_n(&d->len, r / 4 % 3000, __ATOMIC_RELAXED);
}

static void
rewritten_rx(struct hostile *h)
{
	rewritten(h, rewrite_rx);
}

/* ---- Floods ---- */

static void
tx_flood(struct hostile *h)
{
	put_frame(h, 1000);
	keep_sending(h, NULL, SHORT_MS);
	expect_back(h, TX);
}

static void
kick_flood(struct hostile *h)
{
	uint64_t until_ms = now_ms() + SHORT_MS;

	while (now_ms() < until_ms) {
		for (unsigned i = 0; i < 100; i++)
			eventfd_write(h->rings[i % 2].kick, 1);
	}
	send_frame(h, FRAME);
	expect_back(h, TX);
}

/* Nobody reads a kick: its counter can be brought to its end. */
static void
kick_full(struct hostile *h)
{
	eventfd_write(h->rings[TX].kick, UINT64_MAX - 1);
	send_frame(h, FRAME);
	expect_back(h, TX);
}

/* ---- Floods of messages, each of which would be worth a line of the log ---- */

#define MESSAGES 3000

static void
mtu_flood(struct hostile *h)
{
	for (unsigned i = 0; i < MESSAGES; i++)
		say_u64(h, XD_VU_NET_SET_MTU, 1, -1);
	expect_alive(h);
}

static void
enable_flips(struct hostile *h)
{
	for (unsigned i = 0; i < MESSAGES; i++)
		say_state(h, XD_VU_SET_VRING_ENABLE, RX, i & 1);
	expect_alive(h);
}

static void
reconnects(struct hostile *h)
{
	for (unsigned i = 0; i < MESSAGES / 10; i++)
		hostile_reconnect(h, CONNECTED);
	expect_alive(h);
}

/* ---- What a migration and a memory hotplug do, again and again, while frames flow ---- */

#define FLIPS     200
#define LOG_BYTES (1ull << 20)

/* Another log, logging on or off, and a frame. */
static void
log_flips(struct hostile *h)
{
	int fds[2] = {memory_file(LOG_BYTES), memory_file(LOG_BYTES)};
	uint64_t log[2] = {LOG_BYTES, 0};

	hostile_need(h, XD_VU_PF_LOG_SHMFD, "a shared log");
	for (unsigned i = 0; i < FLIPS; i++) {
		log[0] = i % 3 ? LOG_BYTES : 4096;
		if (!say(h, XD_VU_SET_LOG_BASE, log, sizeof(log), fds[i % 2]) ||
			!say_u64(h, XD_VU_SET_FEATURES,
				i % 2 ? h->features : h->features | XD_VU_F_LOG_ALL, -1))
			die("hung up after %u logs", i);
		expect_alive(h);
		send_frame(h, FRAME);
		expect_back(h, TX);
	}
}

/* The same memory, mapped anew below rings that run. */
static void
tables(struct hostile *h)
{
	for (unsigned i = 0; i < FLIPS; i++) {
		struct xd_vu_mem_table table = {.nb_regions = 3,
			.regions = {{LOW, REGION, h->user, 0},
				{HIGH, REGION, h->user + REGION + GAP, REGION},
				{SPARSE, SPARSE_BYTES - i * 4096ull, h->user + 2 * (REGION + GAP),
					2 * REGION}}};

		raw(h, XD_VU_SET_MEM_TABLE, XD_VU_VERSION, 8 + 3 * 32, &table, 8 + 3 * 32,
			(int[]){h->memory_fd, h->memory_fd, h->memory_fd}, 3);
		expect_alive(h);
		send_frame(h, FRAME);
		expect_back(h, TX);
	}
	expect_alive(h);
}

const struct attack attacks_load[] = {
	{"log-flips", RINGS, BOTH, HARMLESS, log_flips},
	{"tables", RINGS, BOTH, HARMLESS, tables},
	{"rewritten-good", RINGS, BOTH, EITHER, rewritten_good},
	{"rewritten-bad", RINGS, BOTH, EITHER, rewritten_bad},
	{"rewritten-header", RINGS, BOTH, EITHER, rewritten_header},
	{"rewritten-table", RINGS, BOTH, EITHER, rewritten_table},
	{"rewritten-rx", RINGS, BOTH, EITHER, rewritten_rx},
	{"tx-flood", RINGS, BOTH, HARMLESS, tx_flood},
	{"kick-flood", RINGS, BOTH, HARMLESS, kick_flood},
	{"kick-full", RINGS, BOTH, HARMLESS, kick_full},
	{"mtu-flood", RINGS_ANY, 0, HARMLESS, mtu_flood},
	{"enable-flips", RINGS_ANY, 0, HARMLESS, enable_flips},
	{"reconnects", CONNECTED, 0, HARMLESS, reconnects},
	{0},
};
