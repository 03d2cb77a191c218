/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A session: commands in the words of DPDK's testpmd, and their answers. It knows no terminal and
 * no ports, only a bench on which ports can be opened and frames forwarded, so that a test can type
 * commands and read what is answered.
 *
 * Every command is a row of a table (commands.c), from which running, help, completion, and what is
 * said of a mistyped one come. What is answered goes to a stream of the caller's.
 *
 * One thread.
 */
#ifndef XD_TRAFFIC_ENGINE_SESSION_SESSION_H
#define XD_TRAFFIC_ENGINE_SESSION_SESSION_H

#include <stdio.h>

#include "traffic/engine/session/forward.h"

#define XD_SESSION_LINE 1024 /* bytes of a command, with what ends it */

/* What there is to be known of a port. */
struct xd_session_port {
	char name[128]; /* as attach has it */
	char driver[32];
	char memory[96]; /* where its frames lie, for people */
	uint8_t mac[6];
	int node; /* NUMA; -1: any */
	bool started, up, promiscuous, allmulticast;
	uint32_t speed_mbps; /* 0: it does not say */
	unsigned mtu;
	unsigned rx_entries, tx_entries; /* of its rings */
};

/* Since it was attached, or cleared. */
struct xd_session_stats {
	uint64_t rx_frames, rx_bytes, rx_missed, rx_errors, rx_nombuf;
	uint64_t tx_frames, tx_bytes, tx_errors;
};

enum xd_session_switch {
	XD_SESSION_STARTED,
	XD_SESSION_LINK,
	XD_SESSION_PROMISCUOUS,
	XD_SESSION_ALLMULTICAST,
};

typedef void (*xd_session_each)(void *arg, const char *name, uint64_t value);

/* What a session acts on. Calls that fail return a negative errno with err. Ports are numbered from
 * 0 to XD_GEN_PORTS_MAX - 1. */
struct xd_session_bench {
	int (*attach)(void *ctx, const char *spec, unsigned *port, struct xd_error *err);
	int (*detach)(void *ctx, unsigned port, struct xd_error *err);
	/* False: there is no such port. */
	bool (*look)(void *ctx, unsigned port, struct xd_session_port *what);
	int (*set)(void *ctx, unsigned port, enum xd_session_switch what, bool on,
		struct xd_error *err);
	void (*stats)(void *ctx, unsigned port, struct xd_session_stats *stats);
	void (*xstats)(void *ctx, unsigned port, xd_session_each each, void *arg);
	void (*clear)(void *ctx, unsigned port);
	/* Paths have the ports' numbers; the bench puts the ports in. */
	int (*start)(void *ctx, struct xd_forward_plan *plan, struct xd_error *err);
	void (*stop)(void *ctx);
	bool (*running)(void *ctx, struct xd_error *err); /* as xd_forward_running */
	void (*counts)(void *ctx, unsigned path, struct xd_forward_counts *counts);
	bool (*seen)(void *ctx, struct xd_forward_seen *seen, uint64_t *missed);
	bool (*core)(void *ctx, unsigned core); /* whether it may be used */
	/* Waits; false: it was told to end that. */
	bool (*sleep)(void *ctx, double seconds);
	void *ctx;
};

struct xd_session_opts {
	struct xd_session_bench bench;
	FILE *out;
	unsigned nb_cores; /* to forward on; */
	int cores[XD_GEN_CORES_MAX];
	unsigned nb_used; /* at the beginning, of these */
	double tsc_hz;
};

struct xd_session;

/* NULL without memory. */
struct xd_session *xd_session_create(const struct xd_session_opts *opts);
void xd_session_destroy(struct xd_session *s); /* stops forwarding; NULL is fine */

/* Carries out a line, and answers. 0; or a negative errno when it was answered with an error, in
 * one line. An empty line and what follows # is nothing. */
int xd_session_line(struct xd_session *s, const char *line);
/* The same for each line of a file, to its end or "quit". Returns 0, or the last error. */
int xd_session_load(struct xd_session *s, const char *path);
/* Whether "quit" was typed. */
bool xd_session_ended(const struct xd_session *s);
/* Lines that were answered with an error, so far. */
unsigned xd_session_failed(const struct xd_session *s);
/* While nothing is typed, some times a second: shows frames ("set verbose"), and says when
 * forwarding ended by itself. Returns whether something was written. */
bool xd_session_tick(struct xd_session *s);
/* Whether frames are being forwarded, and ends that with its figures. */
bool xd_session_running(struct xd_session *s);
void xd_session_stop(struct xd_session *s);

/* Offers each word that may come next: words are those before it, prefix its beginning. */
void xd_session_complete(struct xd_session *s, int nb_words, char **words, const char *prefix,
	void (*offer)(void *arg, const char *word), void *arg);

#endif
