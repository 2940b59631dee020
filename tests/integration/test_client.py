"""The client, on a pipe and on a terminal: the same bytes with and without a service, readable answers, and every way it can go wrong.

WELLMATCH names the program to test; otherwise it is wellmatch in BUILD, or in build/.
"""

import csv
import fcntl
import io
import json
import os
import pty
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import unicodedata
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Daemon, LEADERS, Listener, PATIENCE, POSTS, ROOT, SAMPLE, WELLMATCHD, Wire, WithDaemon, clean_environment, column, request

WELLMATCH = os.environ.get("WELLMATCH") or os.path.join(ROOT, os.environ.get("BUILD", "build"), "wellmatch")
DONE, INTERNAL, INPUT, UNREACHABLE, UNFILLED, INFEASIBLE, DEADLINE = range(7)
COMMANDS = ["shortlist", "opportunities", "explain", "compare", "list", "get", "info", "service", "stats", "errors", "ping", "reload",
            "call", "validate", "generate", "allocate", "check", "check-feed", "plans", "cancel", "problem", "solve", "help"]
NOBODY = "unix:/nonexistent/wellmatch.sock"


def client(*words, env=None, stdin=b"", **options):
    """(exit code, standard output, standard error), as text."""
    done = subprocess.run([WELLMATCH, *words], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE, cwd=ROOT,
                          env=clean_environment(env), **options)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def on_terminal(*words, columns=80, env=None):
    """(exit code, what a terminal of so many columns receives)."""
    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen([WELLMATCH, *words], stdin=side, stdout=side, stderr=side, cwd=ROOT,
                               env=clean_environment({"TERM": "xterm", **(env or {})}))
    os.close(side)
    received = b""
    while True:
        try:
            data = os.read(main, 65536)
        except OSError:  # the other side is closed
            break
        if not data:
            break
        received += data
    os.close(main)
    return process.wait(PATIENCE), received.decode().replace("\r\n", "\n")


def interrupted_on_terminal(shown, *words):
    """The same, when Ctrl-C is pressed once `shown` has been shown."""
    main, side = pty.openpty()
    process = subprocess.Popen([WELLMATCH, *words], stdin=side, stdout=side, stderr=side, cwd=ROOT, env=clean_environment({"TERM": "xterm"}))
    os.close(side)
    received, sent = b"", False
    while True:
        try:
            data = os.read(main, 65536)
        except OSError:
            break
        received += data
        if not sent and shown in received:
            process.send_signal(signal.SIGINT)
            sent = True
    os.close(main)
    return process.wait(PATIENCE), received.decode().replace("\r\n", "\n")


