"""Every ceiling: reached it works, one past it there is a named error, and the connection and the daemon live on."""

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import (LEADERS, OVERLOADED, POSTS, REQUEST, TOO_LARGE, WELLMATCHD, Daemon, Held, Wire, WithWire, main, request,
                     shortlist, until)

LINE = 1 << 20
BATCH = 1000
DEPTH = 64
ANSWER = 900000


def padded(message, length):
    return message + b" " * (length - len(message))


class Lines(WithWire):
    def too_large(self, line, what, limit, id=None):
        reply = json.loads(line)
        self.assertEqual((reply["id"], reply["error"]["code"]), (id, TOO_LARGE), line[:300])
        self.assertEqual(reply["error"]["data"], {"limit": limit, "what": what})

    def alive(self):
        self.assertTrue(self.wire.call("system.ping", id="alive")["result"]["ok"])

    def test_line(self):
        ping = request("system.ping", id=9)
        self.assertEqual(json.loads(self.wire.ask(padded(ping, LINE)))["id"], 9)
        self.assertEqual(json.loads(self.wire.ask(padded(ping, LINE) + b"\r"))["id"], 9)
        self.too_large(self.wire.ask(padded(ping, LINE + 1)), "line", LINE)
        self.alive()

    def test_line_far_too_long_is_said_once(self):
        self.wire.send(b"x" * (3 * LINE) + b"\n" + request("system.ping", id="after") + b"\n")
        self.too_large(self.wire.line(), "line", LINE)
        self.assertEqual(json.loads(self.wire.line())["id"], "after")

    def test_line_too_long_and_no_more(self):
        self.wire.send(b"x" * (LINE + 1))
        self.wire.end()
        lines = self.wire.rest()
        self.assertEqual(len(lines), 1)
        self.too_large(lines[0], "line", LINE)

    def test_batch(self):
        ping = request("system.ping")
        self.assertEqual(len(json.loads(self.wire.ask(b"[" + b",".join([ping] * BATCH) + b"]"))), BATCH)
        self.too_large(self.wire.ask(b"[" + b",".join([ping] * (BATCH + 1)) + b"]"), "batch", BATCH)
        self.alive()

    def test_depth(self):
        nested = lambda n: b"[" * n + b"]" * n
        self.assertEqual(json.loads(self.wire.ask(nested(DEPTH)))[0]["error"]["code"], REQUEST)
        self.too_large(self.wire.ask(nested(DEPTH + 1)), "depth", DEPTH)
        self.too_large(self.wire.ask(b"[" * 500000), "depth", DEPTH)
        self.alive()

    def test_batch_of_thousand_scorings(self):
        line = self.wire.ask(b"[" + b",".join(shortlist(i, id=i, limit=1) for i in range(BATCH)) + b"]")
        self.assertLessEqual(len(line), ANSWER)
        self.assertEqual([r["id"] for r in json.loads(line)], list(range(BATCH)))

    def test_answer_of_a_batch(self):
        members = [shortlist(i, id=i, limit=100) for i in range(len(POSTS))]
        sizes = [len(self.wire.ask(member)) for member in members]
        self.assertGreater(sum(sizes), ANSWER, "the test needs more than fits")
        lines = [self.wire.ask(b"[" + b",".join(members) + b"]") for _ in range(2)]
        self.assertEqual(*lines)
        self.assertLessEqual(len(lines[0]), ANSWER)
        replies = json.loads(lines[0])
        self.assertEqual([r["id"] for r in replies], list(range(len(POSTS))))
        whole = [r for r in replies if "result" in r]
        cut = [r for r in replies if "error" in r]
        self.assertTrue(all(r["error"]["code"] == TOO_LARGE for r in cut))
        self.assertTrue(cut)
        # The first that is missing is the first that did not fit: one more would have passed the ceiling.
        first = replies.index(cut[0])
        self.assertGreater(len(lines[0]) + sizes[first], ANSWER)
        self.assertEqual(whole[0]["result"], json.loads(self.wire.ask(members[0]))["result"])

    def test_batch_of_long_ids(self):
        ids = ["i%0999d" % i for i in range(BATCH)]
        line = self.wire.ask(b"[" + b",".join(request("nil", id=id) for id in ids) + b"]")
        self.assertLessEqual(len(line), ANSWER)
        self.too_large(line, "answer: the ids alone fill it", ANSWER)
        self.alive()

    def test_long_id(self):
        id = "x" * 1022
        self.assertEqual(self.wire.call("system.ping", id=id)["id"], id)
        self.too_large(self.wire.ask(request("system.ping", id=id + "x")), "id", 1024)
        self.alive()

    def test_empty_lines_beyond_count(self):
        self.wire.send(b"\n" * 500000)
        self.alive()

    def test_many_small_refusals(self):
        self.wire.send(b"1\n" * 20000)
        self.assertEqual({json.loads(line)["error"]["code"] for line in self.wire.lines(20000)}, {REQUEST})


