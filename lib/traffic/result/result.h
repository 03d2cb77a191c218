/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the engines found. One model feeds the screen, JSON, CSV and the report, so that whatever is
 * shown can be read by a program too. The definitions are in doc/generator.rst; the JSON's keys are
 * the names of the fields here, and its schema is doc/crossdock-pktgen.schema.json.
 */
#ifndef XD_TRAFFIC_RESULT_RESULT_H
#define XD_TRAFFIC_RESULT_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "stats/histogram.h"
#include "traffic/result/engine.h"
#include "traffic/traffic.h"

#define XD_RESULT_SCHEMA "crossdock-pktgen/2"
#define XD_RESULT_TEXT   256
#define XD_RESULT_OWN    64 /* words of 8 bytes that an engine can have in a row */

enum xd_bottleneck {
	XD_BOTTLENECK_ASKED,             /* none: the rate asked for was reached */
	XD_BOTTLENECK_SWITCH_CORE,       /* its busiest worker had no time left (--switch) */
	XD_BOTTLENECK_RING_FULL,         /* the generator waited for the switch to take frames */
	XD_BOTTLENECK_RING_EMPTY,        /* or to deliver them */
	XD_BOTTLENECK_GENERATOR,         /* one core sends and receives, and was busy */
	XD_BOTTLENECK_GENERATOR_SEND,    /* the sending core was */
	XD_BOTTLENECK_GENERATOR_RECEIVE, /* the receiving core was */
};

/* A distribution of times. count 0: there is none, and the JSON has null. */
struct xd_times {
	uint64_t count;
	double min_ns, mean_ns, p50_ns, p95_ns, p99_ns, p99_9_ns, p99_99_ns, max_ns;
};

struct xd_port_figures {
	uint64_t sent_frames;
	uint64_t received_frames; /* within the time, and those that came right after it */
	uint64_t foreign_frames;  /* received, and not of this run */
	double sent_pps, received_pps;
};

struct xd_rate_figures {
	double asked_pps; /* of each sending port; 0 (JSON: null): as many as go */
	uint64_t sent_frames;
	uint64_t received_frames;
	int64_t lost_frames; /* frames that should have come, less those that came */
	uint64_t learned_frames, learn_lost_frames;
	double sent_pps;
	double pps;    /* delivered within the time */
	double l2_bps; /* the same in bit/s, without FCS */
	double l1_bps; /* with preamble, FCS and gap: 24 bytes more for each frame */
	enum xd_bottleneck bottleneck;
	double waiting_share; /* of the generator's time: nothing to send into or to receive */
	unsigned nb_ports;
	struct xd_port_figures ports[XD_GEN_PORTS_MAX]; /* JSON: per_port */
};

/* How well the schedule was kept. JSON: pacing, null when as many were sent as go. */
struct xd_pacing_figures {
	struct xd_times lateness; /* of every frame sent: when it was sent less when planned */
	double within_500ns;      /* share of them */
	unsigned max_burst;       /* frames sent at once */
	uint64_t
		late_frames; /* more than 10 us late though there was room: the generator's fault */
	uint64_t blocked_frames; /* late because the switch did not take them: its fault */
	uint64_t skipped_frames; /* given up: the switch was more than 1 ms behind */
	uint64_t missed_frames;  /* given up: the generator was more than 10 ms behind */
	double sound_percentile; /* 0 to 100: times from the plan beyond it are about the generator
				  */
};

enum xd_times_way { XD_TIMES_ROUND_TRIP, XD_TIMES_ONE_WAY };

/* JSON: latency, null unless frames were timed. */
struct xd_latency_figures {
	enum xd_times_way way;  /* "round-trip", "one-way" */
	uint64_t count;         /* frames timed */
	uint64_t lost;          /* round trips not completed within a second (one at a time only) */
	struct xd_times actual; /* from when it was sent */
	struct xd_times planned;  /* from when it should have been; none: nothing was planned */
	double half_mean_ns;      /* of a round trip: mean / 2, as qperf's latency; else 0 (null) */
	double jitter;            /* P99 / P50 */
	double rfc3550_jitter_ns; /* interarrival jitter, RFC 3550 6.4.1; 0 (null): not one-way */
};

/* JSON: flow_figures, null unless frames were tracked. */
struct xd_flow_figures {
	uint32_t flows;
	uint64_t lost, reordered, duplicated;
	uint64_t wrong_payload; /* null unless payloads were compared: checked */
	bool checked;
	uint32_t flows_with_loss;
	uint32_t worst_flow; /* that lost most */
	uint64_t worst_lost;
	uint64_t impaired_lost, impaired_dup, impaired_reordered; /* made by --impair */
};

