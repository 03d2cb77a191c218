#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes the seed corpus: seeds.py DIRECTORY makes DIRECTORY/TARGET/NAME. The formats of the inputs
are told at the top of each fuzz_*.c and fuzz_ring.h."""

import pathlib
import struct
import sys

NEXT, WRITE, INDIRECT = 1, 2, 4
RECEIVE_QUEUE = 0x80
AVAIL = 0x80


# ---- Rings ----

def desc(addr, length, flags, last):
    return struct.pack("<QIHH", addr, length, flags, last)


def ring(options, size, descs, driver, buffers, steps):
    parts = (b"".join(descs), driver, buffers)
    return bytes([options, size]) + b"".join(struct.pack("<H", len(p)) + p for p in parts) + \
        bytes(steps)


def op(what, number=0):
    return what | number << 3


DEQUEUE, ENQUEUE, GUEST_WRITES, ROOM, ARM, NOTIFY, AGAIN = 0, 2, 3, 4, 5, 6, 7
BUFFER = 0x4000
HEADER = bytes(12)
ETHER = bytes.fromhex("02000000000a02000000000b88b5")
RIGHT_AWAY = [op(DEQUEUE), op(NOTIFY), op(DEQUEUE, 16 | 1), op(ARM, 1)]
RECEIVE = [op(ROOM, 8), op(ENQUEUE, 0), op(ENQUEUE, 3), op(NOTIFY), op(ENQUEUE, 20)]


def tso_frame():
    """Header and frame to be segmented: TCP over IPv4."""
    header = struct.pack("<BBHHHHH", 1, 1, 54, 100, 34, 16, 0)
    ip = bytes.fromhex("4500017c000040004006000 00a0000010a000002".replace(" ", ""))
    return header + ETHER[:12] + b"\x08\x00" + ip + bytes(12) + b"\x50\x10" + bytes(6) + bytes(340)


def avail(heads):
    return struct.pack("<HH", 0, len(heads)) + b"".join(struct.pack("<H", h) for h in heads)


def rings(packed):
    def chain(pieces, first=0, extra=0):
        """Descriptors of one buffer."""
        out = []
        for i, (addr, length, flags) in enumerate(pieces):
            last = i == len(pieces) - 1
            flags |= 0 if last else NEXT
            out.append(desc(addr, length, flags | (AVAIL if packed else 0),
                            extra if packed else (0 if last else first + i + 1)))
        return out

    frame = HEADER + ETHER + bytes(range(100))
    table = b"".join(desc(a, n, f, x) for a, n, f, x in (
        (BUFFER, 12, 0 if packed else NEXT, 1), (BUFFER + 12, 60, 0, 0)))
    driver = (lambda heads: bytes(4)) if packed else avail
    one = chain([(BUFFER, 72, 0)])
    yield "one", ring(7, 3, one, driver([0]), frame, RIGHT_AWAY)
    yield "many", ring(15, 4, one * 8, driver(range(8)), frame, RIGHT_AWAY + [op(AGAIN, 2)] +
                       RIGHT_AWAY)
    yield "chain", ring(7, 3, chain([(BUFFER, 12, 0), (BUFFER + 12, 14, 0), (BUFFER + 26, 46, 0)]),
                        driver([0]), frame, RIGHT_AWAY)
    yield "crumbs", ring(6, 4, chain([(BUFFER + i, 1, 0) for i in range(12)] +
                                     [(BUFFER + 12, 60, 0)]), driver([0]), frame, RIGHT_AWAY)
    yield "across", ring(7, 3, chain([(0x7ff0, 12, 0), (0x9000, 60, 0)]), driver([0]), frame,
                         RIGHT_AWAY)
    yield "outside", ring(7, 3, chain([(0x7ff0, 200, 0)]), driver([0]), frame, RIGHT_AWAY)
    yield "indirect", ring(7, 3, chain([(BUFFER + 200, 32, INDIRECT)]), driver([0]),
                           frame.ljust(200, b"\0") + table, RIGHT_AWAY)
    # Some of four, of three and of two descriptors, of which one crosses into nothing.
    tables = b"".join(desc(a, n, f, x) for a, n, f, x in (
        (BUFFER, 12, 0 if packed else NEXT, 1), (BUFFER + 12, 14, 0 if packed else NEXT, 2),
        (BUFFER + 26, 200, 0 if packed else NEXT, 3), (BUFFER + 26, 60, 0, 0),
        (BUFFER, 66, 0 if packed else NEXT, 1), (BUFFER + 66, 10, 0 if packed else NEXT, 2),
        (0x7ff0, 60, 0, 0)))
    yield "tables", ring(7 | 16, 4, [chain([(BUFFER + 200 + 16 * at, 16 * n, INDIRECT)])[0]
                                     for at, n in ((0, 4), (1, 3), (2, 2), (4, 2), (4, 3), (3, 1))] + one,
                         driver(range(7)), frame.ljust(200, b"\0") + tables,
                         RIGHT_AWAY + [op(AGAIN, 2)] + RIGHT_AWAY)
    yield "odd-size", ring(7, 9, one, driver([0]), frame, RIGHT_AWAY)
    yield "logged", ring(7 | 32 | 64, 3, one, driver([0]), b"\0\0" + frame, RIGHT_AWAY)
    yield "tso", ring(7 | 16, 3, chain([(BUFFER, 406, 0)]), driver([0]), tso_frame(), RIGHT_AWAY)
    room = [chain([(BUFFER + 256 * i, 256, WRITE)])[0] for i in range(8)]
    yield "receive", ring(7, RECEIVE_QUEUE | 3, room, driver(range(8)), b"", RECEIVE)
    yield "receive-alone", ring(3, RECEIVE_QUEUE | 3, chain([(BUFFER, 2048, WRITE)]), driver([0]), b"", RECEIVE)
    yield "receive-chain", ring(3, RECEIVE_QUEUE | 3, chain([(BUFFER, 12, WRITE), (BUFFER + 64, 2000, WRITE)]),
                                driver([0]), b"", RECEIVE)
    yield "receive-tso", ring(7 | 16, RECEIVE_QUEUE | 3, room, driver(range(8)), b"", RECEIVE)
    yield "rewritten", ring(7, 3, one, driver([0]), frame,
                            [op(GUEST_WRITES, 16), 0, 0, *chain([(BUFFER, 0, WRITE)])[0],
                             op(AGAIN, 1), op(DEQUEUE)])


# ---- Messages ----

def message(request, payload=b"", fds=0, menu=0, flags=1):
    return struct.pack("<BBHB", request, flags, len(payload), fds | menu << 4) + payload


def vring_state(request, index, number):
    return message(request, struct.pack("<II", index, number))


def protocol():
    region = struct.pack("<QQQQ", 0, 65536, 0x100000, 0)
    memory = message(5, struct.pack("<II", 1, 0) + region, fds=1)

    def start(index, base, features):
        at = 0x100000 + index * 0x4000
        return vring_state(8, index, 16) + vring_state(10, index, base) + \
            message(9, struct.pack("<IIQQQQ", index, 0, at, at + 0x2000, at + 0x1000, 0)) + \
            message(13, struct.pack("<Q", index), 1, 3) + \
            message(12, struct.pack("<Q", index), 1, 4) + vring_state(18, index, 1)

    def hello(features, protocol_features=0x1900f):
        return message(1) + message(15) + message(16, struct.pack("<Q", protocol_features)) + \
            message(3) + message(2, struct.pack("<Q", features)) + message(17)

    split, packed = 1 << 30 | 1 << 32, 1 << 30 | 1 << 32 | 1 << 34
    yield "hello", hello(split)
    yield "split", hello(split) + memory + start(0, 0, split) + start(1, 0, split) + \
        vring_state(11, 1, 0)
    yield "packed", hello(packed) + memory + start(0, 0x80008000, packed) + \
        start(1, 0x80008000, packed) + vring_state(11, 0, 0)
    one = bytes(8) + struct.pack("<QQQQ", 1 << 32, 65536, 1 << 40, 0)
    yield "regions", hello(split) + memory + message(36) + message(37, one, 1, 1) + \
        message(38, one) + message(38, one)
    yield "log", hello(split | 1 << 26) + memory + \
        message(6, struct.pack("<QQ", 4096, 0), 1, 0) + start(1, 0, split)
    inflight = struct.pack("<QQHHI", 0, 0, 2, 16, 0)
    yield "inflight", hello(split, 0x1901f) + memory + message(31, inflight) + \
        message(32, struct.pack("<QQHHI", 65536, 0, 2, 16, 0), 1, 0) + start(1, 0, split)
    yield "config", hello(split, 0x39f) + message(24, struct.pack("<III", 0, 20, 0) + bytes(20)) + \
        message(20, struct.pack("<Q", 1400), flags=9) + message(19, bytes(8))
    yield "status", hello(split) + message(39, struct.pack("<Q", 15)) + message(40) + message(34)
    yield "in-parts", message(1, fds=15) + message(2, struct.pack("<Q", split), fds=15)
    yield "refused", message(28) + message(22, bytes(8))
    yield "fds", message(5, struct.pack("<II", 2, 0) + region * 2, 2, 1)


# ---- Frames to be segmented or check-summed ----

def checksum(data, total=0):
    if len(data) % 2:
        data += b"\0"
    total += sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def transport(ipv6, udp, payload, tag=b""):
    """A frame with the pseudo header's sum where its checksum goes, and where that is."""
    size = (8 if udp else 20) + payload
    number = 17 if udp else 6
    if ipv6:
        addresses = bytes(range(32))
        ip = struct.pack(">IHBB", 6 << 28, size, number, 64) + addresses
    else:
        addresses = bytes([10, 0, 0, 1, 10, 0, 0, 2])
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + size, 1, 0, 64, number, 0) + addresses
    seed = checksum(addresses + struct.pack(">II", size, number))
    if udp:
        header = struct.pack(">HHHH", 1000, 2000, size, seed)
    else:
        header = struct.pack(">HHIIBBHHH", 1000, 2000, 7, 8, 0x50, 0x19, 100, seed, 0)
    head = ETHER[:12] + tag + (b"\x86\xdd" if ipv6 else b"\x08\x00") + ip
    return head + header + bytes(i & 0xff for i in range(payload)), len(head), 6 if udp else 16


