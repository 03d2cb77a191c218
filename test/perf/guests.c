/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many guests that have little to do (test/perf/per_vm).
 *
 *     guests CORE SOCKET SOCKET [SOCKET...]
 *
 * Is the guest of all ports, whose sockets these are, and says "ready". Each line read, "PPS MS",
 * is answered by one of JSON, after each guest has sent PPS frames a second for MS milliseconds to
 * the other one of its pair (the first and the second, the third and the fourth, ...): one guest
 * after the other, at equal distances. A guest looks at what it has received before it sends.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/number.h"
#include "tools/guest_many.h"
#include "traffic/host/cpu_time.h"
#include "two_numbers.h"

#define FRAME      60
#define SENT_MS    1000
#define NAP_MIN_NS 100000 /* a wait that is shorter is spent looking at the clock */

struct guests {
	struct guest guest[GUEST_MANY_MAX];
	unsigned n;
	uint64_t sent, received;
};

static void
write_address(uint8_t *to, unsigned number)
{
	memset(to, 0, 6);
	to[0] = 0x02;
	to[4] = (uint8_t)(number >> 8);
	to[5] = (uint8_t)number;
}

static int
send_frame(struct guest *g, unsigned dst, unsigned src)
{
	uint8_t frame[FRAME] = {0};
	int ret = guest_wait_sent(g, SENT_MS);

	write_address(frame, dst);
	write_address(frame + 6, src);
	frame[12] = 0x88;
	frame[13] = 0xb5;
	return ret ? ret : guest_send(g, frame, FRAME, NULL, 0, false);
}

/* What has come so far; 0, or a negative errno. */
static int
receive(struct guests *w, struct guest *g)
{
	uint8_t frame[GUEST_FRAME_MAX];
	int len;

	while ((len = guest_receive(g, frame, 0)) >= 0)
		w->received++;
	return len == -EAGAIN ? 0 : len;
}

/* To themselves, so that the switch learns all addresses and floods nothing. */
static int
teach(struct guests *w)
{
	int ret = 0;

	for (unsigned i = 0; i < w->n && !ret; i++) {
		ret = send_frame(&w->guest[i], i, i);
		if (!ret)
			ret = guest_wait_sent(&w->guest[i], SENT_MS);
	}
	return ret;
}

static void
wait_until(uint64_t due)
{
	uint64_t now;

	while ((now = xd_clock_ns()) < due)
		if (due - now > NAP_MIN_NS)
			usleep((useconds_t)((due - now) / 2000));
}

/* Until all have come that were sent, or none has for a while. */
static int
collect(struct guests *w)
{
	const uint64_t end = xd_clock_ns() + XD_NS_PER_S;
	int ret = 0;

	while (w->received < w->sent && xd_clock_ns() < end && !ret)
		for (unsigned i = 0; i < w->n && !ret; i++)
			ret = receive(w, &w->guest[i]);
	return ret;
}

static int
load(struct guests *w, uint64_t pps, uint64_t ms)
{
	const uint64_t total = w->n * pps * ms / 1000;
	const uint64_t start = xd_clock_ns();
	int ret = 0;

	w->sent = w->received = 0;
	for (uint64_t i = 0; i < total && !ret; i++) {
		const unsigned n = (unsigned)(i % w->n);

		wait_until(start + i * ms * 1000000 / total);
		ret = receive(w, &w->guest[n]);
		if (!ret)
			ret = send_frame(&w->guest[n], n ^ 1, n);
		w->sent += !ret;
	}
	if (ret)
		return ret;
	printf("{\"sent\": %" PRIu64 ", \"took_ns\": %" PRIu64, w->sent, xd_clock_ns() - start);
	ret = collect(w);
	printf(", \"received\": %" PRIu64 "}\n", w->received);
	fflush(stdout);
	return ret;
}

static int
obey(struct guests *w)
{
	char line[64];
	int ret = teach(w);

	while (!ret && fgets(line, sizeof(line), stdin)) {
		uint64_t pps, ms;

		if (!two_numbers(line, 1000000, 600000, &pps, &ms)) {
			fprintf(stderr, "guests: type PPS MS\n");
			return 2;
		}
		ret = load(w, pps, ms);
	}
	if (ret)
		fprintf(stderr, "guests: no way through the switch: %s\n", strerror(-ret));
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	static struct guests w;
	uint64_t core;

	signal(SIGPIPE, SIG_IGN);
	if (argc < 4 || argc > 2 + GUEST_MANY_MAX || argc % 2 ||
		xd_number_parse(argv[1], 0, 1023, &core)) {
		fprintf(stderr, "Usage: guests CORE SOCKET SOCKET [SOCKET...], an even number of "
				"them, at most 1024\n");
		return 2;
	}
	w.n = (unsigned)argc - 2;
	if (xd_cpu_pin((int)core)) {
		fprintf(stderr, "guests: not to run on core %s\n", argv[1]);
		return EXIT_FAILURE;
	}
	if (guest_open_many(w.guest, w.n, argv + 2, "guests"))
		return EXIT_FAILURE;
	puts("ready");
	fflush(stdout);
	return obey(&w);
}
