/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long the first frame after a pause takes through a switch whose worker sleeps, beside what
 * waking a thread takes by itself (test/perf/idle).
 *
 *     wakeup OWN_CORE WORKER_CORE SOCKET SOCKET [SOCKET...]
 *
 * Is the guest of all ports, whose sockets these are, and says "ready". Each line read, "COUNT
 * GAP_US", is answered by one of JSON, after COUNT times
 *  - a pause, then a write to an eventfd that a thread on WORKER_CORE waits for in epoll, until
 *    that thread's answer is seen in memory: "bare";
 *  - a pause, then a frame from the first guest to the second, until it lies in the second's ring:
 *    "switch". Both guests are this program, on OWN_CORE, which polls for either answer.
 * Times are nanoseconds. A frame that does not come within half a minute is lost.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/number.h"
#include "stats/histogram.h"
#include "tools/guest_many.h"
#include "traffic/host/cpu_time.h"
#include "two_numbers.h"

#define FRAME     60
#define LOST_MS   30000 /* a frame has not come by then: a core that is busy elsewhere is late */
#define NUMBER_AT 14    /* behind the Ethernet header */

struct sleeper {
	int core, event_fd, epoll_fd;
	uint64_t woken; /* how often */
	pthread_t thread;
};

struct wakeup {
	struct guest guests[GUEST_MANY_MAX];
	unsigned nb_guests;
	struct sleeper sleeper;
	uint32_t number; /* of the last frame */
	uint64_t nb_lost;
	struct xd_histogram *bare, *through;
};

/* ---- Without a switch ---- */

static void *
sleeper_main(void *arg)
{
	struct sleeper *s = arg;
	struct epoll_event event;

	xd_cpu_pin(s->core);
	while (epoll_wait(s->epoll_fd, &event, 1, -1) >= 0 || errno == EINTR)
		__atomic_add_fetch(&s->woken, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* Edge-triggered, so that it is as the switch has its guests' descriptors: never read. */
static int
start_sleeper(struct sleeper *s)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};

	s->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->event_fd < 0 || s->epoll_fd < 0 ||
		epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->event_fd, &event))
		return -1;
	return pthread_create(&s->thread, NULL, sleeper_main, s);
}

static void
bare_once(struct wakeup *w)
{
	struct sleeper *s = &w->sleeper;
	const uint64_t woken = __atomic_load_n(&s->woken, __ATOMIC_ACQUIRE);
	const uint64_t start = xd_clock_ns();

	eventfd_write(s->event_fd, 1);
	while (__atomic_load_n(&s->woken, __ATOMIC_ACQUIRE) == woken)
		;
	xd_histogram_record(w->bare, xd_clock_ns() - start);
}

/* ---- Through the switch ---- */

static void
write_frame(uint8_t frame[FRAME], uint8_t dst, uint8_t src, uint32_t number)
{
	memset(frame, 0, FRAME);
	frame[0] = frame[6] = 0x02;
	frame[5] = dst;
	frame[11] = src;
	frame[12] = 0x88;
	frame[13] = 0xb5;
	memcpy(frame + NUMBER_AT, &number, sizeof(number));
}

/* Until the frame of this number has come; false: it is lost, or the switch is gone. */
static bool
await_frame(struct guest *g, uint32_t number, uint64_t start)
{
	uint8_t frame[GUEST_FRAME_MAX];

	while (xd_clock_ns() - start < LOST_MS * 1000000ull) {
		int len = guest_receive(g, frame, 0);

		if (len >= FRAME && !memcmp(frame + NUMBER_AT, &number, sizeof(number)))
			return true;
		if (len < 0 && len != -EAGAIN)
			return false;
	}
	return false;
}

/* 0, or a negative errno: the switch does not take frames any more. */
static int
through_once(struct wakeup *w)
{
	uint8_t frame[FRAME];
	uint64_t start;
	int ret;

	write_frame(frame, 2, 1, ++w->number);
	start = xd_clock_ns();
	ret = guest_send(&w->guests[0], frame, FRAME, NULL, 0, false);
	if (ret)
		return ret;
	if (await_frame(&w->guests[1], w->number, start))
		xd_histogram_record(w->through, xd_clock_ns() - start);
	else
		w->nb_lost++;
	return guest_wait_sent(&w->guests[0], LOST_MS);
}

/* The switch learns both addresses. */
static int
teach(struct wakeup *w)
{
	uint8_t frame[FRAME];
	int ret;

	write_frame(frame, 1, 2, 0);
	ret = guest_send(&w->guests[1], frame, FRAME, NULL, 0, false);
	return ret ? ret : guest_wait_sent(&w->guests[1], LOST_MS);
}

/* ---- Orders ---- */

static void
print_times(const char *name, const struct xd_histogram *h)
{
	printf("\"%s\": {\"count\": %" PRIu64 ", \"p50_ns\": %" PRIu64 ", \"p99_ns\": %" PRIu64
	       ", \"max_ns\": %" PRIu64 "}",
		name, xd_histogram_count(h), xd_histogram_percentile(h, 50),
		xd_histogram_percentile(h, 99), xd_histogram_max(h));
}

static int
order(struct wakeup *w, uint64_t count, uint64_t gap_us)
{
	int ret = teach(w);

	w->nb_lost = 0;
	xd_histogram_reset(w->bare);
	xd_histogram_reset(w->through);
	for (uint64_t i = 0; i < count && !ret; i++) {
		usleep((useconds_t)gap_us);
		bare_once(w);
		usleep((useconds_t)gap_us);
		ret = through_once(w);
	}
	if (ret)
		return ret;
	putchar('{');
	print_times("bare", w->bare);
	printf(", ");
	print_times("switch", w->through);
	printf(", \"lost\": %" PRIu64 "}\n", w->nb_lost);
	fflush(stdout);
	return 0;
}

static int
obey(struct wakeup *w)
{
	char line[64];

	while (fgets(line, sizeof(line), stdin)) {
		uint64_t count, gap_us;
		int ret;

		if (!two_numbers(line, 1000000, 999999, &count, &gap_us)) {
			fprintf(stderr, "wakeup: type COUNT GAP_US\n");
			return 2;
		}
		ret = order(w, count, gap_us);
		if (ret) {
			fprintf(stderr, "wakeup: no way through the switch: %s\n", strerror(-ret));
			return EXIT_FAILURE;
		}
	}
	return EXIT_SUCCESS;
}

static int
usage(void)
{
	fprintf(stderr, "Usage: wakeup OWN_CORE WORKER_CORE SOCKET SOCKET [SOCKET...], at most "
			"1024 sockets\n");
	return 2;
}

int
main(int argc, char **argv)
{
	static struct wakeup w;
	uint64_t cores[2];

	signal(SIGPIPE, SIG_IGN);
	if (argc < 5 || argc > 3 + GUEST_MANY_MAX || xd_number_parse(argv[1], 0, 1023, &cores[0]) ||
		xd_number_parse(argv[2], 0, 1023, &cores[1]))
		return usage();
	w.nb_guests = (unsigned)argc - 3;
	w.sleeper.core = (int)cores[1];
	w.bare = xd_histogram_create();
	w.through = xd_histogram_create();
	if (!w.bare || !w.through || start_sleeper(&w.sleeper) || xd_cpu_pin((int)cores[0])) {
		fprintf(stderr, "wakeup: no memory, or not to run on core %s\n", argv[1]);
		return EXIT_FAILURE;
	}
	if (guest_open_many(w.guests, w.nb_guests, argv + 3, "wakeup"))
		return EXIT_FAILURE;
	puts("ready");
	fflush(stdout);
	return obey(&w);
}