def headers():
    for ipv6 in (False, True):
        for udp in (False, True):
            for tag in (b"", b"\x81\x00\x00\x05"):
                frame = transport(ipv6, udp, 8, tag)[0]
                yield f"{'udp' if udp else 'tcp'}{6 if ipv6 else 4}{'-tag' if tag else ''}", \
                    bytes([0]) + frame
    options = bytes.fromhex("3c00000000000000" "2c01000000000000" "0000000000000000")
    fragment = bytes.fromhex("1100000100000001") + bytes(8)
    yield "extensions", bytes([1]) + ETHER[:12] + b"\x86\xdd\x60" + bytes(5) + b"\x00\x40" + \
        bytes(32) + options + fragment
    yield "arp", bytes([2]) + ETHER[:12] + bytes.fromhex("08060001080006040001") + bytes(20)


def conntrack():
    """Records: action, length, frame. Committed, and then answered by the same frame turned round."""
    def record(action, frame):
        return bytes([action, len(frame)]) + frame

    commit, source, destination, later, flush, turned = 1, 2, 4, 8, 16, 32
    for ipv6 in (False, True):
        for udp in (False, True):
            frame = bytearray(transport(ipv6, udp, 8, b"")[0])
            if not udp:
                frame[34 + 20 * ipv6 + 13] = 2  # SYN
            for way in (0, source, destination):
                yield f"{'udp' if udp else 'tcp'}{6 if ipv6 else 4}-{way}", \
                    record(commit | way, frame) + record(turned, frame) + \
                    record(later, frame) + record(flush, frame) + record(commit, frame)
    udp = transport(False, True, 8, b"")[0]
    error = udp[:23] + b"\x01" + udp[24:34] + bytes.fromhex("0301000000000000") + udp[14:50]
    error = error[:16] + struct.pack(">H", len(error) - 14) + error[18:]
    part = bytearray(udp)
    part[20] |= 0x20
    later = bytearray(udp)
    later[21] = 1
    yield "parts", record(0, later) + record(commit | source, part) + record(0, later) + \
        record(turned, later)
    yield "error", record(commit | source, udp) + record(turned, error) + record(0, error)