/* JSON: search, null in other engines' rows. */
struct xd_search_figures {
	bool is_trial;               /* one trial of a search; else a result of it */
	char method[24];             /* as --method has it */
	char goal[16];               /* mlr's; "10%" of profile; else empty */
	double found_pps;            /* of each sending port: the result; 0: none was found */
	double lower_pps, upper_pps; /* bounds at the end; 0 (null): none */
	double loss_ratio;           /* of the trial, or allowed by the result */
	double trial_s;              /* how long the (final) trial was */
	uint64_t burst_frames;       /* back-to-back: of the trial, or the mean of the repeats */
	uint64_t burst_min_frames, burst_max_frames; /* of the repeats */
	double burst_stddev_frames;
	double corrected_burst_frames; /* RFC 9004's corrected time times the rate */
	unsigned repeats; /* latency, back-to-back: that the result is of; else 0 (null) */
	unsigned trials;
	double total_s;               /* that the search took */
	bool complete;                /* nothing of the method was left out */
	char missing[XD_RESULT_TEXT]; /* else: the clause, and what differs from it */
};

/* JSON: pairs, null in other engines' rows. */
struct xd_pairs_figures {
	unsigned vms;                      /* ports that take part */
	unsigned pairs;                    /* or senders to one */
	bool is_baseline;                  /* the single pair alone */
	double jain;                       /* Jain's index of the pairs' bandwidth: 1 is fair */
	double min_pps, mean_pps, max_pps; /* of a pair */
	double of_baseline; /* all together, divided by the single pair; 0 (null): no baseline */
	struct xd_times unloaded; /* one frame at a time through the first pair, before */
};

/* The switch's own account of the measured time. JSON: switch, null when not known. */
struct xd_switch_figures {
	bool known;
	uint64_t frames, busy_cycles;
	double busy_cycles_per_frame;
	double busy_share; /* of the busiest worker */
};

/* What the virtqueues of the ports are like, ours being the guest's side. JSON: its keys are those
 * of the object that it is in. */
struct xd_rings_figures {
	char rings[8];      /* "guest", "static", "mixed"; empty (null): there are none of ours */
	char ids[8];        /* "lifo", "fifo", "mixed"; empty (null): none, or static rings only */
	uint32_t ring_size; /* entries; 0 (null): none, or not the same everywhere */
	bool tso;           /* one of the ports sends TCP unsegmented */
};

/* NUMA nodes of all ports that there are, with commas between ("0", "0,1"), "several" of memory
 * that lies on more than one; empty (null): not known. JSON: numa. */
struct xd_numa_figures {
	char memory[24], core[24]; /* where frames lie; where the threads run that drive ports */
	char guest[24];            /* where the guests that the ports are have their memory; of a
				    * DPDK device the device */
	bool remote;               /* a port's memory is on another node than its core */
};

/* What the other end's process says of itself, where the row is of two. JSON: far, null when it is
 * not. Its frames and messages are in the row's own figures. */
struct xd_far_figures {
	bool known;
	double time_s, cpu_s, steal_s; /* as the row's */
	struct xd_rings_figures rings;
	struct xd_numa_figures numa;
};

/* JSON: text of the enumerations is what the xd_..._name functions say. */
struct xd_row {
	const struct xd_engine *engine;
	char name[64];  /* what is measured, where an engine does several things; else empty */
	unsigned trial; /* from 1 */
	uint32_t size;  /* bytes without FCS; of a mix the mean, rounded */
	char mix[48];   /* its name; empty (null): one size */
	char template_text[XD_RESULT_TEXT]; /* JSON: template; empty (null): the default */
	char capture[XD_RESULT_TEXT];       /* the file; empty (null): none */
	uint32_t flows;
	enum xd_flow_kind flow_kind;
	enum xd_direction direction;
	enum xd_pattern pattern;
	enum xd_touch touch;
	struct xd_rings_figures rings; /* of all ports that take part */
	double time_s;                 /* measured, without warm-up and learning */
	struct xd_rate_figures rate;   /* JSON: its keys are the row's own */
	bool paced;
	struct xd_pacing_figures pacing; /* paced */
	bool timed;
	struct xd_latency_figures latency; /* timed */
	bool tracked;
	struct xd_flow_figures flow_figures; /* tracked */
	struct xd_search_figures search;     /* zero in other engines' rows, as the next two */
	struct xd_pairs_figures pairs;
	uint64_t own[XD_RESULT_OWN]; /* any other engine's: see engine.h. Copied in and out */
	double placement_before_ns, placement_after_ns; /* JSON: placement {before_ns, after_ns,
							 * class}; 0 (null): not known */
	struct xd_numa_figures numa;
	double steal_s, cpu_s;            /* of the whole machine, while measuring */
	struct xd_switch_figures dut;     /* JSON: switch */
	bool is_void;                     /* JSON: void. The generator fell behind: not a result */
	char void_reason[XD_RESULT_TEXT]; /* why; null when it is not */
	bool partial;                     /* cut short */
	struct xd_far_figures far;        /* zero: both ends are here */
};

