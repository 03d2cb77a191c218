/* SPDX-License-Identifier: BSD-3-Clause */
/* What the engines work on: the generator's ports, cores, and how to be told to stop. */
#ifndef XD_TRAFFIC_TRIAL_GEN_H
#define XD_TRAFFIC_TRIAL_GEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "traffic/host/switch_probe.h"
#include "traffic/port/port.h"
#include "traffic/result/result.h"

#define XD_GEN_CORES_MAX 32

/* Filled by the application; engines use it from one thread. */
struct xd_gen {
	unsigned nb_ports;
	struct xd_gen_port *ports[XD_GEN_PORTS_MAX];
	double tsc_hz;
	unsigned nb_cores;             /* threads that drive the ports: port i is thread i %
					* nb_cores's */
	int cores[XD_GEN_CORES_MAX];   /* where they are pinned; -1: nowhere */
	int placement[2];              /* cores whose distance goes into each row; -1: none */
	struct xd_switch_probe *probe; /* the switch's own figures; or NULL */
	const volatile bool *cancel;   /* set by a signal handler */
	/* What goes on, for people; not while frames are counted more often than 5 times a second.
	 */
	void (*progress)(void *ctx, const char *what, double share);
	/* A finished row. */
	int (*row)(void *ctx, const struct xd_row *row);
	void *ctx;
};

static inline bool
xd_gen_cancelled(const struct xd_gen *gen)
{
	return gen->cancel && *gen->cancel;
}

static inline void
xd_gen_progress(const struct xd_gen *gen, const char *what, double share)
{
	if (gen->progress)
		gen->progress(gen->ctx, what, share);
}

/* -EPIPE with the port's name and why when the peer of one has gone. */
int xd_gen_check_ports(struct xd_gen *gen, struct xd_error *err);

/* Hands a finished row over, and returns rc; where that is 0 and the row cannot be kept, why. */
int xd_gen_keep_row(struct xd_gen *gen, const struct xd_row *row, int rc, struct xd_error *err);

/* Receives on all ports for so many seconds. -EINTR: it is told to stop; -EPIPE. */
int xd_gen_listen(struct xd_gen *gen, double seconds, struct xd_error *err);

/* Receives on all ports what is on its way, until nothing has come for a while and the devices have
 * given back what was sent. -EBUSY names the port whose device does not. */
int xd_gen_drain(struct xd_gen *gen, struct xd_error *err);

/* Before and after what is measured: placement, CPU time, the switch's figures. */
struct xd_surroundings {
	double placement_ns;
	double busy_s, steal_s;
	bool probed;
	struct xd_probe_sample probe;
};

void xd_gen_look_before(struct xd_gen *gen, struct xd_surroundings *s);
/* Fills the row's fields from what was there before and is there now. row->time_s is set. */
void xd_gen_look_after(
	struct xd_gen *gen, const struct xd_surroundings *before, struct xd_row *row);

#endif
