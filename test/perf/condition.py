# SPDX-License-Identifier: BSD-3-Clause
"""What holds for every trial of a comparison, and the environment that it was made in."""

import dataclasses
import json
import os
import platform
import time

import crossdock_switch
import processes

# Pages of 2 MiB that the largest of the systems takes, with the generator beside it.
PAGES_NEEDED = 640


@dataclasses.dataclass(frozen=True)
class Condition:
    build: str          # where meson built
    generator_core: int
    dut_core: int       # the device under test: the switch's one forwarding core
    hugepages: bool
    idle: str           # crossdockd's workers.idle
    time_s: float
    warmup_s: float
    guest: str          # options of the generator's virtio ports, such as "mrg=on"
    built: dict = dataclasses.field(default_factory=dict)  # system to where the reader's own is, or ""

    @property
    def other_cpus(self):
        """CPUs for threads that do not forward: a third core where there is one."""
        allowed = os.sched_getaffinity(0) | {self.generator_core}
        return (allowed - {self.generator_core, self.dut_core}) or {self.generator_core}


def free_hugepages():
    try:
        with open("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages",
                  encoding="ascii") as source:
            return int(source.read())
    except OSError:
        return 0


def steal_s():
    """Seconds that the hypervisor kept all CPUs from running, since boot."""
    with open("/proc/stat", encoding="ascii") as source:
        return int(source.readline().split()[8]) / os.sysconf("SC_CLK_TCK")


def core_ns(condition):
    """The round trip of a cache line between the two cores, now."""
    said = processes.run([crossdock_switch.program(condition.build, "copy"),
                          str(condition.generator_core),
                          str(condition.dut_core), "64", "32", "0.01", "0"])
    return json.loads(said)["placement"]["after_ns"]


def busy_cpus(time_s=0.5):
    """How many CPUs' worth of work the machine has by itself."""
    def sample():
        with open("/proc/stat", encoding="ascii") as source:
            fields = [int(word) for word in source.readline().split()[1:9]]
        return sum(fields) - fields[3] - fields[4]  # without idle and iowait

    before = sample()
    time.sleep(time_s)
    return (sample() - before) / os.sysconf("SC_CLK_TCK") / time_s


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as source:
        for line in source:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def environment(condition):
    dpdk = processes.output_of(["pkg-config", "--modversion", "libdpdk"]).strip() or "unknown"
    with open("/proc/cpuinfo", encoding="utf-8") as source:
        hypervisor = "hypervisor" in source.read()
    return {
        "cpu": cpu_model(),
        "cpus": os.cpu_count(),
        "virtual_machine": hypervisor,
        "kernel": platform.release(),
        "dpdk": dpdk,
        "busy_cpus_before": round(busy_cpus(), 2),
        "hugepages": condition.hugepages,
        "generator_core": condition.generator_core,
        "dut_core": condition.dut_core,
        "other_cpus": sorted(condition.other_cpus),
        "idle": condition.idle,
        "guest": condition.guest,
        "time_s": condition.time_s,
        "warmup_s": condition.warmup_s,
        "touch": "full",
    }
