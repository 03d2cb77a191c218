/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Honest traffic beside an attack: numbered frames from one guest to another at a steady rate, and
 * what became of them.
 *
 *     guest_flow SENDER RECEIVER FRAMES_PER_S
 *
 * SENDER and RECEIVER are sockets of two ports of one bridge. Prints "ready" when both have their
 * rings and each address is known; frames go from then on. Each line read is answered by one line
 * about the frames since the line before, after which sending goes on:
 *
 *     due D received R lost L wait_us W
 *
 * D frames were due. R of them came, each once and in order. L did not: they were dropped, or found
 * no room because the switch had not taken the ones before. W is the longest time from a frame's
 * being due to its coming. Times at which this program itself did not run are left out: a frame
 * that was due then is not sent and does not count, so that a busy machine looks like no loss.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "guest_port.h"

#define RING       1024
#define FRAME      60
#define SLOT       128 /* bytes of a transmit buffer */
#define NAP_US     100
#define OWN_GAP_NS 2000000ull    /* a turn longer than this says that we did not run */
#define SETTLE_NS  1000000000ull /* how long what was sent may be on its way */
#define NS_PER_US  ((uint64_t)1000)
#define MAGIC      0x58446c6fu
#define NUMBER_AT  16 /* of what a frame carries behind its Ethernet header */

struct tag {
	uint32_t magic;
	uint32_t number;
	uint64_t due_ns;
};

struct flow {
	struct guest from, to;
	uint64_t period_ns;
	uint64_t next_ns;        /* when the next frame is due */
	uint64_t turn_ns;        /* when this turn began */
	uint64_t gap_ns;         /* when we last did not run */
	uint32_t sent, expected; /* numbers */
	uint32_t first;          /* since the last report; what comes of before was lost */
	unsigned slot;
	uint64_t due, received, wait_ns;
};

static const uint8_t from_mac[] = {0x02, 0xf1, 0x0e, 0, 0, 1},
		     to_mac[] = {0x02, 0xf1, 0x0e, 0, 0, 2};

static void
write_frame(uint8_t *at, const uint8_t *dst, const uint8_t *src, const struct tag *tag)
{
	memset(at, 0, FRAME);
	memcpy(at, dst, 6);
	memcpy(at + 6, src, 6);
	at[12] = 0x88;
	at[13] = 0xb5;
	memcpy(at + NUMBER_AT, tag, sizeof(*tag));
}

/* The receiver's address is learned from a frame to nobody. */
static int
teach(struct flow *f)
{
	uint8_t frame[FRAME];

	write_frame(frame, (const uint8_t[]){0x02, 0xf1, 0x0e, 0, 0, 3}, to_mac, &(struct tag){0});
	return guest_send(&f->to, frame, FRAME, NULL, 0, false) || guest_wait_sent(&f->to, 5000);
}

/* Unless there is no room. */
static void
send_one(struct flow *f)
{
	uint8_t *at = f->from.tx_area + (size_t)(f->slot % RING) * SLOT;
	struct xd_split_piece piece = {guest_addr(&f->from, at), GUEST_HEADER + FRAME, false};
	struct tag tag = {MAGIC, f->sent, f->next_ns};

	/* Chains come back in order, so there is a free slot when there is a free descriptor. The
	 * device does not look before they are published. */
	if (xd_split_driver_add(&f->from.rings[GUEST_TX], &piece, 1, f))
		return;
	memset(at, 0, GUEST_HEADER);
	write_frame(at + GUEST_HEADER, to_mac, from_mac, &tag);
	f->slot++;
	f->sent++;
}

static void
send_due(struct flow *f)
{
	struct xd_split_driver *tx = &f->from.rings[GUEST_TX];
	uint32_t len;
	void *cookie;

	while (xd_split_driver_get(tx, &cookie, &len) == 1)
		;
	for (; f->next_ns <= f->turn_ns; f->next_ns += f->period_ns) {
		f->due++;
		send_one(f);
	}
	if (xd_split_driver_publish(tx))
		guest_kick(&f->from, GUEST_TX);
}

