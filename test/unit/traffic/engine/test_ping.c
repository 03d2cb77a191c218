/* SPDX-License-Identifier: BSD-3-Clause */
/* What a caller sends is what a host of engine respond answers, what it takes for a reply, and what
 * it makes of times; and that no frame, however wrong, does harm. */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "traffic/engine/ping/caller.h"

#define ROOM 65600

static struct xd_respond_host us, them;
static struct xd_ping_path path;

static void
meet(const char *to)
{
	struct xd_error err;

	assert_int_equal(xd_respond_host_init(&us, 0x80, "10.0.0.1,fd00::1", &err), 0);
	assert_int_equal(xd_respond_host_init(&them, 0, "10.0.0.2,fd00::2", &err), 0);
	assert_int_equal(xd_ping_path_init(&path, &us, to, &err), 0);
	path.id = 4711;
}

/* In memory of just its size, so that a sanitizer sees what is read beyond it. */
static enum xd_ping_kind
recognise(const uint8_t *frame, uint32_t len, uint32_t size, bool summed, uint16_t *seq)
{
	uint8_t *exact = malloc(len ? len : 1);
	enum xd_ping_kind kind;

	memcpy(exact, frame, len);
	kind = xd_ping_recognise(&path, exact, len, size, summed, seq);
	free(exact);
	return kind;
}

static void
find(void)
{
	uint8_t frame[XD_RESPOND_ROOM];
	uint32_t len = xd_respond_ask(&us, &path.to, frame);

	assert_int_equal(xd_respond_answer(&them, frame, &len, false),
		path.to.v6 ? XD_RESPOND_NEIGHBOUR : XD_RESPOND_ARP);
	assert_true(xd_respond_is_answer(&path.to, frame, len, path.to_mac));
	assert_memory_equal(path.to_mac, them.mac, 6);
}

static const char *const targets[] = {"10.0.0.2", "fd00::2", "fe80::58:ff:fe00:0"};

static void
test_replies(void **state)
{
	static const uint32_t sizes[] = {60, 62, 63, 98, 1514, 9018, 65549};
	static uint8_t frame[ROOM];

	(void)state;
	for (unsigned k = 0; k < 3; k++) {
		meet(targets[k]);
		find();
		assert_int_equal(path.from[0], k == 0 ? 10 : k == 1 ? 0xfd : 0xfe);
		for (unsigned i = path.to.v6; i < sizeof(sizes) / sizeof(sizes[0]); i++)
			for (unsigned n = 0; n < 3; n++) {
				uint16_t seq = (uint16_t)(n * 0x7fff), got = 1;
				uint32_t len = xd_ping_request(&path, seq, sizes[i], frame);

				assert_int_equal(len, sizes[i]);
				assert_int_equal(xd_respond_answer(&them, frame, &len, false),
					path.to.v6 ? XD_RESPOND_ECHO6 : XD_RESPOND_ECHO);
				assert_int_equal(recognise(frame, len, sizes[i], false, &got),
					XD_PING_REPLY);
				assert_int_equal(got, seq);
				/* Of another run. */
				path.id++;
				assert_int_equal(recognise(frame, len, sizes[i], false, &got),
					XD_PING_OTHER);
				path.id--;
				/* Of another size. */
				assert_int_equal(recognise(frame, len, sizes[i] + 1, false, &got),
					XD_PING_WRONG);
			}
	}
}

/* A byte that differs is noticed, but for those that say nothing of whose reply it is. */
static void
test_wrong_bytes(void **state)
{
	uint8_t frame[256];
	uint16_t seq;

	(void)state;
	for (unsigned k = 0; k < 3; k++) {
		uint32_t len;

		meet(targets[k]);
		find();
		len = xd_ping_request(&path, 7, 98, frame);
		xd_respond_answer(&them, frame, &len, false);
		for (uint32_t at = 0; at < len; at++) {
			bool open = (at >= 6 && at < 12) ||
				    (path.to.v6 && ((at >= 14 && at < 18) || at == 21));

			frame[at] ^= 0x0f;
			if (!open)
				assert_int_not_equal(
					recognise(frame, len, 98, false, &seq), XD_PING_REPLY);
			/* The data is compared even if a device says that the sum is right. */
			if (at >= (path.to.v6 ? 62u : 42u))
				assert_int_equal(
					recognise(frame, len, 98, true, &seq), XD_PING_WRONG);
			frame[at] ^= 0x0f;
		}
		for (uint32_t cut = 0; cut < len; cut++)
			assert_int_not_equal(recognise(frame, cut, 98, false, &seq), XD_PING_REPLY);
		assert_int_equal(recognise(frame, len, 98, false, &seq), XD_PING_REPLY);
	}
}

