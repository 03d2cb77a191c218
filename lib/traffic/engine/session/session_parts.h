/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the session share. */
#ifndef XD_TRAFFIC_ENGINE_SESSION_SESSION_PARTS_H
#define XD_TRAFFIC_ENGINE_SESSION_SESSION_PARTS_H

#include "traffic/engine/session/session.h"

#define XD_SESSION_WORDS 24 /* of a line */

enum xd_session_topology { XD_SESSION_PAIRED, XD_SESSION_CHAINED, XD_SESSION_LOOP };

/* What "set" sets. */
struct xd_session_config {
	const struct xd_forward_mode *mode;
	bool retry;
	unsigned retries, delay_us, burst;
	unsigned nb_cores, nb_used;
	int cores[XD_GEN_CORES_MAX];
	unsigned nb_ports; /* that take part, in order */
	unsigned ports[XD_GEN_PORTS_MAX];
	enum xd_session_topology topology;
	unsigned nb_parts;
	uint32_t parts[XD_FORWARD_PARTS_MAX];
	bool some_parts;
	uint32_t flows;
	unsigned verbose; /* 1: received frames, 2: sent ones, 3: both */
	uint8_t peers[XD_GEN_PORTS_MAX][6];
};

struct xd_session {
	struct xd_session_bench bench;
	FILE *out;
	double tsc_hz;
	struct xd_session_config config;
	unsigned nb_all_cores; /* at the beginning, for "set default" */
	unsigned nb_used_cores;
	int all_cores[XD_GEN_CORES_MAX];
	bool running, ended;
	bool interrupted;       /* what was waited for, and so are the files that wait */
	unsigned failed, depth; /* lines; files within files */
	uint64_t missed;        /* frames not shown, of which it was said */
	/* Of the last start, which may be over. */
	struct xd_forward_plan plan;
	struct xd_forward_counts base[XD_GEN_PORTS_MAX]; /* by path: when they were cleared */
	uint64_t missed_base[XD_GEN_PORTS_MAX];          /* by port */
	/* When the statistics of a port were shown last. */
	struct xd_session_stats last[XD_GEN_PORTS_MAX];
	uint64_t last_ns[XD_GEN_PORTS_MAX];
};

/* A command. Words of its pattern are as they are typed, alternatives with | between, or arguments
 * in <>, which commands.c has a table of. */
struct xd_session_command {
	const char *pattern; /* NULL ends the table */
	const char *section; /* of help */
	const char *help;
	int (*run)(struct xd_session *s, int argc, char **argv, struct xd_error *err);
};

extern const struct xd_session_command xd_session_commands[];

/* The row that the words are, or NULL with what is wrong with them. */
const struct xd_session_command *xd_session_find(int argc, char **argv, struct xd_error *err);

/* All ports that there are; how many. */
unsigned xd_session_ports(struct xd_session *s, unsigned ports[XD_GEN_PORTS_MAX]);
/* Those that a word means: "all", or a number. Returns how many; 0 with err. */
unsigned xd_session_which(struct xd_session *s, const char *word, unsigned ports[XD_GEN_PORTS_MAX],
	struct xd_error *err);
/* Who sends where, of the configuration: fills plan->paths. */
void xd_session_lay_paths(const struct xd_session *s, struct xd_forward_plan *plan);
/* Of a path and a port, since the start or clear. */
void xd_session_counts(struct xd_session *s, unsigned path, struct xd_forward_counts *counts);
void xd_session_default(struct xd_session *s);
/* "02:58:00:00:00:00". Returns text. */
char *xd_session_mac(const uint8_t mac[6], char text[18]);

/* Parts of answers. */
void xd_show_forward_config(struct xd_session *s, const struct xd_forward_plan *plan);
void xd_show_forward_stats(struct xd_session *s);
void xd_show_rxtx_config(struct xd_session *s);

/* Commands, by file. */
#define XD_SESSION_COMMAND(name)                                                                   \
	int name(struct xd_session *s, int argc, char **argv, struct xd_error *err)

XD_SESSION_COMMAND(xd_cmd_start);
XD_SESSION_COMMAND(xd_cmd_stop);
XD_SESSION_COMMAND(xd_cmd_load);
XD_SESSION_COMMAND(xd_cmd_sleep);
XD_SESSION_COMMAND(xd_cmd_help);
XD_SESSION_COMMAND(xd_cmd_quit);

XD_SESSION_COMMAND(xd_cmd_set_fwd);
XD_SESSION_COMMAND(xd_cmd_set_default);
XD_SESSION_COMMAND(xd_cmd_set_burst);
XD_SESSION_COMMAND(xd_cmd_set_retry);
XD_SESSION_COMMAND(xd_cmd_set_delay);
XD_SESSION_COMMAND(xd_cmd_set_nbcore);
XD_SESSION_COMMAND(xd_cmd_set_nbport);
XD_SESSION_COMMAND(xd_cmd_set_corelist);
XD_SESSION_COMMAND(xd_cmd_set_portlist);
XD_SESSION_COMMAND(xd_cmd_set_topology);
XD_SESSION_COMMAND(xd_cmd_set_txpkts);
XD_SESSION_COMMAND(xd_cmd_set_txsplit);
XD_SESSION_COMMAND(xd_cmd_set_flows);
XD_SESSION_COMMAND(xd_cmd_set_verbose);
XD_SESSION_COMMAND(xd_cmd_set_peer);
XD_SESSION_COMMAND(xd_cmd_set_switch);
XD_SESSION_COMMAND(xd_cmd_set_link);

XD_SESSION_COMMAND(xd_cmd_attach);
XD_SESSION_COMMAND(xd_cmd_detach);
XD_SESSION_COMMAND(xd_cmd_port);

XD_SESSION_COMMAND(xd_cmd_show_info);
XD_SESSION_COMMAND(xd_cmd_show_summary);
XD_SESSION_COMMAND(xd_cmd_show_stats);
XD_SESSION_COMMAND(xd_cmd_show_xstats);
XD_SESSION_COMMAND(xd_cmd_clear_stats);
XD_SESSION_COMMAND(xd_cmd_show_fwd);
XD_SESSION_COMMAND(xd_cmd_show_streams);
XD_SESSION_COMMAND(xd_cmd_clear_fwd);
XD_SESSION_COMMAND(xd_cmd_show_config);

/* The answer to words that testpmd has and a session has not; NULL: none is known. */
const char *xd_session_instead(int argc, char **argv);

#endif
