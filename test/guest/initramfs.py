# SPDX-License-Identifier: BSD-3-Clause
"""A guest's root file system, made on the fly: busybox, modules, qperf, iperf3, ping, ethtool and
guest_stream."""

import os
import pathlib
import re
import shutil
import stat
import subprocess

from process import program

PROGRAMS = ("qperf", "iperf3", "ping", "ethtool")
BUILT = ("guest_stream",)
PATH = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"
# busybox's shell takes its own ping before any other, so the host's is called by its path.
INIT = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /tmp /www /root
/bin/busybox chmod 755 /
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox --install -s /bin
export PATH=/usr/bin:/bin HOME=/root TMPDIR=/tmp
# Addresses can be used at once, without looking for others that have them.
echo 0 >/proc/sys/net/ipv6/conf/default/dad_transmits
for module in {modules}; do insmod /modules/$module.ko; done
for word in $(cat /proc/cmdline); do
	case $word in xd.*) export "${{word#xd.}}";; esac
done
hostname "$name"
ip link set lo up
# Several interfaces may be on one bridge: each answers for its own address only.
for key in arp_ignore=1 arp_announce=2 rp_filter=0; do
	echo "${{key#*=}}" >"/proc/sys/net/ipv4/conf/all/${{key%=*}}"
done
ip link set eth0 up
ip addr add "$address" dev eth0
ping() {{ /usr/bin/ping "$@"; }}
until port=$(ls /dev/vport*p1 2>/dev/null); do usleep 10000; done
exec <>$port >&0 2>&1
echo
echo "@@ready"
while read -r id command; do
	(eval "$command") </dev/null
	status=$?
	echo
	echo "@@$id $status"
done
poweroff -f
"""


def _needs(path):
    """Shared libraries of a program, by ldd."""
    shown = subprocess.run(["ldd", path], capture_output=True, text=True)
    return set(re.findall(r"(?:=> )?(/\S+) \(0x", shown.stdout))


class _Archive:
    """A cpio archive in the "newc" format that the kernel unpacks."""

    def __init__(self, file):
        self.file = file
        self.inode = 0
        self.directories = {""}

    def _entry(self, name, mode, data=b"", device=(0, 0)):
        self.inode += 1
        name = name.encode() + b"\0"
        fields = (self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name), 0)
        header = b"070701" + b"".join(b"%08x" % field for field in fields) + name
        self.file.write(header + b"\0" * (-len(header) % 4) + data + b"\0" * (-len(data) % 4))

    def _parents(self, name):
        parent = os.path.dirname(name)
        if parent not in self.directories:
            self._parents(parent)
            self.directories.add(parent)
            self._entry(parent, stat.S_IFDIR | 0o755)

    def add(self, name, data, mode=0o755):
        name = name.lstrip("/")
        self._parents(name)
        self._entry(name, stat.S_IFREG | mode, data)

    def add_directories(self, name):
        self._parents(f"{name}/.")

    def link(self, name, target):
        name = name.lstrip("/")
        self._parents(name)
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def character_device(self, name, major, minor):
        self._parents(name)
        self._entry(name, stat.S_IFCHR | 0o600, device=(major, minor))

    def finish(self):
        self._entry("TRAILER!!!", 0)


def build(path, kernel, modules, programs=(), links=None):
    """Writes the archive to path; raises FileNotFoundError naming a program that is missing.
    programs: paths of more of them. links: from a path in the guest to a library of the host's,
    which it gets with all that the library needs."""
    busybox = shutil.which("busybox")
    if busybox is None or _needs(busybox):
        raise FileNotFoundError("busybox-static is not installed")
    with open(path, "wb") as file:
        archive = _Archive(file)
        archive.add_directories("var/run")
        archive.character_device("dev/console", 5, 1)
        archive.add("bin/busybox", pathlib.Path(busybox).read_bytes())
        archive.link("bin/sh", "busybox")
        libraries = set()
        for name in PROGRAMS + BUILT:
            found = program(name) if name in BUILT else shutil.which(name, path=PATH)
            if found is None:
                raise FileNotFoundError(f"{name} is not installed")
            libraries |= _needs(found)
            archive.add(f"usr/bin/{name}", pathlib.Path(found).read_bytes())
        for found in programs:
            libraries |= _needs(found)
            archive.add(f"usr/bin/{os.path.basename(found)}", pathlib.Path(found).read_bytes())
        for name, library in (links or {}).items():
            libraries |= _needs(library) | {str(library)}
            archive.link(name, str(library))
        for library in sorted(libraries):
            archive.add(library, pathlib.Path(library).read_bytes())
        for module in modules:
            archive.add(f"modules/{module}.ko", (kernel / f"{module}.ko").read_bytes(), 0o644)
        archive.add("init", INIT.format(modules=" ".join(modules)).encode())
        archive.finish()
