/* SPDX-License-Identifier: BSD-3-Clause */
/* A generator on the thread of the test, whose two ports are each other's peer, and the rows that
 * its engine hands over. */
#ifndef TEST_LOOP_PAIR_H
#define TEST_LOOP_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "traffic/host/tsc.h"
#include "traffic/trial/gen.h"

#define LOOP_ROWS  16
#define LOOP_TRIES 12

struct loop_pair {
	struct xd_gen gen;
	struct xd_impair impair[XD_GEN_PORTS_MAX];
	unsigned nb_rows;
	struct xd_row rows[LOOP_ROWS];
};

static inline int
loop_pair_keep(void *ctx, const struct xd_row *row)
{
	struct loop_pair *l = ctx;

	assert_true(l->nb_rows < LOOP_ROWS);
	l->rows[l->nb_rows++] = *row;
	return 0;
}

/* One more port. */
static inline void
loop_pair_add(struct loop_pair *l, const char *spec)
{
	struct xd_error err = {0};
	const struct xd_gen_port_opts opts = {.frame_bytes = 1514,
		.node = -1,
		.others = l->gen.ports,
		.nb_others = l->gen.nb_ports};

	l->gen.ports[l->gen.nb_ports] = xd_gen_port_open(spec, &opts, &err);
	assert_non_null(l->gen.ports[l->gen.nb_ports]);
	l->gen.nb_ports++;
}

/* Of zeroes, which stay where they are. */
static inline void
loop_pair_open(struct loop_pair *l)
{
	l->gen = (struct xd_gen){.tsc_hz = xd_tsc_calibrate(),
		.nb_cores = 1,
		.cores = {-1},
		.placement = {-1, -1},
		.row = loop_pair_keep,
		.ctx = l};
	loop_pair_add(l, "loop:a");
	loop_pair_add(l, "loop:a");
}

/* Runs again, each time for half as long more, until all rows have what the test looks at: a busy
 * machine may leave nothing of a short time. */
static inline void
loop_pair_run_until(struct loop_pair *l, double *time_s, void (*run)(void *ctx), void *ctx,
	bool (*enough)(const struct xd_row *row))
{
	bool all = false;

	for (unsigned i = 0; i < LOOP_TRIES && !all; i++, *time_s *= 1.5) {
		l->nb_rows = 0;
		run(ctx);
		all = true;
		for (unsigned k = 0; k < l->nb_rows; k++)
			all &= enough(&l->rows[k]);
	}
	assert_true(all);
}

static inline void
loop_pair_close(struct loop_pair *l)
{
	for (unsigned i = 0; i < l->gen.nb_ports; i++)
		xd_gen_port_close(l->gen.ports[i]);
}

#endif
