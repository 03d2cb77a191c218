/* SPDX-License-Identifier: BSD-3-Clause */
/* Two tap ports on a bridge. */
#include "taps.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int
add_tap(struct xd_config *config, const char *name, const char *interface, const char *hook,
	struct xd_error *err)
{
	struct xd_port_config *port = xd_config_add_port(config, name, "tap", "br0", err);
	const char *colon = strchr(interface, ':');
	char netns[64];

	if (port == NULL)
		return err->code;
	if (colon) {
		snprintf(netns, sizeof(netns), "%.*s", (int)(colon - interface), interface);
		if (xd_port_config_set(port, "netns", netns, err) < 0)
			return err->code;
		interface = colon + 1;
	}
	if (xd_port_config_set(port, "ifname", interface, err) < 0)
		return err->code;
	return xd_port_config_set(port, "hooks", hook, err);
}

int
taps_configure(struct xd_switch *sw, const char *hook, const char *inside, const char *outside,
	unsigned core, struct xd_error *err)
{
	struct xd_config *config = xd_config_create();
	int rc = -ENOMEM;

	if (config == NULL || xd_config_set_workers(config, &core, 1) < 0) {
		xd_config_destroy(config);
		return xd_fail(err, rc, "out of memory");
	}
	rc = xd_config_add_bridge(config, "br0", err) ? 0 : err->code;
	if (rc == 0)
		rc = add_tap(config, "inside", inside, hook, err);
	if (rc == 0)
		rc = add_tap(config, "outside", outside, hook, err);
	if (rc == 0)
		rc = xd_switch_apply(sw, config, err);
	xd_config_destroy(config);
	return rc;
}

uint64_t
taps_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}
