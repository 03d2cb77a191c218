# SPDX-License-Identifier: BSD-3-Clause
"""A vhost-user back end that takes what a guest's driver offers, looks at how it is offered, and
gives it back in order: what rings are like, read out of the guest's memory."""

import array
import collections
import mmap
import os
import select
import socket
import struct
import time

HEADER = 12  # bytes of the virtio-net header
NEXT, WRITE, INDIRECT = 1, 2, 4
AVAIL, USED = 0x80, 0x8000

MRG_RXBUF, INDIRECT_DESC, PROTOCOL, VERSION_1, PACKED = (1 << bit for bit in (15, 28, 30, 32, 34))
# CSUM, GUEST_CSUM, GUEST_TSO4, HOST_TSO4
TSO = 1 << 0 | 1 << 1 | 1 << 7 | 1 << 11
REPLY_ACK = 1 << 3

# What a driver offered: id, pieces as (guest's address, bytes), whether by an indirect table.
Buffer = collections.namedtuple("Buffer", "id pieces indirect")


class Memory:
    """The regions of SET_MEM_TABLE, mapped."""

    def __init__(self, payload, fds):
        self.regions = []
        for i, fd in enumerate(fds):
            guest, size, user, offset = struct.unpack_from("<4Q", payload, 8 + 32 * i)
            self.regions.append((guest, size, user, offset, mmap.mmap(fd, offset + size)))
            os.close(fd)

    def _find(self, address, column):
        for region in self.regions:
            if region[column] <= address < region[column] + region[1]:
                return region[4], region[3] + address - region[column]
        raise AssertionError(f"{address:#x} is in no region")

    def user(self, address):
        return self._find(address, 2)

    def read(self, address, size):
        area, at = self._find(address, 0)
        return area[at:at + size]

    def write(self, address, data):
        area, at = self._find(address, 0)
        area[at:at + len(data)] = data


def load16(area, at):
    """In one piece, which struct does in native order alone: others write it meanwhile."""
    return struct.unpack_from("@H", area, at)[0]


def store16(area, at, value):
    """In one store, for others read it meanwhile: struct.pack_into would write zeroes first."""
    memoryview(area)[at:at + 2].cast("H")[0] = value


class Ring:
    """The device's side of a ring, split or packed."""

    def __init__(self):
        self.size = 0
        self.base = 0
        self.addresses = None
        self.call = self.kick = -1
        self.seen = []  # Buffers, as they were taken
        self.taken = self.given = 0
        self.waiting = collections.deque()  # taken and not given back

    def start(self, memory, packed):
        self.memory, self.packed = memory, packed
        self.desc, self.used, self.avail = (memory.user(address) for address in self.addresses)
        self.taken = self.given = 0 if packed else self.base

    def _table(self, address, length):
        raw = self.memory.read(address, length)
        return [struct.unpack_from("<QIHH", raw, at) for at in range(0, length, 16)]

    def _chain(self, area, at, head):
        """Of a split ring or table: descriptors are address, length, flags, next."""
        pieces = []
        while True:
            address, length, flags, following = struct.unpack_from("<QIHH", area, at + 16 * head)
            if flags & INDIRECT:
                raw = self.memory.read(address, length)
                return self._chain(raw, 0, 0)[0], True
            pieces.append((address, length))
            if not flags & NEXT:
                return pieces, False
            head = following

    def _take_split(self):
        area, at = self.avail
        index = load16(area, at + 2)
        if index == self.taken & 0xffff:
            return None
        head = struct.unpack_from("<H", area, at + 4 + 2 * (self.taken % self.size))[0]
        self.taken += 1
        return Buffer(head, *self._chain(*self.desc, head))

    def _take_packed(self):
        area, at = self.desc
        pieces = []
        while True:
            place = at + 16 * (self.taken % self.size)
            flags = load16(area, place + 14)  # says whether the rest is there
            wrap = self.taken // self.size % 2 == 0
            if not pieces and (bool(flags & AVAIL) != wrap or bool(flags & USED) == wrap):
                return None
            address, length, ident = struct.unpack_from("<QIH", area, place)
            self.taken += 1
            if flags & INDIRECT:
                table = self._table(address, length)
                return Buffer(ident, [(entry[0], entry[1]) for entry in table], True)
            pieces.append((address, length))
            if not flags & NEXT:
                return Buffer(ident, pieces, False)

    def take(self):
        buffer = self._take_packed() if self.packed else self._take_split()
        if buffer:
            self.seen.append(buffer)
        return buffer

    def give(self, buffer, length):
        if self.packed:
            wrap = self.given // self.size % 2 == 0
            area, at = self.desc
            place = at + 16 * (self.given % self.size)
            struct.pack_into("<IH", area, place + 8, length, buffer.id)
            store16(area, place + 14, AVAIL | USED if wrap else 0)
            self.given += 1 if buffer.indirect else len(buffer.pieces)
        else:
            area, at = self.used
            struct.pack_into("<II", area, at + 4 + 8 * (self.given % self.size), buffer.id, length)
            self.given += 1
            store16(area, at + 2, self.given & 0xffff)

    def notify(self):
        if self.call >= 0:
            os.write(self.call, struct.pack("<Q", 1))