static void
test_nonsense(void **state)
{
	unsigned seed = 1, found = 0;
	uint8_t frame[200];
	uint16_t seq;

	(void)state;
	for (unsigned lap = 0; lap < 300000; lap++) {
		uint32_t len;

		meet(targets[lap % 3]);
		memcpy(path.to_mac, them.mac, 6);
		len = lap % 2 ? xd_respond_ask(&us, &path.to, frame)
			      : xd_ping_request(&path, 1, 98, frame);
		xd_respond_answer(&them, frame, &len, false);
		for (unsigned n = rand_r(&seed) % 4 + 1; n; n--)
			frame[12 + rand_r(&seed) % (len - 12)] = (uint8_t)rand_r(&seed);
		len = rand_r(&seed) % 4 ? len : rand_r(&seed) % (len + 1);
		found += recognise(frame, len, 98, lap % 5 == 0, &seq) != XD_PING_OTHER;
	}
	assert_in_range(found, 1000, 290000);
}

/* ---- A caller ---- */

static struct xd_ping_caller *
call(const char *to, struct xd_timers *timers)
{
	struct xd_ping_caller *c = calloc(1, sizeof(*c));
	struct xd_error err;

	assert_int_equal(xd_respond_host_init(&them, 0, "10.0.0.2,fd00::2", &err), 0);
	assert_int_equal(xd_respond_host_init(&c->station.host, 0x80, "10.0.0.1,fd00::1", &err), 0);
	assert_int_equal(xd_ping_caller_init(c, to, 2048, &err), 0);
	c->ns_per_cycle = 1;
	c->wait_cycles = UINT64_MAX / 2;
	xd_timers_init(timers, 1000, timers);
	return c;
}

static uint32_t
sent_by(struct xd_ping_caller *c, uint8_t *frame)
{
	struct virtio_net_hdr_v1 header = {0};

	return c->source.write(c->source.ctx, frame, 2048, &header);
}

static void
show(struct xd_ping_caller *c, const uint8_t *frame, uint32_t len)
{
	struct xd_arrival arrival = {.data = frame, .len = len};

	c->sink.take(c->sink.ctx, &arrival);
}

static uint16_t
nb_ready(struct xd_ping_caller *c)
{
	return c->source.ready(c->source.ctx, 32);
}

static void
test_it_asks_until_it_is_told(void **state)
{
	struct xd_timers timers;
	uint8_t frame[2048];

	(void)state;
	for (unsigned k = 0; k < 3; k++) {
		struct xd_ping_caller *c = call(targets[k], &timers);
		uint32_t len;

		xd_ping_caller_ask(c, &timers, 3, 100);
		xd_timers_advance(&timers, 1001);
		assert_int_equal(nb_ready(c), 1);
		sent_by(c, frame);
		assert_int_equal(nb_ready(c), 0);
		xd_timers_advance(&timers, 1150);
		assert_int_equal(nb_ready(c), 1);
		len = sent_by(c, frame);
		xd_respond_answer(&them, frame, &len, false);
		assert_false(c->found);
		show(c, frame, len);
		assert_true(c->found);
		xd_timers_advance(&timers, 5000);
		assert_int_equal(nb_ready(c), 0);
		xd_ping_caller_fini(c);
		free(c);
	}
}

