# SPDX-License-Identifier: BSD-3-Clause
"""crossdock-pktgen session: its prompt, and what it forwards between ports of the switch."""

import os
import pty
import re
import select
import signal
import subprocess
import time

from daemon import SANITIZER
from frames import frame, mac
from hosts import HostCase
from process import PATIENCE_S, program, wait_for
from test_pktgen import Generating

PROMPT = "session> "
EAL = ("--no-huge", "-m", "128", "--no-pci", "--single-file-segments")
LOOP = ("--port", "loop:a", "--port", "loop:a")
A, B = mac(0xA), mac(0xB)


class Session:
    """One that commands are typed to through a pipe."""

    def __init__(self, test, *words, eal=(), wrap=lambda command: command):
        command = [program("crossdock-pktgen"), "session", *map(str, words)]
        self.test = test
        self.process = subprocess.Popen(
            wrap([*command, *(["--", *eal] if eal else [])]), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=0)
        test.addCleanup(self.close)
        self.begun = self.answer()

    def close(self):
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()

    def answer(self):
        """What is written before the next prompt."""
        text, end = "", time.monotonic() + PATIENCE_S
        while not text.endswith(PROMPT):
            ready, _, _ = select.select([self.process.stdout], [], [], end - time.monotonic())
            self.test.assertTrue(ready, f"no prompt after {text!r}")
            part = os.read(self.process.stdout.fileno(), 65536).decode()
            self.test.assertTrue(part, f"it ended after {text!r}" + self.errors())
            text += part
        return text[:-len(PROMPT)]

    def errors(self):
        return self.process.stderr.read() if self.process.poll() is not None else ""

    def type(self, line):
        """The answer to a line."""
        self.process.stdin.write(line + "\n")
        return self.answer().removeprefix(line + "\n")

    def end(self, status=0):
        """At the end of its input; what it wrote until then."""
        self.process.stdin.close()
        self.process.stdin = open(os.devnull)  # closed again by close()
        out = self.process.stdout.read()
        errors = self.process.stderr.read()
        self.test.assertEqual(self.process.wait(PATIENCE_S), status, out + errors)
        self.test.assertIsNone(SANITIZER.search(errors), errors)
        return out

    def figures(self, text, port):
        """RX-packets and the like of a port, as scripts find them."""
        part = text.split(f"Forward statistics for port {port} ")[1]
        return {key: int(value) for key, value in re.findall(r"([RT]X-\w+): (\d+)", part[:400])}


