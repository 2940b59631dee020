"""HTTP, and who is at the other end: slow readers of megabytes, peers that go, proxies in between, every path before a plan."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import PATIENCE, WELLMATCHD, Daemon, free_port, main, request, until
import test_http
from test_http import GET, HOST, OWN, Peer, post

BIG = "/feeds/v1/score_term.json"  # 2 MB of the world below, made by a worker
ASK_BIG = ("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % BIG).encode()


class WithLarge(unittest.TestCase):
    """On a unix socket, whose kernel buffers are small; 4 MiB may wait for peers in all, so half of it for such answers."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="wellmatch-large-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        world = os.path.join(cls.folder, "world")
        subprocess.run([os.path.join(os.path.dirname(WELLMATCHD), "wellmatch"), "generate", "--leaders", "1200",
                        "--posts", "300", "--seed", "1", world], check=True, capture_output=True, timeout=PATIENCE)
        cls.path = os.path.join(cls.folder, "http")
        cls.daemon = Daemon("--feeds", "restricted", "--output-total-mib", "4", data=world, http="unix:" + cls.path)
        cls.addClassCleanup(cls.daemon.__exit__, None)
        with cls.peer(cls) as peer:
            job = peer.rpc(request("plan.allocate", {"deadline_ms": 300})).json()["result"]["job"]
            peer.rpc(request("plan.wait", {"job": job}))
            cls.whole = peer.get(BIG).body
        assert 1 << 20 < len(cls.whole) < 2 << 20, len(cls.whole)

    def peer(self):
        return Peer(self.path)

    def counters(self):
        return self.daemon.stats()["counters"]


class Large(WithLarge):
    def test_a_slow_reader_gets_every_byte_in_order(self):
        with self.peer() as peer:
            peer.more = lambda: self.sip(peer, 7000)
            peer.send(ASK_BIG + GET + ASK_BIG + post(request("system.ping")) + GET)
            replies = [peer.reply() for _ in range(5)]
            self.assertEqual([reply.status for reply in replies], [200] * 5)
            self.assertEqual([replies[0].body, replies[2].body], [self.whole] * 2)
            self.assertEqual(peer.get(BIG, verb="HEAD")["Content-Length"], str(len(self.whole)))

    def sip(self, peer, n):
        data = peer.socket.recv(n)
        peer.buffer += data
        return len(data) > 0

    def test_too_much_unread_is_refused_and_the_small_answered(self):
        with self.peer() as idle, self.peer() as other:
            idle.send(ASK_BIG)
            idle.until(b"\r\n\r\n")  # it has begun to come, and is read no further
            until(lambda: self.counters()["in_flight_now"] == 0, "it is made")
            refused = other.get(BIG)
            self.assertEqual((refused.status, refused["Retry-After"]), (503, "1"))
            self.assertEqual(other.get("/livez").status, 200)
            while len(idle.buffer) < len(self.whole):
                self.assertTrue(idle.more())
            self.assertEqual(idle.buffer, self.whole)
            self.assertEqual(other.get(BIG).body, self.whole)

    def test_who_goes_while_it_is_made_leaves_nothing(self):
        before = self.counters()["connections_now"]
        for i in range(24):
            with self.peer() as peer:
                peer.send(ASK_BIG if i % 2 else b"GET /plans HTTP/1.1\r\n" + HOST + b"Accept-Encoding: gzip\r\n\r\n")
                if i % 3 == 0:
                    peer.socket.shutdown(socket.SHUT_WR)
                elif i % 3 == 1:
                    peer.socket.recv(100)
        until(lambda: self.counters()["connections_now"] == before, "all are let go of")
        counters = self.counters()
        self.assertEqual((counters["in_flight_now"], counters["jobs_now"], counters["workers_now"]), (0, 0, 0))
        with self.peer() as peer:
            self.assertEqual(peer.get(BIG).body, self.whole)


