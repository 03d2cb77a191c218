/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses from text. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "drivers/tap/address.h"

#define TEXT_MAX 64 /* bytes of the longest address with its prefix, and more */

/* What no interface has as its own: groups, everybody, nobody. */
static bool
is_host(const struct xd_ip *a)
{
	static const uint8_t zero[16];

	if (!memcmp(a->bytes, zero, sizeof(zero)))
		return false;
	return a->family == AF_INET ? a->bytes[0] < 224 : a->bytes[0] != 0xff;
}

/* "24" in decimal, of at most max. */
static int
read_prefix(const char *text, unsigned max)
{
	size_t len = strlen(text);

	if (len == 0 || len > 3 || strspn(text, "0123456789") != len)
		return -EINVAL;
	return strtoul(text, NULL, 10) <= max ? (int)strtoul(text, NULL, 10) : -EINVAL;
}

static int
read_address(char *text, struct xd_ip *a)
{
	char *slash = strchr(text, '/');
	int prefix;

	memset(a, 0, sizeof(*a));
	if (!slash)
		return -EINVAL;
	*slash = 0;
	a->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	prefix = read_prefix(slash + 1, a->family == AF_INET ? 32 : 128);
	if (inet_pton(a->family, text, a->bytes) != 1 || prefix < 0 || !is_host(a))
		return -EINVAL;
	a->prefix = (uint8_t)prefix;
	return 0;
}

int
xd_tap_addresses(const char *text, struct xd_ip addresses[XD_TAP_ADDRESSES], struct xd_error *err)
{
	int n = 0;

	while (*text) {
		size_t len = strcspn(text, ",");
		const char *end = text + len;
		char one[TEXT_MAX];

		if (n == XD_TAP_ADDRESSES)
			return xd_fail(err, -E2BIG, "more than %u addresses", XD_TAP_ADDRESSES);
		snprintf(one, sizeof(one), "%.*s", (int)len, text);
		if (len >= sizeof(one) || read_address(one, &addresses[n]) ||
			(*end == ',' && end[1] == 0))
			return xd_fail(err, -EINVAL,
				"\"%.60s\": write an address of the interface's own and the bits "
				"of its network, such as 10.0.0.1/24 or fd00::1/64; several with "
				"commas",
				text);
		for (int i = 0; i < n; i++) {
			if (xd_tap_address_equal(&addresses[i], &addresses[n]))
				return xd_fail(err, -EINVAL, "%.*s is there twice", (int)len, text);
		}
		n++;
		text = end + (*end == ',');
	}
	return n;
}

bool
xd_tap_address_equal(const struct xd_ip *a, const struct xd_ip *b)
{
	return a->family == b->family && a->prefix == b->prefix &&
	       !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

int
xd_tap_mac(const char *text, uint8_t mac[6])
{
	static const uint8_t zero[6];

	return !xd_mac_parse(text, mac) || (mac[0] & 1) || !memcmp(mac, zero, sizeof(zero))
		       ? -EINVAL
		       : 0;
}