def cells(text):
    text = re.sub("\033\\[[0-9;]*m", "", text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class Fake(Listener):
    """A service under the test's control: to each request line, answer(line) gives bytes; None closes."""

    def __init__(self, answer):
        self.answer = answer
        self.lines = []
        super().__init__()
        self.url = "tcp://" + self.address

    def serve(self, connection):
        try:
            for line in connection.makefile("rb"):
                self.lines.append(line)
                reply = self.answer(line)
                if reply is None:
                    connection.shutdown(socket.SHUT_RDWR)
                    return
                for piece in reply if isinstance(reply, list) else [reply]:
                    connection.sendall(piece)
        except (OSError, ValueError):  # a file that the test has closed
            pass


def reply(result):
    return b'{"jsonrpc":"2.0","id":1,"result":' + json.dumps(result).encode() + b"}\n"


class Case(unittest.TestCase):
    def refused(self, code, *words, says=(), **options):
        """Exit code, nothing on standard output, one sentence that says all of it."""
        got, out, error = client(*words, **options)
        self.assertEqual((got, out), (code, ""), words)
        self.assertEqual(error.count("\n"), 1, error)
        self.assertTrue(error.startswith("wellmatch: "), error)
        for part in [says] if isinstance(says, str) else says:
            self.assertIn(part, error)
        return error


class WithService(WithDaemon, Case):
    """Against a daemon of the sample; leader and post are the first of a shortlist."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.url = cls.daemon.unix
        with cls.daemon.wire() as wire:
            for cls.post in POSTS:
                rows = wire.call("match.shortlist", {"post": cls.post})["result"]["rows"]
                if rows:
                    break
        cls.leader = rows[0]["leader_id"]
        eligible = {row["leader_id"] for row in rows}
        cls.stranger = next(leader for leader in LEADERS if leader not in eligible)

    def json(self, *words):
        code, out, error = client(*words, "--json", "--data", "data/sample")
        self.assertEqual((code, error), (DONE, ""), words)
        return json.loads(out)

    def questions(self):
        yield ["shortlist", self.post]
        yield ["shortlist", self.post, "--limit", "3", "--offset", "2", "--within", "120.5", "--max-local", "30000", "--max-central", "0"]
        yield ["shortlist", self.post, "--package", column("packages.csv", "package_id")[0], "--without", self.leader]
        yield ["shortlist", self.post, "--among", self.leader + "," + self.stranger, "--grade", "vsm", "--sector=acute"]
        yield ["opportunities", self.leader, "--region", "London,Midlands", "--among", self.post]
        yield ["opportunities", self.leader]
        yield ["explain", self.leader, self.post]
        yield ["explain", self.stranger, self.post]
        yield ["compare", self.leader, self.post]
        for kind in ["organisation", "post", "leader", "package", "mentor", "budget"]:
            yield ["list", kind, "--limit", "7"]
        yield ["list", "leader", "--columns", "grade,roles", "--offset", "390"]
        yield ["get", "post", self.post]
        yield ["get", "budget", column("budgets.csv", "scope")[0] + ":" + column("budgets.csv", "code")[0]]
        yield ["info"]
        yield ["errors"]
        yield ["ping"]
        yield ["call", "system.ping"]
        yield ["call", "match.shortlist", json.dumps([self.post, 2])]
        yield ["call", "dataset.list", '{"kind": "leader",\n "filter": {"grade": "vsm"}}']


class Bytes(WithService):
    def test_same_with_and_without_service(self):
        for words in self.questions():
            here = client(*words, "--json", "--data", "data/sample")
            self.assertEqual(here[0], DONE, here)
            self.assertEqual(client("-u", self.daemon.unix, *words, "--json"), here)
            self.assertEqual(client(*words, "--json", env={"WELLMATCH_URL": self.daemon.tcp}), here)
            for form in [[], ["--csv"]]:
                self.assertEqual(client(*words, *form, "-u", self.url), client(*words, *form, "--data", "data/sample"))

    def test_same_errors_with_and_without_service(self):
        for words in [["shortlist", "nobody"], ["shortlist", self.post, "--limit", "1001"], ["call", "nothing"], ["get", "post", "x"],
                      ["call", "match.shortlist", '{"post":"%s","post":1}' % self.post], ["call", "system.ping", "3"],
                      ["list", "posts"], ["call", "match.explain", '["a","b","c"]']]:
            for form in [[], ["--json"]]:
                here = client(*words, *form, "--data", "data/sample")
                self.assertEqual((here[0], here[1]), (INPUT, ""), words)
                self.assertEqual(client(*words, *form, "-u", self.url), here)

    def test_json_is_what_was_served(self):
        for method, params in [("match.explain", {"leader": self.leader, "post": self.post}), ("system.errors", None)]:
            with Wire(self.daemon.tcp) as wire:
                line = wire.ask(request(method, params))
            head = b'{"jsonrpc":"2.0","id":1,"result":'
            self.assertTrue(line.startswith(head))
            words = ["call", method] + ([json.dumps(params)] if params else [])
            self.assertEqual(client(*words, "--json", "-u", self.url)[1].encode(), line[len(head):-1] + b"\n")

    def test_only_a_service_can(self):
        self.refused(INPUT, "reload", "--data", "data/sample", says="--data")
        self.refused(INPUT, "call", "dataset.reload", "--data", "data/sample", says="needs a running service")
        self.assertEqual(client("stats", "-u", self.url)[0], DONE)
        self.assertIn("listen", client("service", "-u", self.url)[1])

    def test_parameters_from_standard_input(self):
        params = json.dumps({"post": self.post, "limit": 1}, indent=2).encode()
        whole = client("call", "match.shortlist", "-", "--json", "-u", self.url, stdin=params)
        self.assertEqual(whole, client("shortlist", self.post, "--limit", "1", "--json", "-u", self.url))
        self.refused(INPUT, "call", "match.shortlist", "-", stdin=b"", says="not JSON")
        self.refused(INPUT, "call", "match.shortlist", "{", says="at byte 1")
        self.refused(INPUT, "call", "match.shortlist", "-", stdin=b'["' + b"x" * (1 << 20) + b'"]', says="1048576 bytes")
        self.refused(INPUT, "call", "match.shortlist", "-", "-u", self.url, stdin=b'["' + b"x" * ((1 << 20) - 10) + b'"]', says="1048576")


class Views(WithService):
    def test_piped_is_plain_and_whole(self):
        for words in self.questions():
            code, out, error = client(*words, "--data", "data/sample")
            self.assertEqual((code, error), (DONE, ""), words)
            self.assertNotRegex(out, "[\0-\x09\x0b-\x1f\x7f-\x9f…]", words)
            self.assertTrue(out.endswith("\n"))
            self.assertEqual([line for line in out.split("\n") if line != line.rstrip()], [], words)

    def test_terminal_width(self):
        for columns in [200, 80, 60]:
            for words in self.questions():
                code, out = on_terminal(*words, "--data", "data/sample", columns=columns)
                self.assertEqual(code, DONE, out)
                self.assertEqual([line for line in out.split("\n") if cells(line) > columns], [], (columns, words))

    def test_narrow_terminals_lose_nothing_of_a_shortlist_silently(self):
        row = self.json("shortlist", self.post, "--limit", "1")["rows"][0]
        for columns in [20, 40, 80, 120]:
            out = on_terminal("shortlist", self.post, "--limit", "1", "--data", "data/sample", columns=columns)[1]
            self.assertIn(row["leader_id"], out)
            self.assertIn(row["package_id"], out)
            table = out.split("Refused leaders")[0]
            left_out = re.search(r"Left out for want of room: ([^.]*)\.", re.sub(r"\n *", " ", table))
            for name in ["margin", "evidence", "km", "missing"]:
                shown = re.search(r"(^|  )%s(  |$)" % name, re.sub("\033\\[[0-9;]*m", "", table), re.M)
                self.assertTrue(shown or (left_out and name in left_out[1]), (columns, name, out))

    def test_colour(self):
        words = ["explain", self.leader, self.post, "--data", "data/sample"]
        plain = on_terminal(*words, "--color=never")[1]
        self.assertNotIn("\033", plain)
        self.assertIn("\033[1m", on_terminal(*words)[1])
        self.assertEqual(on_terminal(*words, env={"NO_COLOR": "1"})[1], plain)
        self.assertEqual(on_terminal(*words, env={"TERM": "dumb"})[1], plain)
        self.assertIn("\033", on_terminal(*words, env={"NO_COLOR": ""})[1])
        self.assertIn("\033", on_terminal(*words, "--colour", "always", env={"NO_COLOR": "1"})[1])
        self.assertIn("\033", client(*words, "--color", "always")[1])
        self.assertNotIn("\033", client(*words)[1])
        self.refused(INPUT, *words, "--color", "sometimes", says="auto, always or never")

    def test_explanation(self):
        answer = self.json("explain", self.leader, self.post)
        out = client("explain", self.leader, self.post, "--data", "data/sample")[1]
        self.assertIn("%s is eligible, and ranks 1 of %d" % (self.leader, answer["eligible_count"]), out)
        for rule in answer["rules"]:
            self.assertRegex(out, r"(?m)^%s +%s +%s" % (rule["rule"], rule["verdict"], re.escape(rule["note"])))
        for package in answer["packages"]:
            self.assertRegex(out, r"(?m)^%s +%s +%.1f%%" % (package["package_id"], re.escape(package["name"]), 100 * package["accept"]))
        # The parts that are shown add up to the total that is shown, to the last digit.
        domains = out.split("\nDomains\n")[1].split("\n\n")[0].split("\n")[1:]
        parts = [[int(x.replace(".", "")) for x in line.split()[-2:]] for line in domains]
        self.assertEqual([sum(column) for column in zip(*parts[:-1])], parts[-1])
        self.assertIn("Expected benefit %.9f = " % answer["match"]["expected_benefit"], out)

    def test_refusal_and_its_smallest_change(self):
        answer = self.json("explain", self.stranger, self.post)
        out = client("explain", self.stranger, self.post, "--data", "data/sample")[1]
        refused = [rule for rule in answer["rules"] if rule["verdict"] != "passed"]
        self.assertTrue(refused)
        self.assertIn("%s is not eligible: %s." % (self.stranger, ", ".join(rule["rule"] for rule in refused)), out)
        changes = out.split("Smallest change that would make them eligible\n")[1].split("\n\n")[0]
        for rule, line in zip(refused, changes.split("\n")):
            self.assertTrue(line.startswith("  %s: " % rule["rule"]), line)
            for change in rule["changes"]:
                self.assertIn(change["column"], line)
                self.assertIn(change["id"], line)

    def test_shortlist(self):
        answer = self.json("shortlist", self.post, "--limit", "4")
        out = client("shortlist", self.post, "--limit", "4", "--data", "data/sample")[1]
        self.assertIn("%d of %d leaders are eligible; here are ranks 1 to 4 (--offset 4 goes on)."
                      % (answer["eligible"], answer["considered"]), out)
        for row in answer["rows"]:
            self.assertRegex(out, r"(?m)^ +%d  %s +%.5f " % (row["rank"], row["leader_id"], row["expected_benefit"]))
        for rule in answer["refused"]:
            self.assertRegex(out, r"(?m)^%s +%d +%d +%d  " % (rule["rule"], rule["refused"], rule["only"], rule["unknown"]))
        beyond = client("shortlist", self.post, "--offset", "100000", "--data", "data/sample")[1]
        self.assertIn("no rank is that far down", beyond)

    def test_csv(self):
        for words, rows in [(["shortlist", self.post, "--limit", "9"], "rows"), (["explain", self.leader, self.post], "packages"),
                            (["opportunities", self.leader], "rows"), (["errors"], "errors")]:
            code, text, error = client(*words, "--json", "--data", "data/sample")
            items = json.loads(text, parse_float=str, parse_int=str)[rows]
            code, out, error = client(*words, "--csv", "--data", "data/sample")
            self.assertEqual((code, error), (DONE, ""))
            self.assertNotIn("\n", out.replace("\r\n", ""))
            records = list(csv.DictReader(io.StringIO(out, newline="")))
            self.assertEqual(len(records), len(items))
            for record, item in zip(records, items):
                self.assertNotIn(None, record)
                for path, value in record.items():
                    at = item
                    for step in path.split("/"):
                        at = at[step]
                    if at is None or isinstance(at, (bool, str)):  # numbers were read as their digits
                        at = {None: "", True: "true", False: "false"}.get(at, at)
                    elif all(isinstance(x, str) for x in at):
                        at = ";".join(at)
                    else:
                        at, value = json.dumps(at), json.dumps(json.loads(value, parse_float=str, parse_int=str))
                    self.assertEqual(value, at, path)

    def test_csv_of_a_table_is_the_file(self):
        with open(os.path.join(SAMPLE, "packages.csv"), newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        out = client("list", "package", "--csv", "--data", "data/sample")[1]
        listed = list(csv.DictReader(io.StringIO(out, newline="")))
        self.assertEqual([row["name"] for row in listed], [row["name"] for row in rows])
        self.assertEqual(list(listed[0]), list(rows[0]))

    def test_any_answer_has_a_view(self):
        code, out, _ = client("call", "rpc.discover", "--data", "data/sample")
        self.assertEqual(code, DONE)
        self.assertIn("match.shortlist", out)
        code, out, _ = client("ping", "--csv", "--data", "data/sample")
        self.assertIn("ok,true\r\n", out)


class Words(WithService):
    def test_options_stand_anywhere(self):
        whole = client("shortlist", self.post, "--limit", "2", "--json", "-u", self.url)
        self.assertEqual(whole[0], DONE)
        self.assertEqual(client("-u", self.url, "--json", "--limit=2", "shortlist", self.post), whole)
        self.assertEqual(client("--json", "shortlist", "--limit", "9", "-u" + self.url, self.post, "--limit", "2"), whole)
        self.assertEqual(client("--json", "--limit", "2", "-u", self.url, "--", "shortlist", self.post), whole)

    def test_misspelt(self):
        self.refused(INPUT, "shortlst", self.post, says="did you mean 'shortlist'?")
        self.refused(INPUT, "nope", says="there is no command 'nope'; 'wellmatch --help' lists them")
        self.refused(INPUT, "shortlist", self.post, "--limt", "3", says="did you mean '--limit'?")
        self.refused(INPUT, "quintessence", says="'wellmatch --help' lists them")
        data = ["--data", "data/sample"]
        wrong = self.post[:-1] + "x"
        self.refused(INPUT, "shortlist", wrong, *data, says=["there is no post '%s'" % wrong, "nearest", self.post])
        for command in ["explain", "compare"]:
            self.refused(INPUT, command, self.post, self.leader, *data,
                         says=["'%s': it is a post" % self.post, "the order is: wellmatch %s LEADER POST" % command])
        error = self.refused(INPUT, "get", "post", self.leader, *data, says="'%s': it is a leader" % self.leader)
        self.assertNotIn("order", error)
        self.refused(INPUT, "call", "nope", *data, says="'wellmatch call rpc.discover' lists them")
        self.refused(INPUT, "call", "match.shortlist", "[1]", *data, says="the parameter at /0 is 1; expected the id of a post")
        self.refused(INPUT, "explain", "L", self.post, *data, says="there is no leader 'L'")
        self.refused(INPUT, "compare", "before.json", "after.json", *data, says="'before.json' is no file")
        self.refused(INPUT, "shortlist", self.post, "--grade", "vms", *data, says=["--grade is 'vms'", "nearest is vsm"])
        self.refused(INPUT, "opportunities", self.leader, "--region", "Lodnon", *data, says=["--region is 'Lodnon'", "nearest is London"])
        self.refused(INPUT, "shortlist", self.post, "--package", "nope", *data, says=["--package: there is no package 'nope'"])
        self.refused(INPUT, "list", "leaders", *data, says=["kind is 'leaders'", "nearest is leader"])
        self.refused(INPUT, "call", "match.shortlst", *data, says=["no method 'match.shortlst'", "match.shortlist"])
        self.refused(INPUT, "call", "match.shortlist", '{"post":"%s","limits":1}' % self.post, *data,
                     says=["no parameter 'limits'", "nearest is limit"])
        self.refused(INPUT, "shortlist", self.post, "--limit", "1001", *data, says=["--limit is 1001", "1 to 1000"])

    def test_json_errors_are_objects(self):
        code, out, error = client("shortlist", "nobody", "--json", "--data", "data/sample")
        self.assertEqual((code, out), (INPUT, ""))
        self.assertEqual(json.loads(error)["code"], 1001)

    def test_usage(self):
        self.refused(INPUT, "shortlist", says="wellmatch shortlist POST")
        self.refused(INPUT, "explain", self.leader, says="wellmatch explain LEADER POST")
        self.refused(INPUT, "info", "there", says="one word too many")
        self.refused(INPUT, "shortlist", self.post, "--package", "A", "B", says=["'B' is one word too many", "A,B,C"])
        self.refused(INPUT, "info", "--limit", "3", says="info takes no option --limit")
        self.refused(INPUT, "info", "--json", "--csv", says="exclude each other")
        self.refused(INPUT, "info", "--data", "data/sample", "-u", self.url, says="exclude each other")
        self.refused(INPUT, "info", "-u", says="needs a value")
        self.refused(INPUT, "info", "--timeout", "soon", says="seconds")
        code, out, error = client()
        self.assertEqual((code, out), (INPUT, ""))
        self.assertIn("wellmatch shortlist", error)

    def test_help(self):
        code, out, error = client("--help")
        self.assertEqual((code, error), (DONE, ""))
        self.assertLess(out.index("  wellmatch "), out.index("Commands"))
        self.assertEqual(client("help")[1], out)
        for command in COMMANDS:
            self.assertRegex(out, r"(?m)^  %s\b" % command)
            code, text, error = client(command, "--help")
            self.assertEqual((code, error), (DONE, ""))
            self.assertTrue(text.startswith("  wellmatch " + command), text)
            self.assertEqual(client("help", command)[1], text)
            self.assertLessEqual(max(map(len, text.split("\n"))), 115)
        self.assertRegex(client("--version")[1], r"^wellmatch \d+\.\d+\.\d+\n$")

    def test_examples_of_help_work(self):
        pages = [client("--help")[1]] + [client(command, "--help")[1] for command in COMMANDS]
        examples = {match[1].strip() for page in pages for match in re.finditer(r"(?m)^  wellmatch (.*?)(?:  .*|>.*|<.*|&&.*|\|.*)?$", page)}
        self.assertGreater(len(examples), 15)
        for example in sorted(examples):
            words = subprocess.check_output(["sh", "-c", 'for word in "$@"; do :; done; printf "%%s\\n" %s' % example], text=True).split("\n")[:-1]
            if words[0] in ("generate", "help", "solve", "check", "check-feed", "cancel", "[COMMAND]") or "-u" in words or "before.json" in words:
                continue
            if words[0] in ("allocate", "problem") and "--posts" not in words:  # the same on fewer posts
                words += ["--posts", ",".join(sorted({"V00042", *POSTS[:6]}))]
            given = b'["%s","%s"]' % (self.leader.encode(), self.post.encode()) if "-" in words else b""
            where = [] if "--data" in words or words[0] in ("validate", "problem") else ["-u", self.url]
            code, out, error = client(*words, *where, stdin=given)
            self.assertEqual((code, error), (DONE, ""), example)
            self.assertTrue(out)

    def test_man_pages(self):
        def page(name):
            with open(os.path.join(ROOT, "api", "man", name + ".1"), encoding="utf-8") as file:
                return file.read()
        for command in COMMANDS:
            self.assertRegex(page("wellmatch"), r"(?m)^\.It .*Cm %s\b" % command)
            for option in re.findall(r"--([a-z-]+)", client(command, "--help")[1].split("Options:")[1]):
                self.assertRegex(page("wellmatch"), r"Fl Fl %s\b" % option)
        daemon = subprocess.run([WELLMATCHD, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout
        for option in re.findall(r"(?m)^  (?:-., )?--([a-z-]+)", daemon):
            self.assertRegex(page("wellmatchd"), r"(?m)^\.It Fl .*Fl %s\b" % option)
        if shutil.which("mandoc"):
            for name in ["wellmatch", "wellmatchd"]:
                lint = subprocess.run(["mandoc", "-T", "lint", name + ".1"], stdout=subprocess.PIPE, text=True,
                                      cwd=os.path.join(ROOT, "api", "man"))
                self.assertEqual(lint.stdout, "")


class Unreachable(Case):
    def test_refused(self):
        with socket.socket() as probe:  # bound, not listening
            probe.bind(("127.0.0.1", 0))
            url = "tcp://127.0.0.1:%d" % probe.getsockname()[1]
            for address in [url, NOBODY]:
                self.refused(UNREACHABLE, "ping", "-u", address, says=[address, "make run", "--data"])
                self.refused(UNREACHABLE, "ping", "--json", env={"WELLMATCH_URL": address}, says=address)

    def test_no_address(self):
        for address in ["localhost", "tcp://", "tcp://:1", "tcp://host", "tcp://h:99999", "tcp://[::1", "http://h:1", "unix:", "unix:" + "x" * 108]:
            self.refused(INPUT, "ping", "-u", address, says="expected" if address == "never" else "is no address")

    def test_silent(self):
        with Fake(lambda line: b"") as silent:
            self.refused(UNREACHABLE, "ping", "-u", silent.url, "--timeout", "0.05", says=["no answer", "0.05 s", "--timeout"])
        with socket.socket(socket.AF_UNIX) as full:  # a queue of connections that nobody takes
            folder = tempfile.mkdtemp(prefix="wellmatch-")
            path = os.path.join(folder, "s")
            full.bind(path)
            full.listen(0)
            waiting = []
            for _ in range(8):
                other = socket.socket(socket.AF_UNIX)
                other.setblocking(False)
                waiting.append(other)
                try:
                    other.connect(path)
                except BlockingIOError:
                    break
            self.refused(UNREACHABLE, "ping", "-u", "unix:" + path, "--timeout", "0.05", says="no service answers")
            for other in waiting:
                other.close()
            shutil.rmtree(folder)

    def test_no_answer(self):
        endless = b"x" * ((1 << 20) + 1)
        for answer, says in [(None, "closed the connection"), (b'{"jsonrpc":"2.0","id":1,', None), (b"HTTP/1.1 400 Bad Request\r\n\r\n", "no wellmatch"),
                             (endless, "longer than 1048576"), (b'{"jsonrpc":"2.0","id":2,"result":{}}\n', "no wellmatch"),
                             (b'{"jsonrpc":"2.0","id":1}\n', "no wellmatch"), (b"[]\n", "no wellmatch"), (b"3\n", "no wellmatch"),
                             (b'{"id":1,"error":{"code":"x"}}\n', "no wellmatch"), (b'{"id":1,"error":7}\n', "no wellmatch")]:
            with Fake(lambda line: answer) as fake:
                if says is None:
                    self.refused(UNREACHABLE, "ping", "-u", fake.url, "--timeout", "0.05", says="no answer")
                else:
                    self.refused(UNREACHABLE, "ping", "-u", fake.url, says=says)

    def test_answers_that_are_unusual(self):
        whole = {"ok": True, "dataset": "d", "policy": "p"}
        text = reply(whole)
        event = b'{"jsonrpc":"2.0","method":"feed.event","params":{}}\n'
        for answer in [[text[i:i + 1] for i in range(len(text))], event + b"\n" + text, b'{"result":%s,"id":1}\r\n' % json.dumps(whole).encode()]:
            with Fake(lambda line: answer) as fake:
                code, out, error = client("ping", "--json", "-u", fake.url)
                self.assertEqual((code, error, json.loads(out)), (DONE, "", whole))
        long = {"text": "x" * 1000000}
        with Fake(lambda line: reply(long)) as fake:
            self.assertEqual(json.loads(client("call", "any", "--json", "-u", fake.url)[1]), long)

    def test_what_is_sent_is_one_line(self):
        with Fake(lambda line: reply({})) as fake:
            client("call", "a\nb", '{"x":\r\n1}', "-u", fake.url)
            self.assertEqual(len(fake.lines), 1)
            self.assertEqual(json.loads(fake.lines[0]), {"jsonrpc": "2.0", "id": 1, "method": "a\nb", "params": {"x": 1}})

    def test_exit_codes_of_errors(self):
        for code, exit_code in [(-32700, INPUT), (-32600, INPUT), (-32603, INTERNAL), (-32000, INTERNAL), (-32001, INTERNAL), (-32002, INPUT),
                                (-32004, INTERNAL), (1001, INPUT), (1002, INPUT), (77, INPUT)]:
            error = {"code": code, "message": "m", "data": {"reason": "because"}}
            line = b'{"jsonrpc":"2.0","id":null,"error":%s}\n' % json.dumps(error).encode()
            with Fake(lambda _: line) as fake:
                self.refused(exit_code, "ping", "-u", fake.url)


class Hostile(Case):
    """Text from a service or from data that would steer a terminal."""

    BAD = "a\033[2Jb\u009b31mc\u202ed\u0007e\nf\x7f"

    def hostile(self, depth=2):
        if depth == 0:
            return [self.BAD, {self.BAD: self.BAD}, 1]
        inner = self.hostile(depth - 1)
        names = ["post", "leader", "rows", "packages", "severity", "signals", "rules", "domains", "missing", "refused", "near_misses", "changes",
                 "rule", "match", "name", "title", "note", "verdict", "tables", "row", "organisation", "accept_parts", "word", "column"]
        answer = {name: ([inner, inner] if i % 3 == 0 else inner if i % 3 == 1 else self.BAD) for i, name in enumerate(names)}
        return {**answer, self.BAD: self.BAD}

    def harmless(self, text, allowed=""):
        found = set(re.findall("[\0-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", text))
        self.assertEqual(found - set(allowed), set())

    def test_answers(self):
        answer = reply(self.hostile())
        raw = json.dumps(self.hostile(), ensure_ascii=False).encode()
        for line in [answer, b'{"jsonrpc":"2.0","id":1,"result":' + raw + b"}\n"]:
            with Fake(lambda _: line) as fake:
                for words in [["shortlist", "x"], ["opportunities", "x"], ["explain", "x", "y"], ["compare", "x", "y"], ["list", "x"],
                              ["get", "x", "y"], ["info"], ["stats"], ["errors"], ["call", "x"]]:
                    self.harmless(client(*words, "-u", fake.url)[1])
                    for form in [[], ["--json"], ["--csv"]]:
                        code, out = on_terminal(*words, *form, "--color=never", "-u", fake.url)
                        self.assertEqual(code, DONE, out)
                        self.harmless(out, allowed="\r" if form == ["--csv"] else "")
                code, out = on_terminal("call", "x", "--json", "-u", fake.url)
                self.assertEqual(json.loads(out), self.hostile())
                self.assertEqual(client("call", "x", "--json", "-u", fake.url)[1].encode(), line[33:-2] + b"\n")

    def test_errors(self):
        for code in [-32602, 1001, 1002, -32603, -32601]:
            data = {"pointer": "/" + self.BAD, "expected": self.BAD, "got": self.BAD, "nearest": [self.BAD], "id": self.BAD, "kind": self.BAD,
                    "method": self.BAD, "reason": self.BAD, "count": 1, "faults": [{"file": self.BAD, "line": 1, "column": 2, "what": self.BAD}]}
            line = json.dumps({"id": 1, "error": {"code": code, "message": self.BAD, "data": data}}, ensure_ascii=False).encode() + b"\n"
            with Fake(lambda _: line) as fake:
                for form in [[], ["--json"]]:
                    self.harmless(client("ping", *form, "-u", fake.url)[2])

    def test_words_of_the_command_line(self):
        for words in [["\033[2J"], ["ping", "--\033[2J"], ["ping", "-u", "\033[2J"], ["validate", "/nonexistent/\033[2J"]]:
            code, out, error = client(*words)
            self.assertEqual(code, INPUT)
            self.harmless(out + error)


class Output(Case):
    WORDS = ["list", "leader", "--limit", "400", "--csv", "--data", "data/sample"]

    def test_reader_gone(self):
        for disposition in [True, False]:
            read, write = os.pipe()
            os.close(read)
            done = subprocess.run([WELLMATCH, *self.WORDS], stdout=write, stderr=subprocess.PIPE, cwd=ROOT, restore_signals=disposition,
                                  timeout=PATIENCE)
            os.close(write)
            self.assertEqual((done.returncode, done.stderr), (DONE, b""))

    def test_cannot_write(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([WELLMATCH, *self.WORDS], stdout=full, stderr=subprocess.PIPE, cwd=ROOT, timeout=PATIENCE)
        self.assertEqual(done.returncode, INTERNAL)
        self.assertIn(b"cannot write the answer", done.stderr)

    def test_closed(self):
        with Fake(lambda line: reply({"ok": True})) as fake:
            for closed, code in [(">&-", INTERNAL), ("2>&-", DONE), ("<&-", DONE), ("<&- >&- 2>&-", INTERNAL)]:
                done = subprocess.run(["sh", "-c", 'exec "$0" ping -u "$1" ' + closed, WELLMATCH, fake.url], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE)
                self.assertEqual(done.returncode, code, closed)
            self.assertEqual(len(set(fake.lines)), 1)  # nothing of an answer went into a connection


class Problems(Case):
    """wellmatch solve, from a file to a checked plan."""

    ROUND = ("wellmatch-problem 1\nresource post 1\nresource money 2.5\ngroup ann\noption 3 post post=1 money=2\noption 1 away\n"
             "group ben\noption 2.5 post post=1\n")

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="wellmatch-")

    def tearDown(self):
        shutil.rmtree(self.folder)

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def test_solve_and_check(self):
        path = self.file("round", self.ROUND)
        code, out, error = client("solve", path, "--json")
        plan = json.loads(out)
        self.assertEqual((code, error), (DONE, ""))
        self.assertEqual((plan["status"], plan["value"], plan["bound"], plan["gap"]), ("optimal", 3.5, 3.5, 0))
        self.assertEqual(plan["choices"], [{"group": "ann", "option": "away"}, {"group": "ben", "option": "post"}])
        self.assertEqual(client("solve", "-", "--json", stdin=self.ROUND.encode())[1].split('"seconds"')[0], out.split('"seconds"')[0])
        kept = self.file("plan.json", out)
        self.assertEqual(client("solve", path, "--check", kept)[0], DONE)
        verdict = json.loads(client("solve", path, "--check", kept, "--json")[1])
        self.assertTrue(verdict["feasible"] and verdict["value_agrees"] and verdict["price_bound_agrees"])
        plan["choices"][0]["option"] = "post"
        code, out, error = client("solve", path, "--check", self.file("broken.json", json.dumps(plan)), "--json")
        self.assertEqual((code, error), (INPUT, ""))
        self.assertEqual((json.loads(out)["feasible"], json.loads(out)["broken_limit"]), (False, "post"))
        self.assertIn("broken limit post\n", client("solve", path, "--check", self.file("broken.json", json.dumps(plan)))[1])

    def test_what_a_plan_claims_is_checked(self):
        path = self.file("round", self.ROUND)
        plan = json.loads(client("solve", path, "--json")[1])
        for name, value, says in [("value", 4, "value 3.5, which is not what the plan says"),
                                  ("price_bound", 3.4, "which is not what the plan says\nprice_gap")]:
            code, out, error = client("solve", path, "--check", self.file("claim.json", json.dumps({**plan, name: value})))
            self.assertEqual((code, error), (INPUT, ""))
            self.assertIn(says, out)
        for claim, wrong in [({"bound": 3.4}, "bound"), ({"bound": 1e6}, "bound"), ({"bound": "x"}, "bound"), ({"gap": 0.1}, "gap"),
                             ({"gap": True}, "gap"), ({"status": "deadline"}, "status"), ({"status": "infeasible"}, "status"),
                             ({"status": "best"}, "status"), ({"value": [3.5]}, "value"), ({"status": "within_gap"}, "status")]:
            kept = self.file("claim.json", json.dumps({**plan, **claim}))
            code, out, error = client("solve", path, "--check", kept, "--json")
            self.assertEqual((code, error), (INPUT, ""), claim)
            self.assertFalse(json.loads(out)[wrong + "_agrees"], claim)
            self.assertEqual(client("solve", path, "--check", kept)[0], INPUT)
        for claim in [{"bound": None, "gap": None}, {"status": "optimal"}]:
            self.assertEqual(client("solve", path, "--check", self.file("claim.json", json.dumps({**plan, **claim})))[0], DONE, claim)
        self.assertTrue(plan["prices"])
        twice = {**plan, "prices": plan["prices"] + plan["prices"][:1]}
        self.refused(INPUT, "solve", path, "--check", self.file("claim.json", json.dumps(twice)), says="is priced twice")

    def test_a_price_below_nothing_is_none(self):
        path = self.file("round", self.ROUND)
        plan = json.loads(client("solve", path, "--json")[1])
        plan = {"choices": plan["choices"], "prices": [{"resource": "post", "price": 3}]}
        self.assertEqual(client("solve", path, "--check", self.file("price.json", json.dumps(plan)))[0], DONE)
        for price in (-1e-9, -3):
            plan["prices"].append({"resource": "money", "price": price})
            kept = self.file("price.json", json.dumps(plan))
            code, out, error = client("solve", path, "--check", kept)
            self.assertEqual((code, error), (INPUT, ""))
            self.assertIn("broken price money (a price is 0 or more, unless all of the resource must be used)\n", out)
            code, out, error = client("solve", path, "--check", kept, "--json")
            self.assertEqual((code, json.loads(out)["feasible"], json.loads(out)["broken_price"]), (INPUT, True, "money"))
            plan["prices"].pop()
        used = self.file("used", "wellmatch-problem 1\nresource r 1 must\ngroup g\noption -1 o r=1\n")
        plan = client("solve", used, "--json")[1]
        self.assertLess(json.loads(plan)["prices"][0]["price"], 0)
        self.assertEqual(client("solve", used, "--check", self.file("used.json", plan))[0], DONE)

    def test_text(self):
        code, out, error = client("solve", self.file("round", self.ROUND))
        self.assertEqual((code, error), (DONE, ""))
        self.assertRegex(out, r"^status optimal\nvalue 3.5\nbound 3.5\ngap 0\nprice_bound 3\.5\d* \(the prices alone prove it; "
                              r"--check repeats that\)\nprice_gap \S+\nchoose ann away\nchoose ben post\n")

    def test_prices_are_no_higher_than_what_one_more_brings(self):
        for text, prices in [("resource m 4\ngroup a\noption 3 p m=2\ngroup b\noption 4 p m=2\ngroup c\noption 1 x m=1\n", {"m": 1}),
                             ("resource p 1\nresource q 1\ngroup a\noption 3 p p=1\noption 2 q q=1\n"
                              "group b\noption 4 p p=1\noption 2.5 q q=1\n", {"p": 1}),
                             ("resource p 2\ngroup a must\noption 3 p p=1\ngroup b must\noption 2 p p=1\n", {})]:
            plan = json.loads(client("solve", self.file("even", "wellmatch-problem 1\n" + text), "--json")[1])
            self.assertEqual({row["resource"]: round(row["price"], 9) for row in plan["prices"]}, prices, text)
            self.assertAlmostEqual(plan["price_bound"], plan["value"], 9)

    def test_what_the_prices_prove_and_what_the_search(self):
        path = self.file("round", self.ROUND + "option 0.6 away money=1\n")
        code, out, error = client("solve", path)
        self.assertEqual((code, error), (DONE, ""))
        said = dict(line.split(" ", 1) for line in out.split("\n")[:-1])
        price_bound, _, words = said["price_bound"].partition(" ")
        self.assertEqual(words, "(what the prices alone prove, and --check repeats; the rest the search has proven)")
        self.assertEqual((said["bound"], said["gap"]), ("3.5", "0"))
        self.assertGreater(float(price_bound), 3.5)
        plan = client("solve", path, "--json")[1]
        self.assertEqual((str(json.loads(plan)["price_bound"]), str(json.loads(plan)["price_gap"])), (price_bound, said["price_gap"]))
        out = client("solve", path, "--check", self.file("plan.json", plan))[1]
        self.assertEqual(out, "feasible yes\nvalue 3.5\nprice_bound %s\nprice_gap %s\nbound 3.5 possible: the prices prove "
                              "price_bound, the rest is the word of a search\ngap 0\n" % (price_bound, said["price_gap"]))

    def test_infeasible(self):
        path = self.file("round", self.ROUND + "group cid must\nlock ann post\nlock ben post\n")
        code, out, error = client("solve", path, "--json")
        self.assertEqual((code, error), (INFEASIBLE, ""))
        self.assertEqual(json.loads(out)["conflict"], [{"kind": "must", "group": "cid"}])
        path = self.file("used", self.ROUND.replace("resource post 1", "resource post 1 must") + "forbid ann post\nforbid ben post\n")
        code, out, error = client("solve", path, "--json")
        self.assertEqual((code, json.loads(out)["conflict"]), (INFEASIBLE, [{"kind": "must_use", "resource": "post"}]))
        self.assertIn("conflict must_use post\n", client("solve", path)[1])

    def test_faults(self):
        path = self.file("round", self.ROUND + "lock ann home\nresource money x\n")
        code, out, error = client("solve", path)
        self.assertEqual((code, out, error.count("\n")), (INPUT, "", 3))
        self.assertIn(path + ":9:10: no such option: 'home'; expected an option of that group\n", error)
        self.refused(INPUT, "solve", path + "-absent", says="No such file")
        good = self.file("good", self.ROUND)
        self.refused(INPUT, "solve", good, "--check", self.file("bad", "[1"), says="bad")
        self.refused(INPUT, "solve", good, "--check", self.file("bad", "{}"), says="it is no plan")
        for choice, says in [({"group": "ann"}, "needs group and option"), ({"group": "ann", "option": "x"}, "no option 'x'")]:
            self.refused(INPUT, "solve", good, "--check", self.file("bad", json.dumps({"choices": [choice]})), says=says)

    def hard(self):
        """Two sums that random weights have to meet exactly: far beyond any search."""
        draw = random.Random(7)
        rows = [[draw.randrange(1, 1000) for _ in range(60)] for _ in range(4)]
        lines = ["wellmatch-problem 1"] + ["resource r%d %d" % (i, sum(row) // 2) for i, row in enumerate(rows)]
        for j in range(60):
            uses = " ".join("r%d=%d" % (i, row[j]) for i, row in enumerate(rows))
            lines += ["group g%d" % j, "option %d o %s" % (sum(row[j] for row in rows), uses)]
        return self.file("hard", "\n".join(lines) + "\n")

    def test_time_limit(self):
        code, out, error = client("solve", self.hard(), "--json", "--time-limit", "0.2")
        plan = json.loads(out)
        self.assertEqual((code, error, plan["status"]), (DEADLINE, "", "deadline"))
        self.assertLess(plan["value"], plan["bound"])
        self.assertEqual(client("solve", self.hard(), "--gap", "0.2")[0], DONE)

    def test_interrupt(self):
        code, out = interrupted_on_terminal(b"gap", "solve", self.hard())
        self.assertEqual(code, DEADLINE)
        self.assertIn("status deadline\n", out)
        self.assertRegex(out, r"\r\w+ +[\d.]+ of at most [\d.]+, gap [\d.]+%, \d+ nodes, [\d.]+ s")


class Plans:
    """A service that answers plan.* as the test says; each request's method and params are kept."""

    SUMMARY = {"dataset": "d" * 32, "policy": "p" * 32, "ledger": 0, "job": "J1-1", "plan": "P0123456789abcdef", "state": "done",
               "status": "optimal", "found": True, "value": 0.3, "bound": 0.3, "gap": 0, "priced_bound": 0.31, "elapsed_ms": 5,
               "verified": True, "placements": 1500, "unfilled": 0, "unplaced": 0, "openings": 1501, "must_fill_unfilled": 0,
               "local_cost_gbp": 1, "central_cost_gbp": 2, "request": {}, "base": None, "change": None}

    def __init__(self, waits=(), wait=None, **summary):
        self.asked = []
        self.waits = list(waits)  # what plan.wait answers before it has a summary: errors' data, or bytes sent first
        self.wait = wait or self.finish
        self.summary = {**self.SUMMARY, **summary}
        self.changed = threading.Condition()
        self.fake = Fake(self.answer)

    def __enter__(self):
        self.fake.__enter__()
        return self

    def __exit__(self, *error):
        self.fake.__exit__(*error)

    def answer(self, line):
        request = json.loads(line)
        with self.changed:
            self.asked.append((request["method"], request.get("params")))
            self.changed.notify_all()
        name = request["method"].replace(".", "_")
        return getattr(self, name)(request["id"], request.get("params"))

    def result(self, id, result):
        return json.dumps({"jsonrpc": "2.0", "id": id, "result": result}).encode() + b"\n"

    def error(self, id, code, data):
        return json.dumps({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": "m", "data": data}}).encode() + b"\n"

    def plan_allocate(self, id, params):
        return self.result(id, {"job": "J1-1", "state": "queued", "plan": None})

    plan_what_if = plan_allocate

    def plan_check(self, id, params):
        return self.result(id, {"feasible": True, "count": 0, "faults": [], "value": 0.3, "bound": 0.31, "gap": 0.03})

    def plan_wait(self, id, params):
        if self.waits:
            return self.error(id, -32004, self.waits.pop(0))
        return self.wait(id)

    def finish(self, id):
        return self.result(id, self.summary)

    def plan_get(self, id, params):
        part = params.get("part", "summary")
        if part == "summary":
            return self.result(id, self.summary)
        if part == "totals":
            return self.result(id, {"by_region": [], "by_package": [], "by_organisation": [], "by_mentor": [], "budgets": [], "next_offset": None})
        rows = [{"leader": "L%d" % i, "post": "V%d" % i, "package": "K", "mentor": None, "value": 0.0002} for i in range(1500)] if part == "placements" else []
        first = params["offset"]
        page = rows[first:first + 1000]
        return self.result(id, {"rows": page, "next_offset": first + 1000 if first + 1000 < len(rows) else None})

    def last(self, method):
        return [params for name, params in self.asked if name == method][-1]

    def wait_for(self, method, n=1):
        with self.changed:
            assert self.changed.wait_for(lambda: sum(name == method for name, _ in self.asked) >= n, PATIENCE), self.asked


class Allocating(Case):
    """What allocate asks, waits for and says, against a service under the test's control."""

    def ask(self, *words, plans=None, **summary):
        with plans or Plans(**summary) as service:
            got = client("allocate", *words, "-u", service.fake.url)
            self.service = service
            return got

    def test_exit_codes(self):
        for code, summary in [(DONE, {}), (DONE, {"status": "within_gap"}), (DEADLINE, {"status": "deadline"}),
                              (UNFILLED, {"must_fill_unfilled": 1}), (UNFILLED, {"must_fill_unfilled": 1, "status": "deadline"}),
                              (DEADLINE, {"status": "deadline", "found": False, "value": None, "plan": None})]:
            for form in [[], ["--json"], ["--csv"]]:
                got, out, error = self.ask(*form, **summary)
                self.assertEqual((got, error), (code, ""), (summary, form))

    def test_infeasible(self):
        conflict = [{"kind": "lock", "text": "L1 at V1 is locked"}, {"kind": "must_fill", "text": "post V2 must be filled"}]
        service = Plans()
        service.wait = lambda id: service.error(id, 1003, {"job": "J1-1", "conflict": conflict, "least": True, "relaxations": ["drop the lock"]})
        code, out, error = self.ask(plans=service)
        self.assertEqual((code, out), (INFEASIBLE, ""))
        self.assertEqual(error, "wellmatch: no plan: these 2 cannot all hold; without any one of them the others can\n"
                                "  L1 at V1 is locked\n  post V2 must be filled\nWhat would help: drop the lock\n")
        service = Plans()
        service.wait = lambda id: service.error(id, 1003, {"job": "J1-1", "conflict": conflict})
        code, out, error = self.ask("--json", plans=service)
        self.assertEqual((code, json.loads(error)["data"]["conflict"]), (INFEASIBLE, conflict))

    def test_every_page(self):
        code, out, error = self.ask("--json")
        plan = json.loads(out, object_pairs_hook=lambda pairs: self.assertEqual(len(pairs), len(dict(pairs))) or dict(pairs))
        self.assertEqual([row["leader"] for row in plan["placements"]], ["L%d" % i for i in range(1500)])
        self.assertEqual({name: plan[name] for name in ("status", "value", "request")}, {"status": "optimal", "value": 0.3, "request": {}})
        self.assertEqual((plan["unfilled"], plan["unplaced"], plan["prices"]), ([], [], []))
        self.assertIn("1,500 of 1,501 openings filled", self.ask()[1])
        self.assertEqual(len(self.ask("--csv")[1].split("\r\n")), 1 + 1500 + 1)

    def test_what_is_asked(self):
        self.ask("--posts", "V1,V2", "--leaders", "L1", "--package", "K", "--must-fill", "V1", "--must-fill", "V2", "--lock",
                 "L1:V1,L2:V2:K:M1", "--forbid", "*:V1:K", "--gap", "0.01", "--time-limit", "2.5", "--resolve", "3")
        self.assertEqual(self.service.last("plan.allocate"), {
            "posts": ["V1", "V2"], "leaders": ["L1"], "packages": ["K"], "must_fill": ["V1", "V2"],
            "locks": [{"leader": "L1", "post": "V1"}, {"leader": "L2", "post": "V2", "package": "K", "mentor": "M1"}],
            "forbids": [{"post": "V1", "package": "K"}], "gap": 0.01, "deadline_ms": 2500, "resolve": 3})
        self.ask()
        self.assertEqual(self.service.last("plan.allocate"), {})
        self.ask("--posts", "V1", "--gap", "0.5", "--what-if", "stock[K]-=2", "--what-if", "moves_max=5", "--move-penalty", "0.001")
        self.assertEqual(self.service.last("plan.allocate"), {"posts": ["V1"], "gap": 0.5})
        self.assertEqual(self.service.last("plan.check"), {"placements": [], "limits": [{"resource": "stock", "of": "K", "add": -2}]})
        self.assertEqual(self.service.last("plan.what_if"), {"plan": "P0123456789abcdef", "limits": [{"resource": "stock", "of": "K", "add": -2}],
                                                            "move_penalty": 0.001, "moves_max": 5, "gap": 0.5})
        self.ask("--from", "P0123456789abcdef", "--posts", "V1", "--what-if", "openings[V1]=2")
        self.assertEqual([name for name, _ in self.service.asked if name != "plan.get"], ["plan.check", "plan.what_if", "plan.wait"])
        self.assertEqual(self.service.last("plan.what_if"), {"plan": "P0123456789abcdef", "posts": ["V1"],
                                                            "limits": [{"resource": "openings", "of": "V1", "to": 2}]})
        self.ask("--from", "P0123456789abcdef")
        self.assertEqual({name for name, _ in self.service.asked}, {"plan.get"})

    def test_errors_name_the_words_that_caused_them(self):
        service = Plans()
        data = {"pointer": "/limits/1/of", "id": "K9", "kind": "package", "nearest": ["K"]}
        service.plan_check = lambda id, params: service.error(id, 1001, data)
        code, out, error = self.ask("--what-if", "stock[K]=1", "--what-if", "stock[K9]=1", plans=service)
        self.assertEqual((code, out, error), (INPUT, "", "wellmatch: --what-if 'stock[K9]=1': there is no package 'K9'; the nearest is K\n"))
        self.assertEqual([name for name, _ in service.asked], ["plan.check"])  # before anything is solved
        for words, place in [(["--what-if", "mentor_hour[X]+=1"], 0), (["--what-if", "stock[\u00c9\u00e9]=+1"], 10), (["--lock", "L1"], 2)]:
            code, out, error = client("allocate", *words, "--data", "data/sample")
            sentence, text, caret = error.split("\n")[:3]
            self.assertEqual((code, out, text.strip(), caret), (INPUT, "", words[1], " " * (2 + place) + "^"), error)
            self.assertTrue(sentence.startswith("wellmatch: %s: " % words[0]))
        self.refused(INPUT, "allocate", "--moves-max", "3", "--data", "data/sample", says="--from PLAN")
        for words in [["--what-if", "moves_max=2", "--what-if", "moves_max=3"], ["--moves-max", "2", "--what-if", "moves_max=3"]]:
            self.refused(INPUT, "allocate", *words, "--data", "data/sample", says="'moves_max=3': moves_max is given twice")
        self.refused(INPUT, "allocate", "--what-if", "--data", "data/sample", says="--what-if needs a value")
        self.refused(INPUT, "allocate", "V00001", "--data", "data/sample", says="wellmatch allocate (ids follow an option: --posts A,B,C)")
        code, out, error = client("allocate", "--what-if", "policy[/accept/base/value]=99", "--data", "data/sample")
        self.assertEqual((code, out), (INPUT, ""))
        self.assertTrue(error.endswith("\nwellmatch: the policy as changed has 1 fault; nothing is asked\n"), error)
        self.refused(INPUT, "allocate", "--explain", "V1", "--csv", "--data", "data/sample", says="exclude each other")

    def test_waits_and_tells_progress_to_a_terminal_only(self):
        data = {"job": "J1-1", "state": "running", "phase": "prices", "value": None, "best_bound": 0.5, "gap": None, "elapsed_ms": 10000}
        notice = {"jsonrpc": "2.0", "method": "plan.progress", "params": {"job": "J1-1", "phase": "plan\033[2J", "value": 0.25, "bound": 0.5,
                                                                          "gap": 0.5, "elapsed_ms": 11000}}
        service = Plans(waits=[data, data])
        service.wait = lambda id: [json.dumps(notice).encode() + b"\n", service.finish(id)]
        code, out, error = self.ask(plans=service)
        self.assertEqual((code, error), (DONE, ""))
        self.assertNotIn("progress", service.last("plan.allocate"))
        with Plans(waits=[data, data]) as service:
            service.wait = lambda id: [json.dumps(notice).encode() + b"\n", service.finish(id)]
            code, out = on_terminal("allocate", "-u", service.fake.url)
        self.assertEqual(code, DONE)
        self.assertEqual(service.last("plan.allocate"), {"progress": True})
        self.assertTrue(out.startswith("\rprices   no plan yet, at most 0.5, 10.0 s\033[K" * 2 +
                                       "\rplan?[2J 0.25 of at most 0.5, gap 50%, 11.0 s\033[K\r\033[K"), out[:300])

    def test_interrupt_keeps_the_best_so_far(self):
        cancelled = threading.Event()
        late = []

        def wait(id):
            if not cancelled.is_set():
                late.append(id)
                return b""
            return service.result(id, {**service.summary, "state": "cancelled", "status": "deadline", "gap": 0.1, "bound": 0.33})

        def cancel(id, params):
            cancelled.set()
            return [service.finish(late[0]), service.result(id, {"job": "J1-1", "state": "cancelled"})]  # and the wait's own answer

        # With a change to come, what there is is the plan before it.
        for words, says in (([], ""), (["--what-if", "moves_max=5"], "wellmatch: stopped before the change was asked for: this is the plan as it was\n")):
            cancelled.clear()
            late.clear()
            with Plans(wait=wait) as service:
                service.plan_cancel = cancel
                process = subprocess.Popen([WELLMATCH, "allocate", *words, "-u", service.fake.url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
                service.wait_for("plan.wait")
                process.send_signal(signal.SIGINT)
                out, error = process.communicate(timeout=PATIENCE)
            self.assertEqual((process.returncode, error.decode()), (DEADLINE, says))
            self.assertIn("1,500 of 1,501 openings filled; expected benefit 0.300000 of at most 0.330000 (gap 10%)", out.decode())
            self.assertIn("Stopped: this is the best plan so far, and it is within 10% of the best there can be.", out.decode())
            self.assertEqual(service.last("plan.cancel"), {"job": "J1-1"})
            self.assertNotIn("plan.what_if", [method for method, _ in service.asked])

    def test_a_day(self):
        self.refused(INPUT, "allocate", "--time-limit", "86400", "--data", "data/sample",
                     says="--time-limit is '86400'; expected seconds, 0.001 to 3600: an hour at most")

    def test_interrupted_before_a_plan(self):
        code, out, error = self.ask(state="cancelled", status="deadline", found=False, value=None, plan=None, bound=2)
        self.assertEqual((code, error), (DEADLINE, ""))
        self.assertTrue(out.startswith("Stopped before a first plan was found; none is worth more than 2.000.\n"), out)

    def test_a_second_interrupt_leaves(self):
        with Plans(wait=lambda id: b"") as service:
            service.plan_cancel = lambda id, params: b""  # it takes its time
            process = subprocess.Popen([WELLMATCH, "allocate", "-u", service.fake.url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
            service.wait_for("plan.wait")
            process.send_signal(signal.SIGINT)
            service.wait_for("plan.cancel")
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=PATIENCE)
        self.assertEqual((process.returncode, out), (-signal.SIGINT, b""))

    def test_a_misspelt_name_costs_no_solve(self):
        service = Plans()
        service.dataset_get = lambda id, params: service.error(id, 1001, {"pointer": "/id", "id": "V9", "kind": "post", "nearest": ["V1", "V2"]})
        code, out, error = self.ask("--explain", "V9", plans=service)
        self.assertEqual((code, out, error), (INPUT, "", "wellmatch: --explain: there is no post and no leader 'V9'; the nearest: V1, V2\n"))
        self.assertNotIn("plan.allocate", [method for method, _ in service.asked])

    def test_a_service_that_goes_away(self):
        service = Plans()
        service.wait = lambda id: None
        code, out, error = self.ask(plans=service)
        self.assertEqual((code, out), (UNREACHABLE, ""))
        self.assertIn("closed the connection", error)


class Planning(WithService):
    """Plans of the sample, small enough to be proven at once, from a service and without one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = tempfile.mkdtemp(prefix="wellmatch-")
        cls.few = ["--posts", ",".join([cls.post, *[post for post in POSTS if post != cls.post][:7]])]
        code, out, error = client("allocate", *cls.few, "--json", "-u", cls.url)
        assert (code, error) == (DONE, ""), error
        cls.plan = json.loads(out)
        cls.path = cls.write("plan.json", cls.plan)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)
        super().tearDownClass()

    @classmethod
    def write(cls, name, plan):
        path = os.path.join(cls.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(plan, file)
        return path

    def allocate(self, *words, code=DONE):
        got, out, error = client("allocate", *words, "-u", self.url)
        self.assertEqual((got, error), (code, ""), out)
        return out

    def test_same_with_and_without_service(self):
        here = json.loads(client("allocate", *self.few, "--json", "--data", "data/sample")[1])
        for name in here:
            if name not in ("job", "plan", "elapsed_ms"):
                self.assertEqual(here[name], self.plan[name], name)
        self.assertEqual(client("allocate", *self.few, "--data", "data/sample")[1], self.allocate(*self.few))
        self.assertEqual(client("allocate", *self.few, "--csv", "--data", "data/sample")[1], self.allocate(*self.few, "--csv"))

    def test_parts_agree(self):
        plan = self.plan
        self.assertEqual((plan["status"], plan["gap"]), ("optimal", 0))
        self.assertEqual(round(sum(row["value"] for row in plan["placements"]), 9), plan["value"])
        self.assertEqual(sum(row["local_cost_gbp"] for row in plan["placements"]), plan["local_cost_gbp"])
        self.assertEqual(sum(row["filled"] for row in plan["totals"]["by_region"]), len(plan["placements"]))
        out = self.allocate(*self.few)
        self.assertIn("%d of %d openings filled" % (len(plan["placements"]), plan["openings"]), out)
        for row in plan["placements"]:
            self.assertRegex(out, r"(?m)^.*%s.* %s  %s\b" % (row["post"], row["leader"], row["package"]))
        for row in plan["unfilled"]:
            self.assertIn("\n  %s, " % row["post"], out)
        records = list(csv.DictReader(io.StringIO(self.allocate(*self.few, "--csv"), newline="")))
        self.assertEqual([(r["leader"], r["post"]) for r in records], [(r["leader"], r["post"]) for r in plan["placements"]])

    def test_check(self):
        for where in [["--data", "data/sample"], ["-u", self.url]]:
            code, out, error = client("check", self.path, *where)
            self.assertEqual((code, error), (DONE, ""), out)
            self.assertIn("The plan holds", out)
            verdict = json.loads(client("check", "-", "--json", *where, stdin=json.dumps(self.plan).encode())[1])
            self.assertEqual((verdict["holds"], verdict["value"], verdict["bound"]), (True, self.plan["value"], self.plan["priced_bound"]))
        self.assertEqual(client("check", self.plan["plan"], "-u", self.url)[0], DONE)
        first, second = self.plan["placements"][:2]
        wrongs = {"value": {**self.plan, "value": self.plan["value"] + 1e-9},
                  "bound": {**self.plan, "priced_bound": self.plan["priced_bound"] - 1e-9},
                  "twice": {**self.plan, "placements": [first, *self.plan["placements"]]},
                  "where": {**self.plan, "placements": [{**first, "leader": self.stranger}, *self.plan["placements"][1:]]},
                  "lock": {**self.plan, "request": {**self.plan["request"], "locks": [{"leader": first["leader"], "post": second["post"]}]}}}
        for name, wrong in wrongs.items():
            code, out, error = client("check", self.write(name + ".json", wrong), "-u", self.url)
            self.assertEqual((code, error), (INPUT, ""), name)
            self.assertIn("The plan does not hold", out)
        unknown = {**self.plan, "placements": [{**first, "post": "V"}]}
        self.refused(INPUT, "check", self.write("unknown.json", unknown), "-u", self.url, says="there is no post 'V'")

    def test_check_counts_moves_from_a_base(self):
        row = max(self.plan["placements"], key=lambda row: row["value"])
        for more, says in [(["--moves-max", "1"], "at most 1."), (["--move-penalty", "0.0001"], "each takes 0.000100000 off the value."),
                           (["--moves-max", "1", "--move-penalty", "0.0001"], "at most 1, and each takes ")]:
            plan = json.loads(self.allocate("--from", self.path, "--what-if", "-" + row["leader"], *more, "--json"))
            base, path = self.write("base.json", self.plan), self.write("after.json", plan)
            stayed = next(r for r in self.plan["placements"] if (r["leader"], r["post"]) in {(p["leader"], p["post"]) for p in plan["placements"]})
            others = [r for r in self.plan["placements"] if r != stayed]
            for where in [["--data", "data/sample"], ["-u", self.url]]:
                code, out, error = client("check", path, "--base", base, *where)
                self.assertEqual((code, error), (DONE, ""), out)
                self.assertIn("Moves are counted from plan %s: %s" % (self.plan["plan"], says), out)
                verdict = json.loads(client("check", path, "--base", base, "--json", *where)[1])
                self.assertEqual((verdict["holds"], verdict["value"], verdict["bound"]), (True, plan["value"], plan["priced_bound"]))
                elsewhere = self.write("elsewhere.json", {**self.plan, "placements": others, "plan": None})
                code, out, error = client("check", path, "--base", elsewhere, *where)
                self.assertEqual((code, error), (INPUT, ""))  # one move more: past the cap, or its penalty is missing
                self.refused(INPUT, "check", path, "--base", path, *where, says=["--base: " + path, plan["plan"], self.plan["plan"]])
            # A service that holds the base knows it by the plan's word, or by the caller's; without one, a file is needed.
            for words in [[], ["--base", self.plan["plan"]]]:
                self.assertEqual(client("check", path, *words, "-u", self.url)[0], DONE)
            for lost in [path, self.write("lost.json", {**plan, "base": None})]:
                self.refused(INPUT, "check", lost, "--data", "data/sample", says=["moves are counted from", "give --base PLAN"])
        capped = {**plan, "request": {**plan["request"], "moves_max": 0}}
        moves = plan["change"]["moves"]["placed"] + plan["change"]["moves"]["post"]
        self.assertEqual(moves, 1)
        code, out, error = client("check", self.write("capped.json", capped), "--base", self.path, "--data", "data/sample")
        self.assertEqual((code, error), (INPUT, ""))
        self.assertIn("moves: 1 moves used of 0; at most 0; 1 fewer.", out)

    def test_no_plan(self):
        for text, says in [("[1", "not JSON"), ("{}", "no plan: it has no placements"), ("", "not JSON")]:
            path = os.path.join(self.folder, "none.json")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            self.refused(INPUT, "check", path, "--data", "data/sample", says=says)
        self.refused(INPUT, "check", os.path.join(self.folder, "absent"), "--data", "data/sample",
                     says="no file and no id of a plan")
        self.refused(INPUT, "check", "P0123456789abcdef", "-u", self.url, says="plan")
        self.refused(INPUT, "allocate", "--explain", "nobody", *self.few, "--data", "data/sample", says="no post and no leader 'nobody'")

    def test_explain(self):
        row = self.plan["placements"][0]
        out = self.allocate(*self.few, "--explain", row["post"])
        self.assertTrue(out.startswith("%s takes %s, " % (row["leader"], row["post"])), out)
        self.assertIn("here with package " + row["package"], out)
        self.assertTrue(self.allocate(*self.few, "--explain", row["leader"]).startswith("%s takes %s, " % (row["leader"], row["post"])))
        reason = json.loads(self.allocate(*self.few, "--explain", row["post"], "--json"))
        self.assertEqual(reason["placements"], [r for r in self.plan["placements"] if r["post"] == row["post"]])
        unplaced = self.plan["unplaced"][0]
        out = self.allocate(*self.few, "--explain", unplaced["leader"])
        self.assertTrue(out.startswith(unplaced["leader"] + " has no place in the plan.\n"), out)

    def test_what_if(self):
        row = max(self.plan["placements"], key=lambda row: row["value"])
        for change in ["-" + row["leader"], "without[%s]" % row["leader"], "forbid[%s]" % row["leader"]]:
            for start in [self.few, ["--from", self.path], ["--from", self.plan["plan"]]]:
                plan = json.loads(self.allocate(*start, "--what-if", change, "--json"))
                self.assertNotIn(row["leader"], {r["leader"] for r in plan["placements"]})
                self.assertLess(plan["value"], self.plan["value"])
                self.assertAlmostEqual(plan["change"]["value"], plan["value"] - self.plan["value"], 9)
                self.assertEqual(plan["base"], self.plan["plan"])
        out = self.allocate(*self.few, "--what-if", "-" + row["leader"])
        self.assertRegex(out, r"^Expected benefit %.6f \(as it was\) to %.6f \(-%s\): -0\.\d+\.\n" % (self.plan["value"], plan["value"], row["leader"]))
        self.assertRegex(out, r"(?m)^%s  no place now  %s " % (row["leader"], row["post"]))
        here = client("allocate", "--from", self.path, "--what-if", "-" + row["leader"], "--data", "data/sample")
        self.assertEqual(here, (DONE, out, ""))
        kept = self.allocate(*self.few, "--what-if", "openings[%s]+=0" % row["post"])
        self.assertIn("Nobody moves.", kept)

    def test_limits_that_change_are_told(self):
        out = self.allocate(*self.few, "--what-if", "budget[national:ENGLAND]=£150,000", "--what-if", "stock[P06]-=1,000,000")
        self.assertRegex(out, r"\nLimits: budget national:ENGLAND £[\d,]+ to £150,000; stock of P06 \d+ to 0\.\n")
        out = self.allocate(*self.few, "--what-if", "mentor_hours[North West]+=20")
        self.assertRegex(out, r"\nLimits: hours of M\d+ \d+ to \d+\.\n")
        self.assertNotIn("Limits:", self.allocate(*self.few, "--what-if", "-" + self.leader))

    def test_what_if_of_every_kind(self):
        post, package = self.plan["placements"][0]["post"], "P00"
        for change in ["mentor_hours[North West]+=20", "budget[national:ENGLAND]+=100,000", "stock[P06]=0", "policy[/accept/mentor/value]=1.2",
                       "must_fill[%s]" % post, "lock[%s]=%s" % (self.plan["placements"][0]["leader"], post), "moves_max=0",
                       "move_penalty=0.001", "forbid[*]=*/" + package]:
            out = self.allocate(*self.few, "--what-if", change)
            self.assertIn("(%s): " % change, out)
        plan = json.loads(self.allocate(*self.few, "--what-if", "stock[P06]=0", "--what-if", "moves_max=0", "--json"))
        before = {(r["leader"], r["post"]) for r in self.plan["placements"]}
        self.assertLessEqual({(r["leader"], r["post"]) for r in plan["placements"]}, before)

    def test_compare(self):
        row = self.plan["placements"][0]
        other = json.loads(self.allocate(*self.few, "--without", row["leader"], "--json"))
        self.assertEqual(other["request"]["without_leaders"], [row["leader"]])
        path = self.write("other.json", other)
        code, out, error = client("compare", self.path, path)
        self.assertEqual((code, error), (DONE, ""))
        self.assertIn(row["leader"] + "  no place now", out)
        self.assertEqual(client("compare", self.path, other["plan"], "-u", self.url)[1].replace(other["plan"], path), out)
        answer = json.loads(client("compare", self.path, path, "--json")[1])
        with self.daemon.wire() as wire:
            served = wire.call("plan.compare", {"a": self.plan["plan"], "b": other["plan"], "limit": 1000})["result"]
        self.assertEqual((answer["difference"], answer["counts"]), (served["difference"], served["counts"]))
        self.assertEqual([(m["kind"], m["leader"]) for m in answer["moves"]], [(m["kind"], m["leader"]) for m in served["moves"]])
        self.assertIn("Nobody moves.", client("compare", self.path, self.path)[1])
        self.refused(INPUT, "compare", self.path, self.post, says="'%s' is no plan" % self.post)

    def test_locks_that_cannot_hold(self):
        rows = self.plan["placements"]
        post = next(row["post"] for row in rows if sum(r["post"] == row["post"] for r in rows) == 1)
        with self.daemon.wire() as wire:
            ranks = wire.call("match.shortlist", {"post": post, "limit": 1000})["result"]["rows"]
            openings = wire.call("dataset.get", {"kind": "post", "id": post})["result"]["row"]["openings"]
        leaders = [rank["leader_id"] for rank in ranks[:openings + 1]]
        if len(leaders) > openings:
            words = [word for leader in leaders for word in ("--lock", "%s:%s" % (leader, post))]
            for where in [["-u", self.url], ["--data", "data/sample"]]:
                code, out, error = client("allocate", *words, *self.few, *where)
                self.assertEqual((code, out), (INFEASIBLE, ""))
                for leader in leaders:
                    self.assertIn("  %s at %s is locked\n" % (leader, post), error)
        code, out, error = client("allocate", "--lock", "%s:%s" % (self.stranger, self.post), *self.few, "-u", self.url)
        self.assertEqual((code, out), (INFEASIBLE, ""))
        self.assertIn("%s at %s is locked, which cannot hold:\n" % (self.stranger, self.post), error)

    def hopeless(self):
        """Posts of a whole plan that stay open for want of anybody who passes the hard rules."""
        plan = json.loads(self.allocate("--resolve", "0", "--json"))
        posts = [row["post"] for row in plan["unfilled"] if row["reason"] == "not_eligible"]
        self.assertGreaterEqual(len(posts), 2)
        return posts[:2], plan

    def test_posts_that_must_be_filled_and_cannot_be(self):
        posts, plain = self.hopeless()
        filled = plain["placements"][0]["post"]
        for where in [["-u", self.url], ["--data", "data/sample"]]:
            code, out, error = client("allocate", "--resolve", "0", "--must-fill", ",".join([filled, *posts]), "--json", *where)
            plan = json.loads(out)
            self.assertEqual((code, plan["status"], plan["value"]), (UNFILLED, "optimal", plain["value"]))
            self.assertEqual((plan["must_fill_unfilled"], sorted(plan["must_fill_left_open"])), (2, sorted(posts)))
            self.assertEqual(plan["request"]["must_fill"], [filled])
            told = [json.loads(line)["data"]["conflict"][0]["post"] for line in error.split("\n")[:-1]]
            self.assertEqual(sorted(told), sorted(posts))
            kept = self.write("open.json", plan)
            self.assertEqual(client("check", kept, *where)[0], DONE)
            # Shown again from the file, and changed: it is still to be filled, and still cannot be.
            self.assertEqual(client("allocate", "--from", kept, *where)[0], UNFILLED)
            self.assertEqual(client("allocate", "--from", kept, "--what-if", "-" + self.leader, *where)[0], UNFILLED)
        code, out, error = client("allocate", "--resolve", "0", "--must-fill", posts[0], "-u", self.url)
        self.assertEqual(code, UNFILLED)
        self.assertIn("\n1 post that must be filled is not.\n", out)
        self.assertIn("\n  %s, " % posts[0], out)  # among those that stay open, with the reason
        self.assertEqual(error, "wellmatch: no plan: post %s must be filled, which cannot hold within the limits\n"
                                "What would help: do not insist that %s is filled\n"
                                "wellmatch: this is the best plan that leaves %s open\n" % (posts[0], posts[0], posts[0]))
        code, out, error = client("allocate", *self.few, "--what-if", "must_fill[%s]" % posts[0], "--posts", posts[0], "-u", self.url)
        self.assertEqual(code, UNFILLED)
        self.assertEqual(client("allocate", *self.few, "--must-fill", filled, "--csv", "-u", self.url)[0], DONE)

    def test_a_must_that_the_question_contradicts(self):
        for words in [["--forbid", "*:" + self.post], ["--what-if", "openings[%s]=0" % self.post, "--lock", "%s:%s" % (self.leader, self.post)]]:
            code, out, error = client("allocate", *self.few, "--must-fill", self.post, *words, "-u", self.url)
            self.assertEqual((code, out), (INFEASIBLE, ""), words)
            self.assertIn("wellmatch: no plan: ", error)

    def test_jobs(self):
        out = client("plans", "-u", self.url)[1]
        self.assertRegex(out, r"(?m)^%s +%s +done +optimal" % (self.plan["job"], self.plan["plan"]))
        self.assertEqual(client("cancel", self.plan["job"], "-u", self.url)[0], DONE)
        self.refused(INPUT, "cancel", "J000000-99999", "-u", self.url, says="job")
        self.refused(INPUT, "plans", "--data", "data/sample", says="--data")

    def test_deadline(self):
        for where in [["-u", self.url], ["--data", "data/sample"]]:
            code, out, error = client("allocate", "--time-limit", "0.1", "--resolve", "0", "--json", *where)
            self.assertEqual((code, error), (DEADLINE if json.loads(out)["status"] == "deadline" else DONE, ""))

    def test_widths(self):
        for columns in [200, 100, 80, 60]:
            for words in [[], ["--explain", self.post], ["--what-if", "-" + self.leader]]:
                code, out = on_terminal("allocate", *self.few, *words, "-u", self.url, columns=columns)
                self.assertEqual(code, DONE)
                shown = out.rsplit("\033[K", 1)[-1]
                self.assertEqual([line for line in shown.split("\n") if cells(line) > columns], [], (columns, words))

    def test_problem(self):
        code, text, error = client("problem", *self.few, "--data", "data/sample")
        self.assertEqual((code, error), (DONE, ""))
        path = os.path.join(self.folder, "problem.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        solved = json.loads(client("solve", path, "--json")[1])
        self.assertEqual((solved["status"], round(solved["value"], 9)), ("optimal", self.plan["value"]))
        self.refused(INPUT, "problem", says="--data DIR")
        self.refused(INPUT, "problem", "--posts", "V", "--data", "data/sample", says="there is no post 'V'")


class Files(Case):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="wellmatch-")
        self.data = os.path.join(self.folder, "data")
        shutil.copytree(SAMPLE, self.data)

    def tearDown(self):
        shutil.rmtree(self.folder)

    def change(self, name, old, new, count=1):
        path = os.path.join(self.data, name)
        with open(path, newline="", encoding="utf-8") as file:
            text = file.read()
        self.assertIn(old, text)
        with open(path, "w", newline="", encoding="utf-8") as file:
            file.write(text.replace(old, new, count))

    def test_valid(self):
        code, out, error = client("validate", self.data)
        self.assertEqual((code, error), (DONE, ""))
        self.assertRegex(out, r"^%s: no fault in \d+ organisations, %d posts, %d leaders, .*\n$" % (re.escape(self.data), len(POSTS), len(LEADERS)))
        answer = json.loads(client("validate", self.data, "--json")[1])
        self.assertEqual((answer["valid"], answer["rows"]["post"]), (True, len(POSTS)))
        self.assertEqual(client("validate", self.data, "--csv")[1], "file,line,column,what,expected\r\n")

    def test_faults(self):
        self.change("posts.csv", POSTS[0] + ",", POSTS[0] + " ,")
        self.change("leaders.csv", ",vsm,", ",vsn,", count=-1)
        self.change("monitoring.csv", LEADERS[0], "nobody")
        self.change("policy.json", '"format": 1', '"format": 1, "farmat": 1')
        code, out, error = client("validate", self.data)
        self.assertEqual((code, error), (INPUT, ""))
        lines = out.split("\n")[:-1]
        for line in lines:
            self.assertRegex(line, r"^(posts|leaders|monitoring|policy)\.(csv|json):\d+:\d+: .+; .+$")
        n_wrong = sum(grade == "vsm" for grade in column("leaders.csv", "grade"))
        self.assertEqual(sum(line.startswith("leaders.csv:") and "vsn" in line for line in lines), n_wrong)
        for name in ["posts.csv:2:1: ", "monitoring.csv:2:1: ", "policy.json:"]:
            self.assertTrue(any(line.startswith(name) for line in lines), out)
        answer = json.loads(client("validate", self.data, "--json")[1])
        self.assertEqual((answer["valid"], answer["count"]), (False, len(lines)))
        self.assertEqual(["%(file)s:%(line)d:%(column)d: %(what)s; expected %(expected)s" % fault for fault in answer["faults"]], lines)
        records = list(csv.reader(io.StringIO(client("validate", self.data, "--csv")[1], newline="")))
        self.assertEqual(len(records), 1 + len(lines))

    def test_a_fault_without_an_expectation_ends_with_itself(self):
        with open(os.path.join(self.data, "budgets.csv"), "a", encoding="utf-8") as file:
            file.write('a"b\n' * 100)
        lines = client("validate", self.data)[1].split("\n")[:-1]
        self.assertTrue(any(line.endswith(": 100 records cannot be read; the rest of the file is not checked") for line in lines), lines[-1])

    def test_every_file_is_read(self):
        os.remove(os.path.join(self.data, "posts.csv"))
        os.mkdir(os.path.join(self.data, "posts.csv"))
        os.remove(os.path.join(self.data, "mentors.csv"))
        with open(os.path.join(self.data, "leaders.csv"), "a", encoding="utf-8") as file:
            file.write("x\n")
        for command in [["validate"], ["info", "--data"]]:
            code, out, error = client(*command, self.data)
            self.assertEqual(code, INPUT)
            lines = (out + error).split("\n")
            self.assertRegex(lines[0], r"^leaders.csv:\d+:0: the row has 1 cell ")
            self.assertTrue(lines[1].startswith("mentors.csv:0:0: the file is absent; "), lines[1])
            self.assertTrue(lines[2].startswith("posts.csv:0:0: cannot be read: it is a directory; "), lines[2])
        self.assertIn("; expected a folder\n", client("validate", "/nonexistent")[1])

    def test_apart_files_are_not_read_for_answers(self):
        self.change("monitoring.csv", LEADERS[0], "nobody")
        self.assertEqual(client("info", "--data", self.data, "--json"), client("info", "--data", SAMPLE, "--json"))
        os.remove(os.path.join(self.data, "monitoring.csv"))
        os.remove(os.path.join(self.data, "history.csv"))
        self.assertEqual(client("validate", self.data)[0], DONE)

    def test_faults_of_data_to_answer_from(self):
        self.change("leaders.csv", ",vsm,", ",vsn,", count=-1)
        code, out, error = client("info", "--data", self.data)
        self.assertEqual((code, out), (INPUT, ""))
        lines = error.split("\n")[:-1]
        self.assertEqual(len(lines), 22)
        self.assertRegex(lines[20], r"^and \d+ more")
        self.assertTrue(lines[21].startswith("wellmatch: " + self.data))
        for command in ["info", "validate"]:
            code, out, error = client(command, *(["--data"] if command == "info" else []), os.path.join(self.folder, "none"))
            self.assertEqual(code, INPUT)
            self.assertRegex(out + error, "none|policy.json")

    def test_reload(self):
        with Daemon(data=self.data) as daemon:
            ask = ["-u", daemon.unix]
            before = client("info", "--json", *ask)[1]
            self.change("posts.csv", ",vsm,", ",vsn,")
            code, out, error = client("reload", *ask)
            self.assertEqual((code, out), (INPUT, ""))
            self.assertRegex(error, r"^posts.csv:\d+:\d+: .*vsn.*\nwellmatch: the data has 1 fault; the running data stays\n$")
            self.assertEqual(client("info", "--json", *ask)[1], before)
            self.change("posts.csv", ",vsn,", ",vsm,")
            self.change("packages.csv", "Relocation,", "Moving house,")
            self.assertEqual(client("reload", *ask)[0], DONE)
            self.assertNotEqual(client("info", "--json", *ask)[1], before)
            self.assertIn("Moving house", client("list", "package", *ask)[1])

    def test_generate(self):
        folders = [os.path.join(self.folder, name) for name in ("one", "two")]
        for folder in folders:
            code, out, error = client("generate", "--leaders", "30", "--posts", "5", "--seed", "7", folder)
            self.assertEqual((code, out, error), (DONE, folder + ": 30 leaders and 5 posts from seed 7\n", ""))
        for name in os.listdir(folders[0]):
            with open(os.path.join(folders[0], name), "rb") as one, open(os.path.join(folders[1], name), "rb") as two:
                self.assertEqual(one.read(), two.read(), name)
        self.assertIn("5 posts, 30 leaders", client("validate", folders[0])[1])
        self.refused(INPUT, "generate", folders[0], says="give --force")
        self.assertEqual(client("generate", "--force", folders[0], "--leaders", "1", "--posts", "1")[0], DONE)
        self.refused(INPUT, "generate", "--leaders", "0", os.path.join(self.folder, "none"))
        self.refused(INPUT, "generate", "--policy", "/nonexistent/policy.json", os.path.join(self.folder, "none"),
                     says=["/nonexistent/policy.json cannot be opened", "--policy", "--organisations"])
        self.assertFalse(os.path.exists(os.path.join(self.folder, "none", "posts.csv")))

    def test_a_gap_out_of_reach(self):
        """A round whose last piece of gap is more than the search's work: it ends by itself, long before its time."""
        folder = os.path.join(self.folder, "round")
        self.assertEqual(client("generate", "--leaders", "1000", "--posts", "90", "--seed", "1", folder)[0], DONE)
        ask = ["allocate", "--resolve", "0", "--time-limit", "3600", "--data", folder]
        code, out, error = client(*ask, "--gap", "0.0000001", "--json")
        plan = json.loads(out)
        self.assertEqual((code, error), (DEADLINE, ""))
        self.assertEqual((plan["status"], plan["ended_by"]), ("deadline", "work"))
        self.assertGreater(plan["gap"], 1e-7)
        kept = os.path.join(self.folder, "plan.json")
        with open(kept, "w", encoding="utf-8") as file:
            file.write(out)
        code, out, error = client("allocate", "--from", kept, "--data", folder)
        self.assertEqual((code, error), (DEADLINE, ""))
        self.assertIn("The search ended at its own limit of work, not the clock's", out)
        self.assertEqual(client("check", kept, "--data", folder)[0], DONE)
        code, out, error = client(*ask, "--gap", "1%", "--json")
        self.assertEqual((code, json.loads(out)["status"]), (DONE, "within_gap"))
        self.assertNotIn("ended_by", json.loads(out))

    def test_generate_tells_its_progress_to_a_terminal_only(self):
        code, out = on_terminal("generate", "--leaders", "200", "--posts", "5", os.path.join(self.folder, "three"))
        self.assertEqual(code, DONE)
        self.assertIn("\rdrawing leaders: 100%\r", out)
        self.assertTrue(out.split("\r")[-1].endswith("200 leaders and 5 posts from seed 2026\n"))


if __name__ == "__main__":
    program = unittest.main(verbosity=2, exit=False)
    result = program.result
    wrong = len({str(test) for test, _ in result.failures + result.errors})
    print("%d passed, %d failed" % (result.testsRun - wrong - len(result.skipped), wrong))
    sys.exit(not result.wasSuccessful())