class Connections(unittest.TestCase):
    def test_connections(self):
        with Daemon("--connections-max", "5") as daemon:
            wires = [daemon.wire() for _ in range(5)]
            for wire in wires:
                wire.call("system.ping")
            with Wire(daemon.tcp) as sixth:
                sixth.send(request("system.ping") + b"\n")
                reply = json.loads(sixth.line())
                self.assertEqual((reply["id"], reply["error"]["code"]), (None, OVERLOADED))
                self.assertGreaterEqual(reply["error"]["data"]["retry_after_s"], 1)
                self.assertIn("queue_depth", reply["error"]["data"])
                self.assertIsNone(sixth.line())
            self.assertEqual(wires[0].stats()["counters"]["connections_refused"], 1)
            wires.pop().socket.close()
            until(lambda: wires[0].stats()["counters"]["connections_now"] == 4, "a place is free")
            with daemon.wire() as again:
                again.call("system.ping")
            for wire in wires:
                wire.socket.close()

    def test_many_beyond(self):
        with Daemon("--connections-max", "1") as daemon, daemon.wire() as wire:
            wire.call("system.ping")
            beyond = [Wire(daemon.unix) for _ in range(60)]
            for other in beyond:
                self.assertLessEqual(len(other.rest()), 1)
                other.socket.close()
            self.assertEqual(wire.stats()["counters"]["connections_refused"], 60)

    def test_few_descriptors(self):
        self.check_few_descriptors(1, 64)

    def test_few_descriptors_for_two_loops(self):
        self.check_few_descriptors(2, 96)

    def check_few_descriptors(self, n_loops, limit):
        with Daemon("--loops", str(n_loops), limit=limit) as daemon:
            daemon.wait_for("event=connections_lowered")
            wires = []
            with daemon.wire() as first:
                room = first.call("system.info")["result"]["ceilings"]["connections_max"]
                self.assertLess(room, limit)
                for _ in range(100):
                    wires.append(daemon.wire())
                refused = [wire for wire in wires[room - 1:] if (wire.line() or b"").count(b"overloaded") in (0, 1)]
                self.assertEqual(len(refused), 100 - (room - 1))
                for wire in wires[:room - 1]:
                    wire.call("system.ping")
                for wire in wires:
                    wire.socket.close()
                until(lambda: first.stats()["counters"]["connections_now"] == 1, "all others are closed")
                self.assertEqual(first.stats()["counters"]["accept_pauses"], 0)
            with daemon.wire() as again:
                self.assertTrue(again.call("system.ping")["result"]["ok"])

    def test_no_descriptor_at_all(self):
        with Daemon() as daemon, daemon.wire() as first:
            first.call("system.ping")
            pid = daemon.process.pid
            before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            open_now = max(int(name) for name in os.listdir("/proc/%d/fd" % pid)) + 1
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (open_now, before[1]))
            with daemon.wire() as waiting:
                waiting.send(request("system.ping", id="waited") + b"\n")
                daemon.wait_for("event=accept_paused")
                self.assertTrue(first.call("system.ping")["result"]["ok"])
                until(lambda: first.stats()["counters"]["accept_pauses"] >= 3, "accepting pauses again")
                self.assertLess(len([line for line in daemon.log if "accept_paused" in line]), 12)
                resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
                self.assertEqual(json.loads(waiting.line())["id"], "waited")