class Watch:
    """Listens at path for one front end. Ring 0 is what it receives on, ring 1 what it sends on."""

    def __init__(self, path, features=MRG_RXBUF | INDIRECT_DESC, echo=False):
        self.features = features | VERSION_1 | PROTOCOL
        self.echo = echo
        self.rings = [Ring(), Ring()]
        self.enabled, self.started = set(), set()
        self.memory = None
        self.agreed = self.agreed_protocol = 0
        self.frames = []  # that came
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.connection = None

    def close(self):
        for one in (self.listener, self.connection):
            if one:
                one.close()

    # ---- Messages ----

    def _receive(self, size, descriptors):
        data = b""
        while len(data) < size:
            part, ancillary, _, _ = self.connection.recvmsg(size - len(data),
                                                            socket.CMSG_SPACE(8 * 4))
            if not part:
                raise ConnectionError("the front end hung up")
            for level, kind, fds in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    numbers = array.array("i")
                    numbers.frombytes(fds[:len(fds) - len(fds) % 4])
                    descriptors += numbers
            data += part
        return data

    def _message(self):
        fds = []
        request, flags, size = struct.unpack("<III", self._receive(12, fds))
        payload = self._receive(size, fds) if size else b""
        reply = self._do(request, payload, fds)
        if reply is None and flags & 8 and self.agreed_protocol & REPLY_ACK:
            reply = struct.pack("<Q", 0)
        if reply is not None:
            self.connection.sendall(struct.pack("<III", request, 5, len(reply)) + reply)

    def _do(self, request, payload, fds):
        number = struct.unpack_from("<Q", payload)[0] if len(payload) >= 8 else 0
        index, value = struct.unpack_from("<II", payload) if len(payload) >= 8 else (0, 0)
        ring = self.rings[index] if request in range(8, 12) and index < 2 else None
        if request in (12, 13, 14):
            return self._descriptor(request, number, fds)
        if request == 1:
            return struct.pack("<Q", self.features)
        if request == 2:
            self.agreed = number
        elif request == 5:
            self.memory = Memory(payload, fds)
        elif request == 8:
            ring.size = value
        elif request == 9:
            ring.addresses = struct.unpack_from("<3Q", payload, 8)
        elif request == 10:
            ring.base = value
        elif request == 11:
            self.started.discard(index)
            return struct.pack("<II", index, ring.taken & 0xffff)
        elif request == 15:
            return struct.pack("<Q", REPLY_ACK)
        elif request == 16:
            self.agreed_protocol = number
        elif request == 17:
            return struct.pack("<Q", 1)
        elif request == 18 and index < 2:
            (self.enabled.add if value else self.enabled.discard)(index)
        return None

    def _descriptor(self, request, number, fds):
        ring = self.rings[number & 1]
        fd = fds[0] if fds else -1
        if request == 12:  # begins it
            ring.kick = fd
            ring.start(self.memory, bool(self.agreed & PACKED))
            self.started.add(number & 1)
        elif request == 13:
            ring.call = fd
        elif fd >= 0:
            os.close(fd)

    def running(self):
        """Rings that are started and enabled: QEMU enables them before, others after."""
        return self.started & self.enabled

    # ---- Frames ----

    def deliver(self, frame):
        """Puts a frame into the next buffers of the guest; False when there is no room."""
        ring = self.rings[0]
        while sum(size for buffer in ring.waiting for _, size in buffer.pieces) < \
                HEADER + len(frame):
            buffer = ring.take()
            if buffer is None:
                return False
            ring.waiting.append(buffer)
        data, used = bytes(HEADER) + frame, []
        while data:
            buffer = ring.waiting.popleft()
            written = 0
            for address, size in buffer.pieces:
                self.memory.write(address, data[:size])
                written += len(data[:size])
                data = data[size:]
            used.append((buffer, written))
        self.memory.write(used[0][0].pieces[0][0] + HEADER - 2, struct.pack("<H", len(used)))
        for buffer, written in used:
            ring.give(buffer, written)
        ring.notify()
        return True

    def _take_frames(self):
        ring, n = self.rings[1], 0
        while (buffer := ring.take()) is not None:
            frame = b"".join(self.memory.read(*piece) for piece in buffer.pieces)[HEADER:]
            self.frames.append(frame)
            ring.give(buffer, 0)
            n += 1
            if self.echo:
                self.deliver(frame)
        if n:
            ring.notify()
        return n

    def step(self, timeout_s=0.001):
        """One round: a message or the wait for one, and what the guest sent."""
        waiting = self.connection or self.listener
        if select.select([waiting], [], [], timeout_s)[0]:
            if not self.connection:
                self.connection = self.listener.accept()[0]
            else:
                self._message()
        if 1 in self.running():
            self._take_frames()

    def until(self, condition, what, timeout_s=60):
        end = time.monotonic() + timeout_s
        while not condition():
            self.step()
            if time.monotonic() > end:
                raise AssertionError(f"no {what} in {timeout_s} s")


