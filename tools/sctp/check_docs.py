#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""check_docs.py TOP: builds the documentation with docutils, where any message
is an error, and checks that the files it names exist.

The kernel builds its documentation with Sphinx; the few directives and roles of
Sphinx that are used are declared here, and what they refer to is looked up.
"""

import glob
import os
import re
import sys

import docutils.core
import docutils.nodes
import docutils.utils
from docutils.parsers.rst import Directive, directives, roles

FOLDERS = "net|samples|tools|Documentation"
bad = []


class Toctree(Directive):
    """Each entry is a document next to this one."""

    has_content = True
    option_spec = {"maxdepth": directives.nonnegative_int, "caption": directives.unchanged,
                   "numbered": directives.flag, "titlesonly": directives.flag}

    def run(self):
        here = os.path.dirname(self.state.document["source"])
        for entry in self.content:
            if entry.strip() and not os.path.exists(os.path.join(here, entry.strip() + ".rst")):
                bad.append(f"{self.state.document['source']}:{self.lineno}: toctree: no {entry}.rst")
        return []


def role_reference(name, rawtext, text, lineno, inliner, options=None, content=None):
    return [docutils.nodes.literal(rawtext, docutils.utils.unescape(text))], []


def build(name):
    with open(name, encoding="utf-8") as f:
        text = f.read()
    stream = open(os.devnull, "w", encoding="utf-8")
    settings = {"report_level": 2, "halt_level": 5, "warning_stream": stream,
                "file_insertion_enabled": False, "embed_stylesheet": False, "input_encoding": "utf-8"}
    document = docutils.core.publish_doctree(text, source_path=name, settings_overrides=settings)
    for message in document.findall(docutils.nodes.system_message):
        # Two sections may have the same title.
        if "Duplicate implicit target" in message.astext():
            continue
        bad.append(message.astext())
    docutils.core.publish_from_doctree(document, writer_name="html5",
                                       settings_overrides={"warning_stream": stream,
                                                           "embed_stylesheet": False})
    return text


def files_named(top, name, text):
    """``net/sctp/input.rs``, `tools/sctp/` and the like, also with braces or an
    asterisk, are there."""
    for number, line in enumerate(text.split("\n"), 1):
        for m in re.finditer(rf"(?<![\w/.$-])(?:{FOLDERS})/[\w./*-]+", line):
            path = m.group().rstrip(".,:/")
            # The kernel has folders of these names, too.
            if re.match(r"(net|Documentation)/(?!sctp|networking/rust-sctp)", path):
                continue
            if not glob.glob(os.path.join(top, path)):
                bad.append(f"{name}:{number}: names {path}, which does not exist")


def links(top, name, text):
    for m in re.finditer(r"\]\(([^)#:]+)(#[^)]*)?\)", text):
        if not os.path.exists(os.path.join(os.path.dirname(name), m.group(1))):
            bad.append(f"{name}: links to {m.group(1)}, which does not exist")


def main():
    top = sys.argv[1]
    directives.register_directive("toctree", Toctree)
    for role in ("doc", "ref", "c:func", "c:type", "c:macro"):
        roles.register_local_role(role, role_reference)
    documents = sorted(glob.glob(os.path.join(top, "Documentation/networking/rust-sctp/*.rst")))
    if not documents:
        bad.append("there is no documentation in Documentation/networking/rust-sctp")
    for name in documents:
        files_named(top, name, build(name))
    for name in glob.glob(os.path.join(top, "*.md")):
        with open(name, encoding="utf-8") as f:
            text = f.read()
        files_named(top, name, text)
        links(top, name, text)
    for line in bad:
        print(line.replace(top + "/", ""))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