def offload():
    for ipv6 in (False, True):
        for udp in (False, True):
            for tag in (b"", b"\x81\x00\x00\x05"):
                frame, start, offset = transport(ipv6, udp, 600, tag)
                kind = 5 if udp else 4 if ipv6 else 1
                name = f"{'udp' if udp else 'tcp'}{6 if ipv6 else 4}{'-tag' if tag else ''}"
                for gso in (0, 100, 1000):
                    request = struct.pack("<BBHHH", 1, kind if gso else 0, gso, start, offset)
                    yield f"{name}-{gso}", bytes([0x3f]) + request + bytes([0, 3]) + frame
                request = struct.pack("<BBHHH", 1, kind | 0x80, 1400, start, offset)
                yield f"{name}-long", bytes([0x3f]) + request + bytes([200, 9]) + frame
    yield "plain", bytes(11) + ETHER + bytes(46)


def coalesce():
    for name, how in (("ipv4", 5), ("ipv4-unfinished", 13), ("ipv6", 6), ("pushed", 21)):
        yield name, bytes([0x3f, how, 4, 100]) + bytes(6 * 4 + 154)


# ---- TCP ----

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def segment(flags, seq=0, ack=0, length=0, window=8000, options=0, ts=0, mss=536, blocks=()):
    return struct.pack("<BBBhhHH", 7, options | len(blocks), flags, seq, ack, window, length) + \
        (struct.pack("<H", mss) if options & 4 else b"") + bytes([2, ts]) + \
        b"".join(struct.pack("<Hh", *block) for block in blocks)


