/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A TCP connection that gets any segments, and any frames: its numbers stay in order, what it takes
 * lies within the window it gave, each byte of it comes once, and it sends no endless row of
 * segments.
 *
 *     byte 0     which end opens, and options
 *     the rest   steps: what (modulo 8), and what belongs to it; of a segment, options, flags,
 *                sequence number and acknowledgement as they differ from what is expected, window,
 *                length, options
 */
#include "fuzz.h"
#include "traffic/engine/tcp/conn.h"
#include "traffic/engine/tcp/packet.h"

#define WINDOW 8192u
#define STREAM (1u << 20) /* bytes that are followed */
#define BYTES  4096u      /* of a segment that is made up */

struct fuzzed {
	struct xd_tcp_conn conn;
	struct xd_tcp_opts opts;
	uint64_t limited_us[XD_TCP_LIMITS];
	uint64_t now_us;
	uint8_t came[STREAM];
};

static void
fill(void *ctx, uint64_t offset, uint8_t *to, uint32_t len)
{
	(void)ctx;
	memset(to, (int)offset, len);
}

static void
take_bytes(void *ctx, uint64_t offset, const uint8_t *from, uint32_t len)
{
	struct fuzzed *f = ctx;

	MUST(len > 0);
	MUST(offset + len <= xd_tcp_received(&f->conn) + WINDOW);
	if (f->opts.in_order)
		MUST(offset == xd_tcp_received(&f->conn));
	for (uint32_t i = 0; i < len && offset + i < STREAM; i++) {
		MUST(from[i] == 0 || from[i] != 0); /* it can be read */
		MUST(f->came[offset + i]++ == 0);
	}
}

static void
check_ranges(const struct xd_tcp_ranges *r, uint32_t after)
{
	MUST(r->n <= XD_TCP_RANGES);
	for (uint32_t i = 0; i < r->n; i++) {
		MUST(xd_tcp_before(after, r->at[i].begin));
		MUST(xd_tcp_before(r->at[i].begin, r->at[i].end));
		after = r->at[i].end;
	}
}

static void
check(const struct fuzzed *f)
{
	const struct xd_tcp_conn *c = &f->conn;

	MUST(c->una >= 0 && c->una <= c->nxt && c->nxt <= c->max);
	MUST(c->max <= c->end + c->fin_asked);
	MUST(c->state <= XD_TCP_TIME_WAIT);
	if (c->state < XD_TCP_SYN_RECEIVED)
		return;
	MUST(c->rcv_nxt >= 1 && c->rcv_nxt <= c->rcv_right + 1 && c->acked <= c->rcv_nxt);
	MUST(!c->fin || c->rcv_nxt <= c->fin + 1);
	check_ranges(&c->waiting, c->irs + (uint32_t)c->rcv_nxt);
	check_ranges(&c->sacked, c->iss + (uint32_t)c->una);
	for (uint64_t i = 0; i < xd_tcp_received(c) && i < STREAM; i++)
		MUST(f->came[i] == 1);
}

/* The next segment. Where there was none to be expected, nothing changes. */
static bool
send_one(struct fuzzed *f, struct xd_tcp_segment *s)
{
	const struct xd_tcp_conn before = f->conn;
	const bool may = xd_tcp_may_output(&before), has = xd_tcp_output(&f->conn, s, f->now_us);

	MUST(may || (!has && !memcmp(&before, &f->conn, sizeof(before))));
	return has;
}

/* All that it has to send, as frames that can be read again. */
static void
send_all(struct fuzzed *f)
{
	static const struct xd_ip_route route = {.from = {10, 0, 0, 1}, .to = {10, 0, 0, 2}};
	static uint8_t frame[XD_TCP_HEADERS + 65536];
	struct xd_tcp_segment s;
	struct xd_tcp_packet p;
	uint32_t at;

	for (unsigned n = 0; send_one(f, &s); n++) {
		MUST(n < 5000);
		MUST(s.len <= f->opts.send_bytes && s.nb_blocks <= XD_TCP_BLOCKS);
		/* What is longer is cut, by a device that can. */
		MUST(s.len <= s.piece_bytes || f->opts.send_bytes > f->opts.mss);
		at = xd_tcp_packet_write(&route, 1, 2, &s, frame);
		MUST(at <= XD_TCP_HEADERS);
		memset(frame + at, 0, s.len);
		xd_tcp_packet_sum(&route, frame, at + s.len);
		MUST(xd_tcp_packet_read(&p, frame, at + s.len, false) == XD_TCP_PACKET_GOOD);
		MUST(p.segment.seq == s.seq && p.segment.ack == s.ack && p.segment.len == s.len &&
			p.segment.flags == s.flags && p.segment.nb_blocks == s.nb_blocks);
	}
}

