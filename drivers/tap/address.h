/* SPDX-License-Identifier: BSD-3-Clause */
/* The addresses of an interface, as text: "10.0.0.1/24,fd00::1/64". Any thread. */
#ifndef XD_DRIVERS_TAP_ADDRESS_H
#define XD_DRIVERS_TAP_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "netdev/netdev.h"

#define XD_TAP_ADDRESSES 16 /* of one interface */

/* Returns how many, or -EINVAL, -E2BIG. Errors have no key. */
int xd_tap_addresses(
	const char *text, struct xd_ip addresses[XD_TAP_ADDRESSES], struct xd_error *err);
bool xd_tap_address_equal(const struct xd_ip *a, const struct xd_ip *b);
/* An Ethernet address of one station, six bytes in hexadecimal with colons: 0 or -EINVAL. */
int xd_tap_mac(const char *text, uint8_t mac[6]);

#endif
