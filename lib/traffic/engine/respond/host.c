/* SPDX-License-Identifier: BSD-3-Clause */
/* A host's addresses: those of the command line, checked, and the link-local one that comes of its
 * MAC address. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "traffic/engine/respond/answer.h"

/* fe80:: and the MAC address as a modified EUI-64: RFC 4291, appendix A. */
static void
make_link_local(struct xd_respond_host *host)
{
	struct in6_addr *address = &host->v6[0];

	*address = (struct in6_addr){{{0xfe, 0x80}}};
	memcpy(&address->s6_addr[8], host->mac, 3);
	address->s6_addr[8] ^= 2;
	address->s6_addr[11] = 0xff;
	address->s6_addr[12] = 0xfe;
	memcpy(&address->s6_addr[13], host->mac + 3, 3);
	host->nb_v6 = 1;
}

static bool
is_host_v4(const struct in_addr *address)
{
	uint8_t first = (uint8_t)(ntohl(address->s_addr) >> 24);

	return first != 0 && first != 127 && first < 224;
}

static int
add(struct xd_respond_host *host, const char *word, struct xd_error *err)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, word, &v4) == 1 && is_host_v4(&v4)) {
		if (host->nb_v4 == XD_RESPOND_ADDRESSES)
			return xd_fail(err, -EINVAL, "at most %d IPv4 addresses of a port",
				XD_RESPOND_ADDRESSES);
		host->v4[host->nb_v4++] = v4;
		return 0;
	}
	if (inet_pton(AF_INET6, word, &v6) == 1 && v6.s6_addr[0] != 0xff &&
		!IN6_IS_ADDR_UNSPECIFIED(&v6) && !IN6_IS_ADDR_LOOPBACK(&v6)) {
		if (host->nb_v6 == XD_RESPOND_ADDRESSES + 1)
			return xd_fail(err, -EINVAL, "at most %d IPv6 addresses of a port",
				XD_RESPOND_ADDRESSES);
		host->v6[host->nb_v6++] = v6;
		return 0;
	}
	return xd_fail(err, -EINVAL,
		"address %s: give addresses of a host without prefix length, such as "
		"10.0.0.2,fd00::2",
		word);
}

int
xd_respond_host_init(
	struct xd_respond_host *host, unsigned n, const char *addresses, struct xd_error *err)
{
	char word[INET6_ADDRSTRLEN + 16];
	int rc = 0;

	*host = (struct xd_respond_host){.mac = {0x02, 0x58, (uint8_t)n}};
	make_link_local(host);
	while (addresses && !rc) {
		size_t len = strcspn(addresses, ",");

		snprintf(word, sizeof(word), "%.*s", (int)len, addresses);
		rc = add(host, word, err);
		addresses = addresses[len] ? addresses + len + 1 : NULL;
	}
	return rc;
}

bool
xd_respond_host_has(const struct xd_respond_host *host, bool v6, const uint8_t *address)
{
	for (unsigned i = 0; !v6 && i < host->nb_v4; i++)
		if (!memcmp(address, &host->v4[i], 4))
			return true;
	for (unsigned i = 0; v6 && i < host->nb_v6; i++)
		if (!memcmp(address, &host->v6[i], 16))
			return true;
	return false;
}

bool
xd_respond_host_first(const struct xd_respond_host *host, bool v6, uint8_t *address)
{
	memset(address, 0, 16);
	if (v6 && host->nb_v6 > 1)
		memcpy(address, &host->v6[1], 16);
	else if (!v6 && host->nb_v4 > 0)
		memcpy(address, &host->v4[0], 4);
	else
		return false;
	return true;
}
