/* SPDX-License-Identifier: BSD-3-Clause */
/* Attacks on others' time: whatever a worker does for this guest takes long. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "hostile.h"

#define LONG_MS     1500
#define F_EVENT_IDX 29

/* ---- A call descriptor with very many waiters ---- */

#define WAITERS 150000
#define COPIES  3000 /* descriptors of it; each set takes each of them once */

static void
more_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		die("getrlimit: %s", strerror(errno));
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < 2 * COPIES)
		die("no %d descriptors", 2 * COPIES);
}

static void
wait_many_times(int fd)
{
	static int copies[COPIES];

	more_descriptors();
	for (unsigned i = 0; i < COPIES; i++)
		copies[i] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	for (unsigned n = 0; n < WAITERS; n += COPIES) {
		int set = epoll_create1(EPOLL_CLOEXEC);

		for (unsigned i = 0; i < COPIES; i++) {
			struct epoll_event event = {.events = EPOLLIN};

			if (epoll_ctl(set, EPOLL_CTL_ADD, copies[i], &event))
				die("epoll_ctl: %s", strerror(errno));
		}
	}
}

/* Sends frame after frame, each of which asks for an interrupt when it is done. */
static void
ask_for_interrupts(struct hostile *h)
{
	uint64_t until_ms = now_ms() + LONG_MS;

	put_frame(h, FRAME);
	while (now_ms() < until_ms) {
		if (all_back(h, TX)) {
			offer(h, TX, &(struct piece){LOW + FRAME_OFFSET, HDR + FRAME, 0}, 1);
			kick(h, TX);
		}
		refill_rx(h);
		usleep(100);
	}
}

static void
many_waiters(struct hostile *h)
{
	int call = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	wait_many_times(call);
	h->without = 1ull << F_EVENT_IDX;
	hostile_reconnect(h, RINGS);
	for (unsigned i = 0; i < 2; i++)
		say_u64(h, XD_VU_SET_VRING_CALL, i, call);
	expect_alive(h);
	ask_for_interrupts(h);
}

/* ---- Chains as long as a ring can be, across as many regions as there can be ---- */

#define BIG        32768u
#define BIG_BYTES  (2ull << 20)
#define NB_REGIONS 500
#define ISLANDS    (SPARSE + (16ull << 30))
#define ISLAND     4096ull

/* Where a ring of that size lies in the third region. */
#define BIG_DRIVER (BIG * 16ull)
#define BIG_DEVICE (BIG_DRIVER + 0x20000)

static void
add_islands(struct hostile *h)
{
	for (unsigned i = 0; i < NB_REGIONS; i++) {
		struct xd_vu_mem_one one = {.region = {.guest_addr = ISLANDS + 2 * i * ISLAND,
						    .size = ISLAND,
						    .user_addr = 0x600000000000 + 2 * i * ISLAND,
						    .mmap_offset = 2 * REGION + BIG_BYTES}};

		say(h, XD_VU_ADD_MEM_REG, &one, sizeof(one), h->memory_fd);
	}
	expect_alive(h);
}

struct big_ring {
	struct xd_vring_desc *desc;
	struct xd_vring_avail *avail;
	struct xd_vring_used *used;
};

/* A ring whose descriptors, each of one byte, are one chain. flags: of all of them; first_bytes: of
 * the first. */
static struct big_ring
big_ring_up(struct hostile *h, unsigned ring, uint16_t flags, uint32_t first_bytes)
{
	const uint64_t user = h->user + 2 * REGION + 2 * GAP;
	struct xd_vring_desc *desc =
		mmap(NULL, BIG_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, h->memory_fd, 2 * REGION);

	if (desc == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	add_islands(h);
	for (unsigned i = 0; i < BIG; i++)
		desc[i] = (struct xd_vring_desc){.addr = ISLANDS + 2 * (i % NB_REGIONS) * ISLAND,
			.len = i ? 1 : first_bytes,
			.flags = (uint16_t)(flags | (i + 1 < BIG ? XD_VRING_DESC_F_NEXT : 0)),
			.next = (uint16_t)(i + 1)};
	say_state(h, XD_VU_SET_VRING_NUM, ring, BIG);
	say_state(h, XD_VU_SET_VRING_BASE, ring, 0);
	ring_addr(h, ring, user, user + BIG_DRIVER, user + BIG_DEVICE);
	ring_kick_call(h, ring);
	say_state(h, XD_VU_SET_VRING_ENABLE, ring, 1);
	expect_alive(h);
	return (struct big_ring){desc, (void *)((uint8_t *)desc + BIG_DRIVER),
		(void *)((uint8_t *)desc + BIG_DEVICE)};
}

static void
long_chains(struct hostile *h)
{
	struct big_ring r = big_ring_up(h, TX, 0, 1);
	uint64_t until_ms = now_ms() + LONG_MS;
	uint16_t idx = 0;

	/* Every buffer is the same chain. */
	while (now_ms() < until_ms) {
		if (__atomic_load_n(&r.used->idx, __ATOMIC_ACQUIRE) == idx)
			__atomic_store_n(&r.avail->idx, idx += 32, __ATOMIC_RELEASE);
		kick(h, TX);
		usleep(100);
	}
}

/* The same for what this guest gets: a byte of each frame in a buffer of its own, behind the
 * header. Whoever sends to it would have the work. */
static void
crumbs(struct hostile *h)
{
	struct big_ring r = big_ring_up(h, RX, XD_VRING_DESC_F_WRITE, HDR);
	uint64_t until_ms = now_ms() + LONG_MS;

	while (now_ms() < until_ms) {
		uint16_t used = __atomic_load_n(&r.used->idx, __ATOMIC_ACQUIRE);

		__atomic_store_n(&r.avail->idx, (uint16_t)(used + BIG / 2), __ATOMIC_RELEASE);
		usleep(100);
	}
}

/* ---- Pages that go while they are in use ---- */

#define PAGES 240 /* of which a frame has a little in each */
#define BIT   270u

struct puncher {
	int fd;
	bool stop;
};

static void *
punch(void *arg)
{
	struct puncher *p = arg;

	while (!__atomic_load_n(&p->stop, __ATOMIC_RELAXED))
		fallocate(p->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2 * REGION,
			PAGES * 4096);
	return NULL;
}

static void
punched(struct hostile *h)
{
	struct puncher p = {.fd = h->memory_fd};
	uint64_t until_ms = now_ms() + LONG_MS;
	struct piece pieces[1 + PAGES] = {{put_frame(h, FRAME), HDR + FRAME, 0}};
	pthread_t thread;

	for (unsigned i = 0; i < PAGES; i++)
		pieces[1 + i] = (struct piece){SPARSE + i * 4096, BIT, 0};
	if (pthread_create(&thread, NULL, punch, &p))
		die("no second thread");
	while (now_ms() < until_ms) {
		if (all_back(h, TX)) {
			offer(h, TX, pieces, 1 + PAGES);
			kick(h, TX);
		}
		refill_rx(h);
	}
	__atomic_store_n(&p.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
}

const struct attack attacks_time[] = {
	{"many-waiters", UNCONNECTED, BOTH, SLOW, many_waiters},
	{"long-chains", MEMORY, SPLIT, DROPPED, long_chains},
	{"crumbs", MEMORY, SPLIT, SCATTERED, crumbs},
	{"punched", RINGS, BOTH, EITHER, punched},
	{0},
};
