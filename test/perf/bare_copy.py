# SPDX-License-Identifier: BSD-3-Clause
"""
A bare memcpy between two guests' buffers: no switch, but the bound of every switch that copies
once. copy.c says how it is made comparable.
"""

import json

import crossdock_switch
import processes
from system import System

BUFFERS = 256  # as the generator's virtio ports have with tso=on


class BareCopy(System):
    name = "copy"
    title = "a bare memcpy"
    switches = False
    only_named = True  # takes part in rows that name it

    @staticmethod
    def missing(condition):
        if crossdock_switch.program(condition.build, "copy"):
            return None
        return f"no copy in {condition.build}: ninja -C build"

    @staticmethod
    def version(_condition):
        return "the C library's"

    def trial(self, _group, options):
        """Runs it in the generator's place; returns a row like the generator's."""
        c = self.condition
        said = processes.run([crossdock_switch.program(c.build, "copy"), str(c.generator_core),
                            str(c.dut_core), str(options["size"]), str(BUFFERS),
                            str(options["time"]), str(options["warmup"])])
        return json.loads(said)