/* Where the frames of a port lie. JSON: ports. */
struct xd_result_port {
	char name[128];
	char memory[96]; /* "2 MiB pages, node 0", "4 KiB pages (no free hugepages), node 0" */
	struct xd_rings_figures rings;
	int core; /* that drives it; -1: any */
};

struct xd_results {
	char command[2048];
	char started[32]; /* RFC 3339, UTC */
	char label[64];   /* --label: what was measured, a column's head in a report; or empty */
	char host[64], cpu[96], kernel[160], dpdk[48];
	char version[64];            /* crossdock's, with the commit where it was built from one */
	char reason[XD_RESULT_TEXT]; /* why the run was cut short; empty (null): it was not */
	bool partial;
	bool hugepages; /* free ones of 2 MiB were there */
	unsigned cpus;
	unsigned numa_nodes; /* with memory */
	double tsc_hz;
	unsigned nb_ports;
	struct xd_result_port ports[XD_GEN_PORTS_MAX];
	unsigned n, room;
	struct xd_row *rows;
	const struct xd_engine *const *engines; /* whose sections each row has; NULL: its own */
};

/* Words as the command line, the screen and the JSON have them. */
const char *xd_touch_name(enum xd_touch touch);
const char *xd_flow_kind_name(enum xd_flow_kind kind);
const char *xd_pattern_name(enum xd_pattern pattern);
const char *xd_direction_name(enum xd_direction direction);
const char *xd_bottleneck_name(enum xd_bottleneck bottleneck);
const char *xd_times_way_name(enum xd_times_way way);

/* Whether it has a rate: what is done one at a time, or without frames, has none. */
bool xd_row_is_rated(const struct xd_row *row);

/* Adds a port to what is said of those before it; the first of all to zeroes. */
void xd_rings_add(struct xd_rings_figures *rings, const struct xd_gen_port *port);
/* "guest rings of 256, ids lifo"; empty when there are none. Returns text. */
#define XD_RINGS_TEXT 64
const char *xd_rings_text(const struct xd_rings_figures *rings, char *text, size_t size);

/* Adds a port that is driven on a core (-1: any) to what is said of those before it. */
void xd_numa_add(struct xd_numa_figures *numa, const struct xd_gen_port *port, int core);
/* "0/0/0": memory, core, guest; "-" for each that is not known. Returns text. */
#define XD_NUMA_TEXT 80
const char *xd_numa_text(const struct xd_numa_figures *numa, char *text, size_t size);

/* Sums a histogram of nanoseconds up. */
void xd_times_of(struct xd_times *times, const struct xd_histogram *h);

/* Fills in what there is to say of the machine. */
void xd_results_init(struct xd_results *results, double tsc_hz);
void xd_results_fini(struct xd_results *results);
int xd_results_add(struct xd_results *results, const struct xd_row *row); /* copies; -ENOMEM */

/* The whole as JSON text that the caller frees, or NULL without memory. */
char *xd_results_json(const struct xd_results *results);
/* The rows as CSV (RFC 4180) with a head line, one column for each figure of the JSON, nested ones
 * as "latency.actual.p99_ns"; what is null is empty. The caller frees it. */
char *xd_results_csv(const struct xd_results *results);
/* The file that path leads to, through symbolic links: path itself when it is none. It need not be
 * there. -ELOOP, -ENAMETOOLONG. option: for messages. */
int xd_results_target(
	const char *path, char *target, size_t size, const char *option, struct xd_error *err);
/* Writes text to path (of a symbolic link, to the file behind it), aside and then renamed; "-" is
 * standard output. option: for messages. */
int xd_results_write(const char *text, const char *option, const char *path, struct xd_error *err);

#endif
