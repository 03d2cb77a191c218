/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows for a driver's table of keys, of what lies in the part of the configuration that all ports
 * have: the switch does it, for drivers that can take part. */
#ifndef XD_PORT_ROWS_H
#define XD_PORT_ROWS_H

#include "port/port.h"

/* The keys `full` and `wait_us`, of a driver that has `room`. most: microseconds that a frame waits
 * at most, 1000 or more. */
#define XD_PORT_KEYS_FULL(most)                                                                    \
	{                                                                                          \
		.name = "full",                                                                    \
		.kind = XD_KEY_WORD,                                                               \
		XD_KEY_AT(struct xd_port_config, full),                                            \
		.words = (const char *const[]){"drop", "wait", NULL},                              \
		.fallback = XD_FULL_DROP,                                                          \
		.unset = "drop",                                                                   \
		.cost = XD_COST_PLAN,                                                              \
		.help = "What becomes of a frame for which there is no free buffer.",              \
	},                                                                                         \
	{                                                                                          \
		.name = "wait_us", .kind = XD_KEY_NUMBER,                                          \
		XD_KEY_AT(struct xd_port_config, wait_us), .min = 1, .max = (most),                \
		.fallback = XD_WAIT_US, .unset = "1000", .unit = "microseconds",                   \
		.cost = XD_COST_PLAN, .help = "With full: wait: how long a frame waits at most.",  \
	}

/* The key `coalesce`, of a driver that has `takes`. */
#define XD_PORT_KEY_COALESCE                                                                       \
	{                                                                                          \
		.name = "coalesce", .kind = XD_KEY_WORD,                                           \
		XD_KEY_AT(struct xd_port_config, coalesce),                                        \
		.words = (const char *const[]){"off", "on", "push", NULL},                         \
		.fallback = XD_COALESCE_OFF, .unset = "off", .cost = XD_COST_PLAN,                 \
		.help = "Whether TCP segments that follow each other go as one frame.",            \
	}

#endif
