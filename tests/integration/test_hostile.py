"""Hostile and careless callers: requests with a byte wrong, answers that must agree with each other to the last digit,
one question written in many ways, pages of every size, and an end in the middle of everything."""

import json
import os
import random
import signal
import sys
import threading
import unittest
from decimal import Decimal

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import METHOD, OVERLOADED, PARAMS, PARSE, PATIENCE, POSTS, REQUEST, SHUTTING_DOWN, UNKNOWN, Daemon, Wire, WithWire, main, request, shortlist


def exact(line):
    """The result of a reply, its numbers as they are written."""
    return json.loads(line, parse_float=Decimal)["result"]


class Sample(WithWire):
    def ask(self, method, params):
        return exact(self.wire.ask(request(method, params)))


class OneByteWrong(Sample):
    ASKED = (b'{"jsonrpc":"2.0","id":"a\\u00e9\xc3\xa9","method":"match.shortlist","params":'
             b'{"post":"V00001","limit":1e0,"filters":{"within_km":50.5,"grades":["vsm"],"without":[]}}}')
    BYTES = b'\x00\x01 "\\{}[],:-+.0eE9\x7f\x80\xbf\xc0\xe0\xed\xf4\xff'

    def mutants(self):
        yield from (self.ASKED[:i] for i in range(1, len(self.ASKED)))
        for i in range(len(self.ASKED)):
            yield self.ASKED[:i] + self.ASKED[i + 1:]
            for byte in self.BYTES:
                yield self.ASKED[:i] + bytes([byte]) + self.ASKED[i + 1:]
                yield self.ASKED[:i] + bytes([byte]) + self.ASKED[i:]

    def reply(self, wire, line):
        """The reply to a line, or None; the connection must outlive it."""
        wire.send(line + b"\n" + request("system.ping", id="end") + b"\n")
        first = wire.line()
        self.assertIsNotNone(first, line)
        if b'"id":"end"' in first:
            return None
        self.assertIn(b'"id":"end"', wire.line() or b"", line)
        return first

    def test_is_an_error_or_an_answer_and_the_same_over_both(self):
        codes, n_results = set(), 0
        with Wire(self.daemon.tcp) as tcp, Wire(self.daemon.unix) as unix:
            for line in self.mutants():
                reply = self.reply(tcp, line)
                self.assertEqual(reply, self.reply(unix, line), line)
                if reply is None:  # the id was not called id any more
                    self.assertNotIn("id", json.loads(line))
                    continue
                answer = json.loads(reply)
                self.assertEqual(answer["jsonrpc"], "2.0")
                if "error" in answer:
                    codes.add(answer["error"]["code"])
                if "result" in answer:
                    n_results += 1
                try:
                    line.decode("utf-8")
                    json.loads(line, parse_constant=int)
                except ValueError:
                    self.assertEqual(answer["error"]["code"], PARSE, line)
        self.assertEqual(codes, {PARSE, REQUEST, METHOD, PARAMS, UNKNOWN})
        self.assertGreater(n_results, 20)


