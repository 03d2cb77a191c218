/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses of a control connection, from text and back. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "base/number.h"

/* The port behind host's end; host is cut there. */
static int
split(char *host, uint64_t *port)
{
	char *colon = strrchr(host, ':'), *bracket = strchr(host, ']');

	*port = PEER_PORT;
	if (host[0] == '[') {
		if (!bracket || (bracket[1] && bracket[1] != ':'))
			return -EINVAL;
		colon = bracket[1] ? bracket + 1 : NULL;
		*bracket = '\0';
		memmove(host, host + 1, strlen(host + 1) + 1);
		if (colon)
			return xd_number_parse(colon + 1, 1, UINT16_MAX, port);
		return 0;
	}
	if (!colon || strchr(host, ':') != colon) /* none, or IPv6 without a port */
		return 0;
	*colon = '\0';
	return xd_number_parse(colon + 1, 1, UINT16_MAX, port);
}

int
peer_address_parse(const char *text, struct peer_address *address, struct xd_error *err)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address->at;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&address->at;
	char host[PEER_ADDRESS];
	uint64_t port = 0;
	int n = snprintf(host, sizeof(host), "%s", text);

	*address = (struct peer_address){0};
	if (n < (int)sizeof(host) && !split(host, &port)) {
		if (!strcmp(host, "localhost"))
			strcpy(host, "127.0.0.1");
		if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
			v4->sin_family = AF_INET;
			v4->sin_port = htons((uint16_t)port);
			address->len = sizeof(*v4);
			return 0;
		}
		if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
			v6->sin6_family = AF_INET6;
			v6->sin6_port = htons((uint16_t)port);
			address->len = sizeof(*v6);
			return 0;
		}
	}
	return xd_fail(err, -EINVAL,
		"%s: give an address and maybe a port, such as 127.0.0.1, 10.0.0.2:%u or [::1]:%u",
		text, PEER_PORT, PEER_PORT);
}

const char *
peer_address_text(const struct peer_address *address, char text[PEER_ADDRESS])
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address->at;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->at;
	char host[INET6_ADDRSTRLEN] = "?";

	if (address->at.ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
		snprintf(text, PEER_ADDRESS, "[%s]:%u", host, ntohs(v6->sin6_port));
	} else {
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
		snprintf(text, PEER_ADDRESS, "%s:%u", host, ntohs(v4->sin_port));
	}
	return text;
}

bool
peer_address_is_local(const struct peer_address *address)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address->at;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->at;

	if (address->at.ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
	return ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}