class Queues(unittest.TestCase):
    def test_in_flight_of_one_connection(self):
        with Held("--in-flight-max", "8") as (daemon, redis), daemon.wire() as wire, daemon.wire() as other:
            wire.send(b"".join(shortlist(i, id=i) + b"\n" for i in range(9)))
            reply = json.loads(wire.line())
            self.assertEqual((reply["id"], reply["error"]["code"]), (8, OVERLOADED))
            self.assertEqual(reply["error"]["data"]["queue_depth"], 8)
            self.assertTrue(wire.call("system.ping")["result"]["ok"], "what needs no waiting is answered")
            other.send(shortlist(20, id="other") + b"\n")
            redis.wait_for_gets(9)
            redis.release()
            self.assertEqual({json.loads(line)["id"] for line in wire.lines(8)}, set(range(8)))
            self.assertEqual(json.loads(other.line())["id"], "other")
            self.assertIn("result", json.loads(wire.ask(shortlist(30))))

    def test_queue_of_all(self):
        with Held("--queue-max", "4", "--loops", "1") as (daemon, redis), daemon.wire() as wire, daemon.wire() as other:
            wire.send(b"".join(shortlist(i, id=i) + b"\n" for i in range(4)))
            redis.wait_for_gets(4)
            reply = json.loads(other.ask(shortlist(4)))
            self.assertEqual(reply["error"]["code"], OVERLOADED)
            other.send(shortlist(3, id="joined") + b"\n")  # an equal question needs no place of its own
            until(lambda: wire.stats()["counters"]["coalesced"] == 1, "the equal question has joined")
            redis.release()
            self.assertEqual({json.loads(line)["id"] for line in wire.lines(4)}, set(range(4)))
            self.assertEqual(json.loads(other.line())["id"], "joined")

    def test_wait_in_the_queue(self):
        """Past what the workers can do in time, work is refused at once, with when to come back; then all is well."""
        with tempfile.TemporaryDirectory() as folder:
            data = os.path.join(folder, "data")
            subprocess.run([os.path.join(os.path.dirname(WELLMATCHD), "wellmatch"), "generate", "--leaders", "30000",
                            "--posts", "9", data], check=True, stdout=subprocess.DEVNULL)
            ask = lambda i: request("match.shortlist", {"post": "V00001", "offset": i}, i)
            with Daemon("--queue-ms", "1", "--threads", "1", "--cache-mib", "0", data=data) as daemon, daemon.wire() as wire:
                for i in range(50):  # one at a time: nobody waits
                    self.assertIn("result", json.loads(wire.ask(ask(i))))
                wire.send(b"".join(ask(i) + b"\n" for i in range(500)))
                replies = [json.loads(line) for line in wire.lines(500)]
                self.assertEqual({reply["id"] for reply in replies}, set(range(500)))
                refused = [reply["error"] for reply in replies if "error" in reply]
                self.assertTrue(0 < len(refused) < 500, len(refused))
                for error in refused:
                    self.assertEqual((error["code"], error["data"]["what"], error["data"]["limit"]),
                                     (OVERLOADED, "milliseconds to wait", 1))
                    self.assertGreaterEqual(error["data"]["retry_after_s"], 1)
                self.assertIn("result", json.loads(wire.ask(ask(501))))

    def test_batch_past_in_flight(self):
        with Held("--in-flight-max", "3") as (daemon, redis), daemon.wire() as wire:
            wire.send(b"[" + b",".join(shortlist(i, id=i) for i in range(5)) + b"]\n")
            redis.wait_for_gets(3)
            redis.release()
            replies = json.loads(wire.line())
            self.assertEqual([r.get("error", {}).get("code") for r in replies], [None] * 3 + [OVERLOADED] * 2)


