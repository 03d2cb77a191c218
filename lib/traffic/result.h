/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the engines found. One model feeds the screen and the JSON, so that whatever is shown can be
 * read by a program too. The definitions are in doc/generator.rst.
 */
#ifndef XD_TRAFFIC_RESULT_H
#define XD_TRAFFIC_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "traffic/port.h"

#define XD_RESULT_SCHEMA "crossdock-pktgen/1"

enum xd_engine { XD_ENGINE_RATE, XD_ENGINE_LATENCY };
enum xd_direction { XD_DIRECTION_ONE, XD_DIRECTION_BOTH };
enum xd_bottleneck {
	XD_BOTTLENECK_SWITCH,    /* the generator waited for it */
	XD_BOTTLENECK_GENERATOR, /* it was busy all the time */
	XD_BOTTLENECK_ASKED,     /* the rate asked for was reached */
};

struct xd_port_figures {
	uint64_t sent_frames;
	uint64_t received_frames; /* within the time, and those that came right after it */
	uint64_t foreign_frames;  /* received, and not of this run */
	double sent_pps, received_pps;
};

struct xd_rate_figures {
	double asked_pps; /* of each sending port; 0: as many as go */
	uint64_t sent_frames;
	uint64_t received_frames;
	int64_t lost_frames; /* frames that should have come, less those that came */
	uint64_t learned_frames, learn_lost_frames;
	double sent_pps;
	double pps;           /* delivered within the time */
	double l2_bps;        /* the same in bit/s, without FCS */
	double l1_bps;        /* with preamble, FCS and gap: 24 bytes more for each frame */
	double waiting_share; /* of the generator's time: nothing to send into, nothing to receive
			       */
	enum xd_bottleneck bottleneck;
	unsigned nb_ports;
	struct xd_port_figures ports[XD_GEN_PORTS_MAX];
};

struct xd_latency_figures {
	uint64_t count;
	uint64_t lost; /* round trips not completed within 100 ms */
	double min_ns, mean_ns, p50_ns, p95_ns, p99_ns, p99_9_ns, p99_99_ns, max_ns;
	double half_mean_ns; /* mean round trip / 2 */
};

/* The switch's own account of the measured time. */
struct xd_switch_figures {
	bool known;
	uint64_t frames, busy_cycles;
	double busy_cycles_per_frame;
	double busy_share; /* of the busiest worker */
};

struct xd_row {
	enum xd_engine engine;
	unsigned trial; /* from 1 */
	uint32_t size, flows;
	enum xd_flow_kind flow_kind;
	enum xd_direction direction;
	enum xd_pattern pattern;
	enum xd_touch touch;
	double time_s;                                  /* measured, without warm-up and learning */
	double placement_before_ns, placement_after_ns; /* 0: not known */
	double steal_s, cpu_s;                          /* of the whole machine, while measuring */
	struct xd_switch_figures dut;                   /* the device under test */
	bool partial;                                   /* cut short */
	union {
		struct xd_rate_figures rate;
		struct xd_latency_figures latency;
	};
};

struct xd_results {
	char command[1024];
	char cpu[96], kernel[160], dpdk[48];
	char version[32]; /* crossdock's */
	char reason[256]; /* why the run was cut short; empty: it was not */
	bool partial;
	bool hugepages; /* free ones of 2 MiB were there */
	double tsc_hz;
	unsigned n, room;
	struct xd_row *rows;
};

/* Words as the command line, the screen and the JSON have them. */
const char *xd_touch_name(enum xd_touch touch);
const char *xd_flow_kind_name(enum xd_flow_kind kind);
const char *xd_pattern_name(enum xd_pattern pattern);
const char *xd_direction_name(enum xd_direction direction);
const char *xd_bottleneck_name(enum xd_bottleneck bottleneck);
const char *xd_engine_name(enum xd_engine engine);

/* Fills in what there is to say of the machine. */
void xd_results_init(struct xd_results *results, double tsc_hz);
void xd_results_fini(struct xd_results *results);
int xd_results_add(struct xd_results *results, const struct xd_row *row); /* copies; -ENOMEM */

/* The whole as JSON text that the caller frees, or NULL without memory. */
char *xd_results_json(const struct xd_results *results);
/* Writes it to path, aside and then renamed; "-" is standard output. */
int xd_results_write(const struct xd_results *results, const char *path, struct xd_error *err);

#endif
