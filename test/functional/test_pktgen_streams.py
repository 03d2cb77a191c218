# SPDX-License-Identifier: BSD-3-Clause
"""What crossdock-pktgen can send, and that it finds out what became of each frame."""

import json
import subprocess

from frames import frame, mac
from process import PATIENCE_S, wait_for
from test_pktgen import Generating

FAST = ("--rate", "2kpps")
LONG = ("--time", 20)  # for a number of frames, however busy the machine is


class Streams(Generating):
    def flow_figures(self, *words, **options):
        row, = self.run_pktgen("rate", *FAST, *words, **options)
        return row, row["flow_figures"]

    def addresses(self):
        return {address for address, _ in self.daemon.fdb()}

    def assert_clean(self, row):
        figures = row["flow_figures"]
        self.assertGreater(row["received_frames"], 0)
        self.assertEqual(row["lost_frames"], 0)
        for key in ("lost", "reordered", "duplicated", "flows_with_loss"):
            self.assertEqual(figures[key], 0, key)

    def test_every_flow_is_followed(self):
        self.start({"vm1": {}, "vm2": {"mode": "client"}})
        for words, flows in (((), 1), (("--flows", 100), 100),
                             (("--flows", 100, "--flow-kind", "l4", "--direction", "both"), 200),
                             (("--size", "imix"), 1), (("--verify",), 1),
                             (("--touch", "stamp"), 1)):
            with self.subTest(words):
                row, figures = self.flow_figures("--track", *words)
                self.assert_clean(row)
                self.assertEqual(figures["flows"], flows)

    def test_every_kind_of_ring(self):
        self.start(["vm1", "vm2"])
        for guest in ("packed=on", "mrg=off,event_idx=on", "packed=on,in_order=on", "queues=1",
                      "packed=on,ids=fifo", "rings=static", "rings=static,packed=on,mrg=on",
                      "csum=on", "irq=on"):
            with self.subTest(guest):
                row, = self.run_pktgen("rate", *FAST, "--verify", "--size", "60x2+1514x1+590x3",
                                       guest=guest)
                self.assert_clean(row)
                self.assertEqual(row["mix"], "60x2+1514x1+590x3")
                self.assertEqual(row["flow_figures"]["wrong_payload"], 0)

    def test_faults_on_purpose_are_found(self):
        self.start(["vm1", "vm2"])
        row, figures = self.flow_figures("--track", "--count", 1000, *LONG, "--impair",
                                         "loss=5%,dup=5%,reorder=5%,seed=5")
        for made, found in (("impaired_lost", "lost"), ("impaired_dup", "duplicated")):
            self.assertGreater(figures[made], 20)
            # One may be on its way between two of a kind when it is over.
            self.assertAlmostEqual(figures[found], figures[made], delta=1)
        self.assertGreater(figures["reordered"], 20)
        self.assertEqual(row["lost_frames"], figures["lost"])

    def test_a_switch_that_drops_is_found_out(self):
        """Frames from an address that the port may not use."""
        self.start({"vm1": {"macs": ["02:58:00:00:00:00", "02:58:00:00:00:01"]}, "vm2": {}})
        row, figures = self.flow_figures("--track", "--flows", 4)
        self.assertEqual(figures["flows_with_loss"], 2)
        self.assertIn(figures["worst_flow"], (2, 3))
        self.assertEqual(figures["lost"], row["lost_frames"])
        self.assertAlmostEqual(figures["lost"], row["sent_frames"] / 2, delta=2)

    def test_templates(self):
        self.start(["vm1", "vm2"])
        for text in ("eth/ipv6/udp", "eth/ipv4(src=10.9.0.1..10.9.0.20)/tcp(dport=80)",
                     "eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02)/ipv4/udp",
                     "eth/ipv4/icmp", "eth(type=0x88b5)"):
            with self.subTest(text):
                row, = self.run_pktgen("rate", *FAST, "--verify", "--size", 128,
                                       "--template", text)
                self.assert_clean(row)
                self.assertTrue(row["template"])
        self.assertIn("02:00:00:00:00:01", self.addresses())

    def test_tags_are_sent(self):
        """Tagged frames between trunks, and not out of the VLAN."""
        self.start({"vm1": {"vlans": [10, 20]}, "vm2": {"vlans": [10, 20]}, "vm3": {"vlan": 20}})
        other = self.guests("vm3")[0]
        row, = self.run_pktgen("rate", *FAST, "--track", "--template", "eth/vlan(id=10)/ipv4/udp",
                               "--size", 100)
        self.assert_clean(row)
        self.assertEqual({vlan for _, vlan in self.daemon.fdb()}, {10})
        self.assertEqual(self.daemon.port("vm3")["tx_frames"], 0)
        other.kill()

    def test_patterns(self):
        names = ("vm1", "vm2", "vm3", "vm4")
        self.start(list(names))
        for pattern, senders in (("pairs", 2), ("fan-in", 3), ("mesh", 4), ("broadcast", 1)):
            with self.subTest(pattern):
                # What all send at once, if it has to be, finds room at one.
                row, = self.run_pktgen("rate", "--rate", "5kpps", "--track", "--pattern", pattern,
                                       "--count", 300, *LONG, ports=names)
                self.assert_clean(row)
                self.assertEqual(sum(port["sent_frames"] > 0 for port in row["per_port"]), senders)

    def test_a_capture_is_sent_again(self):
        self.start(["vm1", "vm2"])
        path = self.directory / "frames.pcap"
        other = mac(0x99)
        write_pcap(path, [frame(mac(2), other, size=100 + i) for i in range(5)], gap_us=1000)
        row, = self.run_pktgen("rate", "--pcap", path, "--rate", "5kpps", "--count", 1000, *LONG)
        self.assertEqual(row["sent_frames"], 1000)
        self.assertEqual(row["received_frames"], 1000)
        self.assertEqual(row["size"], 102)
        row, = self.run_pktgen("rate", "--pcap", path, "--replay", "own-times", "--time", 0.5)
        # A thousand in each second that was measured, unless the machine is busy; never more.
        self.assertGreater(row["sent_frames"], 0)
        self.assertLessEqual(row["sent_frames"], 1000 * row["time_s"] + 5)
        self.assertIn(other, self.addresses())

    def test_nothing_comes_back(self):
        """DPDK's null device swallows frames, and makes others up."""
        row, = self.run_pktgen("rate", "--pattern", "send", "--count", 100000, *LONG,
                               ports=("dpdk:net_null0",), eal=("--no-huge", "-m", "128"))
        self.assertEqual(row["sent_frames"], 100000)
        self.assertEqual(row["received_frames"], 0)
        self.assertEqual(row["lost_frames"], 0)

    def test_fail_if(self):
        for words, status in ((("--fail-if", "loss>0"), 0), (("--fail-if", "pps>1"), 3),
                              (("--fail-if", "loss>0", "--fail-if", "mpps<1M"), 3)):
            with self.subTest(words):
                done = subprocess.run(self.command("rate", *words, ports=("loop:x", "loop:x")), text=True,
                                      stdin=subprocess.DEVNULL, capture_output=True,
                                      timeout=PATIENCE_S)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertEqual(bool(done.stderr.strip()), status == 3, done.stderr)

    def test_a_switch_that_goes_away(self):
        self.start(["vm1", "vm2"])
        running = subprocess.Popen(self.command("rate", "--time", 60, *FAST), text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE)
        self.addCleanup(running.kill)
        wait_for(lambda: self.daemon.port("vm2")["tx_frames"] > 2000, "frames to flow")
        self.daemon.kill()
        _, said = running.communicate(timeout=PATIENCE_S)
        self.assertEqual(running.returncode, 1, said)
        self.assertEqual(len(said.strip().splitlines()), 1, said)
        document = json.loads((self.directory / "out.json").read_text())
        self.assertTrue(document["partial"])
        self.assertIn("closed the connection", document["reason"])
        row, = document["rows"]
        self.assertTrue(row["partial"])
        self.assertGreater(row["received_frames"], 0)


def write_pcap(path, frames, gap_us):
    """The classic format, microseconds, Ethernet."""
    data = bytearray(b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00" + bytes(8))
    data += (65535).to_bytes(4, "little") + (1).to_bytes(4, "little")
    for i, one in enumerate(frames):
        for value in (1000, i * gap_us, len(one), len(one)):
            data += value.to_bytes(4, "little")
        data += one
    path.write_bytes(data)
