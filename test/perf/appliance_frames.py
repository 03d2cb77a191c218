# SPDX-License-Identifier: BSD-3-Clause
"""
Frames of UDP connections through an appliance, as captures for crossdock-pktgen: the addresses are
those of hosts behind a router or firewall, which the generator's own streams do not have.

The generator's port 0 is inside, 1 outside.
"""

import functools
import socket
import struct

SIZE = 64  # bytes, without FCS
DISCARD = 9

# What the generator's own stream has, from port 0 to port 1 (flow-kind l4).
STREAM_INSIDE = ("02:58:00:00:00:00", "10.0.0.1")
STREAM_OUTSIDE = ("02:58:01:00:00:00", "10.1.0.1")
STREAM_PORTS = 0x4000  # of one address, from the port of the same number on

# Of a translator, and of hosts that it translates.
ROUTER_INSIDE, ROUTER_OUTSIDE, GATEWAY = "10.60.0.1", "10.61.0.1", "10.61.0.2"
HOSTS = 50
FAR = "198.18.0.1"
FIRST_PORT = 20000
GATEWAY_MAC = "02:58:01:00:00:00"

# Of a service that is balanced, and its servers.
SERVICE, BALANCER, SERVERS = "10.62.0.100", "10.62.0.1", ("10.62.0.11", "10.62.0.12")


def raw(mac):
    return bytes.fromhex(mac.replace(":", ""))


def router_mac(address):
    """What the translator makes up for an address of its own (examples/arp)."""
    return "02:00:" + ":".join(f"{byte:02x}" for byte in socket.inet_aton(address))


def host(number):
    """MAC and IPv4 address of a host inside."""
    return f"02:58:00:00:01:{number:02x}", f"10.60.1.{number}"


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


@functools.lru_cache(maxsize=65536)
def header(src, dst):
    """The IPv4 header of all frames between two hosts, and the sum of the pseudo header."""
    length = SIZE - 14
    fields = struct.pack(">BBHHHBBH4s4s", 0x45, 0, length, 0, 0x4000, 64, socket.IPPROTO_UDP, 0,
                         socket.inet_aton(src), socket.inet_aton(dst))
    pseudo = sum(struct.unpack(">4H", fields[12:])) + socket.IPPROTO_UDP + length - 20
    return fields[:10] + struct.pack(">H", checksum(fields)) + fields[12:], pseudo


def udp(macs, addresses, ports):
    """Each a pair: of whom it is to, and of whom it is from."""
    ip, total = header(addresses[1], addresses[0])
    length = SIZE - 34
    total += ports[0] + ports[1] + length
    total = (total & 0xffff) + (total >> 16)
    total = (total & 0xffff) + (total >> 16)
    return (macs[0] + macs[1] + b"\x08\x00" + ip +
            struct.pack(">HHHH", ports[1], ports[0], length, total ^ 0xffff or 0xffff) +
            bytes(length - 8))


def arp(mac, address, asked):
    """Somebody asks who has an address, and so says who he is himself."""
    body = struct.pack(">HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, raw(mac), socket.inet_aton(address),
                       bytes(6), socket.inet_aton(asked))
    return (b"\xff" * 6 + raw(mac) + b"\x08\x06" + body).ljust(SIZE, b"\0")


def stream_address(flow):
    """Address and UDP port of a flow of the generator's own stream."""
    return f"10.0.{(flow // STREAM_PORTS + 1) >> 8}.{(flow // STREAM_PORTS + 1) & 255}", \
        STREAM_PORTS | flow % STREAM_PORTS


def stream_questions(flows):
    """The flows of the generator's own stream, l4."""
    macs = (raw(STREAM_OUTSIDE[0]), raw(STREAM_INSIDE[0]))
    for flow in range(flows):
        address, port = stream_address(flow)
        yield udp(macs, (STREAM_OUTSIDE[1], address), (DISCARD, port))


def stream_answers(flows):
    """To all of them."""
    macs = (raw(STREAM_INSIDE[0]), raw(STREAM_OUTSIDE[0]))
    for flow in range(flows):
        address, port = stream_address(flow)
        yield udp(macs, (address, STREAM_OUTSIDE[1]), (port, DISCARD))


def nat_questions(flows):
    """Of hosts inside, which take turns; each connection has a port of its own."""
    to = raw(router_mac(ROUTER_INSIDE))
    for flow in range(flows):
        mac, address = host(1 + flow % HOSTS)
        yield udp((to, raw(mac)), (FAR, address), (DISCARD, FIRST_PORT + flow))


def nat_answers(flows):
    """To the translator's address, with the ports that it keeps where it can."""
    macs = (raw(router_mac(ROUTER_OUTSIDE)), raw(GATEWAY_MAC))
    for flow in range(flows):
        yield udp(macs, (ROUTER_OUTSIDE, FAR), (FIRST_PORT + flow, DISCARD))


def nat_hosts():
    """What the translator learns of hosts inside."""
    for number in range(1, HOSTS + 1):
        yield arp(*host(number), ROUTER_INSIDE)


def nat_gateway():
    yield arp(GATEWAY_MAC, GATEWAY, ROUTER_OUTSIDE)


def balanced(flows):
    """Of clients, to the service."""
    for flow in range(flows):
        yield udp((raw(router_mac(BALANCER)), raw(STREAM_INSIDE[0])),
                  (SERVICE, f"10.62.1.{1 + flow % HOSTS}"), (DISCARD, FIRST_PORT + flow))


def servers():
    for number, address in enumerate(SERVERS):
        yield arp(f"02:58:01:00:00:{number:02x}", address, BALANCER)


def write(path, frames):
    """A capture in the classic format, with times of its own that nobody looks at."""
    with open(path, "wb") as sink:
        sink.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for frame in frames:
            sink.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)))
            sink.write(frame)