class Agreement(Sample):
    def check_match(self, row):
        parts, terms = row["parts"], row["accept_parts"]
        self.assertEqual(sum(parts["by_domain"].values()), row["expected_benefit"])
        self.assertEqual(sum(row["fit_parts"].values()), parts["fit"])
        self.assertEqual(sum(v for k, v in terms.items() if k not in ("logit", "wants")) + sum(terms["wants"].values()), terms["logit"])
        self.assertLess(abs(1 / (1 + (-terms["logit"]).exp()) - parts["accept"]), Decimal("0.000002"))
        self.assertLess(abs(parts["severity"] * parts["fit"] * parts["accept"] - row["expected_benefit"]), Decimal("0.000003"))

    def test_parts_add_up_as_written(self):
        n_rows = 0
        for post in POSTS:
            answer = self.ask("match.shortlist", {"post": post, "limit": 1000})
            self.assertEqual(answer["considered"] - answer["eligible"], sum(rule["refused"] for rule in answer["refused"]))
            severity, rows = answer["post"]["severity"], answer["rows"]
            if severity["known"]:
                present = [signal for signal in severity["signals"] if signal["present"]]
                self.assertEqual(sum(signal["part"] for signal in present), severity["value"])
            for row, after in zip(rows, rows[1:] + [None]):
                n_rows += 1
                self.check_match(row)
                self.assertEqual(row["margin"], row["expected_benefit"] - after["expected_benefit"] if after else None)
        self.assertGreater(n_rows, 300)

    def test_all_methods_say_the_same_of_a_pair(self):
        n_pairs = 0
        for post in POSTS:
            for row in self.ask("match.shortlist", {"post": post, "limit": 3})["rows"]:
                n_pairs += 1
                pair = {"leader": row["leader_id"], "post": post}
                explained, compared = self.ask("match.explain", pair), self.ask("match.compare_packages", pair)
                self.assertEqual(explained["rank"], row["rank"])
                for name, value in explained["match"].items():
                    self.assertEqual(value, row.get(name, value), name)
                self.assertEqual({missing["name"] for missing in explained["missing"]}, set(row["missing"]))
                self.assertEqual(sum(domain["expected_part"] for domain in explained["domains"]), row["expected_benefit"])
                self.assertEqual(explained["packages"], compared["packages"])
                [best] = [package for package in compared["packages"] if package["best"]]
                self.assertEqual((best["package_id"], best["expected_benefit"]), (row["package_id"], row["expected_benefit"]))
                self.assertEqual(best["expected_benefit"], max(p["expected_benefit"] for p in compared["packages"] if p["allowed"]))
                seen = self.ask("match.opportunities", {"leader": row["leader_id"], "filters": {"posts": [post]}})["rows"]
                self.assertEqual([r["expected_benefit"] for r in seen], [row["expected_benefit"]])
        self.assertGreater(n_pairs, 100)

    def test_pages_of_any_size_are_the_whole(self):
        whole = self.ask("match.shortlist", {"post": POSTS[0], "limit": 1000})
        self.assertGreater(len(whole["rows"]), 20)
        for size in (1, 7, len(whole["rows"]) - 1, len(whole["rows"]), len(whole["rows"]) + 1):
            rows, offset = [], 0
            while offset is not None:
                page = self.ask("match.shortlist", {"post": POSTS[0], "limit": size, "offset": offset})
                self.assertLessEqual(len(page["rows"]), size)
                rows, offset = rows + page["rows"], page["next_offset"]
            self.assertEqual(rows, whole["rows"])

    def test_one_question_written_in_many_ways(self):
        ways = [b'{"post":"V00001"}', b'["V00001"]', b'["V00001",null,0,null,{}]', b'{"limit":1e1,"post":"V\\u0030\\u0030001"}',
                b' { "post" : "V00001" , "offset" : 0.0 , "packages" : null } ', b'{"filters":{"without":[],"grades":null},"post":"V00001"}']
        line = b'{"jsonrpc":"2.0","id":1,"method":"match.shortlist","params":%s}'
        self.assertEqual(len({self.wire.ask(line % way) for way in ways}), 1)


class Web(Sample):
    """A web page can make a browser send this much to any port; no line of it may do anything."""

    def test_http_is_turned_away(self):
        for head in (b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /x HTTP/1.0\n"):
            wire = self.daemon.wire()
            wire.send(head + request("system.ping") + b"\n")
            replies = [json.loads(line) for line in wire.rest()]
            wire.socket.close()
            self.assertEqual([reply["error"]["code"] for reply in replies], [PARSE])
            self.assertIn("HTTP", replies[0]["error"]["data"]["reason"])

    def test_only_as_the_first_line(self):
        self.wire.send(request("system.ping") + b"\nGET / HTTP/1.1\n" + request("system.ping", id=2) + b"\n")
        self.assertEqual([json.loads(line)["id"] for line in self.wire.lines(3)], [1, None, 2])


class End(unittest.TestCase):
    def test_everything_sent_before_is_answered_once(self):
        """Four callers send without pause; whatever they had sent when SIGTERM came is answered or refused by name."""
        with Daemon("--cache-mib", "0") as daemon:
            asked, term = threading.Barrier(5), threading.Event()
            outcomes, n_results = [], []

            def talk(address, seed):
                before, answered = 0, []
                choice = random.Random(seed)
                with Wire(address) as wire:
                    reader = threading.Thread(target=lambda: answered.extend(wire.rest()))
                    reader.start()
                    sent = 0
                    try:
                        while reader.is_alive() and sent < 20000:
                            wire.send(shortlist(choice.randrange(6000), id=sent, limit=3) + b"\n")
                            sent += 1
                            if not term.is_set():
                                before = sent
                            if sent == 300:
                                asked.wait(PATIENCE)
                    except OSError:
                        pass  # it has closed, as it should
                    reader.join()
                replies = [json.loads(line) for line in answered]
                ids = [reply["id"] for reply in replies]
                codes = {reply["error"]["code"] for reply in replies if "error" in reply}
                outcomes.append((set(range(before)) - set(ids), len(ids) - len(set(ids)), codes - {SHUTTING_DOWN, OVERLOADED}))
                n_results.append(sum("result" in reply for reply in replies))

            callers = [threading.Thread(target=talk, args=(address, seed)) for seed, address in enumerate((daemon.tcp, daemon.unix) * 2)]
            for caller in callers:
                caller.start()
            asked.wait(PATIENCE)
            term.set()
            daemon.signal(signal.SIGTERM)
            for caller in callers:
                caller.join()
            self.assertEqual(daemon.wait(), 0)
            self.assertEqual(outcomes, [(set(), 0, set())] * 4)
            self.assertGreater(min(n_results), 0)


if __name__ == "__main__":
    main()
