"""HTTP: what is refused and how, the order of answers, conditions, compression, ceilings, drain, events, the tools of others."""

import contextlib
import gzip
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import LOOPS, PATIENCE, ROOT, Daemon, Held, free_port, main, request, shortlist, until

OWN = "127.0.0.1:0"
HOST = b"Host: localhost\r\n"
GET = b"GET /livez HTTP/1.1\r\n" + HOST + b"\r\n"
HALF = b"POST /rpc HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def __getitem__(self, name):
        return self.headers.get(name.lower())

    def json(self):
        return json.loads(self.body)


class Peer:
    """A connection: bytes out, replies in. Strict: it takes no reply that leaves open where it ends."""

    def __init__(self, address, receive_buffer=None):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.buffer = b""
        try:
            self.socket.connect(address)
        except OSError:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def more(self):
        data = self.socket.recv(1 << 20)
        self.buffer += data
        return len(data) > 0

    def until(self, end):
        while end not in self.buffer:
            if not self.more():
                raise EOFError(self.buffer)
        text, self.buffer = self.buffer.split(end, 1)
        return text

    def reply(self, head=False):
        lines = self.until(b"\r\n\r\n").split(b"\r\n")
        version, status, _ = lines[0].split(b" ", 2)
        assert version == b"HTTP/1.1", lines[0]
        headers = {}
        for line in lines[1:]:
            name, value = line.decode().split(": ", 1)
            assert name.lower() not in headers, name + " stands twice"
            headers[name.lower()] = value
        bare = head or status in (b"304", b"204")
        length = 0 if bare else int(headers["content-length"])
        while len(self.buffer) < length:
            assert self.more(), "half a body"
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return Reply(int(status), headers, body)

    def get(self, path, *headers, verb="GET"):
        lines = "".join(header + "\r\n" for header in headers)
        self.send(("%s %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n" % (verb, path, lines)).encode())
        return self.reply(verb == "HEAD")

    def rpc(self, message, *headers):
        self.send(post(message, *headers))
        return self.reply()

    def ended(self):
        """True when nothing more comes and the peer has closed; a reset would take away what it had said."""
        return not self.buffer and self.socket.recv(1) == b""


def post(message, *headers):
    lines = "".join(header + "\r\n" for header in headers).encode()
    return HALF + lines + b"Content-Length: %d\r\n\r\n" % len(message) + message


def value(metrics, name):
    return next(float(line.split(b" ")[1]) for line in metrics.split(b"\n") if line.startswith(name.encode() + b" "))