static void
test_every_fate_of_a_request(void **state)
{
	struct xd_timers timers;
	struct xd_ping_caller *c = call("10.0.0.2", &timers);
	struct xd_ping_figures f;
	uint8_t frames[8][2048];
	uint32_t lens[8];

	(void)state;
	memcpy(c->path.to_mac, them.mac, 6);
	c->size = 98;
	xd_ping_caller_send(c, &timers, 8, 10);
	xd_timers_advance(&timers, 1035);
	assert_int_equal(nb_ready(c), 4); /* at 1000, 1010, 1020, 1030 */
	xd_timers_advance(&timers, 2000);
	assert_int_equal(nb_ready(c), 8);
	for (unsigned i = 0; i < 8; i++) {
		lens[i] = sent_by(c, frames[i]);
		assert_int_equal(
			xd_respond_answer(&them, frames[i], &lens[i], false), XD_RESPOND_ECHO);
	}
	assert_int_equal(nb_ready(c), 0);
	assert_int_equal(c->outstanding, 8);
	show(c, frames[1], lens[1]); /* out of order */
	show(c, frames[0], lens[0]);
	show(c, frames[0], lens[0]); /* twice */
	frames[2][60]++;
	show(c, frames[2], lens[2]); /* wrong */
	frames[2][60]--;
	show(c, frames[2], lens[2]); /* and then right */
	frames[3][60]++;
	show(c, frames[3], lens[3]); /* wrong for good */
	c->wait_cycles = 0;
	show(c, frames[4], lens[4]); /* late */
	c->wait_cycles = UINT64_MAX / 2;
	assert_int_equal(c->outstanding, 4);
	f = xd_ping_caller_figures(c);
	assert_int_equal(f.sent, 8);
	assert_int_equal(f.received, 3);
	assert_int_equal(f.lost, 5);
	assert_true(f.loss_ratio == 5.0 / 8);
	assert_int_equal(f.late, 1);
	assert_int_equal(f.duplicated, 1);
	assert_int_equal(f.wrong, 2);
	/* Those of the run before are none of the next one's. */
	xd_ping_caller_send(c, &timers, 1, 10);
	show(c, frames[5], lens[5]);
	f = xd_ping_caller_figures(c);
	assert_int_equal(f.received + f.duplicated, 0);
	xd_ping_caller_fini(c);
	free(c);
}

/* Others ping us meanwhile. */
static void
test_it_answers(void **state)
{
	struct xd_timers timers;
	struct xd_ping_caller *c = call("10.0.0.2", &timers);
	uint8_t frame[2048];
	uint32_t len;

	(void)state;
	meet("10.0.0.2");
	assert_int_equal(xd_ping_path_init(&path, &them, "10.0.0.1", NULL), 0);
	len = xd_respond_ask(&them, &path.to, frame);
	show(c, frame, len);
	assert_int_equal(nb_ready(c), 1);
	len = sent_by(c, frame);
	assert_true(xd_respond_is_answer(&path.to, frame, len, path.to_mac));
	assert_memory_equal(path.to_mac, c->station.host.mac, 6);
	len = xd_ping_request(&path, 9, 98, frame);
	show(c, frame, len);
	len = sent_by(c, frame);
	assert_int_equal(
		xd_ping_recognise(&path, frame, len, 98, false, &(uint16_t){0}), XD_PING_REPLY);
	xd_ping_caller_fini(c);
	free(c);
}

/* Against the definitions, not the way in which they are kept. */
static void
test_figures(void **state)
{
	static const double ns[] = {1500, 900, 2100, 2100, 1000, 5000};
	const unsigned n = sizeof(ns) / sizeof(ns[0]);
	struct xd_timers timers;
	struct xd_ping_caller *c = call("10.0.0.2", &timers);
	double sum = 0, squares = 0, jitter = 0;
	struct xd_ping_figures f;

	(void)state;
	for (unsigned i = 0; i < n; i++) {
		xd_ping_caller_add(c, ns[i]);
		sum += ns[i];
		jitter += i ? fabs(ns[i] - ns[i - 1]) : 0;
	}
	for (unsigned i = 0; i < n; i++)
		squares += (ns[i] - sum / n) * (ns[i] - sum / n);
	f = xd_ping_caller_figures(c);
	assert_true(f.last_ns == 5000 && f.best_ns == 900 && f.worst_ns == 5000);
	assert_true(fabs(f.mean_ns - sum / n) < 1e-6);
	assert_true(fabs(f.stdev_ns - sqrt(squares / (n - 1))) < 1e-6);
	assert_true(fabs(f.jitter_mean_ns - jitter / n) < 1e-6);
	assert_true(f.jitter_max_ns == 4000);
	xd_ping_caller_fini(c);
	free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_wrong_bytes),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_it_asks_until_it_is_told),
		cmocka_unit_test(test_every_fate_of_a_request),
		cmocka_unit_test(test_it_answers),
		cmocka_unit_test(test_figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
