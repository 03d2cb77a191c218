# SPDX-License-Identifier: BSD-3-Clause
"""What every system that is compared has; each overrides what it does differently."""


class System:
    name = title = None
    switches = True      # by address: two ports are not all that it can join
    guests = True        # its ports are vhost-user sockets, with guests behind them
    one_address = False  # it takes the addresses that its ports have, and no others
    only_named = False   # takes part in rows that name it
    built = None         # of argparse: an option that says where one is that the reader has built
    control = None       # a socket that the generator can ask
    tells_cycles = True  # cycles() says something

    def __init__(self, condition):
        self.condition = condition
        self.group = None

    @staticmethod
    def missing(_condition):
        """What to type to have it, or None when it is there."""
        return None

    @staticmethod
    def version(_condition):
        return ""

    def start(self, group, nb_ports, **settings):
        """Starts it within group; returns the generator's ports, as its --port has them."""
        raise NotImplementedError

    def enter(self, command):
        """A command that is to run where its ports are."""
        return command

    def ready(self, run):
        """Leaves it as it is while it runs, by running short trials when that takes any. Most are
        ready as soon as their ports are connected."""

    def cycles(self):
        """Busy cycles and frames of what forwards, since it started."""
        return (0, 0)

    def notifications(self):
        """Notifications sent to guests and frames delivered to them, or None when not known."""
        return None

    def facts(self):
        """What it has learned so far, and the memory that it takes."""
        return {}
