/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of every engine whose figures all differ, and what is to be found of them. */
#ifndef TEST_RESULT_ROWS_H
#define TEST_RESULT_ROWS_H

#include <stdint.h>
#include <string.h>

#include "traffic/engine/calibrate.h"
#include "traffic/engine/latency.h"
#include "traffic/engine/pairs.h"
#include "traffic/engine/rate.h"
#include "traffic/engine/ping/ping.h"
#include "traffic/engine/respond/respond.h"
#include "traffic/engine/rr/rr.h"
#include "traffic/engine/search/search.h"
#include "traffic/engine/tcp/tcp.h"
#include "traffic/engine/udp/udp.h"
#include "traffic/result/result.h"

/* Times that differ from each other and from those of another first. */
static struct xd_times
times_from(double first)
{
	return (struct xd_times){
		.count = (uint64_t)first,
		.min_ns = first + 1,
		.mean_ns = first + 2.5,
		.p50_ns = first + 3,
		.p95_ns = first + 4,
		.p99_ns = first + 5,
		.p99_9_ns = first + 6,
		.p99_99_ns = first + 7,
		.max_ns = first + 8,
	};
}

static struct xd_row
rate_row(void)
{
	return (struct xd_row){
		.engine = &xd_rate_engine,
		.name = "schedule",
		.trial = 2,
		.size = 358,
		.mix = "imix",
		.template_text = "eth/ipv4/udp",
		.capture = "a \"file\", with\r\nlines.pcap",
		.flows = 1000,
		.flow_kind = XD_FLOW_L4,
		.direction = XD_DIRECTION_BOTH,
		.pattern = XD_PATTERN_FAN_IN,
		.touch = XD_TOUCH_STAMP,
		.rings = {.rings = "guest", .ids = "lifo", .ring_size = 256, .tso = true},
		.time_s = 2.25,
		.placement_before_ns = 120,
		.placement_after_ns = 475,
		.numa = {.memory = "0,1", .core = "1", .guest = "several", .remote = true},
		.steal_s = 0.25,
		.cpu_s = 4.5,
		.dut = {.known = true,
			.frames = 101,
			.busy_cycles = 4596,
			.busy_cycles_per_frame = 45.5,
			.busy_share = 0.75},
		.rate = {.asked_pps = 60.5,
			.sent_frames = 110,
			.received_frames = 99,
			.lost_frames = -11,
			.learned_frames = 12,
			.learn_lost_frames = 3,
			.sent_pps = 55.5,
			.pps = 50.5,
			.l2_bps = 25600,
			.l1_bps = 35200,
			.bottleneck = XD_BOTTLENECK_GENERATOR_RECEIVE,
			.waiting_share = 0.125,
			.nb_ports = 2,
			.ports = {{.sent_frames = 110, .sent_pps = 55.25},
				{.received_frames = 98,
					.foreign_frames = 7,
					.received_pps = 49.5}}},
		.paced = true,
		.pacing = {.lateness = times_from(1000),
			.within_500ns = 0.99,
			.max_burst = 32,
			.late_frames = 21,
			.blocked_frames = 22,
			.skipped_frames = 23,
			.missed_frames = 24,
			.sound_percentile = 99.5},
		.timed = true,
		.latency = {.way = XD_TIMES_ONE_WAY,
			.count = 31,
			.actual = times_from(2000),
			.planned = times_from(3000),
			.jitter = 1.5,
			.rfc3550_jitter_ns = 33},
		.tracked = true,
		.flow_figures = {.flows = 41,
			.lost = 42,
			.reordered = 43,
			.duplicated = 44,
			.wrong_payload = 45,
			.checked = true,
			.flows_with_loss = 46,
			.worst_flow = 47,
			.worst_lost = 48,
			.impaired_lost = 49,
			.impaired_dup = 50,
			.impaired_reordered = 51},
	};
}

static struct xd_row
latency_row(void)
{
	return (struct xd_row){
		.engine = &xd_latency_engine,
		.timed = true,
		.latency = {.way = XD_TIMES_ROUND_TRIP,
			.count = 61,
			.lost = 62,
			.actual = times_from(4000),
			.half_mean_ns = 2001.25,
			.jitter = 2.5},
	};
}

