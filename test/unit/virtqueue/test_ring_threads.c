/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two workers and two guests, each a thread of its own: both workers put frames into one receive
 * queue, one of them takes them from the other guest's transmit queue. Every guest keeps the ring's
 * protocol, so that whatever the thread sanitizer reports is ours.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include "ring_env.h"

#ifdef __SANITIZE_THREAD__
#define FRAMES 3000u
#else
#define FRAMES 60000u
#endif

#define WORKERS   2
#define SIZE      64u
#define FRAME_LEN 300u

static const struct kind kinds[] = {{"split", false, false}, {"split, in order", false, true},
	{"packed", true, false}, {"packed, in order", true, true}};

struct relay {
	struct ring *from, *to; /* transmit queue of one guest, receive queue of the other */
	uint32_t sent[WORKERS]; /* frames put into `to` by each worker */
	uint32_t sender[WORKERS + 1];
};

/* ---- Frames: number and sender in the payload, and a pattern that both make ---- */

/* cmocka's assertions jump, and only the thread that runs the test may do that. */
static void
must(bool so, const char *what)
{
	if (so)
		return;
	fprintf(stderr, "not so: %s\n", what);
	abort();
}

#define MUST(condition) must(condition, #condition)

static void
write_frame(uint8_t *at, uint32_t sender, uint32_t number)
{
	memset(at, 0x02, 14);
	memcpy(at + 14, &sender, 4);
	memcpy(at + 18, &number, 4);
	memset(at + 22, (int)(number + sender), FRAME_LEN - 22);
}

/* Each sender's frames come in order, whole, and none is missing. */
static void
check_frame(struct relay *relay, const uint8_t *at)
{
	uint32_t sender, number;

	memcpy(&sender, at + 14, 4);
	memcpy(&number, at + 18, 4);
	MUST(sender <= WORKERS);
	MUST(number == relay->sender[sender]++);
	for (unsigned i = 22; i < FRAME_LEN; i++)
		MUST(at[i] == (uint8_t)(number + sender));
}

/* ---- The guests ---- */

/* Sends FRAMES frames, a few at a time. */
static void *
sending_guest(void *arg)
{
	struct relay *relay = arg;
	struct ring *r = relay->from;
	uint32_t added = 0, back = 0, len;
	void *cookie;

	while (back < FRAMES) {
		while (added < FRAMES && added - back < SIZE) {
			unsigned b = added % SIZE;
			struct xd_split_piece piece = {buf_addr(b), HDR + FRAME_LEN, false};

			memset(buf(r, b), 0, HDR);
			write_frame(buf(r, b) + HDR, WORKERS, added);
			if (xd_vq_driver_add(&r->driver, &piece, 1, (void *)1))
				break;
			added++;
			if (added % 7 == 0)
				break;
		}
		xd_vq_driver_publish(&r->driver);
		while (xd_vq_driver_get(&r->driver, &cookie, &len) == 1)
			back++;
		if (added - back == SIZE)
			sched_yield();
	}
	return NULL;
}

static void
offer(struct ring *r, uintptr_t b)
{
	struct xd_split_piece piece = {buf_addr((unsigned)b), BUF_BYTES, true};

	MUST(xd_vq_driver_add(&r->driver, &piece, 1, (void *)b) == 0);
}

/* Takes the frames of all senders and offers the buffers again. */
static void *
receiving_guest(void *arg)
{
	struct relay *relay = arg;
	struct ring *r = relay->to;
	uint32_t len;
	void *b;

	for (uint32_t got = 0; got < (WORKERS + 1) * FRAMES;) {
		if (xd_vq_driver_get(&r->driver, &b, &len) != 1) {
			xd_vq_driver_interrupts_on(&r->driver);
			sched_yield();
			continue;
		}
		MUST(len == HDR + FRAME_LEN);
		check_frame(relay, buf(r, (unsigned)(uintptr_t)b) + HDR);
		offer(r, (uintptr_t)b);
		xd_vq_driver_publish(&r->driver);
		got++;
	}
	return NULL;
}

/* ---- The workers ---- */

/* A frame of a worker's own, head and one piece of the rest. */
static void
make_own(struct xd_frame *f, struct xd_seg *seg, uint8_t *bytes, uint32_t worker, uint32_t number)
{
	write_frame(bytes, worker, number);
	xd_frame_init(f, FRAME_LEN, XD_HEAD, 1);
	memcpy(f->buf + XD_HEADROOM, bytes, XD_HEAD);
	*seg = (struct xd_seg){bytes + XD_HEAD, FRAME_LEN - XD_HEAD};
	f->segs = seg;
}

