"""JSON-RPC 2.0 over both transports, rule by rule."""

import json
import os
import random
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import (LEADERS, METHOD, PARAMS, PARSE, POSTS, REQUEST, UNKNOWN, Daemon, Wire, main, request, shortlist,
                     until)


def setUpModule():
    global daemon
    daemon = Daemon()


def tearDownModule():
    code = daemon.stop()
    daemon.kill()
    assert code == 0, "".join(daemon.log)


class Rules:
    """Every rule once; the classes at the end say over what."""

    def setUp(self):
        self.wire = Wire(self.address())

    def tearDown(self):
        self.wire.socket.close()

    def refused(self, line, code, id=None):
        reply = json.loads(self.wire.ask(line))
        self.assertEqual(reply["jsonrpc"], "2.0")
        self.assertEqual(reply["id"], id)
        self.assertNotIn("result", reply)
        self.assertEqual(reply["error"]["code"], code, reply)
        return reply["error"]

    def alive(self):
        self.assertTrue(self.wire.call("system.ping", id="alive")["result"]["ok"])

    def test_ping(self):
        reply = self.wire.call("system.ping", id=7)
        self.assertEqual((reply["jsonrpc"], reply["id"]), ("2.0", 7))
        self.assertEqual(len(reply["result"]["dataset"]), 32)

    def test_ids_byte_for_byte(self):
        ids = ["1", "-0", "0.0", "1E2", "1e-400", "123456789012345678901234567890", '""', '"\\u00e9\\/"', '"\u00e9"',
               "null", '"' + "x" * 1000 + '"']
        for id in ids:
            reply = self.wire.ask(('{"id":%s,"method":"system.ping","jsonrpc":"2.0"}' % id).encode())
            self.assertTrue(reply.startswith(('{"jsonrpc":"2.0","id":%s,' % id).encode()), reply)

    def test_ids_of_other_types(self):
        for id in ("true", "false", "[]", "{}", "[1]"):
            self.refused(('{"jsonrpc":"2.0","id":%s,"method":"system.ping"}' % id).encode(), REQUEST)

    def test_version(self):
        for version in ('"2"', '"1.0"', "2.0", "2", "null", '["2.0"]'):
            self.refused(('{"jsonrpc":%s,"id":5,"method":"system.ping"}' % version).encode(), REQUEST, 5)
        self.refused(b'{"id":5,"method":"system.ping"}', REQUEST, 5)

    def test_method(self):
        for method in ("1", "null", "[]", "{}"):
            self.refused(('{"jsonrpc":"2.0","id":5,"method":%s}' % method).encode(), REQUEST, 5)
        self.refused(b'{"jsonrpc":"2.0","id":5}', REQUEST, 5)
        error = self.refused(request("match.shortlst", id=5), METHOD, 5)
        self.assertIn("match.shortlist", json.dumps(error["data"]["nearest"]))
        for name in ("SYSTEM.PING", "System.ping", " system.ping", "system.ping ", "rpc.ping", "rpc.", ""):
            self.refused(request(name, id=5), METHOD, 5)

    def test_params(self):
        for params in ('"x"', "1", "null", "true"):
            self.refused(('{"jsonrpc":"2.0","id":5,"method":"system.ping","params":%s}' % params).encode(), REQUEST, 5)
        for params in ("[]", "{}"):
            text = '{"jsonrpc":"2.0","id":5,"method":"system.ping","params":%s}' % params
            self.assertIn(b'"ok":true', self.wire.ask(text.encode()))

    def test_params_by_name_and_place(self):
        named = self.wire.call("match.explain", {"leader": LEADERS[0], "post": POSTS[0]})
        self.assertEqual(named, self.wire.call("match.explain", [LEADERS[0], POSTS[0]]))
        self.assertIn("result", named)
        error = self.refused(request("match.shortlist", {"post": POSTS[0], "limt": 3}, 5), PARAMS, 5)
        self.assertEqual((error["data"]["pointer"], error["data"]["nearest"]), ("/limt", "limit"))
        error = self.refused(request("match.shortlist", {"post": POSTS[0], "limit": "3"}, 5), PARAMS, 5)
        self.assertEqual(error["data"]["pointer"], "/limit")
        self.refused(request("match.shortlist", {}, 5), PARAMS, 5)
        error = self.refused(request("match.shortlist", {"post": POSTS[0] + "X"}, 5), UNKNOWN, 5)
        self.assertEqual(error["data"]["kind"], "post")

    def test_texts_that_are_no_json(self):
        for text in (b"not", b"{", b"[", b'{"jsonrpc":"2.0",}', b"{'a':1}", b"01", b"+1", b"NaN", b"Infinity", b"[1,]",
                     b'"a', b"\x00", b'{"jsonrpc":"2.0","id":1,"method":"system.ping"} x', b'"\xff"', b'"\xc0\xaf"',
                     b'"\xed\xa0\x80"', b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\x"', b'"\t"', b"\xef\xbb\xbf{}",
                     b"{}{}", b'{"a":NaN}'):
            error = self.refused(text, PARSE)
            self.assertIsInstance(error["data"]["offset"], int)
        self.alive()

    def test_values_that_are_no_request(self):
        for text in (b"1", b'"x"', b"true", b"null", b"{}", b'{"a":1}', b"1e999"):
            self.refused(text, REQUEST)

    def test_members_twice(self):
        self.refused(b'{"jsonrpc":"2.0","jsonrpc":"2.0","id":5,"method":"system.ping"}', REQUEST, 5)
        self.refused(b'{"jsonrpc":"2.0","id":5,"method":"system.ping","method":"system.info"}', REQUEST, 5)
        self.refused(b'{"jsonrpc":"2.0","id":5,"id":6,"method":"system.ping"}', REQUEST)
        params = '{"post":"%s","post":"%s"}' % (POSTS[0], POSTS[1])
        self.refused(request("match.shortlist", id=5)[:-1] + b',"params":' + params.encode() + b"}", PARAMS, 5)

    def test_notifications_are_never_answered(self):
        for text in (request("system.ping", id=None), request("no.such", id=None),
                     request("match.shortlist", {"x": 1}, None),
                     b"[" + request("system.ping", id=None) + b"," + request("no.such", id=None) + b"]"):
            self.wire.send(text + b"\n")
        self.wire.send(request("system.ping", id="last") + b"\n")
        self.assertEqual(json.loads(self.wire.line())["id"], "last")

    def test_batches(self):
        self.refused(b"[]", REQUEST)
        for text, n in ((b"[1]", 1), (b"[1,2,3]", 3), (b"[[]]", 1), (b"[[" + request("system.ping") + b"]]", 1),
                        (b"[{}]", 1)):
            replies = json.loads(self.wire.ask(text))
            self.assertEqual([(r["id"], r["error"]["code"]) for r in replies], [(None, REQUEST)] * n)
        members = [request("system.ping", id="a"), request("system.ping", id=None), b"7", request("no.such", id="b"),
                   shortlist(3, id="c"), request("match.shortlist", {}, "d"), shortlist(3, id="e")]
        replies = json.loads(self.wire.ask(b"[" + b",".join(members) + b"]"))
        self.assertEqual([r["id"] for r in replies], ["a", None, "b", "c", "d", "e"])
        self.assertEqual([r.get("error", {}).get("code") for r in replies], [None, REQUEST, METHOD, None, PARAMS, None])
        self.assertEqual(replies[3]["result"], replies[5]["result"])

    def test_batch_with_the_same_id_twice(self):
        replies = json.loads(self.wire.ask(b"[" + b",".join([request("system.ping", id=1)] * 2) + b"]"))
        self.assertEqual([r["id"] for r in replies], [1, 1])

    def test_one_byte_at_a_time(self):
        for byte in request("system.ping", id="slow") + b"\r\n" + b"[" + request("system.ping", id="b") + b"]\n":
            self.wire.send(bytes([byte]))
        self.assertEqual(json.loads(self.wire.line())["id"], "slow")
        self.assertEqual(json.loads(self.wire.line())[0]["id"], "b")

    def test_line_ends_and_blank_lines(self):
        self.wire.send(b"\r\n\n  \n\t\r\n" + request("system.ping", id=1) + b"\r\n\n")
        self.wire.send(b"  " + request("system.ping", id=2) + b"  \n")
        self.assertEqual([json.loads(line)["id"] for line in self.wire.lines(2)], [1, 2])

    def test_half_close_with_line_end(self):
        self.wire.send(shortlist(1, id="x") + b"\n" + request("system.ping", id="y") + b"\n")
        self.wire.end()
        self.assertEqual({json.loads(line)["id"] for line in self.wire.rest()}, {"x", "y"})

    def test_half_close_without_line_end(self):
        self.wire.send(request("system.ping", id="x") + b"\n" + shortlist(2, id="y"))
        self.wire.end()
        self.assertEqual({json.loads(line)["id"] for line in self.wire.rest()}, {"x", "y"})

    def test_half_close_in_the_middle(self):
        self.wire.send(request("system.ping", id="x") + b"\n" + b'{"jsonrpc":"2.0"')
        self.wire.end()
        first, second = self.wire.rest()
        self.assertEqual(json.loads(first)["id"], "x")
        self.assertEqual(json.loads(second)["error"]["code"], PARSE)

    def test_half_close_without_a_word(self):
        self.wire.end()
        self.assertEqual(self.wire.rest(), [])

    def test_thousand_pipelined(self):
        self.wire.send(b"".join(shortlist(i, id=i, limit=1) + b"\n" for i in range(1000)))
        replies = {}
        for line in self.wire.lines(1000):
            reply = json.loads(line)
            replies[reply["id"]] = reply["result"]["post"]["post_id"]
        self.assertEqual(replies, {i: POSTS[i % len(POSTS)] for i in range(1000)})

    def test_one_write_for_one_read(self):
        def writes_of_fifty():
            before = self.wire.stats()["counters"]["writes"]
            self.wire.send(b"".join(request("system.ping", id=i) + b"\n" for i in range(50)))
            self.wire.lines(50)
            return self.wire.stats()["counters"]["writes"] - before
        # One for the fifty, one for the first stats. On a busy machine a turn may end early, but not each time.
        self.assertEqual(min(writes_of_fifty() for _ in range(20)), 2)

    def test_equal_questions_equal_bytes(self):
        first = self.wire.ask(shortlist(5))
        with Wire(daemon.tcp) as other:
            self.assertEqual(first, other.ask(shortlist(5)))

    def test_gone_in_the_middle(self):
        many = b"".join(shortlist(i, id=i) + b"\n" for i in range(100))
        for text in (b'{"jsonrpc"', shortlist(7), shortlist(8) + b"\n", many):
            wire = Wire(self.address())
            wire.send(text)
            wire.socket.close()
        self.alive()

    def test_fifty_at_once(self):
        expected = [json.loads(self.wire.ask(shortlist(i)))["result"] for i in range(len(POSTS))]
        wrong = []

        def client(n):
            try:
                with Wire(self.address()) as wire:
                    for k in range(20):
                        i = (n * 7 + k) % len(POSTS)
                        reply = json.loads(wire.ask(shortlist(i, id=k)))
                        if reply["id"] != k or reply["result"] != expected[i]:
                            wrong.append(reply)
            except Exception as error:  # whatever it was, the test must hear of it
                wrong.append(error)

        threads = [threading.Thread(target=client, args=(n,)) for n in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])


