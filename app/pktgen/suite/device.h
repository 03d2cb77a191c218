/* SPDX-License-Identifier: BSD-3-Clause */
/* A crossdockd of a suite's own: a directory with its configuration, its log and its sockets, a
 * vhost-user port for each VM in one bridge, one worker. Control. */
#ifndef PKTGEN_SUITE_DEVICE_H
#define PKTGEN_SUITE_DEVICE_H

#include <signal.h>
#include <sys/types.h>

#include "suite.h"

struct suite_device {
	char dir[32];     /* of ours; empty: none was made */
	pid_t pid;        /* 0: it does not run */
	unsigned core;    /* of its worker */
	sigset_t signals; /* that it blocks: what ours were */
};

/* Whether crossdockd would take the configuration: -EINVAL, err as suite_load's. */
int suite_device_check(const struct suite *s, struct xd_error *err);

/* Makes the directory. -errno. */
int suite_device_init(struct suite_device *d, struct xd_error *err);
/* Removes it with all that is in it; after stop. */
void suite_device_fini(struct suite_device *d);

/* Starts it with so many ports, dir/vm1 and so on and dir/control, and waits until they are there.
 * -EIO, and why it did not come up; -ETIMEDOUT; -EINTR: SIGINT or SIGTERM is pending. */
int suite_device_start(
	struct suite_device *d, const struct suite *s, unsigned nb_ports, struct xd_error *err);
/* Ends it. Fine when it does not run. */
void suite_device_stop(struct suite_device *d);

#endif