class Malformed(unittest.TestCase):
    """What two servers could take for two different requests gets one answer, none of them good, and the end."""

    MATRIX = {
        "two lengths": HALF + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "two equal lengths": HALF + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        "list of lengths": HALF + b"Content-Length: 5, 5\r\n\r\nhello",
        "signed length": HALF + b"Content-Length: +5\r\n\r\nhello",
        "2^64+1": HALF + b"Content-Length: 18446744073709551617\r\n\r\n",
        "2^64-1": HALF + b"Content-Length: 18446744073709551615\r\n\r\n",
        "chunked and length": HALF + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "length and chunked": HALF + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "chunked": HALF + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "chunked, disguised": HALF + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "chunked, a blank before the colon": HALF + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "chunked, folded": HALF + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        "folded": b"GET /livez HTTP/1.1\r\n" + HOST + b"A: b\r\n c\r\n\r\n",
        "LF alone": b"GET /livez HTTP/1.1\nHost: localhost\n\n",
        "LF in the head": b"GET /livez HTTP/1.1\r\n" + HOST + b"A: b\nC: d\r\n\r\n",
        "CR alone": b"GET /livez HTTP/1.1\rHost: localhost\r\r",
        "CR in a value": b"GET /livez HTTP/1.1\r\n" + HOST + b"A: b\rC: d\r\n\r\n",
        "NUL": b"GET /livez HTTP/1.1\r\n" + HOST + b"A: \0\r\n\r\n",
        "10 kB of head": b"GET /livez HTTP/1.1\r\n" + HOST + b"A: " + b"b" * 10240 + b"\r\n\r\n",
        "20 kB of target": b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        "no Host": b"GET /livez HTTP/1.1\r\n\r\n",
        "no Host, 1.0": b"GET /livez HTTP/1.0\r\n\r\n",
        "two Hosts": b"GET /livez HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
        "absolute form": b"GET http://localhost/livez HTTP/1.1\r\n" + HOST + b"\r\n",
        "asterisk": b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
        "CONNECT": b"CONNECT localhost:80 HTTP/1.1\r\n" + HOST + b"\r\n",
        "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "HTTP/0.9": b"GET /livez\r\n",
        "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "JSON": request("system.ping") + b"\n",
        "a body on GET": b"GET /livez HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello",
        "an expectation": HALF + b"Expect: the best\r\nContent-Length: 1\r\n\r\nx",
        "a coding": HALF + b"Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
    }
    STATUS = {"chunked": 501, "10 kB of head": 431, "20 kB of target": 414, "2^64-1": 413, "HTTP/2": 400}

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(http=OWN)

    @classmethod
    def tearDownClass(cls):
        with cls.daemon:
            pass

    def check(self, name, pieces):
        with Peer(self.daemon.http) as peer:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may have had enough before the end
                for piece in pieces:
                    peer.send(piece)
            reply = peer.reply()
            self.assertGreaterEqual(reply.status, 400, name)
            self.assertEqual(reply.status, self.STATUS.get(name, reply.status), name)
            self.assertEqual(reply["Connection"], "close", name)
            self.assertEqual(reply["Content-Type"], "application/problem+json")
            self.assertEqual(list(reply.json()), ["type", "title", "status", "detail"])
            self.assertEqual(reply.json()["status"], reply.status)
            self.assertTrue(peer.ended(), name + ": what stands behind it was answered too")

    def test_one_refusal_and_the_end(self):
        for name, data in self.MATRIX.items():
            with self.subTest(name):
                self.check(name, [data + GET])

    def test_cut_anywhere(self):
        for name, data in self.MATRIX.items():
            with self.subTest(name):
                cut = len(data) * 2 // 3
                self.check(name, [data[:cut], data[cut:], GET])

    def test_a_good_one_before_is_answered(self):
        for name, data in self.MATRIX.items():
            with self.subTest(name), Peer(self.daemon.http) as peer:
                peer.send(GET + data + GET)
                self.assertEqual(peer.reply().status, 200)
                self.assertGreaterEqual(peer.reply().status, 400)
                self.assertTrue(peer.ended())

    def test_paths_that_are_none(self):
        with Peer(self.daemon.http) as peer:
            for path in ("/../livez", "/./livez", "/%2e%2e/livez", "/x/%2E/livez", "/a%2fb", "/a\\b", "/%", "/%zz",
                         "/%00", "/livez?a=%", "/livez?a=1&a=2", "/%ff"):
                with self.subTest(path):
                    self.assertEqual(peer.get(path).status, 400)
            for path in ("/livez/", "//livez", "/livez/x", "/LIVEZ", "/nothing", "/li%20vez"):
                with self.subTest(path):
                    self.assertEqual(peer.get(path).status, 404)
            self.assertEqual(peer.get("/%6civez").status, 200)

    def test_the_end_before_the_end(self):
        with Peer(self.daemon.http) as peer:
            peer.send(HALF + b"Content-Length: 5\r\n\r\nhel")
            peer.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(peer.reply().status, 400)
            self.assertTrue(peer.ended())

    def test_a_body_too_long_is_told_while_it_comes(self):
        with Peer(self.daemon.http) as peer:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                peer.send(HALF + b"Content-Length: 4000000\r\n\r\n" + b"x" * 3000000)
            self.assertEqual(peer.reply().status, 413)


