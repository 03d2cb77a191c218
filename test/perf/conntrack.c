/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What connection tracking costs by itself, on one core: a frame of a connection that is known, by
 * how many there are, its translation, and a new connection.
 *
 *     taskset -c 1 build/test/conntrack_bench [CONNECTIONS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "base/bytes.h"
#include "conntrack/conntrack.h"
#include "traffic/host/tsc.h"

#define L3     14
#define RUNS   200     /* of which the fastest counts: others were disturbed */
#define BURSTS 1000    /* in a run */
#define MOST   1000000 /* connections, by default */
#define NOW_MS 1000

enum { ACK = 16, SYN = 2 };

struct bench {
	struct xd_ct *ct;
	struct xd_frame frames[XD_BATCH];
	struct xd_ct_packet packets[XD_BATCH];
	bool nat;                                 /* sources are translated, and nobody answers */
	uint64_t parse, track, translate, commit; /* cycles */
};

/* Flow n: 65536 hosts for each port. */
static void
set_flow(struct xd_frame *f, bool ipv6, bool back, uint32_t n)
{
	uint8_t *ip = f->buf + XD_HEADROOM + L3;
	const uint32_t len = ipv6 ? 16 : 4;
	uint8_t *src = ip + (ipv6 ? 8 : 12), *l4 = ip + (ipv6 ? 40 : 20);

	xd_put32(src + len - 4 + (back ? len : 0), 0x0a000000 + (n & 0xffff));
	xd_put32(src + len - 4 + (back ? 0 : len), 0xc0000201);
	xd_put16(l4 + (back ? 2 : 0), 1024 + (n >> 16));
	xd_put16(l4 + (back ? 0 : 2), 80);
}

static void
set_tcp(struct xd_frame *f, bool ipv6, uint8_t flags, uint32_t seq, uint32_t ack)
{
	uint8_t *l4 = f->buf + XD_HEADROOM + L3 + (ipv6 ? 40 : 20);

	xd_put32(l4 + 4, seq);
	xd_put32(l4 + 8, ack);
	l4[13] = flags;
}

static void
make_frames(struct bench *b, bool ipv6, uint8_t proto)
{
	for (unsigned i = 0; i < XD_BATCH; i++) {
		uint8_t *d = b->frames[i].buf + XD_HEADROOM, *ip = d + L3;
		const uint8_t bytes = ipv6 ? 74 : 60;

		memset(d, 0, XD_HEAD);
		xd_put16(d + 12, ipv6 ? 0x86dd : 0x0800);
		ip[0] = ipv6 ? 0x60 : 0x45;
		if (ipv6)
			xd_put16(ip + 4, bytes - L3 - 40u);
		else
			xd_put16(ip + 2, bytes - L3);
		ip[ipv6 ? 6 : 9] = proto;
		ip[(ipv6 ? 40 : 20) + 12] = 0x50;
		xd_put16(ip + (ipv6 ? 40 : 20) + 14, 1000);
		xd_frame_init(&b->frames[i], bytes, bytes, 0);
	}
}

static void
track(struct bench *b)
{
	uint64_t begin = rte_rdtsc(), parsed, tracked;
	struct xd_headers h[XD_BATCH];

	for (unsigned i = 0; i < XD_BATCH; i++) {
		xd_headers_parse(&b->frames[i], &h[i]);
		xd_ct_packet_init(&b->packets[i], &b->frames[i], &h[i], 0);
	}
	parsed = rte_rdtsc();
	xd_ct_track(b->ct, 0, b->packets, XD_BATCH, NOW_MS);
	tracked = rte_rdtsc();
	for (unsigned i = 0; b->nat && i < XD_BATCH; i++)
		xd_ct_translate(&b->packets[i], &b->frames[i], &h[i]);
	b->parse = parsed - begin;
	b->track = tracked - parsed;
	b->translate = rte_rdtsc() - tracked;
}

static void
commit(struct bench *b, struct xd_ct_packet *p)
{
	static const struct xd_ct_range outside = {.min = {10, 1, 0, 0}, .max = {10, 1, 255, 255}};
	static const struct xd_ct_commit c = {.src = &outside};

	if (!p->known)
		xd_ct_commit(b->ct, 0, p, b->nat ? &c : NULL, NOW_MS);
}

/* All connections, by their handshakes, and how fast. */
static void
open_all(struct bench *b, bool ipv6, uint32_t n)
{
	uint64_t cycles = 0;

	for (uint32_t at = 0; at < n; at += XD_BATCH) {
		uint64_t begin;

		for (uint32_t i = 0; i < XD_BATCH; i++) {
			set_flow(&b->frames[i], ipv6, false, (at + i) % n);
			set_tcp(&b->frames[i], ipv6, SYN, 1000, 0);
		}
		begin = rte_rdtsc();
		track(b);
		for (unsigned i = 0; i < XD_BATCH; i++)
			commit(b, &b->packets[i]);
		cycles += rte_rdtsc() - begin;
		for (uint32_t i = 0; i < XD_BATCH; i++) {
			set_flow(&b->frames[i], ipv6, true, (at + i) % n);
			set_tcp(&b->frames[i], ipv6, SYN | ACK, 5000, 1001);
		}
		track(b);
		for (uint32_t i = 0; i < XD_BATCH; i++) {
			set_flow(&b->frames[i], ipv6, false, (at + i) % n);
			set_tcp(&b->frames[i], ipv6, ACK, 1001, 5001);
		}
		track(b);
	}
	b->commit = cycles / n;
}

/* A frame of a connection, each burst of others. */
static void
look_up(struct bench *b, bool ipv6, uint32_t n)
{
	uint64_t parse = UINT64_MAX, best = UINT64_MAX, translate = UINT64_MAX;
	uint32_t at = 0, unknown = 0;

	for (unsigned run = 0; run < RUNS; run++) {
		uint64_t parsed = 0, tracked = 0, translated = 0;

		for (unsigned burst = 0; burst < BURSTS; burst++) {
			for (uint32_t i = 0; i < XD_BATCH; i++) {
				/* All of them, in an order that no cache foresees. */
				at = (at + 514229) % n;
				const bool back = i & 1 && !b->nat;

				set_flow(&b->frames[i], ipv6, back, at);
				set_tcp(&b->frames[i], ipv6, ACK, back ? 5001 : 1001,
					back ? 1001 : 5001);
			}
			track(b);
			parsed += b->parse;
			tracked += b->track;
			translated += b->translate;
			for (unsigned i = 0; i < XD_BATCH; i++)
				unknown += b->nat ? !b->packets[i].translate
						  : b->packets[i].state != XD_CT_ESTABLISHED;
		}
		parse = parsed < parse ? parsed : parse;
		best = tracked < best ? tracked : best;
		translate = translated < translate ? translated : translate;
	}
	b->parse = parse / BURSTS / XD_BATCH;
	b->track = best / BURSTS / XD_BATCH;
	b->translate = translate / BURSTS / XD_BATCH;
	if (unknown)
		printf("  %u frames of no connection\n", unknown);
}

static int
run(bool nat, bool ipv6, uint8_t proto, uint32_t n, uint32_t max, double hz)
{
	struct bench *b = aligned_alloc(64, sizeof(*b));
	struct xd_ct_opts opts = {.size = sizeof(opts), .max_connections = max, .node = -1};
	struct xd_error err;

	if (!b)
		return 1;
	b->nat = nat;
	b->ct = xd_ct_create(&opts, &err);
	if (!b->ct) {
		fprintf(stderr, "conntrack_bench: %s\n", err.text);
		free(b);
		return 1;
	}
	make_frames(b, ipv6, proto);
	/* Twice, so that the second finds its memory there. */
	open_all(b, ipv6, n);
	xd_ct_flush(b->ct, NULL);
	open_all(b, ipv6, n);
	look_up(b, ipv6, n);
	printf("%-4s %-3s %-3s %8u  %6.1f %6.1f %9.1f  %8.2f M/s  %6.0f  %8.2f M/s\n",
		ipv6 ? "IPv6" : "IPv4", proto == 6 ? "TCP" : "UDP", nat ? "nat" : "", n,
		(double)b->parse, (double)b->track, (double)b->translate,
		hz / (double)(b->parse + b->track + b->translate) / 1e6, (double)b->commit,
		hz / (double)b->commit / 1e6);
	xd_ct_destroy(b->ct);
	free(b);
	return 0;
}

int
main(int argc, char **argv)
{
	const uint32_t max = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : MOST;
	const double hz = xd_tsc_calibrate();
	int rc = 0;

	if (max < 1000 || max > 33554432) {
		fprintf(stderr, "usage: conntrack_bench [CONNECTIONS]: 1000 to 33554432\n");
		return 2;
	}
	printf("                 connections  parse  track translate  of one known     new (cycles "
	       "a frame)\n");
	for (unsigned family = 0; family < 2; family++) {
		rc |= run(false, family, 6, 64, max, hz) | run(false, family, 6, 1000, max, hz) |
		      run(false, family, 6, max, max, hz);
		rc |= run(false, family, 17, 1000, max, hz);
	}
	rc |= run(true, false, 17, 1000, max, hz);
	return rc;
}