class Turns(unittest.TestCase):
    """Answers that are found all at once do not keep the loop: whoever asks meanwhile is answered before the last of them."""

    def check_answered_among(self, n, n_gets, ask):
        """`n` wait for Redis on each of ten connections, `ask(k, i)` each; another asks once it has answered."""
        with Held("--loops", "1", "--queue-max", "20000") as (daemon, redis), daemon.wire() as other, contextlib.ExitStack() as stack:
            wires = [stack.enter_context(daemon.wire()) for _ in range(10)]
            for k, wire in enumerate(wires):
                wire.send(b"".join(ask(k, i) + b"\n" for i in range(n)))
            until(lambda: other.stats()["counters"]["in_flight_now"] == 10 * n, "all wait")
            redis.wait_for_gets(n_gets)
            pid = daemon.process.pid
            os.kill(pid, signal.SIGSTOP)  # so that it finds Redis's answers first, and the question when it has looked at them
            os.waitpid(pid, os.WUNTRACED)
            redis.release()
            other.send(request("system.stats") + b"\n")
            os.kill(pid, signal.SIGCONT)
            waiting = json.loads(other.line())["result"]["counters"]["in_flight_now"]
            self.assertGreater(waiting, 0, "it was answered after all of them")
            for wire in wires:
                with wire.socket.makefile("rb") as file:
                    replies = [json.loads(file.readline()) for _ in range(n)]
                self.assertEqual(sorted(reply["id"] for reply in replies), list(range(n)))
                self.assertFalse([reply for reply in replies if "result" not in reply])
            counters = other.stats()["counters"]
            self.assertEqual((counters["in_flight_now"], counters["jobs_now"]), (0, 0))

    def test_many_questions(self):
        """All that is asked at once is not looked at before somebody who asks last."""
        n = 500
        with Held("--loops", "1") as (daemon, redis), daemon.wire() as other, contextlib.ExitStack() as stack:
            wires = [stack.enter_context(daemon.wire()) for _ in range(10)]
            for wire in [other, *wires]:
                wire.call("system.ping")
            pid = daemon.process.pid
            os.kill(pid, signal.SIGSTOP)
            os.waitpid(pid, os.WUNTRACED)
            for wire in wires:
                wire.send(b"".join(shortlist(id=i, limit=1) + b"\n" for i in range(n)))  # less than is read at a time
            other.send(request("system.stats") + b"\n")
            os.kill(pid, signal.SIGCONT)
            taken = json.loads(other.line())["result"]["counters"]["in_flight_now"]
            self.assertLess(taken, 10 * n, "it was answered after all of them were looked at")
            until(lambda: other.stats()["counters"]["in_flight_now"] == 10 * n, "all wait")
            redis.release()
            for wire in wires:
                with wire.socket.makefile("rb") as file:
                    self.assertEqual(sorted(json.loads(file.readline())["id"] for _ in range(n)), list(range(n)))

    def test_many_who_wait_for_one_answer(self):
        self.check_answered_among(1000, 1, lambda k, i: shortlist(id=i, limit=1))

    def test_many_answers(self):
        self.check_answered_among(100, 1000, lambda k, i: shortlist(100 * k + i, id=i, limit=1))


