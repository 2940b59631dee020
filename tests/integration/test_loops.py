"""Several event loops: the same answers as from one, counted together, reloaded together, drained together."""

import json
import os
import random
import signal
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import (LEADERS, OVERLOADED, POSTS, SHUTTING_DOWN, Daemon, Held, Wire, main, request, run, shortlist,
                     until)
from test_life import Data

SPREAD = 40  # connections: that the kernel gives all of them to one loop of two happens once in 2^39 runs
QUESTIONS = ([shortlist(i, limit=50) for i in range(8)]
             + [request("match.explain", {"leader": LEADERS[i], "post": POSTS[i]}) for i in range(8)]
             + [request("system.ping"), request("dataset.info"), request("match.nothing"), b"{", b"[1,2]",
                b"[" + shortlist(3, id="a") + b"," + request("system.ping", id="b") + b"]"])
CORNER = {"posts": POSTS[:4], "resolve": 1}


class Wires:
    """Connections that are closed at the end."""

    def __init__(self, address, n):
        self.wires = [Wire(address) for _ in range(n)]

    def __enter__(self):
        return self.wires

    def __exit__(self, *_):
        for wire in self.wires:
            wire.socket.close()


def loops(n, *flags, **options):
    return Daemon("--loops", str(n), "--plan-nice", "0", *flags, **options)


class Load:
    """Clients that ask without end and know what is right; one wrong answer is told."""

    def __init__(self, address, expected, n=3):
        self.address, self.expected = address, expected
        self.wrong, self.asked, self.stop = [], 0, threading.Event()
        self.threads = [threading.Thread(target=self.ask, args=(i,)) for i in range(n)]

    def ask(self, seed):
        state = random.Random(seed)
        try:
            with Wire(self.address) as wire:
                while not self.stop.is_set():
                    i = state.randrange(len(self.expected))
                    if wire.ask(QUESTIONS[i]) not in self.expected[i]:
                        self.wrong.append(QUESTIONS[i])
                    self.asked += 1
        except Exception as error:  # whatever it was, the test must hear of it
            self.wrong.append(error)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()