class Traits:
    """What the buffers of one ring have in common."""

    def __init__(self, ring, at=None):
        """at: how many of the first buffers are left out."""
        seen = ring.seen[at or 0:]
        self.n = len(seen)
        self.ring_size = ring.size
        self.ids = len({buffer.id for buffer in seen})
        steps = collections.Counter((b.id - a.id) % ring.size for a, b in zip(seen, seen[1:]))
        self.up = steps[1] / max(1, self.n - 1)
        self.down = steps[ring.size - 1] / max(1, self.n - 1)
        self.offsets = {(buffer.pieces[0][0] + HEADER) % 64 for buffer in seen}
        self.joined = all(buffer.pieces[0][1] > HEADER for buffer in seen)
        self.pieces = {len(buffer.pieces) for buffer in seen}
        self.sizes = {size for buffer in seen for _, size in buffer.pieces}
        self.indirect = sum(buffer.indirect for buffer in seen) / max(1, self.n)
        last, moved, again = {}, 0, 0
        for buffer in seen:
            if buffer.id in last:
                again += 1
                moved += last[buffer.id] != buffer.pieces[0][0]
            last[buffer.id] = buffer.pieces[0][0]
        self.moved = moved / again if again else None

    def __str__(self):
        return (f"{self.n} buffers, ring of {self.ring_size}, {self.ids} ids, "
                f"up {self.up:.2f}, down {self.down:.2f}, frame at {sorted(self.offsets)} of a "
                f"line, header {'before it' if self.joined else 'apart'}, pieces "
                f"{sorted(self.pieces)}, indirect {self.indirect:.2f}, sizes "
                f"{sorted(self.sizes)[:6]}, moved "
                + ("-" if self.moved is None else f"{self.moved:.2f}"))