class Draining(WithLarge):
    def test_who_reads_on_gets_the_rest(self):
        """One reads, one's answer is being made, one has its next request in the same bytes: all is told, and it ends."""
        with self.peer() as reader, self.peer() as asker:
            reader.send(ASK_BIG + GET)
            reader.until(b"\r\n\r\n")
            asker.send(ASK_BIG)
            until(lambda: self.counters()["http_requests"] >= 4, "both are taken")
            self.daemon.signal(signal.SIGTERM)
            self.daemon.wait_for("event=draining")
            while len(reader.buffer) < len(self.whole):
                self.assertTrue(reader.more())
            self.assertEqual(reader.buffer[:len(self.whole)], self.whole)
            self.assertIn(asker.reply().status, (200, 503))  # 503: the other's had not been read yet
            self.assertTrue(asker.ended())
            self.assertEqual(self.daemon.wait(), 0)


class NoPlanYet(unittest.TestCase):
    def test_every_path_has_an_answer(self):
        with Daemon("--feeds", "restricted", http=OWN) as daemon, Peer(daemon.http) as peer:
            parts = {"{file}": "run.json", "{post}": "V00001", "{leader}": "L000001", "{plan}": "none", "{job}": "none"}
            for path in peer.get("/openapi.json").json()["paths"]:
                for name, part in parts.items():
                    path = path.replace(name, part)
                for verb in ("HEAD", "GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
                    if (verb, path) == ("GET", "/events"):
                        continue
                    with self.subTest(verb + " " + path):
                        reply = peer.get(path, "Accept: text/html", verb=verb)
                        self.assertIn(reply.status, (200, 308, 404, 405, 415))
                        self.assertEqual(reply["Allow"] is not None, reply.status == 405)
            for table in ("run", "allocation", "unfilled", "organisation", "shadow_price"):
                self.assertEqual(peer.get("/feeds/v1/%s.json" % table).json(), [])


class Between(unittest.TestCase):
    """Real proxies that keep their connections here: nobody's request becomes part of another's."""

    def check(self, command, config):
        port = free_port()
        with tempfile.TemporaryDirectory(prefix="wellmatch-proxy-") as folder, \
                Daemon("--http-host", "service", http=OWN) as daemon:
            file = os.path.join(folder, "config")
            with open(file, "w", encoding="utf-8") as out:
                out.write(config.format(folder=folder, port=port, service=daemon.http[1]))
            proxy = subprocess.Popen([*command, file], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                until(lambda: self.listens(port), "the proxy listens")
                for i, (name, data) in enumerate(test_http.Malformed.MATRIX.items()):
                    with self.subTest(name):
                        self.send(port, data + self.ask(2 * i), end=True)  # whatever it is told
                        said = self.send(port, self.ask(2 * i + 1))
                        self.assertEqual(re.findall(rb'"id":(\d+)', said), [b"%d" % (2 * i + 1)])
                        self.assertEqual(said.count(b"HTTP/1.1 "), 1)
                with Peer(("127.0.0.1", port)) as peer:
                    peer.send(b"GET /events?types=stats HTTP/1.1\r\n" + HOST + b"\r\n")
                    peer.until(b"event: stats\n")
            finally:
                proxy.terminate()
                proxy.wait(PATIENCE)

    def listens(self, port):
        with contextlib.suppress(ConnectionRefusedError), Peer(("127.0.0.1", port)):
            return True
        return False

    def ask(self, id):
        return post(request("system.ping", id=id), "Connection: close")

    def send(self, port, data, end=False):
        with Peer(("127.0.0.1", port)) as peer, contextlib.suppress(OSError):  # it may have had enough
            peer.send(data)
            if end:
                peer.socket.shutdown(socket.SHUT_WR)
            while peer.more():
                pass
            return peer.buffer
        return b""

    @unittest.skipUnless(shutil.which("nginx"), "nginx is not here")
    def test_nginx(self):
        self.check(["nginx", "-e", "/dev/null", "-c"], """daemon off; pid {folder}/pid; error_log {folder}/log; events {{}}
            http {{ access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;
                fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
                upstream service {{ server 127.0.0.1:{service}; keepalive 2; }}
                server {{ listen 127.0.0.1:{port}; ignore_invalid_headers off; location / {{
                    proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection ""; }} }} }}""")

    @unittest.skipUnless(shutil.which("haproxy"), "haproxy is not here")
    def test_haproxy(self):
        self.check(["haproxy", "-q", "-f"], """defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
  http-reuse always
frontend all
  bind 127.0.0.1:{port}
  option accept-invalid-http-request
  default_backend service
backend service
  server service 127.0.0.1:{service}
""")


if __name__ == "__main__":
    main()
