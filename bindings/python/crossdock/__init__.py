# SPDX-License-Identifier: BSD-3-Clause
"""A running crossdockd: asked, and changed, over its control socket.

    with crossdock.Switch() as switch:
        switch.add("port", "vm1", type="vhost-user", bridge="br0", path="/run/vm1.sock")
        for port in switch.show("port"):
            print(port["name"], port["state"], port["rx_frames"])

Answers are the objects that crossdockd sends; doc/control-api.rst has their members and units.
"""

from __future__ import annotations

import json
import os
import select
import socket
from typing import Any, Dict, Iterator, List, Optional, Union

__all__ = ["PATH", "Error", "Failed", "Refused", "Switch", "Unreachable"]

PATH = "/run/crossdock/control.sock"  # where crossdockd listens unless it is told otherwise

Object = Dict[str, Any]

_MAX_ANSWER_BYTES = 9 << 20  # crossdockd sends 8 MiB at most


class Error(Exception):
    """The base of what calls raise; str() is one line for people."""


class Unreachable(Error):
    """Nobody answers. Whether a change that was under way was made is not known."""


class Failed(Error):
    """crossdockd answered with an error. code: JSON-RPC's, such as -32601, no such method."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message, code)
        self.code = code

    def __str__(self) -> str:
        return str(self.args[0])


class Refused(Failed):
    """The switch cannot do that, and changed nothing.

    key: the configuration key at fault, such as "ports.vm1.vlan"; line: its line, from 1, in YAML
    that was given; text: what is wrong and what would be right. None where there is none.
    """

    def __init__(self, message: str, code: int, data: Object) -> None:
        super().__init__(message, code)
        self.key: Optional[str] = data.get("key")
        self.line: Optional[int] = data.get("line")
        self.text: Optional[str] = data.get("text")


class Switch:
    """One crossdockd. To be used by one thread at a time.

    It is connected to by the first call, and by the first one after the connection was lost.
    timeout_s: for how long crossdockd may be silent while it is waited for.

    Every call raises Unreachable, Failed or Refused.
    """

    def __init__(self, path: Union[str, os.PathLike[str]] = PATH, timeout_s: float = 10) -> None:
        self._path = os.fspath(path)
        self._timeout_s = timeout_s
        self._socket: Optional[socket.socket] = None

    def __enter__(self) -> Switch:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection, if there is one; raises nothing."""
        if self._socket:
            self._socket.close()
            self._socket = None

    def call(self, method: str, /, **params: Any) -> Object:
        """Any method of the control API; returns its result."""
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = self._ask(json.dumps(request).encode() + b"\n")
        error = answer.get("error")
        if error is None:
            result: Object = answer["result"]
            return result
        if error.get("data"):
            raise Refused(error["message"], error["code"], error["data"])
        raise Failed(error["message"], error["code"])

    # ---- What there is. A noun is "bridge", "port", "mirror" and so on. ----

    def show(self, noun: str, name: Optional[str] = None, /) -> List[Object]:
        """All of a kind, or the one of that name: settings, state and counters."""
        found: List[Object] = self.call(f"{noun}.show", **_given(name=name))[f"{noun}s"]
        return found

    def add(self, noun: str, name: str, /, **keys: Any) -> Object:
        """Keys are those of the configuration file. Returns {"changes", "saved", "note"}, as
        set, delete, rename and apply do."""
        return self.call(f"{noun}.add", name=name, **keys)

    def set(self, noun: str, name: str, /, **keys: Any) -> Object:
        """None takes an optional key back."""
        return self.call(f"{noun}.set", name=name, **keys)

    def delete(self, noun: str, name: str, /) -> Object:
        """Deletes one of that kind."""
        return self.call(f"{noun}.del", name=name)

    def rename(self, noun: str, name: str, to: str, /) -> Object:
        """Gives one of that kind another name."""
        return self.call(f"{noun}.rename", name=name, to=to)

    # ---- The whole configuration ----

    def configuration(self) -> Object:
        """What runs, as an object; call("config.show")["yaml"] has it as text."""
        config: Object = self.call("config.show")["config"]
        return config

    def check(self, yaml: str) -> Object:
        """Whether it could be applied: how much there is in it, or Refused."""
        return self.call("config.check", yaml=yaml)

    def diff(self, yaml: str) -> List[Object]:
        """What applying it would change: {"op", "key", "from", "to"} each."""
        changes: List[Object] = self.call("config.diff", yaml=yaml)["changes"]
        return changes

    def apply(self, yaml: str) -> Object:
        """Makes it the running configuration: the whole of it, or nothing."""
        return self.call("config.apply", yaml=yaml)

    # ---- What it did ----

    def statistics(self, port: Optional[str] = None) -> Object:
        """{"time_ns", "ports"}: the counters of all ports, or of one, and when they were read, on a
        monotonic clock. A rate is a quotient of differences."""
        return self.call("stats.show", **_given(port=port))

    def drops(self, port: Optional[str] = None) -> List[Object]:
        """Frames dropped, by port, queue, direction and reason; those that are not zero."""
        drops: List[Object] = self.call("stats.drops", **_given(port=port))["drops"]
        return drops

    def fdb(self, bridge: Optional[str] = None, port: Optional[str] = None,
            vlan: Optional[int] = None) -> Iterator[Object]:
        """Learned addresses, asked for in parts as they are consumed: one that moves meanwhile may
        come twice or not at all."""
        chosen = _given(bridge=bridge, port=port, vlan=vlan)
        part = self.call("fdb.show", **chosen)
        yield from part["entries"]
        while part["next"] is not None:
            part = self.call("fdb.show", **chosen, cursor=part["next"])
            yield from part["entries"]

    # ---- The connection ----

    def _ask(self, line: bytes) -> Object:
        """One request and its answer. After anything else that happens, an interrupt too, the
        connection is given up: an answer that is late cannot be taken for the next one's."""
        try:
            link = self._connected()
            link.sendall(line)
            with link.makefile("rb") as answers:
                answer = answers.readline(_MAX_ANSWER_BYTES)
            if not answer.endswith(b"\n"):
                raise Unreachable(f"{self._path}: it hung up before it had answered")
            read: Object = json.loads(answer)
            return read
        except socket.timeout:
            self.close()
            raise Unreachable(f"crossdockd on {self._path} did not answer within "
                              f"{self._timeout_s:g} s") from None
        except (OSError, ValueError) as error:
            self.close()
            raise Unreachable(f"{self._path}: {error}") from error
        except BaseException:
            self.close()
            raise

    def _connected(self) -> socket.socket:
        if self._socket and self._is_lost(self._socket):
            self.close()
        if not self._socket:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.settimeout(self._timeout_s)
            try:
                self._socket.connect(self._path)
            except PermissionError as error:
                raise Unreachable(f"{self._path}: {error.strerror} (be root, or a member of the "
                                  "socket's group)") from error
            except (FileNotFoundError, ConnectionRefusedError) as error:
                raise Unreachable(f"nobody answers on {self._path}: is crossdockd running?"
                                  ) from error
        return self._socket

    @staticmethod
    def _is_lost(link: socket.socket) -> bool:
        """crossdockd speaks only when it is asked: what can be read now is the end. It hangs up on
        the client that was idle longest when there are too many."""
        poll = select.poll()
        poll.register(link, select.POLLIN)
        return bool(poll.poll(0))


def _given(**params: Any) -> Object:
    return {name: value for name, value in params.items() if value is not None}
