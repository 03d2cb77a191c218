# SPDX-License-Identifier: BSD-3-Clause
"""crossdock-pktgen's result files, one for each system, and its report of them."""

import json
import os
import re

import crossdock_switch
import processes


class Results:
    """directory: None when nothing is to be kept."""

    def __init__(self, directory):
        self.directory = directory
        self.documents = {}  # label to result file
        if directory:
            os.makedirs(directory, exist_ok=True)

    def add(self, name, label, document):
        """A trial's result file: its rows, with the name of what was compared, go to the label's
        file, which is written again. Void ones too: the report pairs trials by their places."""
        if not self.directory:
            return
        whole = self.documents.setdefault(label, {**document, "label": label, "rows": []})
        for row in document["rows"]:
            number = 1 + sum(1 for other in whole["rows"] if other["name"] == name)
            whole["rows"].append({**row, "name": name, "trial": number})
        with open(self.path(label) + ".new", "w", encoding="utf-8") as sink:
            json.dump(whole, sink, indent=1)
            sink.write("\n")
        os.replace(self.path(label) + ".new", self.path(label))

    def path(self, label):
        return os.path.join(self.directory, re.sub(r"[^a-z0-9]+", "-", label.lower()) + ".json")

    def report(self, build, versions):
        """Has the report made; returns its path, or why there is none. versions: of the systems, by
        name, for its title."""
        if "crossdock" not in self.documents:
            return "none: crossdock has no result"
        took_part = [f"{name} ({version})" for name, version in versions.items()
                     if name in self.documents and name != "crossdock"]
        page = os.path.join(self.directory, "report.html")
        processes.run([crossdock_switch.program(build, "crossdock-pktgen"), "report",
                       *(self.path(label) for label in self.documents), "-o", page,
                       "--baseline", "crossdock", "--title",
                       "crossdock and its peers" + ": " * bool(took_part) + "; ".join(took_part)])
        return page
