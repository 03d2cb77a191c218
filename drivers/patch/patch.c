/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a patch port, and what becomes of frames that it cannot pass on. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/patch/patch.h"

static_assert(sizeof(struct xd_patch_config) <= XD_PORT_SETTINGS, "the room in a port's settings");

struct xd_patch_port {
	struct xd_port port; /* first: the switch knows the port by this */
	char why[128];       /* frames do not pass; "": they do */
};

static const struct xd_key patch_keys[] = {
#define XD_KEY(key, members, ...)                                                                  \
	{.name = #key, XD_SETTINGS_AT(struct xd_patch_config, key), __VA_ARGS__},
#include "drivers/patch/keys.def"
#undef XD_KEY
	{0},
};

static int
patch_check(const struct xd_port_config *config, struct xd_error *err)
{
	const char *peer = xd_patch_config(config)->peer;

	if (!peer[0])
		return xd_port_config_fail(err, -EINVAL, config, "peer",
			"is missing: which port is at the other end?");
	if (!strcmp(peer, config->name))
		return xd_port_config_fail(
			err, -EINVAL, config, "peer", "is the port itself: must be another");
	if (config->nb_hooks)
		return xd_port_config_fail(err, -EINVAL, config, "hooks",
			"are none of a patch port's: frames meet those of the port that they came "
			"by");
	return 0;
}

static const char *
patch_peer(const struct xd_port_config *config)
{
	return xd_patch_config(config)->peer;
}

static void
patch_paired(struct xd_port *port, const char *why)
{
	snprintf(((struct xd_patch_port *)port)->why, sizeof(((struct xd_patch_port *)port)->why),
		"%s", why);
}

static struct xd_port *
patch_create(const struct xd_driver *driver, const struct xd_port_env *env,
	const struct xd_port_config *config, struct xd_error *err)
{
	struct xd_patch_port *p = aligned_alloc(64, (sizeof(*p) + 63) / 64 * 64);

	if (p == NULL) {
		xd_fail(err, -ENOMEM, "port %s: out of memory", config->name);
		return NULL;
	}
	memset(p, 0, sizeof(*p));
	xd_port_init(&p->port, driver, env, config);
	return &p->port;
}

/* Without a queue of its own it has nothing to start. */
static int
patch_start(struct xd_port *port, struct xd_error *err)
{
	(void)port;
	(void)err;
	return 0;
}

static void
patch_stop(struct xd_port *port)
{
	port->up = false;
}

static void
patch_destroy(struct xd_port *port)
{
	free(port);
}

static uint16_t
patch_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	(void)port;
	(void)queue;
	batch->n = 0;
	batch->nb_done = 0;
	return 0;
}

static void
patch_release(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	(void)port;
	(void)queue;
	(void)batch;
}

/* Of frames that do not pass. */
static uint16_t
patch_tx(struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n)
{
	(void)frames;
	return xd_port_drop_down(port, worker, n);
}

static void
patch_describe(struct xd_port *port, xd_describe_fn fn, void *ctx)
{
	const struct xd_patch_port *p = (struct xd_patch_port *)port;

	if (p->why[0])
		fn(ctx, "down_because", p->why);
}

const struct xd_driver xd_patch_driver = {
	.type = "patch",
	.help = "one of two ports that join two bridges",
	.keys = patch_keys,
	.peer = patch_peer,
	.paired = patch_paired,
	.check = patch_check,
	.create = patch_create,
	.start = patch_start,
	.stop = patch_stop,
	.destroy = patch_destroy,
	.rx = patch_rx,
	.release = patch_release,
	.tx = patch_tx,
	.describe = patch_describe,
};
