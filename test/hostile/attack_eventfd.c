/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Attacks with eventfds. Whoever shares an open file may change its flags at any time, and its
 * counter: then a write waits that was not to wait.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "hostile.h"

#define LONG_MS     2000
#define FULL        (UINT64_MAX - 1)
#define F_EVENT_IDX 29

static void
set_nonblocking(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK))
		die("fcntl: %s", strerror(errno));
}

/* Rings whose device has to notify for each buffer, by this descriptor. */
static void
rings_with_call(struct hostile *h, int call)
{
	h->without = 1ull << F_EVENT_IDX;
	hostile_reconnect(h, RINGS);
	for (unsigned i = 0; i < 2; i++)
		say_u64(h, XD_VU_SET_VRING_CALL, i, call);
	expect_alive(h);
}

/* A frame each millisecond, for which a notification is due. */
static void
send_one(struct hostile *h)
{
	if (all_back(h, TX)) {
		offer(h, TX, &(struct piece){LOW + FRAME_OFFSET, HDR + FRAME, 0}, 1);
		kick(h, TX);
	}
	refill_rx(h);
	usleep(1000);
}

/* ---- A call descriptor that is full ---- */

static bool
hung_up(const struct hostile *h)
{
	struct pollfd p = {.fd = h->sock, .events = POLLRDHUP};

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP));
}

static void
fill(int call)
{
	struct pollfd p = {.fd = call, .events = POLLOUT};

	if (poll(&p, 1, 0) > 0) {
		eventfd_write(call, 1); /* so that there is something to read */
		(void)!read(call, &(uint64_t){0}, 8);
		eventfd_write(call, FULL);
	}
}

static void
full(struct hostile *h)
{
	uint64_t until_ms = now_ms() + LONG_MS;

	while (now_ms() < until_ms) {
		int call = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

		rings_with_call(h, call);
		put_frame(h, FRAME);
		set_nonblocking(call, false);
		while (now_ms() < until_ms && !hung_up(h)) {
			fill(call);
			send_one(h);
		}
		close(call);
	}
}

/* ---- One that is filled up again as soon as somebody has emptied it ---- */

struct refiller {
	int fd;
	bool stop;
	pthread_t thread;
};

static void *
refill(void *arg)
{
	struct refiller *r = arg;

	while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED))
		fill(r->fd);
	return NULL;
}

static void
refill_stop(struct refiller *r)
{
	__atomic_store_n(&r->stop, true, __ATOMIC_RELAXED);
	set_nonblocking(r->fd, true);
	while (pthread_tryjoin_np(r->thread, NULL)) {
		(void)!read(r->fd, &(uint64_t){0}, 8);
		usleep(100);
	}
	close(r->fd);
}

static void
refilled(struct hostile *h)
{
	uint64_t until_ms = now_ms() + LONG_MS;

	while (now_ms() < until_ms) {
		struct refiller r = {.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};

		rings_with_call(h, r.fd);
		put_frame(h, FRAME);
		set_nonblocking(r.fd, false);
		if (pthread_create(&r.thread, NULL, refill, &r))
			die("no second thread");
		/* All the while there are messages for which workers have to look away, and after
		 * which the guest is to be notified. */
		for (unsigned i = 0; now_ms() < until_ms && !hung_up(h); i++) {
			send_one(h);
			say_state(h, XD_VU_SET_VRING_ENABLE, RX, i & 1);
		}
		refill_stop(&r);
	}
}

const struct attack attacks_eventfd[] = {
	{"full", UNCONNECTED, BOTH, EITHER, full},
	{"refilled", UNCONNECTED, BOTH, EITHER, refilled},
	{0},
};