static struct xd_row
search_row(void)
{
	return (struct xd_row){
		.engine = &xd_search_engine,
		.search = {.method = "back-to-back",
			.goal = "NDR",
			.found_pps = 71.5,
			.lower_pps = 72.5,
			.upper_pps = 73.5,
			.loss_ratio = 0.005,
			.trial_s = 60,
			.burst_frames = 74,
			.burst_min_frames = 70,
			.burst_max_frames = 79,
			.burst_stddev_frames = 1.75,
			.corrected_burst_frames = 75.5,
			.repeats = 50,
			.trials = 76,
			.total_s = 77.5,
			.missing = "26.1: trials of 1 s, not 60 s"},
	};
}

static struct xd_row
pairs_row(void)
{
	return (struct xd_row){
		.engine = &xd_pairs_engine,
		.pairs = {.vms = 14,
			.pairs = 7,
			.jain = 0.875,
			.min_pps = 81,
			.mean_pps = 82,
			.max_pps = 83,
			.of_baseline = 3.5,
			.unloaded = times_from(5000)},
	};
}

static struct xd_row
respond_row(void)
{
	const struct xd_respond_figures figures = {
		.arp = 91, .neighbour = 92, .echo = 93, .echo6 = 94, .wrong = 95, .not_sent = 96};
	struct xd_row row = {.engine = &xd_respond_engine, .rate = {.nb_ports = 1, .pps = 90}};

	memcpy(row.own, &figures, sizeof(figures));
	return row;
}

static struct xd_message_figures
message_figures(const char *way, uint64_t bytes)
{
	struct xd_message_figures f = {.test = "bandwidth",
		.message_bytes = bytes,
		.streams = 101,
		.verified = true,
		.wrong_bytes = 102,
		.messages = 103,
		.messages_s = 104.5,
		.bps = 105.5};

	strcpy(f.way, way);
	return f;
}

static struct xd_row
tcp_row(void)
{
	const struct xd_tcp_figures figures = {
		.message = message_figures("both", 134217728),
		.path = {.mss = 106,
			.segment_bytes = 107.5,
			.retransmitted = 108,
			.limited_receiver = 0.25,
			.limited_congestion = 0.375,
			.limited_core = 0.125,
			.wrong_frames = 109,
			.failed = 110,
			.impaired_lost = 111,
			.impaired_dup = 112,
			.impaired_reordered = 113},
	};
	struct xd_row row = {.engine = &xd_tcp_engine, .rate = {.nb_ports = 2, .pps = 100}};

	memcpy(row.own, &figures, sizeof(figures));
	return row;
}

static struct xd_row
udp_row(void)
{
	const struct xd_udp_figures figures = {
		.message = message_figures("reverse", 65508),
		.datagrams = 2,
		.counted = "receiver",
		.sent_messages = 200,
		.sent_bps = 106.5,
		.lost_messages = 97,
		.loss_ratio = 0.485,
		.has_jitter = true,
		.jitter_ns = 107.5,
		.has_order = true,
		.reordered = 108,
		.duplicated = 109,
		.late = 110,
		.fragments = 111,
		.not_reassembled = 112,
		.strange = 113,
		.wrong_frames = 114,
		.impaired_lost = 115,
		.impaired_dup = 116,
		.impaired_reordered = 117,
	};
	struct xd_row row = {.engine = &xd_udp_engine, .rate = {.nb_ports = 2, .pps = 100}};

	memcpy(row.own, &figures, sizeof(figures));
	return row;
}

/* One that sends to somebody else's end: what came there is not known. */
static struct xd_row
udp_sender_row(void)
{
	const struct xd_udp_figures figures = {.message = {.test = "bandwidth", .way = "forward"},
		.datagrams = 1,
		.counted = "sender",
		.sent_messages = 200};
	struct xd_row row = {.engine = &xd_udp_engine};

	memcpy(row.own, &figures, sizeof(figures));
	return row;
}

static struct xd_row
rr_row(void)
{
	const struct xd_rr_figures figures = {
		.test = "udp_rr",
		.outstanding = 16,
		.streams = 121,
		.request_bytes = 122,
		.response_bytes = 123,
		.verified = true,
		.wrong_bytes = 124,
		.transactions = 125,
		.transactions_s = 126.5,
		.request_bps = 127.5,
		.response_bps = 128.5,
		.asks = true,
		.p90_ns = 129.5,
		.stddev_ns = 130.5,
		.limit = "answers",
		.is_udp = true,
		.lost = 131,
		.late = 132,
		.strange = 133,
		.path = {.wrong_frames = 134,
			.failed = 135,
			.impaired_lost = 136,
			.impaired_dup = 137,
			.impaired_reordered = 138},
	};
	struct xd_row row = {.engine = &xd_rr_engine,
		.rate = {.nb_ports = 2, .pps = 110},
		.timed = true,
		.latency = {.count = 125, .actual = times_from(700)}};

	memcpy(row.own, &figures, sizeof(figures));
	return row;
}