/* One that is near to what would be right. */
static void
make_up(struct fuzzed *f, struct input *in, struct xd_tcp_segment *s)
{
	const struct xd_tcp_conn *c = &f->conn;
	const uint8_t options = take_u8(in);

	*s = (struct xd_tcp_segment){
		.sack_ok = options & 16,
		.has_scale = options & 8,
		.has_ts = options & 32,
		.nb_blocks = options & 3,
	};
	s->flags = take_u8(in) & 0x3f;
	s->seq = c->irs + (uint32_t)c->rcv_nxt + (uint32_t)(int16_t)take_u16(in);
	s->ack = c->iss + (uint32_t)c->una + (uint32_t)(int16_t)take_u16(in);
	s->window = take_u16(in);
	s->len = take_u16(in) % BYTES;
	s->mss = options & 4 ? take_u16(in) : 0;
	s->scale = take_u8(in) % (XD_TCP_SCALE_MAX + 1);
	s->ts_value = c->ts_recent + (uint32_t)(int8_t)take_u8(in);
	for (unsigned i = 0; i < s->nb_blocks; i++) {
		s->blocks[i].begin = s->ack + take_u16(in);
		s->blocks[i].end = s->blocks[i].begin + (uint32_t)(int16_t)take_u16(in);
	}
}

static void
arrive(struct fuzzed *f, struct input *in)
{
	struct xd_tcp_segment s, reply;
	uint8_t *data = calloc(1, BYTES);

	MUST(data != NULL);
	make_up(f, in, &s);
	if (xd_tcp_input(&f->conn, &s, data, f->now_us) == XD_TCP_REFUSE)
		xd_tcp_refuse(&s, &reply);
	xd_tcp_may_replace(&f->conn, &s);
	free(data);
}

static void
arrive_as_frame(struct fuzzed *f, struct input *in)
{
	const uint32_t len = take_u8(in);
	uint8_t *frame = malloc(len + 1);
	struct xd_tcp_packet p;

	MUST(frame != NULL);
	take(in, frame, len);
	if (xd_tcp_packet_read(&p, frame, len, true) == XD_TCP_PACKET_GOOD) {
		MUST(p.payload >= frame && p.payload + p.segment.len <= frame + len);
		xd_tcp_input(&f->conn, &p.segment, p.payload, f->now_us);
	}
	free(frame);
}

static void
step(struct fuzzed *f, struct input *in)
{
	switch (take_u8(in) % 8) {
	case 0:
		arrive_as_frame(f, in);
		break;
	case 1:
		f->now_us += (uint64_t)take_u16(in) * 64;
		break;
	case 2:
		if (xd_tcp_deadline(&f->conn) != XD_TCP_NEVER &&
			f->now_us < xd_tcp_deadline(&f->conn))
			f->now_us = xd_tcp_deadline(&f->conn);
		xd_tcp_timeout(&f->conn, f->now_us);
		break;
	case 3:
		xd_tcp_write(&f->conn, take_u16(in), f->now_us);
		break;
	case 4:
		xd_tcp_set_window(&f->conn, take_u16(in));
		break;
	case 5:
		if (take_u8(in) & 1)
			xd_tcp_close(&f->conn);
		else
			xd_tcp_abort(&f->conn);
		break;
	default:
		arrive(f, in);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzzed f;
	struct input in = {data, size};
	const uint8_t options = take_u8(&in);
	struct xd_tcp_segment syn;

	memset(f.came, 0, sizeof(f.came));
	f.now_us = 1000000;
	f.opts = (struct xd_tcp_opts){
		.window = WINDOW,
		.mss = 536,
		.send_bytes = options & 1 ? 536 : 40000,
		.timestamps = options & 2,
		.sack = options & 4,
		.scale = options & 8,
		.nagle = options & 16,
		.tail_probes = options & 2,
		.in_order = options & 32,
		.rto_min_us = 200000,
		.delayed_ack_us = 40000,
		.time_wait_us = 1000000,
		.tries = 5,
		.payload = {fill, take_bytes},
		.limited_us = f.limited_us,
	};
	xd_tcp_open(&f.conn, &f.opts, &f, 0xfffffff0u, f.now_us);
	if (options & 64) {
		make_up(&f, &in, &syn);
		syn.flags = XD_TCP_SYN;
		xd_tcp_accept(&f.conn, &f.opts, &f, 0xfffffff0u, &syn, f.now_us);
	}
	for (unsigned i = 0; in.left && i < 2000; i++) {
		step(&f, &in);
		send_all(&f);
		check(&f);
	}
	return 0;
}
