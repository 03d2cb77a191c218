# SPDX-License-Identifier: BSD-3-Clause
"""Scripted guests on vhost-user ports, and the case that sets switch and guests up."""

import re

from daemon import Daemon, config_text, vhost_user
from frames import BROADCAST, frame, mac
from harness import Case
from process import PATIENCE_S, Dialogue, program, temporary_directory, wait_for

RESERVED = "01:80:c2:00:00:0e"
WAIT_MS = int(PATIENCE_S * 1000)


class Guest:
    """test/tools/vhost_guest: the front end of one port, with its rings, told line by line."""

    def __init__(self, directory, name, path, server=False, **options):
        words = [str(path)] + (["server"] if server else [])
        words += [f"{key}={value}" for key, value in options.items()]
        self.name = name
        self.dialogue = Dialogue([program("vhost_guest"), ",".join(words)],
                                 directory / f"{name}.log")

    def ready(self):
        line = self.dialogue.line()
        assert line == "ready", f"{self.name}: {line}"
        return self

    def ask(self, command, timeout_s=PATIENCE_S):
        """Sends a command; returns its answer."""
        self.dialogue.send(command)
        return self.dialogue.line(timeout_s)

    def do(self, command):
        answer = self.ask(command)
        assert not answer.startswith("error"), f"{self.name}: {command[:60]}: {answer}"
        return answer

    def number(self, command, timeout_s=PATIENCE_S):
        answer = self.ask(command, timeout_s)
        found = re.search(r"\d+", answer)
        assert found, f"{self.name}: {command[:60]}: {answer}"
        return int(found.group())

    def tx(self, data):
        self.do(f"tx {data.hex()}")

    def rx(self, wait_ms=WAIT_MS):
        """The next frame, or None."""
        answer = self.ask(f"rx {wait_ms}", PATIENCE_S + wait_ms / 1000)
        return None if answer == "none" else bytes.fromhex(answer)

    def rx_until(self, last):
        """The frames that come before `last`."""
        frames = []
        while (data := self.rx()) != last:
            assert data is not None, f"{self.name}: the frame {last.hex()[:60]} did not come; " \
                f"before it: {[got.hex()[:60] for got in frames]}"
            frames.append(data)
        return frames

    def drain(self):
        self.do("drain")

    def blast(self, count, data):
        return self.number(f"blast {count} {data.hex()}")

    def alive(self):
        return self.ask("alive") in ("yes", "alive", "ok", "true", "1")

    def kill(self):
        self.dialogue.kill()

    def report(self):
        text = self.dialogue.tail()
        return f"{self.name}'s log: {text}" if text else ""


class SwitchCase(Case):
    """A crossdockd and its scripted guests, each case with a directory of its own."""

    def setUp(self):
        super().setUp()
        self.directory = temporary_directory(self)
        self.marks = 0

    def path(self, name):
        return self.directory / f"{name}.sock"

    def port(self, name, **keys):
        return vhost_user(self.path(name), **{"mode": "server", **keys})

    def start(self, ports, state=False, **config):
        """ports: names, or name to keys. Ports are vhost-user in server mode unless they say."""
        if not isinstance(ports, dict):
            ports = {name: {} for name in ports}
        ports = {name: keys if "type" in keys else self.port(name, **keys)
                 for name, keys in ports.items()}
        if getattr(self, "daemon", None):
            self.daemon.close()
        self.modes = {name: keys.get("mode", "client") for name, keys in ports.items()}
        self.daemon = Daemon(self, self.directory, config_text(ports, **config), state=state)
        self.daemon.start()
        return self.daemon

    def open_guest(self, name, **options):
        """Starts a guest on a port without waiting for anything."""
        guest = Guest(self.directory, name, self.path(name),
                      server=self.modes.get(name) == "client", **options)
        self.reports.append(guest.report)
        self.addCleanup(guest.kill)
        return guest

    def guest(self, name, **options):
        return self.guests(name, **options)[0]

    def guests(self, *names, **options):
        """One guest on each port, when all are up."""
        guests = [self.open_guest(name, **options) for name in names]
        for guest in guests:
            guest.ready()
        self.daemon.wait_up(*names)
        return guests

    def mark(self, sender):
        """A broadcast frame unlike any other, from an address of its own: sent after others, it
        tells that those have been dealt with."""
        self.marks += 1
        port = list(self.modes).index(sender.name)
        return frame(BROADCAST, mac(0xFF0000 + port), payload=b"mark %d" % self.marks)

    def settle(self, sender, *receivers):
        """What each receiver got before a mark that is sent now."""
        last = self.mark(sender)
        sender.tx(last)
        return [receiver.rx_until(last) for receiver in receivers]

    def barrier(self, sender):
        """Returns when the switch is done with every frame that sender sent, without showing any
        other guest a frame: by two frames to a reserved address, each in a turn of its own."""
        for _ in range(2):
            before = self.daemon.drops(sender.name).get("reserved-address", 0)
            sender.tx(frame(RESERVED, mac(0xFFFFFF)))
            wait_for(lambda: self.daemon.drops(sender.name).get("reserved-address", 0) > before,
                     f"the switch to take what {sender.name} sent")

    def comes(self, at, sender, *frames):
        """Port to the frames that come to it when sender sends these. at: guests by port."""
        for data in frames:
            at[sender].tx(data)
        self.barrier(at[sender])
        got = {}
        for name, guest in at.items():
            while (came := guest.rx(0)) is not None:
                got.setdefault(name, []).append(came)
        return got

    def drops(self, name):
        """Reason to count of a port, without those that barrier() made."""
        return {reason: count for reason, count in self.daemon.drops(name).items()
                if reason != "reserved-address"}

    def expect(self, sender, data, receivers, others=()):
        """data, sent by sender, comes to each receiver once and to none of the others."""
        sender.tx(data)
        got = self.settle(sender, *receivers, *others)
        for guest, frames in zip([*receivers, *others], got):
            want = [data] if guest in receivers else []
            self.assertEqual([f.hex() for f in frames], [f.hex() for f in want],
                             f"at {guest.name}")

    def learn(self, guest, address, vlan=None, bridge="br0"):
        """Makes a guest's address known by a frame that goes nowhere, and waits until it is."""
        guest.tx(frame(mac(0xEEEEEE), address, vlan=vlan))
        wait_for(lambda: any(a == address for a, _ in self.daemon.fdb(bridge)),
                 f"{address} to be learned")
