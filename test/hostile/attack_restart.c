/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages while traffic runs. */
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "hostile.h"

#define ROUNDS 100

/* A thread that fills the transmit ring with good frames all the time, without waiting for them. */
struct traffic {
	struct hostile *h;
	bool stop;
	pthread_t thread;
};

static void *
traffic_main(void *arg)
{
	struct traffic *t = arg;
	struct piece frame = {LOW + FRAME_OFFSET, HDR + 200, 0};

	while (!__atomic_load_n(&t->stop, __ATOMIC_RELAXED)) {
		for (unsigned i = 0; i < 16; i++) {
			if (all_back(t->h, TX))
				offer(t->h, TX, &frame, 1);
		}
		if (t->h->rings[TX].kick > 0)
			eventfd_write(t->h->rings[TX].kick, 1);
		usleep(50);
	}
	return NULL;
}

static void
traffic_start(struct traffic *t, struct hostile *h)
{
	*t = (struct traffic){.h = h};
	put_frame(h, 200);
	if (pthread_create(&t->thread, NULL, traffic_main, t))
		die("no thread");
}

static void
traffic_stop(struct traffic *t)
{
	__atomic_store_n(&t->stop, true, __ATOMIC_RELAXED);
	pthread_join(t->thread, NULL);
}

/* Does something over and over while frames are sent. */
static void
under_traffic(struct hostile *h, void (*step)(struct hostile *h, unsigned round))
{
	struct traffic t;

	traffic_start(&t, h);
	for (unsigned i = 0; i < ROUNDS; i++)
		step(h, i);
	traffic_stop(&t);
	expect_alive(h);
}

static void
toggle(struct hostile *h, unsigned round)
{
	say_state(h, XD_VU_SET_VRING_ENABLE, TX, round & 1);
	say_state(h, XD_VU_SET_VRING_ENABLE, RX, !(round & 2));
}

static void
toggled(struct hostile *h)
{
	under_traffic(h, toggle);
}

/* The same file again, mapped anew. */
static void
remap(struct hostile *h, unsigned round)
{
	struct xd_vu_mem_table table = {.nb_regions = 1, .regions = {{LOW, REGION, h->user, 0}}};

	(void)round;
	say(h, XD_VU_SET_MEM_TABLE, &table, 8 + 32, h->memory_fd);
}

static void
remapped(struct hostile *h)
{
	under_traffic(h, remap);
}

static void
plug(struct hostile *h, unsigned round)
{
	struct xd_vu_mem_one one = {.region = {SPARSE + (1ull << 36), REGION, SPARSE, 0}};

	(void)round;
	say(h, XD_VU_ADD_MEM_REG, &one, sizeof(one), h->memory_fd);
	say(h, XD_VU_REM_MEM_REG, &one, sizeof(one), -1);
}

static void
plugged(struct hostile *h)
{
	hostile_need(h, XD_VU_PF_CONFIGURE_MEM_SLOTS, "memory slots");
	under_traffic(h, plug);
}

/* A running ring gets other addresses, a size, a position and descriptors. */
static void
move(struct hostile *h, unsigned round)
{
	uint64_t at = h->user + RING_OFFSET(round % 2 ? RX : TX);

	switch (round % 4) {
	case 0:
		ring_addr(h, TX, at + DESC_OFFSET, at + DRIVER_OFFSET, at + DEVICE_OFFSET);
		break;
	case 1:
		say_state(h, XD_VU_SET_VRING_NUM, TX, 1u << round % 9);
		break;
	case 2:
		say_state(h, XD_VU_SET_VRING_BASE, TX, h->packed ? round | round << 16 : round);
		break;
	default:
		say_u64(h, XD_VU_SET_VRING_CALL, TX, h->rings[TX].call);
		say_u64(h, XD_VU_SET_VRING_KICK, TX, h->rings[TX].kick);
	}
}

static void
moved(struct hostile *h)
{
	under_traffic(h, move);
}

static void
stop_and_go(struct hostile *h, unsigned round)
{
	unsigned ring = round % 2;

	say_state(h, XD_VU_GET_VRING_BASE, ring, 0);
	say_u64(h, XD_VU_SET_VRING_KICK, ring, h->rings[ring].kick);
}

static void
stopped_and_going(struct hostile *h)
{
	under_traffic(h, stop_and_go);
}

/* Features that change while rings run: among others the kind of ring and the header's size. */
static void
renegotiate(struct hostile *h, unsigned round)
{
	say_u64(h, XD_VU_SET_FEATURES, round & 1 ? h->features : 1ull << 30 | 1ull << 32, -1);
}

static void
renegotiated(struct hostile *h)
{
	under_traffic(h, renegotiate);
}

static void
reset(struct hostile *h, unsigned round)
{
	if (round & 1)
		say(h, XD_VU_RESET_OWNER, NULL, 0, -1);
	else if (hostile_has(h, XD_VU_PF_STATUS))
		say_u64(h, XD_VU_SET_STATUS, round & 2 ? 0 : 15, -1);
	say_state(h, XD_VU_SET_VRING_ENABLE, TX, 1);
}

static void
resets(struct hostile *h)
{
	under_traffic(h, reset);
}

static void
hang_up(struct hostile *h)
{
	for (unsigned i = 0; i < ROUNDS / 2; i++) {
		send_frame(h, FRAME);
		hostile_reconnect(h, RINGS);
	}
}

const struct attack attacks_restart[] = {
	{"enabled-and-disabled", RINGS, BOTH, HARMLESS, toggled},
	{"memory-mapped-again", RINGS, BOTH, EITHER, remapped},
	{"memory-plugged", RINGS, BOTH, HARMLESS, plugged},
	{"rings-moved", RINGS, BOTH, EITHER, moved},
	{"stopped-and-started", RINGS, BOTH, EITHER, stopped_and_going},
	{"features-changed", RINGS, BOTH, EITHER, renegotiated},
	{"resets", RINGS, BOTH, EITHER, resets},
	{"hung-up", RINGS, BOTH, HARMLESS, hang_up},
	{0},
};