static uint16_t
put(struct relay *relay, struct xd_frame *const *frames, uint16_t n, struct xd_counters *counters)
{
	uint16_t done = xd_vq_enqueue(&relay->to->vq, frames, n, 65535, counters);

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	xd_vq_notify_enqueued(&relay->to->vq, counters, NULL);
	if (done < n)
		sched_yield();
	return done;
}

/* Puts FRAMES frames of its own into the receive queue. */
static void
work(struct relay *relay, uint32_t worker, uint32_t frames, struct xd_counters *counters)
{
	static const uint16_t batches[] = {1, 4, 2, 8};
	uint8_t bytes[8][FRAME_LEN];
	struct xd_frame store[8], *ptrs[8];
	struct xd_seg segs[8];
	uint16_t n = batches[relay->sent[worker] % 4], left = 0;

	for (uint32_t end = relay->sent[worker] + frames; relay->sent[worker] < end;) {
		left = (uint16_t)RTE_MIN(n, end - relay->sent[worker]);
		for (uint16_t i = 0; i < left; i++) {
			make_own(&store[i], &segs[i], bytes[i], worker, relay->sent[worker] + i);
			ptrs[i] = &store[i];
		}
		relay->sent[worker] += put(relay, ptrs, left, counters);
	}
}

/* Carries what the sending guest sends, and has frames of its own. */
static void *
relaying_worker(void *arg)
{
	struct relay *relay = arg;
	struct ring *from = relay->from;
	struct xd_frame *ptrs[XD_BATCH];
	struct xd_counters counters = {0};

	for (uint32_t carried = 0; carried < FRAMES;) {
		uint16_t n = xd_vq_dequeue(&from->vq, &from->batch);

		for (uint16_t i = 0; i < n; i++)
			ptrs[i] = &from->batch.frames[i];
		for (uint16_t done = 0; done < n;)
			done += put(relay, ptrs + done, (uint16_t)(n - done), &counters);
		carried += n;
		xd_vq_release(&from->vq, &from->batch);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		xd_vq_notify_released(&from->vq, &counters, NULL);
		if (n == 0 && !xd_vq_arm(&from->vq))
			sched_yield();
		xd_vq_disarm(&from->vq);
		work(relay, 0, RTE_MIN(n, FRAMES - relay->sent[0]), &counters);
	}
	work(relay, 0, FRAMES - relay->sent[0], &counters);
	return NULL;
}

static void *
other_worker(void *arg)
{
	struct xd_counters counters = {0};

	work(arg, 1, FRAMES, &counters);
	return NULL;
}

static void
test_two_workers(void **state)
{
	void *(*const mains[])(void *) = {
		receiving_guest, sending_guest, relaying_worker, other_worker};
	const struct kind *kind = *state;
	struct variant variant = {SIZE, true, true};
	struct relay relay = {.from = make_ring(kind, &variant), .to = make_ring(kind, &variant)};
	pthread_t threads[RTE_DIM(mains)];

	for (uintptr_t b = 0; b < SIZE; b++)
		offer(relay.to, b);
	xd_vq_driver_publish(&relay.to->driver);
	for (unsigned i = 0; i < RTE_DIM(mains); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, mains[i], &relay), 0);
	for (unsigned i = 0; i < RTE_DIM(mains); i++)
		pthread_join(threads[i], NULL);

	for (unsigned i = 0; i <= WORKERS; i++)
		assert_int_equal(relay.sender[i], FRAMES);
	assert_int_equal(relay.to->vq.fault, XD_VQ_OK);
	assert_int_equal(relay.from->vq.fault, XD_VQ_OK);
	assert_int_equal(relay.to->vq.frames, (WORKERS + 1) * FRAMES);
	free_ring(relay.from);
	free_ring(relay.to);
}

int
main(void)
{
	struct CMUnitTest tests[RTE_DIM(kinds)];

	for (unsigned i = 0; i < RTE_DIM(kinds); i++)
		tests[i] = (struct CMUnitTest){
			.name = kinds[i].packed ? kinds[i].in_order ? "packed_in_order" : "packed"
				: kinds[i].in_order ? "split_in_order"
						    : "split",
			.test_func = test_two_workers,
			.initial_state = (void *)(uintptr_t)&kinds[i]};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