class Output(unittest.TestCase):
    def test_reader_that_comes_late_gets_everything(self):
        with Daemon("--output-mib", "1", "--cache-mib", "0") as daemon, daemon.wire() as wire, daemon.wire() as other:
            n = 400
            wire.send(b"".join(shortlist(i, id=i, limit=100) + b"\n" for i in range(n)))
            until(lambda: other.stats()["counters"]["bytes_in"] > 0, "it has begun")
            self.assertTrue(other.call("system.ping")["result"]["ok"])
            replies = [json.loads(line) for line in wire.lines(n)]
            self.assertEqual(sorted(r["id"] for r in replies), list(range(n)))
            self.assertFalse([r for r in replies if "error" in r], "requests wait where answers are not read")

    def test_memory_stays_bounded(self):
        with Daemon("--output-mib", "1", "--cache-mib", "0") as daemon, daemon.wire() as wire, daemon.wire() as other:
            wire.socket.settimeout(1)
            before = other.stats()["process"]["rss_bytes"]
            ask = b"".join(shortlist(i, id=i, limit=100) + b"\n" for i in range(1000))
            try:
                for _ in range(100):  # some 4 GB of answers
                    wire.send(ask)
            except TimeoutError:
                pass  # it reads no more: that is the point
            else:
                self.fail("it reads on although nothing is taken")
            self.assertLess(other.stats()["process"]["rss_bytes"] - before, 16 << 20)

    def test_memory_of_all_stays_bounded(self):
        """Many who do not read: each alone might have 16 MiB waiting for it; together they may not."""
        with Daemon("--output-total-mib", "2", "--cache-mib", "0") as daemon, daemon.wire() as other:
            before = other.stats()["process"]["rss_bytes"]
            ask = b"".join(shortlist(i, id=i, limit=100) + b"\n" for i in range(1000))
            wires = [daemon.wire(receive_buffer=4096) for _ in range(20)]
            for wire in wires:
                wire.socket.settimeout(0.2)
                try:
                    for _ in range(100):
                        wire.send(ask)
                except TimeoutError:
                    pass
                else:
                    self.fail("it reads on although nothing is taken")
            sanitised = "san" in os.environ.get("BUILD", "")  # keeps what is freed, to see who uses it
            self.assertLess(other.stats()["process"]["rss_bytes"] - before, 1 << 30 if sanitised else 64 << 20)
            wires[0].socket.settimeout(60)
            self.assertEqual(json.loads(wires[0].line())["id"], 0)  # what waits is not lost
            for wire in wires:
                wire.socket.close()
            until(lambda: other.stats()["counters"]["connections_now"] == 1, "they have gone")

    def test_answers_past_the_ceiling_of_all(self):
        """What was asked before the ceiling is reached, by many: each has room for its answers, all together have not."""
        n = 200
        with Held("--output-total-mib", "2", "--cache-mib", "0") as (daemon, redis), daemon.wire() as other, \
                daemon.wire() as one, daemon.wire() as two:
            for k, wire in enumerate((one, two)):
                wire.send(b"".join(shortlist(i, id=i, limit=50 + k) + b"\n" for i in range(n)))
            redis.wait_for_gets(2 * n)
            before = other.stats()["process"]["rss_bytes"]
            redis.release()
            until(lambda: other.stats()["counters"]["in_flight_now"] == 0, "all are answered")
            self.assertIn("result", other.call("match.explain", {"leader": LEADERS[0], "post": POSTS[0]}), "who reads has room")
            sanitised = "san" in os.environ.get("BUILD", "")
            self.assertLess(other.stats()["process"]["rss_bytes"] - before, 1 << 30 if sanitised else 8 << 20)
            refused = 0
            for wire in (one, two):
                replies = [json.loads(line) for line in wire.lines(n)]
                self.assertEqual(sorted(r["id"] for r in replies), list(range(n)))
                errors = [r["error"] for r in replies if "error" in r]
                self.assertTrue(all(e["code"] == OVERLOADED and e["data"]["limit"] == 2 << 20 for e in errors), errors[:1])
                refused += len(errors)
            self.assertTrue(0 < refused < 2 * n, refused)

    def test_line_that_never_ends(self):
        with Daemon("--stall-s", "1") as daemon, daemon.wire() as wire, daemon.wire() as other, daemon.wire() as idle:
            wire.send(b'{"jsonrpc":')
            daemon.wait_for("event=connection_stalled")
            self.assertIsNone(wire.line())
            self.assertEqual(other.stats()["counters"]["connections_stalled"], 1)
            self.assertTrue(idle.call("system.ping")["result"]["ok"], "who says nothing may stay")

    def test_answers_past_the_ceiling(self):
        with Held("--output-mib", "1", "--cache-mib", "0") as (daemon, redis), \
                daemon.wire() as wire, daemon.wire() as other:
            n = 200
            wire.send(b"".join(shortlist(i, id=i, limit=100) + b"\n" for i in range(n)))
            redis.wait_for_gets(n)
            redis.release()
            until(lambda: other.stats()["counters"]["in_flight_now"] == 0, "all are answered")
            replies = [json.loads(line) for line in wire.lines(n)]
            self.assertEqual(sorted(r["id"] for r in replies), list(range(n)))
            refused = [r for r in replies if "error" in r]
            self.assertEqual({r["error"]["code"] for r in refused}, {TOO_LARGE})
            self.assertEqual(refused[0]["error"]["data"]["limit"], 1 << 20)
            self.assertTrue(wire.call("system.ping")["result"]["ok"])

    def test_reader_that_never_reads(self):
        with Daemon("--stall-s", "1", "--output-mib", "1", "--cache-mib", "0") as daemon, \
                daemon.wire() as wire, daemon.wire() as other:
            wire.send(b"".join(shortlist(i, id=i, limit=100) + b"\n" for i in range(200)))
            daemon.wait_for("event=connection_stalled")
            self.assertEqual(other.stats()["counters"]["connections_stalled"], 1)
            self.assertEqual(other.stats()["counters"]["connections_now"], 1)


if __name__ == "__main__":
    main()
