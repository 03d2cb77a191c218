# SPDX-License-Identifier: BSD-3-Clause
"""A guest that libvirt starts, on a crossdockd that a stock ovsdb-server drives: libvirt's own calls
of ovs-vsctl make, look for and remove its ports.

libvirtd is in a mount namespace, with directories of its own where it expects them.
"""

import pathlib
import re
import shutil
import socket
import subprocess
import unittest

import netns
from daemon import WORKER_CORE, Daemon
from guests import GuestCase, mac
from harness import need_root
from machine import BOOT_S, MEMORY_MB, Guest
from ovsdb import Database
from process import PATIENCE_S, die_with_parent, wait_for

HOST = "10.78.8.254"
VHOST = "10.78.8.1"

QEMU_CONF = """user = "root"
group = "root"
dynamic_ownership = 0
security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
"""

DOMAIN = """<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>vm</name>
  <memory unit='MiB'>{memory}</memory>
  <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>
  <vcpu>1</vcpu>
  <cpu><numa><cell id='0' cpus='0' memory='{memory}' unit='MiB' memAccess='shared'/></numa></cpu>
  <os><type machine='pc'>hvm</type>
    <kernel>{kernel}</kernel><initrd>{initrd}</initrd><cmdline>{options}</cmdline></os>
  <features><acpi/></features>
  <on_reboot>destroy</on_reboot>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <serial type='file'><source path='{console}'/></serial>
    <channel type='unix'><source mode='bind' path='{agent}'/>
      <target type='virtio' name='agent'/></channel>
    <interface type='vhostuser'>
      <mac address='{vhost_mac}'/><source type='unix' path='{vhost}' mode='server'/>
      <model type='virtio'/><rom enabled='no'/>
      <address type='pci' slot='0x08' function='0x0'/></interface>
    <interface type='bridge'>
      <mac address='{bridge_mac}'/><source bridge='br0'/>
      <virtualport type='openvswitch'/>
      <vlan><tag id='7'/></vlan>
      <bandwidth><inbound average='12500' peak='12500'/><outbound average='25000'/></bandwidth>
      <model type='virtio'/><rom enabled='no'/>
      <address type='pci' slot='0x09' function='0x0'/></interface>
    <memballoon model='none'/><controller type='usb' model='none'/>
  </devices>
  <qemu:override><qemu:device alias='net0'><qemu:frontend>
    <qemu:property name='vectors' type='unsigned' value='0'/>
  </qemu:frontend></qemu:device></qemu:override>
</domain>
"""


@unittest.skipUnless(shutil.which("libvirtd") and shutil.which("virsh"),
                     "needs libvirt-daemon-driver-qemu and libvirt-clients")
