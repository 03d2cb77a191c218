# SPDX-License-Identifier: BSD-3-Clause
"""Debian's cloud kernel: its package is downloaded and unpacked into a cache, not installed."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

META_PACKAGE = "linux-image-cloud-amd64"
# In the order in which a guest inserts them.
MODULES = ("virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci",
           "failover", "net_failover", "virtio_net", "virtio_console", "virtio_balloon", "llc",
           "stp", "garp", "mrp", "8021q", "tls", "bonding")
# For a guest that gives cards to a program.
NIC_MODULES = ("irqbypass", "vfio", "vfio_virqfd", "vfio_iommu_type1", "vfio-pci-core", "vfio-pci",
               "tun")


class Unavailable(Exception):
    """No kernel can be had on this machine; the text says why."""


def _cache():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(os.environ.get("CROSSDOCK_CACHE", pathlib.Path(base) / "crossdock"))


def _complete(directory):
    return (directory / "vmlinuz").is_file() and all(
        (directory / f"{module}.ko").is_file() for module in MODULES + NIC_MODULES)


def _package():
    """The package that the meta package stands for today, or None when apt knows of none."""
    shown = subprocess.run(["apt-cache", "depends", META_PACKAGE], capture_output=True, text=True,
                           stdin=subprocess.DEVNULL)
    found = re.search(r"Depends: (linux-image-\S+)", shown.stdout)
    return found.group(1) if found else None


def _fetch(package, scratch):
    """Downloads the package's file, with newer lists if those here are out of date."""
    for attempt in range(2):
        got = subprocess.run(["apt-get", "download", "-q", package], cwd=scratch, text=True,
                             capture_output=True, stdin=subprocess.DEVNULL)
        debs = list(pathlib.Path(scratch).glob("*.deb"))
        if not got.returncode and debs:
            return debs[0]
        if attempt == 0 and os.geteuid() == 0:
            subprocess.run(["apt-get", "update", "-q"], capture_output=True,
                           stdin=subprocess.DEVNULL)
    reason = (got.stderr.strip().splitlines() or ["nothing came"])[-1]
    raise Unavailable(f"apt-get download {package}: {reason}")


def _download(package, directory):
    """Leaves vmlinuz and the modules in directory."""
    with tempfile.TemporaryDirectory(prefix="xdkernel") as scratch:
        os.chmod(scratch, 0o777)  # apt downloads as its own user
        root = pathlib.Path(scratch) / "root"
        subprocess.run(["dpkg-deb", "-x", _fetch(package, scratch), root], check=True)
        target = pathlib.Path(scratch) / "kernel"
        target.mkdir()
        shutil.copy(next(root.glob("boot/vmlinuz-*")), target / "vmlinuz")
        for module in MODULES + NIC_MODULES:
            found = next(root.glob(f"lib/modules/**/{module}.ko"), None)
            if found is None:
                raise Unavailable(f"{package} has no module {module}")
            shutil.copy(found, target)
        directory.parent.mkdir(parents=True, exist_ok=True)
        # Written aside, then renamed: another test may be doing the same.
        aside = tempfile.mkdtemp(prefix=directory.name, dir=directory.parent)
        shutil.copytree(target, aside, dirs_exist_ok=True)
        try:
            os.rename(aside, directory)
        except OSError:  # it is there, perhaps with fewer modules than are asked for today
            for file in pathlib.Path(aside).iterdir():
                os.replace(file, directory / file.name)
            os.rmdir(aside)


def find():
    """The directory of a kernel: vmlinuz and NAME.ko for each module."""
    package = _package()
    if package is None and os.geteuid() == 0:  # no lists at all
        subprocess.run(["apt-get", "update", "-q"], capture_output=True, stdin=subprocess.DEVNULL)
        package = _package()
    cached = sorted(p for p in _cache().glob("linux-image-*") if _complete(p))
    if package is None:
        if cached:
            return cached[-1]
        raise Unavailable(f"apt knows no {META_PACKAGE}: type apt-get update")
    directory = _cache() / package
    if not _complete(directory):
        try:
            _download(package, directory)
        except (Unavailable, OSError, subprocess.CalledProcessError) as error:
            if cached:
                return cached[-1]
            raise Unavailable(str(error)) from error
    return directory
