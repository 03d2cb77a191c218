/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A suite: steps that are run one after the other, each an engine with its options, and put into
 * one result. It is read from a YAML file:
 *
 *     title: Quick look            # of the report
 *     switch: {workers: {idle: poll}, port: {full: wait}}
 *     guest: event_idx=on          # options of each virtio: port
 *     options: {time: 1}           # of every step whose engine has them
 *     steps:
 *       - name: frames             # no two are the same
 *         engine: rate
 *         ports: 2                 # or 2:14:+2: a step for each number
 *         size: 64,1514            # any option of the engine
 *         reference: {file: virtink_pairs, fabric: vhost-user}
 *
 *   file.c       finds and reads it, step.c its steps; every error names file, line and key
 *   published.c  what a step's reference refers to
 *   words.c      a step's command line
 *   device.c     crossdockd, with as many ports as a step takes
 *   clock.c      how long it will take
 *   result.c     the JSON, and what of an earlier one is still good
 *   run.c        the steps
 *
 * Control; all of it.
 */
#ifndef PKTGEN_SUITE_SUITE_H
#define PKTGEN_SUITE_SUITE_H

#include <jansson.h>
#include <limits.h>

#include "base/error.h"
#include "engine.h"

#define SUITE_SCHEMA    "crossdock-pktgen-suite/1"
#define SUITE_STEPS_MAX 200

struct suite_step {
	char name[80];
	char key[24]; /* its place in the file: "steps.3" */
	const struct engine *engine;
	unsigned nb_ports;       /* 0: its engine makes its own */
	const char *guest;       /* options of its virtio: ports, or "" */
	json_t *options;         /* words: "--size", "64", ... */
	const json_t *reference; /* a list of what published figures stand beside it, or NULL */
	double expected_s;       /* after suite_check */
};

struct suite {
	char path[PATH_MAX]; /* of the file, absolute */
	char name[64];       /* the file's, without directory and .yaml */
	const char *title;
	const json_t *device; /* how crossdockd is configured; NULL: as it comes */
	unsigned nb_steps;
	struct suite_step *steps;
	json_t *root;
	struct xd_lines *lines;
};

/* Where the ports of steps come from. */
struct suite_ports {
	const char *const *given; /* --port's; NULL: a crossdockd's in dir */
	unsigned nb_given;
	const char *dir;
};

/* ---- file.c ---- */

/* A file, or the name of one that came with the program: "quick". -ENOENT, and what
 * xd_read_file and reading it as YAML give; err has file, line and key in its text. suite_free in
 * any case. */
int suite_load(struct suite *s, const char *file_or_name, struct xd_error *err);
void suite_free(struct suite *s);
/* What is wrong at a key of the file, with file and line: returns code. */
int suite_blame(
	const struct suite *s, const char *key, int code, const char *what, struct xd_error *err);
/* Names of those that came with the program, that begin so; a line each. */
void suite_offer(const char *begun, FILE *out);

/* ---- published.c ---- */

struct report_references;

/* Whether a step's reference refers to something. -EINVAL. */
int suite_reference_check(const struct suite *s, const struct suite_step *step,
	const struct report_references *references, struct xd_error *err);

/* ---- words.c ---- */

/* The words of a step's command line: new. */
json_t *suite_words(const struct suite_step *step, const struct suite_ports *ports);
/* They as argv, ended by NULL, and how many: points into words. The caller frees the array. */
char **suite_argv(const json_t *words, int *argc);
/* Whether every step could be begun, and how long each will take; steps that need more ports than
 * are given are left alone. -EINVAL, err as suite_load's. */
int suite_check(struct suite *s, const struct suite_ports *ports, struct xd_error *err);
/* Whether it has the ports. */
bool suite_step_fits(const struct suite_step *step, const struct suite_ports *ports);

#endif
