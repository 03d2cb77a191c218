# SPDX-License-Identifier: BSD-3-Clause
"""The control socket's client, which is the one that bindings/python installs."""

import sys

from process import SOURCE

sys.path.append(str(SOURCE / "bindings" / "python"))

# pylint: disable=wrong-import-position
from crossdock import Failed, Refused, Switch, Unreachable

__all__ = ["Failed", "Refused", "Switch", "Unreachable"]