static struct xd_row
ping_row(void)
{
	const struct xd_ping_figures figures = {.sent = 101,
		.received = 90,
		.lost = 11,
		.late = 3,
		.duplicated = 4,
		.wrong = 5,
		.loss_ratio = 0.125,
		.last_ns = 1001.5,
		.mean_ns = 1002.5,
		.best_ns = 1003.5,
		.worst_ns = 1004.5,
		.stdev_ns = 1005.5,
		.jitter_mean_ns = 1006.5,
		.jitter_max_ns = 1007.5};
	struct xd_row row = {.engine = &xd_ping_engine,
		.name = "10.0.0.2",
		.timed = true,
		.latency = {.count = 90, .lost = 11, .actual = times_from(600)}};

	memcpy(row.own, &figures, sizeof(figures));
	return row;
}

static const struct xd_engine *const result_engines[] = {&xd_rate_engine, &xd_latency_engine,
	&xd_search_engine, &xd_pairs_engine, &xd_tcp_engine, &xd_udp_engine, &xd_rr_engine,
	&xd_respond_engine, &xd_ping_engine, &xd_calibrate_engine, NULL};

/* Rows of every engine, and rows of zeroes. */
enum {
	RATE,
	LATENCY,
	SEARCH,
	TRIAL,
	PAIRS,
	TCP,
	UDP,
	UDP_SENDER,
	RR,
	RESPOND,
	PING,
	CALIBRATE,
	NOTHING,
	NB_ROWS
};

static void
make_results(struct xd_results *results)
{
	struct xd_row rows[NB_ROWS] = {
		[RATE] = rate_row(),
		[LATENCY] = latency_row(),
		[SEARCH] = search_row(),
		[TRIAL] = search_row(),
		[PAIRS] = pairs_row(),
		[TCP] = tcp_row(),
		[UDP] = udp_row(),
		[UDP_SENDER] = udp_sender_row(),
		[RR] = rr_row(),
		[RESPOND] = respond_row(),
		[PING] = ping_row(),
		[CALIBRATE] = {.engine = &xd_calibrate_engine,
			.is_void = true,
			.void_reason = "12 frames late",
			.partial = true},
		[NOTHING] = {.engine = &xd_rate_engine,
			.paced = true,
			.timed = true,
			.tracked = true,
			.dut = {.known = true}},
	};

	rows[TRIAL].search.is_trial = true;
	xd_results_init(results, 2.6e9);
	results->engines = result_engines;
	strcpy(results->command, "crossdock-pktgen rate \"x\" \xff");
	strcpy(results->label, "a label");
	strcpy(results->reason, "interrupted");
	results->nb_ports = 2;
	results->ports[0] = (struct xd_result_port){
		"virtio:/a", "2 MiB pages, node 0", {"static", "", 1024, true}, 3};
	results->ports[1] = (struct xd_result_port){"virtio:/b", "", {"", "", 0, false}, -1};
	for (unsigned i = 0; i < NB_ROWS; i++)
		assert_int_equal(xd_results_add(results, &rows[i]), 0);
}

struct want {
	const char *path;
	double number;    /* when there is no text */
	const char *text; /* "null", "true", "false" stand for these */
};

#define NUMBER(path, value)                                                                        \
	{                                                                                          \
		path, value, NULL                                                                  \
	}
#define TEXT(path, value)                                                                          \
	{                                                                                          \
		path, 0, value                                                                     \
	}
#define END                                                                                        \
	{                                                                                          \
		NULL, 0, NULL                                                                      \
	}