class Answers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with loops(1) as daemon, daemon.wire() as wire:
            cls.expected = [wire.ask(question) for question in QUESTIONS]

    def test_the_same_bytes_on_every_connection(self):
        for n in (2, 3):
            with loops(n) as daemon, Wires(daemon.tcp, SPREAD) as over_tcp, Wires(daemon.unix, SPREAD) as local:
                for wire in over_tcp + local:
                    wire.send(b"".join(question + b"\n" for question in QUESTIONS))
                for wire in over_tcp + local:
                    self.assertEqual(wire.lines(len(QUESTIONS)), self.expected)

    def test_counted_together_to_the_last(self):
        for n in (1, 2, 3):
            with loops(n) as daemon, Wires(daemon.tcp, SPREAD) as wires:
                for k, wire in enumerate(wires):
                    wire.send((shortlist(0) + b"\n") * 3 + request("match.nothing") + b"\n" + request("system.ping") + b"\n")
                    wire.lines(5)
                seen = [wire.stats() for wire in wires]
                for i, stats in enumerate(seen):
                    self.assertEqual(stats["loops"], n)
                    counters, method = stats["counters"], stats["methods"]["match.shortlist"]
                    self.assertEqual((method["requests"], method["errors"], method["latency_us"]["n"]),
                                     (3 * SPREAD, 0, 3 * SPREAD))
                    self.assertEqual(stats["methods"]["system.ping"]["requests"], SPREAD)
                    self.assertEqual(stats["methods"]["system.stats"]["requests"], i + 1)
                    self.assertEqual(stats["errors"], {"method_not_found": SPREAD})
                    self.assertEqual((counters["connections_now"], counters["connections_accepted"]), (SPREAD, SPREAD))
                    self.assertEqual(counters["messages"], 5 * SPREAD + i + 1)
                    self.assertEqual((counters["in_flight_now"], counters["jobs_now"]), (0, 0))
                    self.assertEqual(stats["cache"]["local_hits"], 4 * SPREAD - 2 * n)
                    self.assertEqual(counters["computed_on_loop"], n, "each loop has connections, and computes once")

    def test_stats_asked_everywhere_at_once_and_in_batches(self):
        with loops(3) as daemon, Wires(daemon.tcp, SPREAD) as wires:
            batch = b"[" + request("system.stats", id=1) + b"," + request("system.info", id=2) + b"]\n"
            for wire in wires:
                wire.send(batch + request("system.stats", {"no": 1}) + b"\n")
            for wire in wires:
                replies = [json.loads(line) for line in wire.lines(2)]
                stats, info = next(reply for reply in replies if isinstance(reply, list))
                self.assertEqual((stats["id"], info["id"], info["result"]["loops"]), (1, 2, 3))
                self.assertEqual(info["result"]["listen"], daemon.addresses)
                self.assertIn("error", next(reply for reply in replies if isinstance(reply, dict)))
            self.assertEqual(daemon.stats()["counters"]["in_flight_now"], 0)

    def test_ceilings_are_of_the_whole_daemon(self):
        with loops(3, "--connections-max", "6") as daemon:
            with Wires(daemon.tcp, 6) as wires:
                for wire in wires:
                    self.assertTrue(wire.call("system.ping")["result"]["ok"])
                with Wire(daemon.tcp) as late:
                    self.assertEqual(json.loads(late.line())["error"]["code"], OVERLOADED)

            def is_let_in():
                with Wire(daemon.tcp) as wire:
                    return "result" in wire.call("system.ping")
            until(is_let_in, "those who have gone made room")
        with Held("--loops", "3", "--queue-max", "4") as (daemon, redis), Wires(daemon.tcp, 6) as wires:
            for i in range(4):
                wires[i].send(shortlist(i) + b"\n")
                redis.wait_for_gets(i + 1)
            error = wires[4].call("match.shortlist", {"post": POSTS[9]})["error"]
            self.assertEqual((error["code"], error["data"]["queue_depth"]), (OVERLOADED, 4))
            redis.release()
            for i in range(4):
                self.assertIn(b'"result"', wires[i].line())
            self.assertIn("result", wires[4].call("match.shortlist", {"post": POSTS[9]}))

    def test_coming_and_going_under_load(self):
        for n in (2, 3):
            with loops(n) as daemon:
                right = [{answer} for answer in self.expected[:16]]
                with Load(daemon.tcp, right), Load(daemon.unix, right) as load:
                    state = random.Random(7)
                    for i in range(200):
                        with Wire(state.choice(daemon.addresses)) as wire:
                            k = state.randrange(len(QUESTIONS))
                            wire.send(QUESTIONS[k] + b"\n")
                            if i % 3:
                                self.assertEqual(wire.line(), self.expected[k])
                            if i % 5 == 0 and wire.socket.family != 1:
                                wire.reset()
                self.assertEqual(load.wrong, [])
                self.assertGreater(load.asked, 0)
                until(lambda: daemon.stats()["counters"]["connections_now"] == 1, "all have gone")
                counters = daemon.stats()["counters"]
                self.assertEqual((counters["in_flight_now"], counters["jobs_now"]), (0, 0))


class Reload(unittest.TestCase):
    def test_seen_by_all_once_it_is_answered(self):
        for n in (2, 3):
            with Data() as data, loops(n, data=data.path) as daemon, Wires(daemon.tcp, SPREAD) as wires:
                for i, wire in enumerate(wires[:12]):
                    data.switch("ba"[i % 2])
                    now = wire.call("dataset.reload")["result"]
                    self.assertTrue(now["changed"])
                    for other in wires:
                        other.send(request("system.ping") + b"\n")
                    self.assertEqual({json.loads(other.line())["result"]["policy"] for other in wires}, {now["policy"]})
                data.switch("bad")
                codes = {wire.call("dataset.reload")["error"]["code"] for wire in wires[:3]}
                self.assertEqual(codes, {1002})
                counters = wires[0].stats()["counters"]
                self.assertEqual((counters["reloads"], counters["reloads_refused"]), (12, 3))

    def test_many_at_once_from_all_loops(self):
        with loops(3) as daemon, Wires(daemon.tcp, SPREAD) as wires:
            for wire in wires:
                wire.send(request("dataset.reload", id=None) + b"\n" + request("dataset.reload") + b"\n")
            self.assertEqual(len({wire.line() for wire in wires}), 1)
            self.assertLess(wires[0].stats()["counters"]["reloads"], SPREAD, "who asks while one loads shares the next")

    def test_under_load(self):
        expected = [set() for _ in range(16)]
        with Data() as data, loops(3, data=data.path) as daemon:
            with daemon.wire() as wire:
                for name in "ab":
                    data.switch(name)
                    wire.call("dataset.reload")
                    for i in range(16):
                        expected[i].add(wire.ask(QUESTIONS[i]))
            with Load(daemon.tcp, expected, 4) as load, Wires(daemon.tcp, 6) as wires:
                for i in range(12):
                    data.switch(("a", "bad", "b")[i % 3])
                    if i % 2:
                        daemon.signal(signal.SIGHUP)
                    wires[i % 6].call("dataset.reload")
            self.assertEqual(load.wrong, [])


