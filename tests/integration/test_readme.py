"""What README.md shows is what a reader gets: its commands print what stands below them, its snippets run."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import ROOT, WELLMATCHD, WithDaemon, clean_environment, main

CLIENT = os.environ.get("WELLMATCH") or os.path.join(os.path.dirname(WELLMATCHD), "wellmatch")

with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
    README = file.read()

BLOCKS = [re.sub(r"^    ", "", block, flags=re.M) for block in re.findall(r"(?:^(?:    .*)?\n)+", README, flags=re.M) if "    " in block]


def block(start):
    return next(text for text in BLOCKS if text.lstrip("\n").startswith(start)).strip("\n")


class Readme(WithDaemon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.port = cls.daemon.tcp.rsplit(":", 1)[1]

    def here(self, text):
        return text.replace("7345", self.port)

    def test_commands_print_what_is_shown(self):
        shown = [text.strip("\n") for text in BLOCKS if text.lstrip("\n").startswith("$ build/wellmatch ")]
        self.assertGreaterEqual(len(shown), 2)
        for text in shown:
            command, *expected = text.split("\n")
            words = [CLIENT, "-u", self.daemon.tcp] + shlex.split(command)[2:]
            got = subprocess.run(words, capture_output=True, text=True, env=clean_environment(), timeout=60)
            self.assertEqual(got.returncode, 0, got.stderr)
            lines = [line.rstrip() for line in got.stdout.rstrip("\n").split("\n")]
            for part in "\n".join(expected).split("...\n" if "...\n" in "\n".join(expected) else "\0"):
                part = part.removesuffix("...").strip("\n")
                self.assertIn(part, "\n".join(lines), f"{command}: README.md shows what is not printed")

    def test_nc(self):
        if not shutil.which("nc"):
            self.skipTest("no nc")
        got = subprocess.run(["sh", "-c", self.here(block("echo '{"))], capture_output=True, text=True, timeout=60)
        self.assertIn('"eligible":false', got.stdout)

    def rows_of(self, words, text, suffix):
        with tempfile.NamedTemporaryFile("w", suffix=suffix) as script:
            script.write(self.here(text))
            script.flush()
            got = subprocess.run(words + [script.name], capture_output=True, text=True, timeout=60)
        self.assertEqual(got.returncode, 0, got.stderr)
        self.assertRegex(got.stdout, r"^1 L\d+ 0\.\d+ P\d+\n2 L")

    def test_python(self):
        self.rows_of([sys.executable], block("import json, socket"), ".py")

    def test_node(self):
        if not shutil.which("node"):
            self.skipTest("no node")
        self.rows_of(["node"], block("import net"), ".mjs")


if __name__ == "__main__":
    main()