class Asking(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon("--http-host", "match.example,Other.Example", http=OWN)

    @classmethod
    def tearDownClass(cls):
        with cls.daemon:
            pass

    def setUp(self):
        self.peer = Peer(self.daemon.http)
        self.addCleanup(self.peer.socket.close)

    def test_the_small_ones(self):
        live, ready = self.peer.get("/livez"), self.peer.get("/readyz?verbose")
        self.assertEqual((live.status, live.body, live["Cache-Control"]), (200, b"ok\n", "no-store"))
        self.assertEqual(ready.status, 200)
        self.assertIn(b"[+] redis not asked for\n", ready.body)
        self.assertEqual(self.peer.get("/readyz").body, b"ok\n")
        self.assertEqual(live["X-Content-Type-Options"], "nosniff")
        self.assertRegex(live["Date"], r"^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$")

    def test_head_is_get_without_its_body(self):
        for path in ("/livez", "/openapi.json", "/openrpc.json", "/nothing", "/events"):
            with self.subTest(path):
                head = self.peer.get(path, verb="HEAD")
                if path == "/events":
                    self.assertEqual((head["Content-Type"], head["Content-Length"]), ("text/event-stream", None))
                    continue
                get = self.peer.get(path)
                self.assertEqual(head.status, get.status)
                self.assertEqual({**head.headers, "date": 0}, {**get.headers, "date": 0})
        self.assertEqual(self.peer.buffer, b"")

    def test_a_kept_answer_is_found_whether_or_not_the_message_ends_its_line(self):
        def hits():
            return json.loads(self.peer.rpc(request("system.stats")).body)["result"]["cache"]["local_hits"]
        answer = self.peer.rpc(request("system.ping")).body
        before = hits()
        for end in (b"", b"\n"):
            self.assertEqual(self.peer.rpc(request("system.ping") + end).body, answer)
        self.assertEqual(hits() - before, 2)

    def test_methods_that_a_path_does_not_have(self):
        for verb, path, allow in (("POST", "/livez", "GET, HEAD"), ("GET", "/rpc", "POST"), ("OPTIONS", "/rpc", "POST"),
                                  ("DELETE", "/openapi.json", "GET, HEAD"), ("TRACE", "/livez", "GET, HEAD")):
            with self.subTest(verb + " " + path):
                reply = self.peer.get(path, verb=verb)
                self.assertEqual((reply.status, reply["Allow"]), (405, allow))

    def test_what_the_asker_has_is_not_sent_again(self):
        whole = self.peer.get("/openapi.json")
        tag = whole["ETag"]
        packed = self.peer.get("/openapi.json", "Accept-Encoding: gzip")
        self.assertNotEqual(packed["ETag"], tag)
        for known in (tag, "W/" + tag, '"x", ' + tag, "*", packed["ETag"]):
            with self.subTest(known):
                reply = self.peer.get("/openapi.json", "If-None-Match: " + known)
                self.assertEqual((reply.status, reply.body, reply["ETag"]), (304, b"", tag))
                self.assertIsNone(reply["Content-Length"])
        again = self.peer.get("/openapi.json", "Accept-Encoding: gzip", "If-None-Match: " + packed["ETag"])
        self.assertEqual((again.status, again["ETag"]), (304, packed["ETag"]))
        self.assertEqual(self.peer.get("/openapi.json", 'If-None-Match: "x"').status, 200)
        self.assertIsNone(self.peer.get("/livez")["ETag"])

    def test_compressed_for_those_who_take_it(self):
        for path in ("/openapi.json", "/openrpc.json", "/metrics"):  # on the loop; by a worker; live
            with self.subTest(path):
                whole, packed = self.peer.get(path), self.peer.get(path, "Accept-Encoding: br, gzip;q=0.5")
                self.assertIsNone(whole["Content-Encoding"])
                self.assertEqual(packed["Content-Encoding"], "gzip")
                self.assertLess(len(packed.body), len(whole.body) / 2)
                if path != "/metrics":
                    self.assertEqual(gzip.decompress(packed.body), whole.body)
                    self.assertEqual((whole["Vary"], packed["Vary"]), ("Accept-Encoding", "Accept-Encoding"))
                self.assertIsNone(self.peer.get(path, "Accept-Encoding: gzip;q=0")["Content-Encoding"])
        self.assertIsNone(self.peer.get("/livez", "Accept-Encoding: gzip")["Content-Encoding"])

    def test_documents(self):
        openapi, openrpc = self.peer.get("/openapi.json").json(), self.peer.get("/openrpc.json").json()
        self.assertEqual(openapi["openapi"], "3.1.0")
        for path in ("/livez", "/readyz", "/rpc", "/metrics", "/events", "/openrpc.json", "/openapi.json"):
            self.assertIn(path, openapi["paths"])
        operations = [one for path in openapi["paths"].values() for one in path.values()]
        self.assertEqual(len({one["operationId"] for one in operations}), len(operations))
        for one in operations:
            self.assertLessEqual({"4XX", "5XX"}, set(one["responses"]))
        self.assertEqual(openapi["servers"], [{"url": "/"}])
        self.assertIn("refusal", openapi["components"]["schemas"])
        with self.daemon.wire() as wire:
            self.assertEqual(openrpc, wire.call("rpc.discover")["result"])

    def test_answers_in_the_order_of_requests(self):
        paths = [b"/livez", b"/openapi.json", b"/nothing", b"/metrics", b"/openrpc.json"]
        asked = []
        data = b""
        for i in range(40):
            if i % 3 == 0:
                asked.append(i)
                data += post(shortlist(i, id=i))
            else:
                asked.append(paths[i % len(paths)])
                data += b"GET " + asked[-1] + b" HTTP/1.1\r\n" + HOST + b"Accept-Encoding: gzip\r\n\r\n"
        self.peer.send(data)
        expected = {b"/livez": "text/plain; charset=utf-8", b"/openapi.json": "application/json",
                    b"/openrpc.json": "application/json"}
        for one in asked:
            reply = self.peer.reply()
            if isinstance(one, int):
                self.assertEqual(reply.json()["id"], one)
            elif one == b"/nothing":
                self.assertEqual(reply.status, 404)
            else:
                self.assertEqual(reply["Content-Type"], expected.get(one, reply["Content-Type"]))

    def test_one_write_for_what_comes_together(self):
        before = value(self.peer.get("/metrics").body, "wellmatch_writes_total")
        self.peer.send(GET * 50)
        for _ in range(50):
            self.assertEqual(self.peer.reply().body, b"ok\n")
        after = value(self.peer.get("/metrics").body, "wellmatch_writes_total")
        self.assertLessEqual(after - before, 4)

    def test_a_byte_at_a_time(self):
        message = post(request("system.ping"))
        for i in range(len(message)):
            self.peer.send(message[i:i + 1])
        self.assertTrue(self.peer.reply().json()["result"]["ok"])

    def test_the_connection_is_kept_or_not(self):
        self.peer.send(b"GET /livez HTTP/1.0\r\n" + HOST + b"Connection: keep-alive\r\n\r\n")
        self.assertEqual(self.peer.reply()["Connection"], "keep-alive")
        self.peer.send(GET)
        self.assertIsNone(self.peer.reply()["Connection"])
        self.peer.send(b"GET /livez HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n" + GET)
        self.assertEqual(self.peer.reply()["Connection"], "close")
        self.assertTrue(self.peer.ended())
        with Peer(self.daemon.http) as peer:
            peer.send(b"GET /livez HTTP/1.0\r\n" + HOST + b"\r\n")
            self.assertEqual(peer.reply()["Connection"], "close")
            self.assertTrue(peer.ended())

    def test_who_says_no_more_may_still_listen(self):
        self.peer.send(GET + post(shortlist(7)))
        self.peer.socket.shutdown(socket.SHUT_WR)
        self.assertEqual(self.peer.reply().status, 200)
        self.assertIn("result", self.peer.reply().json())
        self.assertTrue(self.peer.ended())

    def test_waits_for_a_body_that_waits(self):
        message = request("system.ping")
        self.peer.send(HALF + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(message))
        self.assertEqual(self.peer.until(b"\r\n\r\n"), b"HTTP/1.1 100 Continue")
        self.peer.send(message)
        self.assertTrue(self.peer.reply().json()["result"]["ok"])

    # ---- Refusals ----

    BROWSER = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

    def test_a_person_is_refused_in_words(self):
        for verb, path, status in (("GET", "/nothing", 404), ("GET", "/posts/a/b", 404), ("POST", "/", 405),
                                   ("GET", "/plans/%2e", 400), ("POST", "/plans/new", 415)):
            with self.subTest(path):
                page = self.peer.get(path, self.BROWSER, verb=verb)
                self.assertEqual((page.status, page["Content-Type"]), (status, "text/html; charset=utf-8"))
                self.assertIn("frame-ancestors 'none'", page["Content-Security-Policy"])
                self.assertIn(b"<h1", page.body)
                self.assertIn(b'<a href="/">', page.body)
                self.assertEqual(self.peer.get(path, "Accept: */*", verb=verb).json()["status"], status)
        head = self.peer.get("/nothing", self.BROWSER, verb="HEAD")
        self.assertEqual(head["Content-Length"], str(len(self.peer.get("/nothing", self.BROWSER).body)))

    def test_programs_are_refused_as_ever(self):
        for verb, path, status in (("GET", "/rpc", 405), ("GET", "/rpc/x", 404), ("GET", "/feeds/v2", 404),
                                   ("GET", "/feeds/v1/none.json", 404), ("POST", "/livez", 405), ("POST", "/rpc", 415)):
            with self.subTest(path):
                self.assertEqual(self.peer.get(path, self.BROWSER, verb=verb).json()["status"], status)
        self.peer.send(b"GET /livez HTTP/1.1\r\nHost: evil.example\r\n" + self.BROWSER.encode() + b"\r\n\r\n")
        self.assertEqual(self.peer.reply().json()["status"], 421)

    # ---- Who asks ----

    def ask_as(self, host):
        self.peer.send(b"GET /livez HTTP/1.1\r\nHost: " + host.encode() + b"\r\n\r\n")
        return self.peer.reply().status

    def test_names_of_this_service_only(self):
        for host in ("localhost", "LOCALHOST:1", "127.0.0.1", "127.9.9.9:80", "[::1]", "[::1]:7346", "match.example",
                     "MATCH.example:443", "other.example"):
            with self.subTest(host):
                self.assertEqual(self.ask_as(host), 200)
        for host in ("evil.example", "localhost.evil.example", "10.0.0.1", "127.0.0.1.evil.example", "0.0.0.0", "[::2]",
                     "match.example.evil", "localhost:x", "localhost:123456", "[::1", "::1"):
            with self.subTest(host):
                self.assertEqual(self.ask_as(host), 421)
        for host in ("local host", "localhost/", "a@localhost", "localhost,localhost", "a" * 300):
            with self.subTest(host):
                self.assertEqual(self.ask_as(host), 400)

    def test_pages_of_others_may_not_ask(self):
        message = request("system.ping")
        for origin in ("http://localhost", "https://localhost", "HTTP://LOCALHOST"):
            self.assertEqual(self.peer.rpc(message, "Origin: " + origin).status, 200)
        for origin in ("http://evil.example", "null", "http://localhost:1", "http://localhost.evil", "localhost", ""):
            with self.subTest(origin):
                self.assertEqual(self.peer.rpc(message, "Origin: " + origin).status, 403)
        self.assertEqual(self.peer.rpc(message, "Sec-Fetch-Site: cross-site").status, 403)
        self.assertEqual(self.peer.rpc(message, "Sec-Fetch-Site: same-site").status, 403)
        self.assertEqual(self.peer.rpc(message, "Sec-Fetch-Site: same-origin").status, 200)
        for kind in (b"", b"Content-Type: text/plain\r\n", b"Content-Type: application/x-www-form-urlencoded\r\n"):
            with self.subTest(kind):
                self.peer.send(b"POST /rpc HTTP/1.1\r\n" + HOST + kind + b"Content-Length: 2\r\n\r\n{}")
                self.assertEqual(self.peer.reply().status, 415)

    # ---- /rpc ----

    def test_rpc_as_over_the_socket(self):
        """Every golden request, but for plans, whose ids differ, and for what tells of now."""
        folder = os.path.join(ROOT, "tests", "golden")
        n = 0
        with self.daemon.wire() as wire:
            for name in sorted(os.listdir(folder)):
                with open(os.path.join(folder, name), "rb") as file:
                    groups = file.read().strip(b"\n").split(b"\n\n")
                for group in groups:
                    title, message, expected = group.split(b"\n")
                    if b'"plan.' in message or b'"system.info"' in message or b'"system.stats"' in message:
                        continue
                    n += 1
                    reply = self.peer.rpc(message)
                    with self.subTest(title):
                        if expected == b"-":
                            self.assertEqual((reply.status, reply.body), (204, b""))
                            continue
                        wire.send(message + b"\n")
                        self.assertEqual(reply.status, 200)
                        self.assertEqual(reply.body, wire.line() + b"\n")
        self.assertGreater(n, 50)

    def test_rpc_many_lines_are_one_text(self):
        reply = self.peer.rpc(b'{"jsonrpc": "2.0",\r\n "id": 1,\n "method": "system.ping"}\n')
        self.assertTrue(reply.json()["result"]["ok"])
        self.assertEqual(self.peer.rpc(b"").json()["error"]["code"], -32700)

    def test_rpc_plans(self):
        job = self.peer.rpc(request("plan.allocate", {"posts": ["V00001"]})).json()["result"]["job"]
        done = self.peer.rpc(request("plan.wait", {"job": job})).json()["result"]
        self.assertEqual(done["job"], job)
        page = self.peer.rpc(request("plan.get", {"plan": done["plan"]})).json()
        self.assertIn("result", page)

    # ---- Metrics ----

    def test_metrics(self):
        for accept, kind in (("*/*", "text/plain; version=0.0.4; charset=utf-8"),
                             ("application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
                              "application/openmetrics-text; version=1.0.0; charset=utf-8")):
            reply = self.peer.get("/metrics", "Accept: " + accept)
            self.assertEqual(reply["Content-Type"], kind)
            self.assertEqual(reply.body.endswith(b"\n# EOF\n"), "openmetrics" in kind)
        text = self.peer.get("/metrics").body.decode()
        self.assertIn('wellmatch_request_duration_seconds_bucket{method="system.ping",le="+Inf"}', text)
        for error in ("overloaded", "internal_error", "stale"):  # an increase is seen only from a series that is there
            self.assertRegex(text, r'\nwellmatch_errors_total\{error="%s"\} \d+\n' % error)
        self.assertNotRegex(text, r"[VLMJP]\d{5}")
        seen, last = set(), None
        for line in text.splitlines():
            if line.startswith("# HELP"):
                self.assertNotIn(line.split()[2], seen)
                seen.add(line.split()[2])
            if "_bucket{" in line:
                name, count = line.split("le=")[0], int(line.rsplit(" ", 1)[1])
                if last and last[0] == name:
                    self.assertGreaterEqual(count, last[1])
                last = (name, count)

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not here")
    def test_metrics_as_prometheus_likes_them(self):
        said = subprocess.run(["promtool", "check", "metrics"], input=self.peer.get("/metrics").body,
                              capture_output=True, timeout=PATIENCE)
        self.assertEqual((said.returncode, said.stdout, said.stderr), (0, b"", b""))

    @unittest.skipUnless(shutil.which("prometheus"), "prometheus is not here")
    def test_metrics_scraped(self):
        with tempfile.TemporaryDirectory(prefix="wellmatch-prometheus-") as folder:
            config, port = os.path.join(folder, "config.yml"), free_port()
            with open(config, "w", encoding="utf-8") as file:
                json.dump({"scrape_configs": [{"job_name": "wellmatch", "scrape_interval": "1s", "static_configs": [
                    {"targets": ["127.0.0.1:%d" % self.daemon.http[1]]}]}]}, file)  # JSON is YAML
            scraper = subprocess.Popen(
                ["prometheus", "--config.file", config, "--storage.tsdb.path", folder, "--log.level", "error",
                 "--web.listen-address", "127.0.0.1:%d" % port], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                def scraped(query):
                    with contextlib.suppress(OSError, EOFError, ValueError), Peer(("127.0.0.1", port)) as peer:
                        result = peer.get("/api/v1/query?query=" + query).json()["data"]["result"]
                        return [float(one["value"][1]) for one in result]
                    return []
                until(lambda: scraped("wellmatch_loops") == [float(LOOPS or 1)], "Prometheus has the counters")
                self.assertEqual(scraped("up"), [1.0])
                self.assertGreater(scraped("wellmatch_http_requests_total")[0], 0)
            finally:
                scraper.terminate()
                scraper.wait(PATIENCE)

    @unittest.skipUnless(shutil.which("curl"), "curl is not here")
    def test_curl(self):
        base = "http://127.0.0.1:%d" % self.daemon.http[1]

        def curl(*flags):
            return subprocess.run(["curl", "-sS", "--max-time", str(PATIENCE), *flags], capture_output=True,
                                  timeout=PATIENCE)

        self.assertEqual(curl(base + "/livez").stdout, b"ok\n")
        self.assertEqual(curl("--compressed", base + "/openrpc.json").stdout, curl(base + "/openrpc.json").stdout)
        self.assertIn(b"200 OK", curl("-I", base + "/openapi.json").stdout)
        self.assertIn(b"result", curl("--json", request("system.ping").decode(), "-H", "Expect: 100-continue",
                                      base + "/rpc").stdout)
        self.assertEqual(curl("--http2", base + "/livez").stdout, b"ok\n")
        self.assertEqual(curl("-o", "/dev/null", "-w", "%{http_code}", "-T", "-", base + "/rpc").stdout, b"501")
        self.assertEqual(curl("-o", "/dev/null", "-w", "%{http_code} %{num_connects}\n", base + "/livez", "-o",
                              "/dev/null", base + "/livez").stdout, b"200 1\n200 0\n")


class Ceilings(unittest.TestCase):
    def test_who_does_not_read_is_not_listened_to(self):
        with Daemon("--output-mib", "1", http=OWN) as daemon, Peer(daemon.http, receive_buffer=4096) as peer:
            ask = b"GET /openrpc.json HTTP/1.1\r\n" + HOST + b"\r\n"
            n = 400
            sender = ask * n
            peer.socket.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while sender:
                    sender = sender[peer.socket.send(sender):]
            peer.socket.setblocking(True)
            with Peer(daemon.http) as other:  # it has not taken in all of them, and lives
                served = value(other.get("/metrics").body, "wellmatch_http_requests_total")
                self.assertLess(served, n)
            first = peer.reply().body
            for i in range(1, n):
                if sender and select.select([], [peer.socket], [], 0)[1]:
                    sender = sender[peer.socket.send(sender):]
                self.assertEqual(peer.reply().body, first)

    def test_connections(self):
        with Daemon("--connections-max", "2", http=OWN) as daemon:
            with Peer(daemon.http) as one, Peer(daemon.http) as two:
                one.get("/livez"), two.get("/livez")
                with Peer(daemon.http) as three:
                    reply = three.reply()
                    self.assertEqual((reply.status, reply["Retry-After"]), (503, "1"))
                    self.assertTrue(three.ended())

    def test_what_takes_too_long(self):
        """A drip, a head or a body that does not end, and one that begins nothing: each is closed; a stream is not."""
        with Daemon("--stall-s", "1", http=OWN) as daemon, contextlib.ExitStack() as stack:
            drip, head, body, idle, stream = (stack.enter_context(Peer(daemon.http)) for _ in range(5))
            head.send(b"GET /livez HTTP/1.1\r\nHost: loc")
            body.send(HALF + b"Content-Length: 5\r\n\r\nhel")
            idle.get("/livez")
            stream.send(b"GET /events?types=reload HTTP/1.1\r\n" + HOST + b"\r\n")
            text = (b"GET /livez HTTP/1.1\r\n" + HOST + b"A: " + b"b" * 1000)
            for i in range(len(text)):  # never so long silent, and never done
                drip.send(text[i:i + 1])
                if select.select([drip.socket], [], [], 0.05)[0]:
                    break
            for peer in (drip, head, body):
                reply = peer.reply()
                self.assertEqual((reply.status, reply["Connection"]), (408, "close"))
                self.assertTrue(peer.ended())
            self.assertTrue(idle.ended())  # without a word
            stream.until(b"\n:\n\n")
            stream.until(b"\n:\n\n")


class Lives(unittest.TestCase):
    def test_drain(self):
        """What is in flight is answered, what comes is refused, whoever asks is told, and then it ends."""
        with Held(http=OWN) as (daemon, redis):
            with Peer(daemon.http) as peer, Peer(daemon.http) as other, Peer(daemon.http) as probe, \
                    Peer(daemon.http) as stream:
                stream.send(b"GET /events HTTP/1.1\r\n" + HOST + b"\r\n")
                stream.until(b"retry: 2000\n\n")
                other.get("/livez"), probe.get("/livez")
                peer.send(post(shortlist(0)) + post(shortlist(1)))
                redis.wait_for_gets(1)
                daemon.signal(signal.SIGTERM)
                daemon.wait_for("event=draining")
                self.assertTrue(stream.ended())
                reply = probe.get("/readyz?verbose")
                self.assertEqual((reply.status, reply["Connection"]), (503, "close"))
                self.assertEqual(other.get("/openapi.json").status, 503)
                redis.release()
                reply = peer.reply()
                self.assertEqual((reply.status, reply["Connection"]), (200, "close"))
                self.assertIn("result", reply.json())
                self.assertTrue(peer.ended())
            self.assertEqual(daemon.wait(), 0)

    def test_redis_away_is_degraded_and_ready(self):
        with Daemon(http=OWN, redis="redis+unix:/nonexistent/redis.sock") as daemon, Peer(daemon.http) as peer:
            until(lambda: b"degraded" in peer.get("/readyz?verbose").body, "redis is found to be away")
            self.assertEqual(peer.get("/readyz?verbose").status, 200)

    def test_unix_socket_and_none(self):
        with Daemon(http="unix:/tmp/wellmatch-http-%d" % os.getpid()) as daemon:
            path = next(a for a in daemon.addresses if a.startswith("http+unix:"))[len("http+unix:"):]
            with Peer(path) as peer:
                self.assertEqual(peer.get("/livez").body, b"ok\n")
        with Daemon("--http", "none") as daemon:
            self.assertEqual(len(daemon.addresses), 2)

    def test_an_asker_that_goes_is_forgotten(self):
        with Held(http=OWN) as (daemon, redis):
            for i in range(3):
                with Peer(daemon.http) as peer:
                    peer.send(post(shortlist(i)))
                    redis.wait_for_gets(i + 1)
            with Peer(daemon.http) as peer:  # by a worker, and gone before it comes back
                peer.send(b"GET /openrpc.json HTTP/1.1\r\n" + HOST + b"Accept-Encoding: gzip\r\n\r\n")
            redis.release()
            until(lambda: daemon.stats()["counters"]["in_flight_now"] == 0, "all are let go of")


class Events(unittest.TestCase):
    def begin(self, daemon, *headers, query=""):
        peer = Peer(daemon.http)
        self.addCleanup(peer.socket.close)
        lines = "".join(header + "\r\n" for header in headers)
        peer.send(("GET /events%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n" % (query, lines)).encode())
        head = peer.until(b"\r\n\r\n")
        self.assertIn(b"200 OK", head)
        self.assertIn(b"text/event-stream", head)
        self.assertEqual(peer.until(b"\n\n"), b"retry: 2000")
        return peer

    def event(self, peer):
        """(id, name, data) of the next one."""
        while True:
            text = peer.until(b"\n\n").decode()
            if text != ":":
                fields = dict(line.split(": ", 1) for line in text.split("\n"))
                return int(fields["id"]) if "id" in fields else None, fields["event"], json.loads(fields["data"])

    def check(self, *flags):
        with Daemon(*flags, http=OWN) as daemon:
            with contextlib.ExitStack() as stack:
                many = [self.begin(daemon, query="?types=plan,reload") for _ in range(8)]  # with two loops: on both
                peer = stack.enter_context(Peer(daemon.http))
                job = peer.rpc(request("plan.allocate", {"posts": ["V00001", "V00002"]})).json()["result"]["job"]
                peer.rpc(request("plan.wait", {"job": job}))
                seen = []
                for one in many:
                    told = [self.event(one)]
                    while told[-1][2]["state"] != "done":
                        told.append(self.event(one))
                    self.assertEqual({name for _, name, _ in told}, {"plan"})
                    self.assertEqual({data["job"] for _, _, data in told}, {job})
                    self.assertIsNotNone(told[-1][2]["plan"])
                    seen.append(told[-1])
                self.assertEqual(len({number for number, _, _ in seen}), 1, "one number for all")
                peer.rpc(request("dataset.reload"))
                for one in many:
                    number, name, data = self.event(one)
                    self.assertEqual((name, data["changed"]), ("reload", False))
                    self.assertGreater(number, seen[0][0])
                # Goes on where it was: with what came after, and that only.
                again = self.begin(daemon, "Last-Event-ID: %d" % seen[0][0], query="?types=plan,reload")
                self.assertEqual(self.event(again)[0], number)
                for unknown in ("1", "99999999999999999", "x", ""):
                    lost = self.begin(daemon, "Last-Event-ID: " + unknown)
                    self.assertEqual(self.event(lost)[1], "missed")
                counters = self.begin(daemon, query="?types=stats")
                self.assertGreaterEqual(self.event(counters)[2]["counters"]["http_streams_now"], 9)

    def test_one_loop(self):
        self.check()

    def test_two_loops(self):
        self.check("--loops", "2")

    def test_a_stream_is_let_go_of_with_its_peer(self):
        with Daemon(http=OWN) as daemon:
            self.begin(daemon).socket.close()
            self.begin(daemon).socket.shutdown(socket.SHUT_WR)
            until(lambda: daemon.stats()["counters"]["http_streams_now"] == 0, "both are forgotten")


if __name__ == "__main__":
    main()
