/* SPDX-License-Identifier: BSD-3-Clause */
/* The Ethernet address of a bridge, which its own port has and its datapath_id is made of. */
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/number.h"
#include "ovsdb/rows.h"
#include "ovsdb/value.h"

/* That of a bridge's interface which was there before, as an ovs-vswitchd leaves it: the host's
 * neighbours know it by this address. */
static bool
read_interface(const char *name, uint8_t mac[6])
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {0};
	bool found;

	if (fd < 0)
		return false;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	found = strlen(name) < IFNAMSIZ && ioctl(fd, SIOCGIFHWADDR, &request) == 0 &&
		request.ifr_hwaddr.sa_family == ARPHRD_ETHER &&
		!(request.ifr_hwaddr.sa_data[0] & 1);
	close(fd);
	if (found)
		memcpy(mac, request.ifr_hwaddr.sa_data, 6);
	return found;
}

void
xd_ovsdb_bridge_mac(const json_t *row, const char *uuid, uint8_t mac[6])
{
	const char *text = xd_ovsdb_map_find(json_object_get(row, "other_config"), "hwaddr");
	const char *name = xd_ovsdb_string(json_object_get(row, "name"));
	unsigned byte;

	if (text && xd_mac_parse(text, mac))
		return;
	if (name && read_interface(name, mac))
		return;
	/* From the row's name, so that it stays: locally administered, of one station. */
	for (unsigned i = 0; i < 6; i++) {
		const char *digits = uuid && strlen(uuid) >= 36 ? uuid + 24 + 2 * i : "00";

		mac[i] = sscanf(digits, "%2x", &byte) == 1 ? (uint8_t)byte : 0;
	}
	mac[0] = (uint8_t)((mac[0] & 0xfc) | 2);
}