def tcp():
    every = 4 | 8 | 16 | 32  # options of a SYN
    syn = segment(SYN | ACK, ack=1, options=every)
    write = b"\x03\xff\x7f"
    close, timeout = b"\x05\x01", b"\x02"
    for options in (0x0e, 0x0f, 0x2f, 0x1f, 0):
        used = options & 2 and 32
        head = bytes([options]) + syn + write
        yield f"lost-{options:x}", head + \
            b"".join(segment(ACK, options=used, blocks=((536, 536 * i),)) for i in (1, 2, 3)) + \
            segment(ACK, ack=536 * 4, options=used) + timeout + timeout
        yield f"gaps-{options:x}", head + \
            b"".join(segment(ACK, seq=1000 - 200 * i, length=100, options=used)
                     for i in range(4)) + segment(ACK | FIN, length=1500, options=used) + close
        yield f"closed-{options:x}", head + segment(ACK, window=0, options=used) + 4 * timeout + \
            segment(ACK, options=used) + close + segment(ACK | FIN, ack=5000, options=used) + \
            timeout
    yield "accepted", bytes([0x4e]) + segment(SYN, options=every)[1:] + segment(ACK, ack=1) + \
        write + segment(RST, seq=5) + segment(RST)
    yield "frame", bytes([0x0e, 0]) + bytes([74]) + transport(False, False, 20)[0]


# ---- UDP ----

def udp():
    def part(ident, offset, length, more, v6=0, short=0):
        return struct.pack("<BBBHH", 4, v6 | more << 1 | short << 2, ident, offset, length)
    yield "order", b"\0" + part(1, 0, 1480, 1) + part(1, 1480, 1480, 1) + part(1, 2960, 100, 0)
    yield "reverse", b"\0" + part(1, 2960, 100, 0, 1) + part(1, 1480, 1480, 1, 1) + \
        part(1, 0, 1480, 1, 1)
    yield "again", b"\0" + 3 * part(1, 8, 16, 1) + 2 * part(1, 24, 9, 0) + part(1, 0, 8, 1)
    yield "overlap", b"\0" + part(1, 0, 80, 1) + part(1, 72, 80, 1) + part(1, 80, 80, 0)
    yield "end", b"\0" + part(1, 65504, 11, 0) + part(2, 65528, 8, 0) + part(3, 65528, 7, 0, 1)
    yield "time", b"\0" + part(1, 0, 80, 1) + b"\x02\xff\xff" + part(1, 80, 80, 0)
    yield "whole", b"\0\x03" + struct.pack("<HB", 65000, 184) + b"\x03" + \
        struct.pack("<HB", 3000, 0)
    for ipv6 in (False, True):
        frame = transport(ipv6, True, 40)[0]
        yield f"frame{6 if ipv6 else 4}", b"\0\0" + bytes([3, len(frame) - 14]) + frame


# ---- Open vSwitch's database ----

def ovsdb():
    def rows(interface, port="{}", bridge='{"name":"br0"}'):
        return (f'{{"Bridge":{{"b":{{"new":{bridge}}}}},"Port":{{"p":{{"new":{port}}}}},'
                f'"Interface":{{"i":{{"new":{interface}}}}}}}').encode()
    yield "vhost", b"\0" + rows(
        '{"name":"vm1","type":"dpdkvhostuserclient","options":["map",[["vhost-server-path","/a"],'
        '["n_rxq","2"]]],"mtu_request":9000,"ingress_policing_rate":1000}',
        '{"name":"vm1","tag":5,"trunks":["set",[1,2]],"vlan_mode":"native-untagged"}')
    yield "dpdk", b"\7" + rows(
        '{"name":"p0","type":"dpdk","options":["map",[["dpdk-devargs","net_null0"],["n_rxq_desc",'
        '"512"],["rx-flow-ctrl","true"]]],"other_config":["map",[["pmd-rxq-affinity","0:1,1:2"],'
        '["crossdock-full","wait"]]]}', '{"name":"bond0","bond_mode":"balance-slb","tag":4095}',
        '{"name":"br0","other_config":["map",[["mac-aging-time","60"],["hwaddr","02:00:00:00:00:01"]'
        ']]}')
    yield "two", b"\1" + rows('{"name":"a","type":"internal"}') + rows('{"name":"br0"}') + b"{\"}"


