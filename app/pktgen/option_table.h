/* SPDX-License-Identifier: BSD-3-Clause */
/* All options: what they are called, which commands have them, what reads them, what help says. */
#ifndef PKTGEN_OPTION_TABLE_H
#define PKTGEN_OPTION_TABLE_H

#include "options.h"

#define OF(command) (1u << COMMAND_##command)

struct option_row;

/* Takes the option's text into the options. An error's text need not name the option. */
typedef int (*option_take)(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err);

/* One option; again with other words or help for commands to which it means something else. */
struct option_row {
	const char *name;
	const char *argument; /* as help has it; NULL: it takes none */
	unsigned commands;    /* OF(RATE) | ... */
	option_take take;
	const char *help;         /* lines, the default in parentheses */
	const char *const *words; /* that it can be, ended by NULL; or that completion offers */
	bool file;                /* it is the name of one */
};

/* Ends with a row without a name. Its row's place is its place in options.given. */
const struct option_row *option_table(void);
/* The row of that name which the command has, or NULL. */
const struct option_row *option_find(enum command command, const char *name);

/* One of the row's words: its place among them, or -EINVAL with the nearest. */
int option_word(const struct option_row *row, const char *text, struct xd_error *err);

/* Puts the option before an error's text, unless it is there: "rate x: ..." and "x: ..." of --rate
 * become "--rate x: ...". Returns the error's code. */
int option_blame(const char *name, const char *text, struct xd_error *err);

/* options_traffic.c */
int take_size(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_rfc_sizes(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_flows(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_flow_kind(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_direction(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_pattern(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_touch(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_rate(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_line_rate(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_frames(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_replay(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_track(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_verify(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_times(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_impair(struct options *, const struct option_row *, const char *, struct xd_error *);

/* options_time.c */
int take_time(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_warmup(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_trials(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_count(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_timeout(struct options *, const struct option_row *, const char *, struct xd_error *);

/* options_search.c */
int take_way(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_method(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_seconds(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_resolution(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_min(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_repeat(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_goal(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_vms(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_latency_rate(struct options *, const struct option_row *, const char *, struct xd_error *);

/* options_place.c */
int take_port(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_cores(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_placement(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_switch(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_label(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_output(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_fail_if(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_quiet(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_help(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_version(struct options *, const struct option_row *, const char *, struct xd_error *);

#endif