class Prompt(Generating):
    """Without a switch."""

    def run_session(self, text, *words, status=0):
        done = subprocess.run([program("crossdock-pktgen"), "session", *words], input=text,
                              capture_output=True, text=True, timeout=PATIENCE_S * 2)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertIsNone(SANITIZER.search(done.stderr), done.stderr)
        return done.stdout

    def test_a_pipe(self):
        out = self.run_session("start tx_first\nsleep 0.1\nshow port stats all\nstop\nquit\nfoo\n",
                               *LOOP)
        self.assertIn("NIC statistics for port 0", out)
        self.assertNotIn("foo", out)
        self.assertGreater(int(re.search(r"RX-packets: (\d+) +RX-dropped", out)[1]), 0)
        self.run_session("set fwd mac", *LOOP)  # without an end of line, and the pipe's is the end
        self.run_session("start", *LOOP)

    def test_a_command_that_fails(self):
        out = self.run_session("set fwd foo\nset fwd mac\nshow config fwd\n", status=1)
        self.assertIn("set fwd foo: unknown; valid are: io, mac", out)
        self.assertIn("mac packet forwarding", out)
        self.run_session("x" * 5000 + "\nquit\n", status=1)
        self.run_session("", "--fwd", "foo", status=2)
        self.run_session("", "--port", f"virtio:{self.path('nobody')}", "--timeout", "0.1",
                         status=1)

    def test_a_script(self):
        script = self.directory / "script"
        script.write_text("set fwd macswap\nstart tx_first 2\nsleep 0.1\nstop\nquit\n")
        for option in ("--script", "--cmdline-file"):
            out = self.run_session("foo\n", option, str(script), *LOOP)
            self.assertIn("macswap packet forwarding - ports=2", out)
        script.write_text("port attach loop:z\nport attach loop:z\nfoo\n")
        out = self.run_session("show port summary all\n", "--script", str(script), status=1)
        self.assertIn("Number of available ports: 2", out)
        self.run_session("", "--script", "/nowhere", status=1)

    def test_options_of_testpmd(self):
        out = self.run_session(
            "show config fwd\nshow config txpkts\nstop\n", "--forward-mode=txonly",
            "--port-topology=loop", "--txpkts=64,64", "--eth-peer=1,02:00:00:00:00:77",
            "--nb-cores=1", "--burst=16", "--auto-start", "--interactive", *LOOP)
        self.assertIn("txonly packet forwarding", out)
        self.assertIn("TX P=1/Q=0 (socket -1) peer=02:00:00:00:00:77", out)
        self.assertIn("Segment sizes: 64,64", out)
        self.assertIn("Accumulated", out)

    def test_signals(self):
        session = Session(self, *LOOP)
        session.type("start tx_first")
        session.process.send_signal(signal.SIGINT)
        self.assertIn("Accumulated", session.answer())
        self.assertIn("not started", session.type("stop"))
        session.type("start")
        session.process.stdin.write("sleep 1000\n")
        session.process.send_signal(signal.SIGTERM)
        self.assertEqual(session.process.wait(PATIENCE_S), 1)  # "stop" failed
        self.assertIn("Accumulated", session.process.stdout.read())

    def test_a_terminal(self):
        """Completion, history, Ctrl-C that gives up a line and then stops, Ctrl-D."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ["TERM"] = "xterm"
            command = [program("crossdock-pktgen"), "session", *LOOP]
            os.execv(command[0], command)
        self.addCleanup(os.close, terminal)
        text = ""

        def until(words):
            nonlocal text
            end = time.monotonic() + PATIENCE_S
            while words not in text:
                ready, _, _ = select.select([terminal], [], [], end - time.monotonic())
                self.assertTrue(ready, f"no {words!r} in {text!r}")
                text += os.read(terminal, 4096).decode()
            text = text.split(words, 1)[1]

        def press(keys, words):
            os.write(terminal, keys.encode())
            until(words)

        until(PROMPT)
        press("sh\tport su\ta\t\n", "Number of available ports: 2")
        press("foo\x03", PROMPT)
        press("\x1b[A\n", "Number of available ports: 2")
        press("start\n", "streams=2")
        until(PROMPT)
        press("bar\x03", "Accumulated")
        until(PROMPT)
        os.write(terminal, b"sleep 0.5\n")
        time.sleep(0.2)  # the terminal is not libedit's meanwhile
        os.write(terminal, b"\x04")
        _, status = os.waitpid(pid, 0)
        self.assertEqual(os.waitstatus_to_exitcode(status), 0)


class Forwarding(Generating):
    """Between ports of the switch."""

    def start_two_bridges(self):
        self.start({"vm1": {"bridge": "left"}, "s1": {"bridge": "left"},
                    "s2": {"bridge": "right"}, "vm2": {"bridge": "right"}},
                   bridges=("left", "right"))

    def virtio(self, name, options="size=1024"):
        return "--port", f"virtio:{self.path(name)},{options}"

    def user(self, name, number):
        return "--port", f"dpdk:net_virtio_user{number},path={self.path(name)},queue_size=1024," \
                         f"mac={mac(0xF0 + number)}"

    def through(self, options):
        """A session between both bridges."""
        self.start_two_bridges()
        if options:
            ports = (*self.virtio("s1", options), *self.virtio("s2", options))
        else:
            ports = (*self.user("s1", 0), *self.user("s2", 1))
        session = Session(self, *ports, eal=() if options else EAL)
        self.assertIn("io packet forwarding", session.type("start"))
        self.daemon.wait_up("s1", "s2")
        return session

    def test_every_frame_goes_through(self):
        """Each way, and as it was, whatever rings the ports have."""
        for options, size in (("size=1024", 60), ("rings=static", 700),
                              ("packed=on,size=1024", 1514), (None, 1514)):
            with self.subTest(options or "dpdk"):
                session = self.through(options)
                guests = self.guests("vm1", "vm2")
                for sender, receiver in (guests, guests[::-1]):
                    data = frame(mac(0xE), mac(0xF0 + guests.index(sender)), size=size)
                    sender.blast(200, data)  # a guest's ring holds 256
                    got, = self.settle(sender, receiver)
                    self.assertEqual([f.hex() for f in got], [data.hex()] * 200)
                text = session.type("stop")
                for port in (0, 1):
                    figures = session.figures(text, port)
                    self.assertGreaterEqual(figures["RX-packets"], 201)
                    self.assertEqual(figures["TX-dropped"], 0)
                session.end()
                self.daemon.close()

    def test_rate_through_it(self):
        """As the forwarder between two ports of the generator."""
        session = self.through("size=1024")
        row, = self.run_pktgen("rate", "--rate", "2kpps", "--direction", "both", "--track")
        self.assertGreater(row["received_frames"], 0)
        for key in ("reordered", "duplicated"):
            self.assertEqual(row["flow_figures"][key], 0)
        text = session.type("stop")
        self.assertGreaterEqual(sum(session.figures(text, port)["RX-packets"] for port in (0, 1)),
                                row["received_frames"])
        session.end()

    def one_port(self, kind):
        """A guest, and a session on one port beside it."""
        self.start(("vm1", "s1"))
        guest = self.guest("vm1")
        port = self.virtio("s1") if kind == "virtio" else self.user("s1", 0)
        session = Session(self, *port, eal=EAL if kind == "dpdk" else ())
        self.daemon.wait_up("s1")
        return guest, session

    def test_modes_on_the_wire(self):
        for kind in ("virtio", "dpdk"):
            guest, session = self.one_port(kind)
            own = "02:58:00:00:00:00" if kind == "virtio" else mac(0xF0)
            for words, sent, want in (
                    ("set fwd macswap", frame(B, A, size=200), frame(A, B, size=200)),
                    ("set fwd mac", frame(B, A, size=90), frame(mac(0xC), own, size=90))):
                with self.subTest(words, kind=kind):
                    session.type(words)
                    session.type(f"set eth-peer 0 {mac(0xC)}")
                    session.type("start")
                    guest.tx(sent)
                    wait_for(lambda: want in [guest.rx()], words)
                    self.assertIn("RX-packets: 1 ", session.type("stop"))
            with self.subTest("txonly", kind=kind):
                session.type("set fwd txonly")
                session.type("set txpkts 100,23")
                session.type("start")
                made = guest.rx()
                self.assertEqual(len(made), 123)
                self.assertEqual(made[:14].hex(":"), f"{mac(0xC)}:{own}:08:00")
                session.type("stop")
            session.end()
            self.daemon.close()

    def test_the_switch_goes(self):
        """That ends forwarding, not the session, and a port can be opened again."""
        _, session = self.one_port("virtio")
        session.type("start")
        self.daemon.close()
        wait_for(lambda: "forwarding has stopped" in session.type("show config cores"), "the end")
        self.assertIn("down", session.type("show port summary all"))
        self.assertIn("total ports is 0", session.type("port detach 0"))
        self.start(("vm1", "s1"))
        self.assertIn("Port 0 is attached", session.type(f"port attach virtio:{self.path('s1')}"))
        self.daemon.wait_up("s1")
        self.assertIn("up", session.type("show port summary 0"))
        session.type("start")
        session.end(status=1)  # what the switch did counts as a command that failed


class Ping(HostCase):

    def test_icmpecho(self):
        """The kernel's ping and ARP, for addresses that nobody was told of."""
        space = self.host("gen0", "10.98.0.1/24")
        space.ip("-6", "addr", "add", "fd98::1/64", "dev", "eth0", "nodad")
        session = Session(self, "--port", "dpdk:net_af_packet0,iface=gen0", "--fwd", "icmpecho",
                          "--auto-start", eal=EAL[:4], wrap=lambda c: self.home.command(*c))
        for address in ("10.98.0.7", "10.98.0.8", "fd98::77"):
            wait_for(lambda: space.run("ping", "-n", "-c1", "-W1", address).returncode == 0,
                     f"an answer of {address}")
        session.end()
