# SPDX-License-Identifier: BSD-3-Clause
"""Network namespaces with veth pairs: the kernel's own hosts on a switch's ports."""

import array
import ctypes
import fcntl
import os
import select
import socket
import struct
import subprocess
import threading

SIOCETHTOOL = 0x8946
ETHTOOL_STXCSUM = 0x17


def ip(*words, check=True):
    done = subprocess.run(["ip", *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True)
    if check and done.returncode:
        raise AssertionError(f"ip {' '.join(map(str, words))}: {done.stderr.strip()}")
    return done.stdout


def checksums_in_software(interface):
    """Has the kernel finish checksums before it hands frames on: those who read them from a raw
    socket find them whole. In the current namespace."""
    value = array.array("B", struct.pack("II", ETHTOOL_STXCSUM, 0))
    request = struct.pack("16sP", interface.encode(), value.buffer_info()[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCETHTOOL, request)


class Namespace:
    """Removed at the end of the test, with all that is in it."""

    count = 0

    def __init__(self, test, name):
        Namespace.count += 1
        self.name = f"xd{os.getpid()}-{Namespace.count}-{name}"
        test.addCleanup(ip, "netns", "del", self.name, check=False)
        ip("netns", "add", self.name)
        self.ip("link", "set", "lo", "up")

    def ip(self, *words):
        return ip("-n", self.name, *words)

    def command(self, *words):
        return ["ip", "netns", "exec", self.name, *map(str, words)]

    def run(self, *words, timeout_s=60):
        return subprocess.run(self.command(*words), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=timeout_s)

    def address(self, interface, address):
        self.ip("addr", "add", address, "dev", interface)
        self.ip("link", "set", interface, "up")

    def __enter__(self):
        """The calling thread's namespace, for the block."""
        self.before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        with open(f"/run/netns/{self.name}") as there:
            _setns(there.fileno())
        return self

    def __exit__(self, *_):
        _setns(self.before)
        os.close(self.before)


def _setns(fd):
    if ctypes.CDLL(None, use_errno=True).setns(fd, 0):
        raise OSError(ctypes.get_errno(), "setns")


def veth(here, interface, there, peer):
    """A pair: interface in the namespace here, peer in there."""
    here.ip("link", "add", "name", interface, "type", "veth",
            "peer", "name", peer, "netns", there.name)
    with there:
        checksums_in_software(peer)
    here.ip("link", "set", interface, "up")


def send_udp(address, port):
    """A datagram to an address, in the current namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x" * 64, (address, port))


class RawSocket:
    """Frames on an interface of a namespace, with their tags."""

    ETH_P_ALL = 3
    SOL_PACKET, PACKET_AUXDATA = 263, 8
    TP_STATUS_VLAN_VALID = 1 << 4
    OUTGOING = 4
    SO_RCVBUFFORCE, QUEUE = 33, 16 << 20  # bytes: of some seconds in which nobody takes frames

    def __init__(self, test, space, interface, timeout_s):
        with space:
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                        socket.htons(self.ETH_P_ALL))
        test.addCleanup(self.socket.close)
        self.socket.setsockopt(socket.SOL_SOCKET, self.SO_RCVBUFFORCE, self.QUEUE)
        self.socket.bind((interface, 0))
        self.socket.settimeout(timeout_s)
        self.socket.setsockopt(self.SOL_PACKET, self.PACKET_AUXDATA, 1)

    def send(self, data):
        self.socket.send(data)

    def receive(self, source):
        """The next frame from an address (bytes). The kernel takes tags off: put back here."""
        while True:
            data, extra, _, address = self.socket.recvmsg(65536, socket.CMSG_SPACE(20))
            if address[2] == self.OUTGOING or data[6:12] != source:
                continue
            for _, kind, value in extra:
                if kind != self.PACKET_AUXDATA:
                    continue
                status, *_, tci, _ = struct.unpack("IIIHHHH", value[:20])
                if status & self.TP_STATUS_VLAN_VALID:
                    data = data[:12] + b"\x81\x00" + tci.to_bytes(2, "big") + data[12:]
            return data


class Wire:
    """Two interfaces of a namespace joined by a thread, with all that a bridge keeps to itself."""

    def __init__(self, test, space, *interfaces):
        self.ends = [RawSocket(test, space, name, 0) for name in interfaces]
        self.whole, self.passed = True, 0
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        test.addCleanup(self.cut)

    def run(self):
        sockets = [end.socket for end in self.ends]
        while self.whole:
            for here in select.select(sockets, [], [], 0.05)[0]:
                data, address = here.recvfrom(65536)
                if address[2] != RawSocket.OUTGOING:
                    sockets[1 - sockets.index(here)].send(data)
                    self.passed += 1

    def cut(self):
        self.whole = False
        self.thread.join()