static const struct want wanted_of_rate[] = {TEXT("engine", "rate"), TEXT("name", "schedule"),
	NUMBER("trial", 2), NUMBER("size", 358), TEXT("mix", "imix"),
	TEXT("template", "eth/ipv4/udp"), TEXT("capture", "a \"file\", with\r\nlines.pcap"),
	NUMBER("flows", 1000), TEXT("flow_kind", "l4"), TEXT("direction", "both"),
	TEXT("pattern", "fan-in"), TEXT("touch", "stamp"), TEXT("rings", "guest"),
	TEXT("ids", "lifo"), NUMBER("ring_size", 256), TEXT("tso", "true"), NUMBER("time_s", 2.25),
	NUMBER("asked_pps", 60.5), NUMBER("sent_frames", 110), NUMBER("received_frames", 99),
	NUMBER("lost_frames", -11), NUMBER("learned_frames", 12), NUMBER("learn_lost_frames", 3),
	NUMBER("sent_pps", 55.5), NUMBER("pps", 50.5), NUMBER("l2_bps", 25600),
	NUMBER("l1_bps", 35200), TEXT("bottleneck", "generator-receive"),
	NUMBER("waiting_share", 0.125), NUMBER("per_port.0.port", 0),
	NUMBER("per_port.0.sent_frames", 110), NUMBER("per_port.0.sent_pps", 55.25),
	NUMBER("per_port.0.received_frames", 0), NUMBER("per_port.1.port", 1),
	NUMBER("per_port.1.received_frames", 98), NUMBER("per_port.1.foreign_frames", 7),
	NUMBER("per_port.1.received_pps", 49.5), NUMBER("pacing.within_500ns", 0.99),
	NUMBER("pacing.max_burst", 32), NUMBER("pacing.late_frames", 21),
	NUMBER("pacing.blocked_frames", 22), NUMBER("pacing.skipped_frames", 23),
	NUMBER("pacing.missed_frames", 24), NUMBER("pacing.sound_percentile", 99.5),
	TEXT("latency.way", "one-way"), NUMBER("latency.count", 31), TEXT("latency.lost", "null"),
	TEXT("latency.half_mean_ns", "null"), NUMBER("latency.jitter", 1.5),
	NUMBER("latency.rfc3550_jitter_ns", 33), NUMBER("flow_figures.flows", 41),
	NUMBER("flow_figures.lost", 42), NUMBER("flow_figures.reordered", 43),
	NUMBER("flow_figures.duplicated", 44), NUMBER("flow_figures.wrong_payload", 45),
	TEXT("flow_figures.checked", "true"), NUMBER("flow_figures.flows_with_loss", 46),
	NUMBER("flow_figures.worst_flow", 47), NUMBER("flow_figures.worst_lost", 48),
	NUMBER("flow_figures.impaired_lost", 49), NUMBER("flow_figures.impaired_dup", 50),
	NUMBER("flow_figures.impaired_reordered", 51), TEXT("search", "null"),
	TEXT("pairs", "null"), TEXT("respond", "null"), NUMBER("placement.before_ns", 120),
	NUMBER("placement.after_ns", 475), TEXT("placement.class", "mixed"),
	TEXT("numa.memory", "0,1"), TEXT("numa.core", "1"), TEXT("numa.guest", "several"),
	TEXT("numa.remote", "true"), NUMBER("steal_s", 0.25), NUMBER("cpu_s", 4.5),
	NUMBER("switch.frames", 101), NUMBER("switch.busy_cycles", 4596),
	NUMBER("switch.busy_cycles_per_frame", 45.5), NUMBER("switch.busy_share", 0.75),
	TEXT("void", "false"), TEXT("void_reason", "null"), TEXT("partial", "false"), END};

static const struct want wanted_of_latency[] = {TEXT("engine", "latency"), TEXT("pacing", "null"),
	TEXT("flow_figures", "null"), TEXT("switch", "null"), TEXT("numa.memory", "null"),
	TEXT("numa.remote", "false"), TEXT("latency.way", "round-trip"),
	NUMBER("latency.count", 61), NUMBER("latency.lost", 62), TEXT("latency.planned", "null"),
	NUMBER("latency.half_mean_ns", 2001.25), NUMBER("latency.jitter", 2.5),
	TEXT("latency.rfc3550_jitter_ns", "null"), TEXT("pps", "null"), TEXT("asked_pps", "null"),
	TEXT("lost_frames", "null"), TEXT("bottleneck", "null"), END};

static const struct want wanted_of_search[] = {TEXT("engine", "search"),
	TEXT("search.is_trial", "false"), TEXT("search.method", "back-to-back"),
	TEXT("search.goal", "NDR"), NUMBER("search.found_pps", 71.5),
	NUMBER("search.lower_pps", 72.5), NUMBER("search.upper_pps", 73.5),
	NUMBER("search.loss_ratio", 0.005), NUMBER("search.trial_s", 60),
	NUMBER("search.burst_frames", 74), NUMBER("search.burst_min_frames", 70),
	NUMBER("search.burst_max_frames", 79), NUMBER("search.burst_stddev_frames", 1.75),
	NUMBER("search.corrected_burst_frames", 75.5), NUMBER("search.repeats", 50),
	NUMBER("search.trials", 76), NUMBER("search.total_s", 77.5),
	TEXT("search.complete", "false"), TEXT("search.missing", "26.1: trials of 1 s, not 60 s"),
	TEXT("pairs", "null"), TEXT("latency", "null"), END};