class Tcp(Rules, unittest.TestCase):
    def address(self):
        return daemon.tcp


class Unix(Rules, unittest.TestCase):
    def address(self):
        return daemon.unix


class Host(unittest.TestCase):
    """What the service tells of itself."""

    def test_info(self):
        with daemon.wire() as wire:
            info = wire.call("system.info")["result"]
        self.assertEqual(sorted(info["listen"]), sorted(daemon.addresses))
        self.assertFalse(info["redis"]["configured"])
        self.assertEqual(info["ceilings"]["connections_max"], 1024)

    def test_discover(self):
        with daemon.wire() as wire:
            discover = wire.call("rpc.discover")["result"]
        text = json.dumps(discover)
        for ceiling in ("connections_max", "in_flight_max", "output_max_bytes"):
            self.assertIn(ceiling, text)

    def test_stats_count(self):
        with daemon.wire() as wire:
            before = wire.stats()
            wire.ask(b"not json")
            wire.call("system.ping")
            wire.ask(b"[" + request("system.ping") + b"]")
            after = wire.stats()
        def grown(*path):
            values = []
            for stats in (after, before):
                for name in path:
                    stats = stats.get(name, 0) if isinstance(stats, dict) else stats
                values.append(stats)
            return values[0] - values[1]
        self.assertEqual(grown("methods", "system.ping", "requests"), 2)
        self.assertEqual(grown("methods", "system.ping", "latency_us", "n"), 2)
        self.assertEqual(grown("errors", "parse_error"), 1)
        self.assertEqual(grown("counters", "batches"), 1)
        self.assertGreater(grown("counters", "bytes_in"), 0)

    def test_connections_are_counted_down(self):
        with daemon.wire() as wire:
            others = [daemon.wire() for _ in range(5)]
            for other in others:
                other.call("system.ping")
            self.assertGreaterEqual(wire.stats()["counters"]["connections_now"], 6)
            for other in others:
                other.socket.close()
            until(lambda: wire.stats()["counters"]["connections_now"] == 1, "only this connection is left")

    def test_no_code_of_a_person_in_the_log(self):
        with daemon.wire() as wire:
            wire.call("match.opportunities", {"leader": LEADERS[1]})
            wire.call("match.opportunities", {"leader": "nobody"})
        self.assertFalse([line for line in daemon.log if LEADERS[1] in line or "nobody" in line])