# ---- Texts ----

YAML = """\
workers: {cores: [1, 2], idle: sleep}
memory: {hugepages: none}
control: {path: /tmp/control.sock, mode: "0660"}
log: {level: info}
bridges:
  br0: {ageing_s: 300, mac_limit: 65536}
ports:
  vm1: {type: vhost-user, bridge: br0, path: /tmp/vm1.sock, mode: server, vlan: 10}
  vm2:
    type: vhost-user
    bridge: br0
    path: /tmp/vm2.sock
    vlans: [10, 20-30]
    queues: 2
    mtu: 9000
  up: {type: dpdk, bridge: br0, devargs: "0000:03:00.0"}
"""


def yaml():
    yield "whole", YAML.encode()
    yield "empty", b""
    yield "alias", b"a: &x {b: 1}\nc: *x\nd: [*x, *x]\n"
    yield "deep", b"[" * 80
    yield "twice", b"ports: {a: {}, a: {}}\n"
    yield "types", b"workers: 1\nports: [a]\nbridges: ~\n"
    yield "two", b"--- {}\n--- {}\n"


def control():
    def call(method, params, **more):
        return ('{"jsonrpc":"2.0","id":1,"method":"%s","params":%s}' % (method, params)).encode()
    yield "add", call("port.add", '{"path":"/tmp/a","queues":2,"vlans":[1,"5-9"],"mtu":1400}')
    yield "macs", call("port.add", '{"macs":["02:00:00:00:00:01"],"features":["csum"],"full":"wait"}')
    yield "bridge", call("bridge.add", '{"ageing_s":"10","mac_limit":7}')
    yield "check", call("config.check", '{"text":"bridges: {a: {}}\\n"}')
    yield "log", call("log.show", '{"n":3}')
    yield "batch", b"[" + call("log.show", "{}") + b"," + call("nope", "[]") + b"]"
    yield "notify", b'{"jsonrpc":"2.0","method":"log.show"}'
    yield "broken", b'{"jsonrpc": "2.0", "method": 1, "\\u0000": [1e999, -0, "\\ud800"]}'


# ---- iperf3 ----

def iperf3():
    def text(data):
        return struct.pack(">I", len(data)) + data

    def said(*parts):
        """Each in one piece, and looked at."""
        return b"".join(bytes([0]) + struct.pack("<H", len(part)) + part for part in parts)
    cookie = b"a" * 36 + b"\0"
    results = text(b'{"cpu_util_total":1,"cpu_util_user":1,"cpu_util_system":0,'
                   b'"sender_has_retransmits":-1,"streams":[{"id":1,"bytes":7,"retransmits":-1,'
                   b'"jitter":0.5,"errors":0,"packets":9,"start_time":0,"end_time":2}]}')
    asked = text(b'{"tcp":true,"omit":0,"time":10,"num":0,"blockcount":0,"parallel":2,'
                 b'"len":131072,"pacing_timer":1000,"client_version":"3.12"}')
    start, end, figures = b"\x01", b"\x02", b"\x03"
    yield "server", b"\x01" + said(cookie, asked) + start + said(b"\x04") + figures + \
        said(results, b"\x10")
    yield "client", b"\0" + said(b"\x09", b"\x0a", b"\x01\x02") + end + said(b"\x0d") + figures + \
        said(results + b"\x0e")
    yield "udp", b"\x01" + said(cookie, text(b'{"udp":true,"len":1448,"bandwidth":1048576,'
                                           b'"reverse":true,"udp_counters_64bit":1}'))
    yield "refused", b"\0" + said(b"\x09\xfe\0\0\0\x06\0\0\0\0")
    yield "busy", b"\0" + said(b"\xff")
    yield "long", b"\x01" + said(cookie + b"\x05\xf5\xe1\x00{}")


def main():
    out = pathlib.Path(sys.argv[1])
    targets = {"split": rings(False), "packed": rings(True), "protocol": protocol(),
               "headers": headers(), "coalesce": coalesce(),
               "conntrack": conntrack(), "offload": offload(), "yaml": yaml(),
               "control": control(), "tcp": tcp(), "iperf3": iperf3(),
               "udp": udp(), "ovsdb": ovsdb()}
    for target, seeds in targets.items():
        directory = out / target
        directory.mkdir(parents=True, exist_ok=True)
        for name, data in seeds:
            (directory / name).write_bytes(data)


if __name__ == "__main__":
    main()
