/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the daemon knows besides the switch: the configuration file, what was changed since, and
 * where that is kept. Every change goes through xd_control_commit(): the switch first, then the
 * state file; when either fails, neither is changed.
 *
 * One thread: the one that serves the control socket.
 */
#ifndef XD_CONTROL_CONTROL_H
#define XD_CONTROL_CONTROL_H

#include <stdint.h>

#include "control/daemon_config.h"
#include "control/lines.h"
#include "control/log_ring.h"
#include "control/rpc.h"
#include "crossdock.h"

/* Where the configuration comes from. Borrowed strings. */
struct xd_control_source {
	const char *config_file; /* at the start also a pipe, or "-" for standard input */
	const char *state_file;  /* NULL: changes live until exit */
	const char *socket_path; /* instead of the configuration's control.path; or NULL */
	const char *unixctl;     /* likewise, of control.unixctl */
	const char *ovsdb;       /* likewise, of control.ovsdb */
	unsigned default_core;
};

struct xd_control {
	struct xd_control_source source;
	struct xd_switch *sw;
	struct xd_log_ring *ring;
	struct xd_daemon_config *base;    /* what the file says */
	struct xd_daemon_config *running; /* what the switch does */
	uint64_t started_ns;
	/* The OpenFlow number of a port, where a database gives some: NULL, or 0: it has none. */
	unsigned (*port_number)(void *ctx, const char *port);
	void *port_number_ctx;
};

/* Where entries of a noun that the database has the say of are changed instead, "ovs-vsctl add-br
 * ...", or NULL: here. What the database has no word for is the file's, as ever. */
const char *xd_control_elsewhere(const struct xd_control *control, const struct xd_noun *noun);
/* Fills in the error that says so. */
int xd_control_refuse(
	const struct xd_control *control, const struct xd_noun *noun, struct xd_error *err);

/* At the start: reads the configuration file and lays the state file over it; checks both. lines
 * (may be NULL) gets the file's keys, for an error that comes later (xd_lines_format). On failure
 * text says it in one line, "FILE:LINE: KEY: what". -EINVAL or the errno of the file. */
int xd_control_load(const struct xd_control_source *source, struct xd_lines *lines,
	struct xd_daemon_config **base, struct xd_daemon_config **running, char *text, size_t size);

/* A configuration from YAML as this source has it; see xd_yaml_read_config. */
struct xd_daemon_config *xd_control_read(const struct xd_control_source *source, const char *yaml,
	size_t len, struct xd_lines *lines, struct xd_error *err);

/* Makes `next` what runs, wholly or not at all, and keeps it. Takes next in any case. */
int xd_control_commit(
	struct xd_control *control, struct xd_daemon_config *next, struct xd_error *err);
/* Reads the file again and lays what was changed at run time over it. On failure nothing is
 * changed, and text says why. */
int xd_control_reload(struct xd_control *control, char *text, size_t size);

/* The methods of the control socket; their ctx is a struct xd_control. The caller frees them with
 * free(). NULL: no memory. */
struct xd_rpc_method *xd_control_methods_create(void);

#endif