class Plans(unittest.TestCase):
    def test_started_here_waited_for_there(self):
        with loops(3) as daemon, Wires(daemon.tcp, SPREAD) as wires:
            job = wires[0].call("plan.allocate", CORNER)["result"]["job"]
            for wire in wires[1:]:
                wire.send(request("plan.wait", {"job": job}) + b"\n")
            self.assertEqual(len({wire.line() for wire in wires[1:]}), 1)
            plan = wires[1].call("plan.wait", {"job": job})["result"]["plan"]
            pages = {wire.ask(request("plan.get", {"plan": plan, "part": "placements"})) for wire in wires}
            self.assertEqual(len(pages), 1)
            self.assertIn(b'"rows":[{', pages.pop())
            self.assertEqual(len(wires[2].call("plan.list")["result"]["jobs"]), 1)
            self.assertEqual(wires[3].call("plan.allocate", CORNER)["result"]["job"], job, "equal questions share")

    def test_cancelled_from_another_connection_and_followed_from_all(self):
        with loops(3) as daemon, Wires(daemon.tcp, 12) as wires:
            order = {"posts": POSTS[:30], "progress": True}
            jobs = set()
            for wire in wires:
                wire.send(request("plan.allocate", order, id="order") + b"\n")
            for wire in wires:
                while True:
                    message = json.loads(wire.line())
                    if message.get("id") == "order":
                        jobs.add(message["result"]["job"])
                        break
            self.assertEqual(len(jobs), 1)
            job = jobs.pop()
            wires[0].send(request("plan.cancel", {"job": job}, id=None) + b"\n")
            for wire in wires:
                state = None
                while state not in ("cancelled", "done"):
                    state = json.loads(wire.line())["params"]["state"]

    def test_checks_take_turns(self):
        with loops(3, "--threads", "1") as daemon, Wires(daemon.tcp, 12) as wires:
            wires[0].send(request("plan.allocate", CORNER) + b"\n")
            job = json.loads(wires[0].line())["result"]["job"]
            plan = wires[1].call("plan.wait", {"job": job})["result"]["plan"]
            for wire in wires:
                wire.send(3 * (request("plan.check", {"plan": plan}) + b"\n"))
            answers = {line for wire in wires for line in wire.lines(3)}
            self.assertEqual(len(answers), 1)
            self.assertIn(b'"feasible":true', answers.pop())