class Libvirt(GuestCase):
    def setUp(self):
        super().setUp()
        need_root(self)
        self.home = netns.Namespace(self, "home")
        self.db = Database(self, self.directory, self.home).start()
        self.daemon = Daemon(self, self.directory, f"workers: {{cores: [{WORKER_CORE}]}}\n"
                             "memory: {hugepages: none}\n", options=["--ovsdb", self.db.remote])
        command = self.daemon.command
        self.daemon.command = lambda: self.home.command(
            "env", f"OVS_RUNDIR={self.directory}", *command())
        self.daemon.start()
        self.start_libvirtd()

    def start_libvirtd(self):
        """As of its packages, nothing of the machine's is seen or written."""
        config = self.directory / "libvirtd.conf"
        config.write_text(f'unix_sock_dir = "{self.directory}"\n'
                          'auth_unix_rw = "none"\nauth_unix_ro = "none"\n')
        etc = self.directory / "etc"
        (etc / "qemu").mkdir(parents=True)
        (etc / "qemu.conf").write_text(QEMU_CONF)
        # The user that the package for a whole machine makes.
        for name, more in (("passwd", "libvirt-qemu:x:64055:64055::/var/lib/libvirt:/bin/false\n"),
                           ("group", "libvirt-qemu:x:64055:\n")):
            (etc / name).write_text(pathlib.Path("/etc", name).read_text() + more)
        mounts = "".join(f"mkdir -p {path}; mount -t tmpfs tmpfs {path}; " for path in (
            "/run/libvirt", "/var/lib/libvirt", "/var/cache/libvirt", "/var/log/libvirt"))
        mounts += (f"mkdir -p /etc/libvirt /run/openvswitch; mount --bind {etc} /etc/libvirt; "
                   f"mount --bind {self.directory} /run/openvswitch; "
                   f"for f in passwd group; do mount --bind {etc}/$f /etc/$f; done; ")
        with open(self.directory / "libvirtd.log", "ab") as log:
            self.libvirtd = subprocess.Popen(
                self.home.command("unshare", "-m", "sh", "-c",
                                  f"{mounts} exec libvirtd -f {config} "
                                  f"-p {self.directory}/libvirtd.pid"),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent)
        self.addCleanup(self.stop_libvirtd)
        self.reports.append(lambda: self.tail("libvirtd.log"))
        wait_for((self.directory / "libvirt-sock").exists, "libvirtd")

    def tail(self, name):
        path = self.directory / name
        return path.read_text(errors="replace")[-3000:] if path.exists() else ""

    def stop_libvirtd(self):
        self.virsh("destroy", "vm", check=False)
        self.libvirtd.kill()
        self.libvirtd.wait()

    def virsh(self, *words, check=True):
        done = subprocess.run(
            ["virsh", "-c", f"qemu+unix:///system?socket={self.directory}/libvirt-sock", *words],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=4 * PATIENCE_S,
            check=False)
        if check and done.returncode:
            self.fail(f"virsh {' '.join(words)}: {done.stderr}")
        return done.stdout.strip()

    def boot(self):
        agent, console = self.directory / "agent", self.directory / "vm.console"
        xml = self.directory / "vm.xml"
        xml.write_text(DOMAIN.format(
            memory=MEMORY_MB, kernel=self.kernel / "vmlinuz", initrd=self.initramfs,
            options=f"{Guest.KERNEL_OPTIONS} xd.name=vm xd.address={VHOST}/24", console=console,
            agent=agent, vhost=self.directory / "vm1.sock", vhost_mac=mac(1), bridge_mac=mac(2)))
        self.reports.append(lambda: self.tail("vm.console"))
        self.virsh("create", str(xml))
        self.agent = socket.socket(socket.AF_UNIX)
        self.addCleanup(self.agent.close)
        self.agent.settimeout(BOOT_S)
        self.agent.connect(str(agent))
        self.hear("@@ready")

    def hear(self, word):
        said = ""
        while word not in said:
            piece = self.agent.recv(4096)
            if not piece:
                self.fail(f"the guest hung up: {said}")
            said += piece.decode(errors="replace")
        return said

    def tell(self, command):
        self.agent.sendall(f"1 {command}\n".encode())
        self.assertIn("@@1 0", self.hear("@@1 "), command)

    def reaches(self, address):
        wait_for(lambda: self.home.run("ping", "-c", "1", "-W", "1", address).returncode == 0,
                 f"the guest at {address}", timeout_s=60)

    def test_a_guest_on_vhostuser_and_on_a_bridge(self):
        db = self.db
        db.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev")
        db.vsctl("add-port", "br0", "vm1", "--", "set", "Interface", "vm1",
                 "type=dpdkvhostuserclient",
                 f"options:vhost-server-path={self.directory}/vm1.sock")
        self.home.address("br0", f"{HOST}/24")
        self.boot()
        self.reaches(VHOST)
        # It has found the port by its socket, and made one of its own on the bridge.
        interfaces = {words[4]: words for words in map(
            str.split, self.virsh("domiflist", "vm").splitlines()[2:])}
        self.assertEqual(interfaces[mac(1)][0], "vm1")
        tap = interfaces[mac(2)][0]
        self.assertEqual(self.daemon.port(tap)["vlan"], 7)
        self.assertIn(mac(2), db.get("Interface", tap, "external_ids"))
        # Its limits are kilobytes a second, and seen from the guest.
        limits = self.daemon.ctl("config", "show")["config"]["ports"][tap]
        self.assertEqual((limits["police_out_bit_s"], limits["police_in_bit_s"]),
                         (100_000_000, 200_000_000))
        db.vsctl("add-port", "br0", "h7", "tag=7", "--", "set", "Interface", "h7", "type=internal")
        self.home.address("h7", "10.78.7.254/24")
        self.tell("ip link set eth1 up && ip addr add 10.78.7.2/24 dev eth1")
        self.reaches("10.78.7.2")
        # What it counts is what the switch has.
        for name in ("vm1", tap):
            wait_for(lambda: re.search(r"rx_packets [1-9]", self.virsh("domifstat", "vm", name)),
                     f"statistics of {name}")
        self.virsh("destroy", "vm")
        wait_for(lambda: sorted(self.daemon.ports()) == ["br0", "h7", "vm1"], "its port to go")
        self.assertEqual(db.vsctl("list-ports", "br0").split(), ["h7", "vm1"])
