/* SPDX-License-Identifier: BSD-3-Clause */
/* The port types that Crossdock brings: the one place that names them. */
#include "drivers/af_xdp/af_xdp.h"
#include "drivers/app/app.h"
#include "drivers/bond/bond.h"
#include "drivers/ethdev/ethdev.h"
#include "drivers/memif/memif.h"
#include "drivers/patch/patch.h"
#include "drivers/tap/tap.h"
#include "drivers/vhost/vhost.h"

const struct xd_driver *const xd_builtin_drivers[] = {
	&xd_vhost_driver,
	&xd_ethdev_driver,
	&xd_tap_driver,
	&xd_af_xdp_driver,
	&xd_memif_driver,
	&xd_bond_driver,
	&xd_patch_driver,
	&xd_app_driver,
	NULL,
};