class Drain(unittest.TestCase):
    def test_idle_and_with_idle_connections(self):
        for n in (2, 3):
            for connections in (0, 12):
                with loops(n) as daemon, Wires(daemon.tcp, connections) as wires:
                    for wire in wires:
                        wire.call("system.ping")
                    daemon.signal(signal.SIGTERM)
                    self.assertEqual(daemon.wait(), 0)
                    self.assertFalse(os.path.exists(daemon.path))
                    for wire in wires:
                        self.assertEqual(wire.rest(), [])

    def test_what_is_in_flight_on_every_loop_is_finished(self):
        for n in (2, 3):
            with Held("--loops", str(n)) as (daemon, redis), Wires(daemon.tcp, 20) as wires, Wires(daemon.tcp, 5) as idle:
                for i, wire in enumerate(wires):
                    wire.send(shortlist(i, id=i) + b"\n")
                for wire in idle:
                    wire.call("system.ping")
                redis.wait_for_gets(20)
                daemon.signal(signal.SIGTERM)
                line = daemon.wait_for("event=draining")[0]
                self.assertIn("in_flight=20 connections=25", line)
                for wire in wires[:10] + idle:
                    self.assertEqual(wire.call("system.ping", id="late")["error"]["code"], SHUTTING_DOWN)
                for address in daemon.addresses:
                    with self.assertRaises(OSError):
                        Wire(address)
                redis.release()
                for i, wire in enumerate(wires):
                    self.assertEqual([json.loads(line)["id"] for line in wire.rest() if b'"result"' in line], [i])
                self.assertEqual([wire.rest() for wire in idle], [[]] * 5)
                self.assertEqual(daemon.wait(), 0)
                self.assertFalse([line for line in daemon.log if "drain_cut" in line])

    def test_cut_by_time_and_by_a_second_signal(self):
        for flags, signals in ((("--drain-s", "0"), 1), ((), 2)):
            with Held("--loops", "3", *flags) as (daemon, redis), Wires(daemon.tcp, 12) as wires:
                for i, wire in enumerate(wires):
                    wire.send(shortlist(i) + b"\n")
                redis.wait_for_gets(12)
                daemon.signal(signal.SIGTERM)
                if signals > 1:
                    daemon.wait_for("event=draining")
                    daemon.signal(signal.SIGINT)
                self.assertEqual(daemon.wait(), 0)
                self.assertIn("unanswered=12", daemon.wait_for("event=drain_cut")[0])
                for wire in wires:
                    self.assertEqual([json.loads(line)["error"]["code"] for line in wire.rest()], [SHUTTING_DOWN])

    def test_busy_with_everything(self):
        for n in (2, 3):
            with Data() as data, loops(n, "--drain-s", "1", data=data.path) as daemon, Wires(daemon.tcp, 12) as wires:
                sent = b"".join([request("dataset.reload"), request("plan.allocate", {}, id=None), request("system.stats"),
                                 shortlist(1, limit=100), request("plan.wait", {"job": "J000000-1"}),
                                 request("system.info")])
                sent = sent.replace(b"}{", b"}\n{") + b"\n"
                for wire in wires:
                    wire.send(5 * sent)
                wires[0].line()
                daemon.signal(signal.SIGTERM)
                self.assertEqual(daemon.wait(), 0)
                for wire in wires:
                    for line in wire.rest():
                        json.loads(line)


class Start(unittest.TestCase):
    def test_port_in_use(self):
        for first, second in ((2, 2), (1, 2), (2, 1)):
            with loops(first) as daemon:
                refused = run("--data", "data/sample", "--redis", "none", "--loops", str(second), "--listen", daemon.tcp)
                self.assertEqual(refused.returncode, 3)
                self.assertIn("is in use by another program; stop that one, or choose another port", refused.stderr)
                refused = run("--data", "data/sample", "--redis", "none", "--loops", str(second), "--listen", daemon.unix)
                self.assertEqual(refused.returncode, 3)
                self.assertIn("another program listens on", refused.stderr)
                with daemon.wire() as wire:
                    self.assertTrue(wire.call("system.ping")["result"]["ok"], "the first is as it was")

    def test_as_many_as_asked_for(self):
        for asked, n in (("1", 1), ("64", 64), ("0", min(64, len(os.sched_getaffinity(0))))):
            with loops(asked) as daemon, daemon.wire() as wire:
                self.assertEqual(wire.call("system.info")["result"]["loops"], n)
                self.assertEqual(daemon.stop(), 0)
                self.assertEqual("  %d event loops\n" % n in daemon.output.decode(), n > 1)
        refused = run("--data", "data/sample", "--loops", "65")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("--loops: '65' is out of range; expected a whole number from 0 to 64", refused.stderr)

    def test_by_environment(self):
        with Daemon(env={"WELLMATCH_LOOPS": "2"}) as daemon, daemon.wire() as wire:
            if not os.environ.get("LOOPS"):
                self.assertEqual(wire.call("system.info")["result"]["loops"], 2)

    def test_ended_as_it_starts(self):
        for _ in range(5):
            daemon = loops(3)
            daemon.signal(signal.SIGTERM)
            self.assertEqual(daemon.wait(), 0)
            daemon.kill()


if __name__ == "__main__":
    main()
