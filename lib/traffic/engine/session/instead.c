/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands that testpmd has and a session has not: what to type, or why there is none. */
#include <string.h>

#include "traffic/engine/session/session_parts.h"

#define FILTERS "a session has no filters, tunnels or offloads; it forwards every frame (set fwd)"
#define REOPEN  "is said when a port is opened: port detach N, then port attach SPEC"

static const struct {
	const char *begins;
	const char *instead;
} known[] = {
	{"port config", "port config: what it would set " REOPEN},
	{"port reset", "port reset: port stop and port start do what there is to do"},
	{"port cleanup", "port cleanup: nothing is kept of a port; port detach closes it"},
	{"set portmask", "set portmask: set portlist 0,1 says which ports take part"},
	{"set coremask", "set coremask: set corelist 1,2 says on which cores"},
	{"set port topology", "set port topology: set port-topology paired, chained or loop"},
	{"set stat_qmap", "set stat_qmap: a port has one queue each way"},
	{"set log", "set log: there is no log; set verbose shows frames"},
	{"show rxq", "show rxq: a port has one queue each way; show config rxtx has it"},
	{"show txq", "show txq: a port has one queue each way; show config rxtx has it"},
	{"show port cap", "show port cap: show port info has what there is"},
	{"rx_vlan", "rx_vlan: frames go on with their tags as they are"},
	{"tx_vlan", "tx_vlan: frames go on with their tags as they are"},
	{"vlan", "vlan: frames go on with their tags as they are"},
	{"flow", "flow: " FILTERS},
	{"csum", "csum: " FILTERS},
	{"tso", "tso: " FILTERS},
	{"gro", "gro: " FILTERS},
	{"gso", "gso: " FILTERS},
	{"tunnel_tso", "tunnel_tso: " FILTERS},
	{"set vf", "set vf: " FILTERS},
	{"mcast_addr", "mcast_addr: set allmulti all on lets every group through"},
	{"mac_addr", "mac_addr: set promisc all on lets every address through"},
	{"read", "read: a session reads no registers"},
	{"write", "write: a session writes no registers"},
};

const char *
xd_session_instead(int argc, char **argv)
{
	char typed[XD_SESSION_LINE] = "";
	size_t used = 0;

	for (int i = 0; i < argc && used < sizeof(typed); i++)
		used += (size_t)snprintf(typed + used, sizeof(typed) - used, "%s ", argv[i]);
	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t len = strlen(known[i].begins);

		if (!strncmp(typed, known[i].begins, len) && typed[len] == ' ')
			return known[i].instead;
	}
	return NULL;
}
