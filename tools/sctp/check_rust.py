#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""check_rust.py RULE FILE...: rules of this repository's Rust code that no
compiler lint states.

Comments, strings and character literals are blanked out before a rule looks at
the code, so that prose may speak of what the code must not do.
"""

import re
import sys

LITERAL = re.compile(
    r"""(?P<line>//[^\n]*)
      | (?P<block>/\*)
      | (?P<raw>\bb?c?r(?P<hashes>\#*)")
      | (?P<str>[bc]?"(?:\\.|[^"\\])*")
      | (?P<char>b?'(?:\\(?:x[0-9a-fA-F]{2}|u\{[^}]*\}|.)|[^\\'\n])')
    """,
    re.X | re.S,
)


def blank(text):
    """The code with every comment and literal replaced by spaces."""
    out = []
    pos = 0
    while True:
        m = LITERAL.search(text, pos)
        if m is None:
            out.append(text[pos:])
            return "".join(out)
        end = m.end()
        if m.group("block"):
            depth = 1
            while depth and end < len(text):
                nested = re.compile(r"/\*|\*/").search(text, end)
                if nested is None:
                    end = len(text)
                    break
                depth += 1 if nested.group() == "/*" else -1
                end = nested.end()
        elif m.group("raw"):
            close = text.find('"' + m.group("hashes"), end)
            end = len(text) if close < 0 else close + 1 + len(m.group("hashes"))
        out.append(text[pos : m.start()])
        out.append(re.sub(r"[^\n]", " ", text[m.start() : end]))
        pos = end


class File:
    def __init__(self, name):
        self.name = name
        with open(name, encoding="utf-8") as f:
            self.text = f.read()
        self.code = blank(self.text)
        self.lines = self.text.split("\n")

    def find(self, pattern):
        """(line number, match) of each occurrence in the code."""
        for m in re.finditer(pattern, self.code):
            yield self.code.count("\n", 0, m.start()) + 1, m

    def say(self, line, what):
        print(f"{self.name}:{line}: {what}")


def comment_above(f, line):
    """The comment that belongs to the statement line `line` (from 1) is in."""
    code = f.code.split("\n")
    at = line - 1
    while at > 0:
        above = f.lines[at - 1].strip()
        if above.startswith("//"):
            found = []
            while at > 0 and f.lines[at - 1].strip().startswith(("//", "#[")):
                found.append(f.lines[at - 1].strip())
                at -= 1
            return "\n".join(found)
        if above == "":
            return ""
        # An attribute, or an earlier line of the same statement.
        before = code[at - 1].rstrip()
        if above.startswith("#[") or not before.endswith((";", "{", "}")):
            at -= 1
            continue
        return ""
    return ""


def in_trait_impl(f, line):
    """A method of a trait's implementation: the trait documents it."""
    indent = len(f.lines[line - 1]) - len(f.lines[line - 1].lstrip())
    for above in reversed(f.code.split("\n")[: line - 1]):
        if above.strip() and len(above) - len(above.lstrip()) < indent:
            return re.match(r"\s*(unsafe\s+)?impl\b.*\bfor\b", above) is not None
    return False


def rule_unsafe(f):
    """No unsafe code at all."""
    for line, _ in f.find(r"\bunsafe\b"):
        yield line, "unsafe outside net/sctp/sys"
    for line, _ in f.find(r"\ballow\s*\([^)]*\bunsafe_code\b"):
        yield line, "unsafe_code allowed outside net/sctp/sys"


def rule_safety(f):
    """Each unsafe block and impl says why it is sound, each unsafe function what
    it demands."""
    for line, m in f.find(r"\bunsafe\s*(?P<what>\{|impl\b|extern\s*(?:\{|fn\b)|fn\b|extern\b)"):
        rest = f.code[m.end() : m.end() + 80]
        what = m.group("what")
        if what in ("{", "impl"):
            inline = f.lines[line - 1].strip().startswith("//")
            if not inline and "SAFETY:" not in comment_above(f, line):
                yield line, "unsafe without a SAFETY comment above it"
        elif re.match(r"\s*fn\s+\w" if what != "fn" else r"\s+\w", rest):
            if "# Safety" not in comment_above(f, line) and not in_trait_impl(f, line):
                yield line, "unsafe fn without a section '# Safety' in its documentation"
        elif re.match(r"\s*\{", rest):
            if "SAFETY:" not in comment_above(f, line):
                yield line, "unsafe extern block without a SAFETY comment"


def rule_panic(f):
    """Nothing that panics on purpose: in the kernel that is a crash."""
    pattern = r"\.\s*(unwrap|expect|unwrap_err|expect_err)\s*\(|\b(panic|unreachable|todo|unimplemented)\s*!"
    for line, m in f.find(pattern):
        yield line, f"{m.group(1) or m.group(2)} can crash the kernel"


def rule_env(f):
    """The engine knows the kernel crate through env.rs only."""
    for line, _ in f.find(r"(?<!\w)(kernel|std|alloc)\s*::|\bextern\s+crate\b"):
        if not f.name.endswith("/engine/env.rs"):
            yield line, "the engine imports through env.rs only"


def rule_header(f):
    """The licence, then a description of the file."""
    for number, line in enumerate(f.lines[1:12], 2):
        if line.startswith("//!"):
            return
        if line.strip() and not line.startswith("//"):
            yield number, "no //! header"
            return
    yield 2, "no //! header"


def main():
    rule = globals()["rule_" + sys.argv[1]]
    bad = 0
    for name in sys.argv[2:]:
        f = File(name)
        for line, what in rule(f):
            f.say(line, what)
            bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