static int
receive(struct flow *f)
{
	uint8_t frame[GUEST_FRAME_MAX];
	struct tag tag;
	int len;

	while ((len = guest_receive(&f->to, frame, 0)) >= 0) {
		if (len < (int)(NUMBER_AT + sizeof(tag)))
			continue;
		memcpy(&tag, frame + NUMBER_AT, sizeof(tag));
		/* Broadcasts and what the attacker sends come too. */
		if (tag.magic != MAGIC || memcmp(frame + 6, from_mac, 6))
			continue;
		if ((int32_t)(tag.number - f->first) < 0)
			continue;
		if ((int32_t)(tag.number - f->expected) < 0) {
			fprintf(stderr, "guest_flow: frame %u where %u was due\n", tag.number,
				f->expected);
			return -EILSEQ; /* twice, or out of order */
		}
		f->expected = tag.number + 1;
		f->received++;
		if (tag.due_ns > f->gap_ns && f->turn_ns - tag.due_ns > f->wait_ns)
			f->wait_ns = f->turn_ns - tag.due_ns;
	}
	return len == -EAGAIN ? 0 : len;
}

/* One turn; sends only with `more`. */
static int
turn(struct flow *f, bool more)
{
	uint64_t now = xd_clock_ns();

	if (now - f->turn_ns > OWN_GAP_NS) {
		f->gap_ns = now;
		f->next_ns = now;
	}
	f->turn_ns = now;
	if (more)
		send_due(f);
	else
		f->next_ns = now;
	return receive(f);
}

static int
report(struct flow *f)
{
	uint64_t begin = xd_clock_ns();
	int rc = 0;

	while (!rc && f->expected != f->sent && xd_clock_ns() - begin < SETTLE_NS) {
		rc = turn(f, false);
		usleep(NAP_US);
	}
	printf("due %" PRIu64 " received %" PRIu64 " lost %" PRIu64 " wait_us %" PRIu64 "\n",
		f->due, f->received, f->due - f->received, f->wait_ns / NS_PER_US);
	f->due = f->received = f->wait_ns = 0;
	f->first = f->expected = f->sent;
	return rc;
}

static int
run(struct flow *f)
{
	struct pollfd line = {.fd = STDIN_FILENO, .events = POLLIN};
	char text[64];
	int rc = 0;

	f->turn_ns = f->next_ns = xd_clock_ns();
	while (!rc) {
		rc = turn(f, true);
		if (poll(&line, 1, 0) > 0) {
			if (read(STDIN_FILENO, text, sizeof(text)) <= 0)
				break;
			rc = report(f);
		}
		usleep(NAP_US);
	}
	return rc;
}

int
main(int argc, char **argv)
{
	struct guest_options options = {
		.size = RING, .event_idx = true, .mergeable = true, .indirect = true};
	struct flow *f = calloc(1, sizeof(*f));
	struct xd_error err = {0};
	int rc;

	if (!f || argc != 4 || strtoull(argv[3], NULL, 10) == 0 ||
		strlen(argv[1]) >= sizeof(options.path) ||
		strlen(argv[2]) >= sizeof(options.path)) {
		fputs("usage: guest_flow SENDER RECEIVER FRAMES_PER_S\n", stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	f->period_ns = XD_NS_PER_S / strtoull(argv[3], NULL, 10);
	strcpy(options.path, argv[1]);
	rc = guest_open(&f->from, &options, &err);
	strcpy(options.path, argv[2]);
	if (!rc)
		rc = guest_open(&f->to, &options, &err);
	if (rc) {
		printf("error %s\n", err.text);
		return 1;
	}
	if (teach(f)) {
		puts("error the switch takes no frames");
		return 1;
	}
	puts("ready");
	rc = run(f);
	if (rc)
		fprintf(stderr, "guest_flow: %s\n", strerror(-rc));
	guest_close(&f->from);
	guest_close(&f->to);
	free(f);
	return rc != 0;
}
