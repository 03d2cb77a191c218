# SPDX-License-Identifier: BSD-3-Clause
"""Ethernet frames as bytes."""

BROADCAST = "ff:ff:ff:ff:ff:ff"
ETHERTYPE = 0x88B5  # for local experiments: IEEE 802, clause 9


def mac(number):
    """A locally administered address."""
    return "02:00:00:%02x:%02x:%02x" % (number >> 16 & 255, number >> 8 & 255, number & 255)


def raw_mac(text):
    return bytes.fromhex(text.replace(":", ""))


def frame(dst, src, payload=b"", vlan=None, pcp=0, size=60, ethertype=ETHERTYPE):
    """size: bytes in all, without FCS; filled up with a pattern that differs in every place."""
    head = raw_mac(dst) + raw_mac(src)
    if vlan is not None:
        head += b"\x81\x00" + (pcp << 13 | vlan).to_bytes(2, "big")
    head += ethertype.to_bytes(2, "big") + payload
    fill = size - len(head)
    if fill < 0:
        return head if payload else head[:size]
    return head + bytes((i * 7 + (i >> 8)) & 0xFF for i in range(fill))


def tagged(data, vlan, pcp=0):
    """The same frame with a tag."""
    return data[:12] + b"\x81\x00" + (pcp << 13 | vlan).to_bytes(2, "big") + data[12:]


def untagged(data):
    assert data[12:14] == b"\x81\x00"
    return data[:12] + data[16:]
