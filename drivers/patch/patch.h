/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The patch port: one of two that join two bridges. Frames for it are switched on as its peer's in
 * the same turn (lib/bridge/patch.c), so that it never receives or transmits itself; it knows its
 * peer by name, and why frames do not pass when they do not.
 */
#ifndef XD_DRIVERS_PATCH_H
#define XD_DRIVERS_PATCH_H

#include "drivers/patch/config.h"
#include "port/port.h"

extern const struct xd_driver xd_patch_driver;

#endif