/* A trial is no result: what only a result has is null. */
static const struct want wanted_of_trial[] = {TEXT("search.is_trial", "true"),
	NUMBER("search.burst_frames", 74), TEXT("search.burst_min_frames", "null"),
	TEXT("search.burst_stddev_frames", "null"), TEXT("search.repeats", "null"),
	TEXT("search.trials", "null"), TEXT("search.total_s", "null"),
	TEXT("search.complete", "null"), TEXT("search.missing", "null"), END};

static const struct want wanted_of_pairs[] = {TEXT("engine", "pairs"), NUMBER("pairs.vms", 14),
	NUMBER("pairs.pairs", 7), TEXT("pairs.is_baseline", "false"), NUMBER("pairs.jain", 0.875),
	NUMBER("pairs.min_pps", 81), NUMBER("pairs.mean_pps", 82), NUMBER("pairs.max_pps", 83),
	NUMBER("pairs.of_baseline", 3.5), TEXT("search", "null"), END};

static const struct want wanted_of_tcp[] = {TEXT("engine", "tcp"), NUMBER("pps", 100),
	TEXT("tcp.test", "bandwidth"), TEXT("tcp.way", "both"),
	NUMBER("tcp.message_bytes", 134217728), NUMBER("tcp.streams", 101),
	TEXT("tcp.verified", "true"), NUMBER("tcp.wrong_bytes", 102), NUMBER("tcp.messages", 103),
	NUMBER("tcp.messages_s", 104.5), NUMBER("tcp.bps", 105.5), NUMBER("tcp.mss", 106),
	NUMBER("tcp.segment_bytes", 107.5), NUMBER("tcp.retransmitted", 108),
	NUMBER("tcp.limited_receiver", 0.25), NUMBER("tcp.limited_congestion", 0.375),
	NUMBER("tcp.limited_core", 0.125), NUMBER("tcp.wrong_frames", 109),
	NUMBER("tcp.failed", 110), NUMBER("tcp.impaired_lost", 111),
	NUMBER("tcp.impaired_dup", 112), NUMBER("tcp.impaired_reordered", 113),
	TEXT("respond", "null"), END};

static const struct want wanted_of_udp[] = {TEXT("engine", "udp"), NUMBER("pps", 100),
	TEXT("udp.test", "bandwidth"), TEXT("udp.way", "reverse"),
	NUMBER("udp.message_bytes", 65508), NUMBER("udp.streams", 101),
	TEXT("udp.verified", "true"), NUMBER("udp.wrong_bytes", 102), NUMBER("udp.messages", 103),
	NUMBER("udp.messages_s", 104.5), NUMBER("udp.bps", 105.5), NUMBER("udp.datagrams", 2),
	TEXT("udp.counted", "receiver"), NUMBER("udp.sent_messages", 200),
	NUMBER("udp.sent_bps", 106.5), NUMBER("udp.lost_messages", 97),
	NUMBER("udp.loss_ratio", 0.485), NUMBER("udp.jitter_ns", 107.5),
	NUMBER("udp.reordered", 108), NUMBER("udp.duplicated", 109), NUMBER("udp.late", 110),
	NUMBER("udp.fragments", 111), NUMBER("udp.not_reassembled", 112),
	NUMBER("udp.strange", 113), NUMBER("udp.wrong_frames", 114),
	NUMBER("udp.impaired_lost", 115), NUMBER("udp.impaired_dup", 116),
	NUMBER("udp.impaired_reordered", 117), TEXT("tcp", "null"), END};

static const struct want wanted_of_udp_sender[] = {TEXT("udp.counted", "sender"),
	NUMBER("udp.sent_messages", 200), TEXT("udp.lost_messages", "null"),
	TEXT("udp.loss_ratio", "null"), TEXT("udp.jitter_ns", "null"),
	TEXT("udp.reordered", "null"), TEXT("udp.duplicated", "null"),
	TEXT("udp.wrong_bytes", "null"), END};

