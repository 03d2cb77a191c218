/* SPDX-License-Identifier: BSD-3-Clause */
/* One run of crossdockctl: where it asks, how it prints, and the calls that all commands make. */
#ifndef CROSSDOCKCTL_CTL_H
#define CROSSDOCKCTL_CTL_H

#include <jansson.h>
#include <stdbool.h>

#include "control/client.h"

/* Exit statuses. */
#define CTL_DONE    0
#define CTL_REFUSED 1 /* by crossdockd */
#define CTL_USAGE   2 /* a wrong usage, nobody answers, or the output cannot be written */

struct ctl {
	const char *socket;
	const struct command *commands;
	bool json;
	bool detail;              /* counters by kind and size */
	bool dry_run;             /* worker balance: only tell */
	bool xstats;              /* what devices count themselves */
	double interval_s;        /* of rates; 0: no rates; negative: none was given */
	const char *db;           /* import: Open vSwitch's database; or NULL */
	const char *file;         /* whose YAML the call carries, for errors; or NULL */
	struct xd_client *client; /* connected when the first call is made */
	int status;
};

/* Calls a method (takes params, which may be NULL). NULL: it was said on stderr why, and
 * ctl->status has the exit status. */
json_t *ctl_call(struct ctl *ctl, const char *method, json_t *params);
/* The same, silently: for completion. */
json_t *ctl_ask(struct ctl *ctl, const char *method);
void ctl_disconnect(struct ctl *ctl);

/* "crossdockctl: ..." on stderr; returns CTL_USAGE. */
int ctl_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Members of JSON objects; "" and 0 when there is none. */
const char *ctl_text(const json_t *object, const char *key);
json_int_t ctl_number(const json_t *object, const char *key);

/* "1.5 GiB". Returns text. */
char *ctl_bytes(json_int_t bytes, char text[16]);

#endif