class Kept(unittest.TestCase):
    def test_kept_answers_among_others(self):
        """Answers written from where the cache has them, beside new ones that push them out of it, faults and small ones."""
        draw = random.Random(4)
        with Daemon("--cache-mib", "1") as daemon, daemon.wire() as wire, daemon.wire() as one:
            known = [shortlist(i, id="?", limit=20) for i in range(30)]
            answers = [one.ask(line) for line in known]
            lines, expected = [], []
            for n in range(3000):
                kind = draw.randrange(10)
                if kind < 7:
                    i = draw.randrange(len(known))
                    lines.append(known[i].replace(b'"?"', b"%d" % n))
                    expected.append(answers[i].replace(b'"?"', b"%d" % n, 1))
                elif kind == 7:
                    lines.append(shortlist(n, id=n, limit=20))
                    expected.append(None)
                elif kind == 8:
                    lines.append(request("system.ping", id=n))
                    expected.append(None)
                else:
                    lines.append(b'{"jsonrpc":"2.0","id":%d,"method":"match.shortlist","params":{"post":]}' % n)
                    expected.append(b"fault")
            sender = threading.Thread(target=lambda: wire.send(b"\n".join(lines) + b"\n"))
            sender.start()
            replies, faults = {}, 0
            for line in wire.lines(len(lines)):
                message = json.loads(line)
                faults += message["id"] is None
                replies[message["id"]] = line
            sender.join()
            self.assertEqual(faults, expected.count(b"fault"))
            for n, line in enumerate(expected):
                if line not in (None, b"fault"):
                    self.assertEqual(replies[n].strip(), line.strip())
                elif line is None:
                    self.assertIn("result", json.loads(replies[n]))


if __name__ == "__main__":
    main()