static const struct want wanted_of_rr[] = {TEXT("engine", "rr"), NUMBER("pps", 110),
	NUMBER("latency.actual.p99_ns", 705), TEXT("rr.test", "udp_rr"),
	NUMBER("rr.outstanding", 16), NUMBER("rr.streams", 121), NUMBER("rr.request_bytes", 122),
	NUMBER("rr.response_bytes", 123), TEXT("rr.verified", "true"),
	NUMBER("rr.wrong_bytes", 124), NUMBER("rr.transactions", 125),
	NUMBER("rr.transactions_s", 126.5), NUMBER("rr.request_bps", 127.5),
	NUMBER("rr.response_bps", 128.5), NUMBER("rr.p90_ns", 129.5), NUMBER("rr.stddev_ns", 130.5),
	TEXT("rr.limit", "answers"), NUMBER("rr.lost", 131), NUMBER("rr.late", 132),
	NUMBER("rr.strange", 133), TEXT("rr.mss", "null"), TEXT("rr.segment_bytes", "null"),
	TEXT("rr.retransmitted", "null"), TEXT("rr.limited_receiver", "null"),
	TEXT("rr.limited_congestion", "null"), TEXT("rr.limited_core", "null"),
	NUMBER("rr.wrong_frames", 134), NUMBER("rr.failed", 135), NUMBER("rr.impaired_lost", 136),
	NUMBER("rr.impaired_dup", 137), NUMBER("rr.impaired_reordered", 138), TEXT("tcp", "null"),
	END};

static const struct want wanted_of_respond[] = {TEXT("engine", "respond"), NUMBER("pps", 90),
	NUMBER("respond.arp", 91), NUMBER("respond.neighbour", 92), NUMBER("respond.echo", 93),
	NUMBER("respond.echo6", 94), NUMBER("respond.wrong", 95), NUMBER("respond.not_sent", 96),
	TEXT("pairs", "null"), TEXT("search", "null"), END};

static const struct want wanted_of_ping[] = {TEXT("engine", "ping"), TEXT("name", "10.0.0.2"),
	TEXT("pps", "null"), NUMBER("latency.lost", 11), NUMBER("latency.actual.p99_ns", 605),
	NUMBER("ping.sent", 101), NUMBER("ping.received", 90), NUMBER("ping.lost", 11),
	NUMBER("ping.late", 3), NUMBER("ping.duplicated", 4), NUMBER("ping.wrong", 5),
	NUMBER("ping.loss_ratio", 0.125), NUMBER("ping.last_ns", 1001.5),
	NUMBER("ping.mean_ns", 1002.5), NUMBER("ping.best_ns", 1003.5),
	NUMBER("ping.worst_ns", 1004.5), NUMBER("ping.stdev_ns", 1005.5),
	NUMBER("ping.jitter_mean_ns", 1006.5), NUMBER("ping.jitter_max_ns", 1007.5),
	TEXT("respond", "null"), END};

static const struct want wanted_of_calibrate[] = {TEXT("engine", "calibrate"), TEXT("void", "true"),
	TEXT("void_reason", "12 frames late"), TEXT("partial", "true"), TEXT("name", "null"),
	TEXT("mix", "null"), TEXT("template", "null"), TEXT("capture", "null"),
	TEXT("placement.before_ns", "null"), TEXT("placement.class", "unknown"), END};

/* Measured, and nothing came. */
static const struct want wanted_of_nothing[] = {TEXT("pacing.lateness", "null"),
	TEXT("pacing.within_500ns", "null"), TEXT("latency.actual", "null"),
	TEXT("latency.jitter", "null"), TEXT("flow_figures.wrong_payload", "null"),
	TEXT("flow_figures.checked", "false"), TEXT("flow_figures.worst_flow", "null"),
	NUMBER("flow_figures.worst_lost", 0), NUMBER("switch.frames", 0),
	TEXT("switch.busy_cycles_per_frame", "null"), END};

static const struct want *const wanted[NB_ROWS] = {[RATE] = wanted_of_rate,
	[LATENCY] = wanted_of_latency,
	[SEARCH] = wanted_of_search,
	[TRIAL] = wanted_of_trial,
	[PAIRS] = wanted_of_pairs,
	[TCP] = wanted_of_tcp,
	[UDP] = wanted_of_udp,
	[UDP_SENDER] = wanted_of_udp_sender,
	[RR] = wanted_of_rr,
	[RESPOND] = wanted_of_respond,
	[PING] = wanted_of_ping,
	[CALIBRATE] = wanted_of_calibrate,
	[NOTHING] = wanted_of_nothing};

#endif
