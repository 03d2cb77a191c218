# SPDX-License-Identifier: BSD-3-Clause
"""Sphinx: ninja -C build doc. Pages are plain reStructuredText that also reads well where they lie;
links between them are to files, as in `configuration.rst <configuration.rst>`_."""

import os
import pathlib
import re

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

ROOT = pathlib.Path(__file__).resolve().parents[1]

project = "Crossdock"
copyright = "the Crossdock authors"
version = release = re.search(r"version: '([^']+)'", (ROOT / "meson.build").read_text())[1]
root_doc = "index"
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {
    "description": "A switch for virtual machines that copies a frame once",
    "fixed_sidebar": True,
    "page_width": "1100px",
    "show_powered_by": False,
}
html_sidebars = {"**": ["about.html", "navigation.html", "searchbox.html"]}
html_show_sourcelink = False
html_copy_source = False
# Files that pages link to beside pages.
html_extra_path = ["peers.html", "published.html", "fabrics.html", "crossdock-pktgen.schema.json"]
nitpicky = True
logger = logging.getLogger(__name__)


class FileLinks(SphinxTransform):
    """A link to a file becomes one to its page; one to a file that is not there is an error."""

    default_priority = 800

    def apply(self):
        here = pathlib.Path(self.document["source"]).parent
        for node in self.document.findall(nodes.reference):
            uri = node.get("refuri", "")
            path, _, anchor = uri.partition("#")
            if not path or re.match(r"[a-z]+:", uri):
                continue
            target = (here / path).resolve()
            if not target.exists():
                logger.warning("there is no file %s", path, location=node)
            elif target.suffix == ".rst" and target.parent == ROOT / "doc":
                page = os.path.relpath(target.with_suffix(".html"), ROOT / "doc")
                node["refuri"] = page + (f"#{anchor}" if anchor else "")


def setup(app):
    app.add_transform(FileLinks)
    return {"parallel_read_safe": True}
