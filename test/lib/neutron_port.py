# SPDX-License-Identifier: BSD-3-Clause
"""Plugs vhost-user ports as os-vif's and neutron's native driver do, by ovsdbapp: with a connection
of its own, and a wait for cur_cfg after each transaction. Run by Debian's python3, which has it.

Arguments: the database's remote, and a directory for sockets. Prints what it reads back, as JSON.
"""

import json
import logging
import sys

from ovsdbapp.backend.ovs_idl import connection
from ovsdbapp.schema.open_vswitch import impl_idl

PORT = "vhu01234567-89"


def read(api, name, *columns):
    return [api.db_get("Interface", name, column).execute(check_error=True) for column in columns]


def main(remote, directory):
    # Failed checks after a commit are only logged.
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    idl = connection.OvsdbIdl.from_server(remote, "Open_vSwitch")
    api = impl_idl.OvsdbIdl(connection.Connection(idl, timeout=20))
    api.add_br("br-int", may_exist=True, datapath_type="netdev").execute(check_error=True)
    datapath = api.db_get("Bridge", "br-int", "datapath_id").execute(check_error=True)
    with api.transaction(check_error=True) as transaction:
        transaction.add(api.add_port("br-int", PORT, may_exist=False))
        transaction.add(api.db_set(
            "Interface", PORT, ("external_ids", {"iface-id": "01234567-89ab",
                                                 "iface-status": "active",
                                                 "attached-mac": "52:54:00:00:00:01"}),
            ("type", "dpdkvhostuserclient"),
            ("options", {"vhost-server-path": f"{directory}/{PORT}"}), ("mtu_request", 1450)))
    made = read(api, PORT, "ofport", "error", "mtu_request")
    # neutron's: a port that is not wired yet is in VLAN 4095, then in its own.
    api.db_set("Port", PORT, ("tag", 4095)).execute(check_error=True)
    api.db_set("Port", PORT, ("tag", 7), ("other_config", {"tag": "7"})).execute(check_error=True)
    # One that cannot be made: it is not waited for longer, and others stay.
    with api.transaction(check_error=True) as transaction:
        transaction.add(api.add_port("br-int", "nosuch0"))
    failed = read(api, "nosuch0", "ofport", "error")
    types = api.db_get("Open_vSwitch", ".", "iface_types").execute(check_error=True)
    json.dump({"datapath": datapath, "made": made, "failed": failed, "types": types,
               "ports": api.list_ports("br-int").execute(check_error=True)}, sys.stdout)


main(*sys.argv[1:])
