"""wellmatch-bench: a real service under load, and fake ones that stall, err and lie."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Listener, PATIENCE, ROOT, WELLMATCHD, WithDaemon, clean_environment, main

BENCH = os.environ.get("WELLMATCH_BENCH") or os.path.join(os.path.dirname(WELLMATCHD), "wellmatch-bench")
SHORT = ["--warmup", "0.05", "-d", "0.2", "--grace", "2"]
WRONG, WORSE, INTERRUPTED = 7, 8, 130


def bench(*words):
    return subprocess.run([BENCH, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE,
                          cwd=ROOT, env=clean_environment())


def measured(*words):
    """The JSON of a run, what people read of it, and its exit code."""
    got = bench(*words, "--json", "-")
    return (json.loads(got.stdout) if got.stdout else None), got.stderr, got.returncode


def measured_in_time(is_whole, *words):
    """The same of the first run, of a few, that counted the service's work as it came: where the machine stands still for
    a whole run, what the service is asked at its beginning is answered at its end."""
    for _ in range(10):
        data, text, code = measured(*words)
        if code != 0 or is_whole(data["runs"][0]["service"]):
            break
    return data, text, code


class Fake(Listener):
    """Answers each line as `answer(id, method, n)` says, n counting the lines that were no system.stats; None closes."""

    def __init__(self, answer):
        self.answer = answer
        self.n = 0
        self.lock = threading.Lock()
        super().__init__()

    def serve(self, connection):
        try:
            with connection, connection.makefile("rb") as lines:
                for line in lines:
                    message = json.loads(line)
                    with self.lock:
                        self.n += message["method"] == "system.ping"
                        reply = self.answer(message["id"], message["method"], self.n)
                    if reply is None:
                        return
                    connection.sendall(reply.encode() + b"\n")
        except (OSError, ValueError):  # a file that the test has closed
            pass


def pong(id, text="true"):
    return '{"jsonrpc":"2.0","id":%d,"result":{"dataset":"d","policy":"p","ledger":0,"ok":%s}}' % (id, text)


class Service(WithDaemon):
    def test_mix_over_both_transports(self):
        for address in (self.daemon.tcp, self.daemon.unix):
            data, text, code = measured_in_time(lambda service: service["messages"] > 100, address, "--rate", "1000",
                                                "--mix", "shortlist=80,explain=15,info=5", *SHORT)
            self.assertEqual(code, 0, text)
            run = data["runs"][0]
            self.assertEqual(run["planned"], 200)
            self.assertEqual((run["results"], run["refused"], run["unanswered"]), (200, 0, 0))
            self.assertEqual(sum(method["n"] for method in run["methods"].values()), 200)
            self.assertEqual(set(run["methods"]), {"shortlist", "explain", "info"})
            self.assertEqual(run["checks"]["wrong"], 0)
            self.assertGreater(run["checks"]["compared"], 0)
            self.assertGreater(run["service"]["messages"], 100)
            self.assertGreaterEqual(run["service"]["cpu_us_per_request"], 0)
            self.assertEqual((data["loop"], run["loop"]), ("open", "open"))
            self.assertEqual(len(data["config_digest"]), 16)
            self.assertRegex(text, r"open load on (tcp|unix):")
            self.assertRegex(text, r"p50 +p75 +p90 +p99 +p99.9 +p99.99 +p99.999 +max")
            self.assertRegex(text, r"(?m)^ +1 .* warm-up$")  # its line comes when counting has long begun

    def test_all_methods(self):
        names = "ping,info,stats,errors,discover,data,list,get,shortlist,opportunities,explain,compare"
        data, text, code = measured(self.daemon.unix, "--rate", "1000", "--mix", names, "--limit", "5", *SHORT)
        self.assertEqual(code, 0, text)
        self.assertEqual(data["runs"][0]["errors"], [])
        self.assertEqual(set(data["runs"][0]["methods"]), set(names.split(",")))

    def test_all_new_misses_the_cache_and_few_hit_it(self):
        for distinct, column in (("all", "cache_misses"), ("10", "cache_hits")):
            for _ in range(2):  # all: nothing that an earlier run asked either
                data, text, code = measured_in_time(lambda service: service[column] >= 70, self.daemon.unix, "--rate", "400",
                                                    "--distinct", distinct, *SHORT)
                self.assertEqual(code, 0, text)
            self.assertEqual(data["runs"][0]["planned"], 80)
            self.assertGreaterEqual(data["runs"][0]["service"][column], 70)
            self.assertGreater(data["runs"][0]["checks"]["compared"], 0)

    def test_closed_is_called_closed(self):
        with tempfile.TemporaryDirectory() as folder:
            hgrm = os.path.join(folder, "x.hgrm")
            data, text, code = measured(self.daemon.unix, "--closed", "-P", "4", "-c", "2", "--mix", "ping", "--hgrm", hgrm,
                                        *SHORT)
            self.assertEqual(code, 0, text)
            self.assertEqual((data["loop"], data["runs"][0]["loop"], data["config"]["loop"]), ("closed",) * 3)
            self.assertIsNone(data["runs"][0]["planned_rate"])
            self.assertGreater(data["runs"][0]["results"], 8)
            self.assertGreaterEqual(text.count("CLOSED load"), 2)
            with open(hgrm, encoding="utf-8") as file:
                lines = file.read().splitlines()
            self.assertIn("CLOSED load", lines[-1])
            self.assertEqual(lines[0].split(), ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"])
            rows = [[float(word) for word in line.split()] for line in lines[2:] if not line.startswith("#")]
            self.assertEqual(rows, sorted(rows))
            self.assertEqual(rows[-1][1:], [1, data["runs"][0]["latency_us"]["n"]])

    def test_find_max(self):
        data, text, code = measured(self.daemon.unix, "--find-max", "p50<10s", "--rate", "3000000", "--mix", "ping",
                                    "--warmup", "0", "-d", "1ms", "-c", "1")
        self.assertEqual(code, 0, text)
        self.assertGreaterEqual(data["find_max"]["rate"], 3000000)
        self.assertEqual([step["rate"] for step in data["find_max"]["steps"]], [3000000, 6000000])
        self.assertIn("is the highest rate tried that keeps p50<10s", text)

    def test_ctrl_c_ends_with_a_report(self):
        with subprocess.Popen([BENCH, self.daemon.unix, "--rate", "300", "-d", "60", "--warmup", "0"], text=True, cwd=ROOT,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment()) as process:
            for line in process.stdout:
                if line.split()[:1] == ["1"]:  # the line of the first second
                    break
            process.send_signal(signal.SIGINT)
            text, _ = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, INTERRUPTED, text)
        self.assertIn("STOPPED    by Ctrl-C", text)
        self.assertRegex(text, r"latency +\d+")


class Fakes(unittest.TestCase):
    def test_a_stall_counts_for_all_that_fell_due(self):
        """200 ms once at 1,000 requests/s: about 200 requests were due meanwhile, on average 100 ms before its end."""
        def answer(id, method, n):
            if method == "system.ping" and n == 200:
                time.sleep(0.2)
            return pong(id)

        with Fake(answer) as fake:
            data, text, code = measured(fake.address, "--rate", "1000", "-c", "4", "--mix", "ping", "--warmup", "0", "-d", "1",
                                        "--hgrm", "/dev/null")
        self.assertEqual(code, 0, text)
        run = data["runs"][0]
        self.assertEqual((run["planned"], run["results"]), (1000, 1000))
        self.assertGreaterEqual(run["latency_us"]["max"], 195000)
        self.assertGreaterEqual(run["latency_us"]["p90"], 90000)  # a tenth waited 100 ms or more
        self.assertGreaterEqual(run["latency_us"]["mean"], 15000)

    def test_a_wrong_byte(self):
        with Fake(lambda id, method, n: pong(id, "false" if n == 50 else "true")) as fake:
            data, text, code = measured(fake.address, "--rate", "500", "--mix", "ping", *SHORT)
        self.assertEqual(code, WRONG, text)
        self.assertEqual(data["runs"][0]["checks"]["wrong"], 1)
        self.assertRegex(text, r"first .*\"ok\":true")
        self.assertRegex(text, r"now .*\"ok\":false")
        self.assertRegex(text, r"asked .*system.ping")

    def test_a_wrong_id(self):
        with Fake(lambda id, method, n: pong(id + (1 if n == 50 else 0))) as fake:
            data, text, code = measured(fake.address, "--rate", "1000", "--mix", "ping", "--warmup", "0", "-d", "0.2",
                                        "--grace", "0.1")
        self.assertEqual(code, WRONG, text)
        self.assertIn("nothing on its connection waits for", text)
        self.assertEqual(data["runs"][0]["unanswered"], 1)

    def test_an_answer_twice(self):
        with Fake(lambda id, method, n: pong(id) + ("\n" + pong(id) if n == 50 else "")) as fake:
            got = bench(fake.address, "--rate", "500", "--mix", "ping", *SHORT)
        self.assertEqual(got.returncode, WRONG, got.stdout)

    def test_junk(self):
        with Fake(lambda id, method, n: "junk" if n == 50 else pong(id)) as fake:
            got = bench(fake.address, "--rate", "1000", "--mix", "ping", "--warmup", "0", "-d", "0.2", "--grace", "0.1")
        self.assertEqual(got.returncode, WRONG, got.stdout)
        self.assertIn("junk", got.stdout)

    def test_refusals_are_counted_by_code(self):
        def answer(id, method, n):
            if method == "system.ping" and n % 4 == 0:
                return '{"jsonrpc":"2.0","id":%d,"error":{"code":-32000,"message":"overloaded","data":{}}}' % id
            return pong(id)

        with Fake(answer) as fake:
            data, text, code = measured(fake.address, "--rate", "1000", "--mix", "ping", "--warmup", "0", "-d", "0.2")
        self.assertEqual(code, 0, text)
        self.assertEqual(data["runs"][0]["errors"], [{"code": -32000, "name": "overloaded", "n": 50}])
        self.assertEqual(data["runs"][0]["results"], 150)
        self.assertIn("50 errors (-32000 overloaded)", text)

    def test_refused_requests_keep_no_goal(self):
        def answer(id, method, n):
            return '{"jsonrpc":"2.0","id":%d,"error":{"code":-32000,"message":"overloaded","data":{}}}' % id

        with Fake(answer) as fake:
            data, text, code = measured(fake.address, "--find-max", "p99<1s", "--rate", "4", "--mix", "ping", "--warmup", "0",
                                        "-d", "0.1")
        self.assertEqual(code, 0, text)
        self.assertIsNone(data["find_max"]["rate"])
        self.assertIn("No rate that was tried keeps p99<1s", text)

    def test_lost_connections(self):
        with Fake(lambda id, method, n: None if n == 50 else pong(id)) as fake:
            data, text, code = measured(fake.address, "--rate", "500", "-c", "2", "--mix", "ping", "--warmup", "0", "-d", "0.6")
        run = data["runs"][0]
        self.assertEqual(code, 0, text)
        self.assertEqual(run["lost_connections"], 1)
        self.assertGreaterEqual(run["lost"], 1)
        self.assertEqual(run["planned"], run["results"] + run["unanswered"])
        self.assertGreater(run["results"], 200)  # it came back, and what fell due meanwhile was asked then
        self.assertIn("1 connections", text)

    def test_a_service_that_does_not_come_back(self):
        def answer(id, method, n):
            if n < 50:
                return pong(id)
            fake.stop_listening()
            return None

        with Fake(answer) as fake:
            data, text, code = measured(fake.address, "--rate", "500", "-c", "2", "--mix", "ping", "--warmup", "0", "-d", "0.4",
                                        "--grace", "0.1")
        run = data["runs"][0]
        self.assertEqual(code, 3, text)
        self.assertTrue(run["gone"])
        self.assertEqual(run["results"], 49)
        self.assertEqual(run["planned"], run["results"] + run["unanswered"])
        self.assertIn("GONE", text)

    def test_an_error_without_an_id_is_told_and_not_wrong(self):
        def answer(id, method, n):
            stray = '{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"overloaded","data":{}}}\n'
            return (stray if method == "system.ping" and n == 50 else "") + pong(id)

        with Fake(answer) as fake:
            data, text, code = measured(fake.address, "--rate", "500", "--mix", "ping", *SHORT)
        self.assertEqual(code, 0, text)
        self.assertEqual(data["runs"][0]["errors"], [{"code": -32000, "name": "overloaded", "n": 1}])
        self.assertEqual(data["runs"][0]["refused"], 0)

    def test_answers_that_never_come_count(self):
        def answer(id, method, n):
            return "" if method == "system.ping" and n > 100 else pong(id)

        with Fake(answer) as fake:
            data, text, code = measured(fake.address, "--rate", "1000", "--mix", "ping", "--warmup", "0", "-d", "0.2",
                                        "--grace", "0.1")
        run = data["runs"][0]
        self.assertEqual(code, 0, text)
        self.assertEqual((run["results"], run["unanswered"]), (100, 100))
        self.assertEqual(run["latency_us"]["n"], 200)
        self.assertGreaterEqual(run["latency_us"]["p75"], 100000)


class Compare(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, name, p99s, dataset="d", **config):
        path = os.path.join(self.folder, name)
        runs = [{"latency_us": {"p50": 100 + i, "p99": p99}, "achieved_rate": 1000} for i, p99 in enumerate(p99s)]
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"wellmatch_bench": 1, "loop": "open", "service": {"dataset": dataset},
                       "config": {"rate": 1000, **config}, "runs": runs}, file)
        return path

    def test_verdicts(self):
        before = self.file("before", [200, 202, 204, 206, 208])
        cases = [([300, 302, 304, 306, 308], WORSE, "WORSE"), ([201, 203, 205, 207, 209], 0, "~"),
                 ([100, 102, 104, 106, 108], 0, "better"), ([209, 210, 211, 212, 213], 0, "worse")]
        for p99s, code, says in cases:
            got = bench("compare", before, self.file("after", p99s))
            row = next(line for line in got.stdout.splitlines() if line.split()[:2] == ["p99", "us"])
            self.assertEqual(got.returncode, code, got.stdout)
            self.assertIn(says, row)
        self.assertIn("p=0.008 n=5+5", row)
        got = bench("compare", before, self.file("after", [209, 210, 211, 212, 213]), "--threshold", "1%")
        self.assertEqual(got.returncode, WORSE, got.stdout)

    def test_too_few_runs_tell_nothing(self):
        got = bench("compare", self.file("a", [200]), self.file("b", [900]))
        self.assertEqual(got.returncode, 0)
        self.assertIn("Too few runs", got.stdout)

    def test_other_loads_are_named(self):
        got = bench("compare", self.file("a", [200] * 4), self.file("b", [200] * 4, rate=2000))
        self.assertIn("not the same load: rate was 1000 and is 2000", got.stdout)
        got = bench("compare", self.file("a", [200] * 4, warmup_s=0.2), self.file("b", [200] * 4, dataset="e"))
        self.assertIn("not the same load: warmup_s was 0.2 and is nothing", got.stdout)
        self.assertIn('not the same data: dataset was "d" and is "e"', got.stdout)
        self.assertNotIn("machine", got.stdout)

    def test_what_is_no_result(self):
        for text in ("", "{}", '{"wellmatch_bench":1,"runs":[]}', "[1]"):
            path = os.path.join(self.folder, "no")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            self.assertEqual(bench("compare", path, self.file("b", [1])).returncode, 2, text)
        self.assertEqual(bench("compare", "nowhere", "no").returncode, 2)


class CommandLine(unittest.TestCase):
    def test_nobody_there(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            address = "127.0.0.1:%d" % server.getsockname()[1]
        got = bench(address)
        self.assertEqual((got.returncode, got.stdout), (3, ""))
        self.assertIn("no service answers", got.stderr)

    def test_help_and_version(self):
        got = bench("--help")
        self.assertEqual(got.returncode, 0)
        with open(os.path.join(ROOT, "bench", "man", "wellmatch-bench.1"), encoding="utf-8") as file:
            page = file.read()
        for line in got.stdout.splitlines():
            name = line.split("--")[1].split()[0] if line.startswith(("  -", "      --")) else None
            self.assertTrue(name in (None, "help", "version") or "Fl Fl " + name in page, name)
        for option in "--version", "-V":
            self.assertRegex(bench(option).stdout, r"^wellmatch-bench \d")

    def test_refused(self):
        got = bench("--conections", "3")
        self.assertEqual(got.returncode, 2)
        self.assertIn("did you mean --connections?", got.stderr)

    def test_a_file_that_cannot_be_written_is_told_before_the_load(self):
        with tempfile.TemporaryDirectory() as folder, Fake(lambda id, method, n: pong(id)) as fake:
            kept, new = os.path.join(folder, "kept"), os.path.join(folder, "new")
            with open(kept, "w", encoding="utf-8") as file:
                file.write("before")
            got = bench(fake.address, "--json", kept, "--hgrm", os.path.join(folder, "no", "such"), "--mix", "ping")
            self.assertEqual((got.returncode, got.stdout, fake.n), (2, "", 0))
            self.assertIn("cannot write " + folder, got.stderr)
            got = bench("--json", new, "--hgrm", kept, "unix:" + os.path.join(folder, "nobody"))
            self.assertEqual((got.returncode, os.listdir(folder)), (3, ["kept"]))
            with open(kept, encoding="utf-8") as file:
                self.assertEqual(file.read(), "before")


if __name__ == "__main__":
    main()
