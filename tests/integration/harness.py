"""What the integration tests share: a daemon of their own, a raw wire to it, a real Redis, a Redis that obeys the test.

WELLMATCHD names the program to test (a sanitizer's build, say); otherwise it is wellmatchd in BUILD, or in build/.
LOOPS=2 runs everything with so many event loops.
Everything listens on ports that the system chose and on sockets in a folder of its own, and is ended by its process id.
"""

import csv
import json
import os
import resource
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SAMPLE = os.path.join(ROOT, "data", "sample")
WELLMATCHD = os.environ.get("WELLMATCHD") or os.path.join(ROOT, os.environ.get("BUILD", "build"), "wellmatchd")
LOOPS = os.environ.get("LOOPS")
PATIENCE = 30  # seconds until something that must happen counts as not happening

PARSE, REQUEST, METHOD, PARAMS = -32700, -32600, -32601, -32602
OVERLOADED, SHUTTING_DOWN, TOO_LARGE = -32000, -32001, -32002
UNKNOWN, INVALID_DATA = 1001, 1002


def column(table, name):
    with open(os.path.join(SAMPLE, table), newline="", encoding="utf-8") as file:
        return [row[name] for row in csv.DictReader(file)]


POSTS = column("posts.csv", "post_id")
LEADERS = column("leaders.csv", "leader_id")


def request(method, params=None, id=1):
    message = {"jsonrpc": "2.0", "method": method}
    if id is not None:
        message["id"] = id
    if params is not None:
        message["params"] = params
    return json.dumps(message).encode()


def shortlist(i=0, id=1, **params):
    """One of as many different questions as wanted: the posts of the sample, then the same with other offsets."""
    return request("match.shortlist", {"post": POSTS[i % len(POSTS)], "offset": i // len(POSTS), **params}, id)


class Wire:
    """A connection: bytes out, lines in."""

    def __init__(self, address, receive_buffer=None):
        if address.startswith("unix:"):
            self.socket = socket.socket(socket.AF_UNIX)
            target = address[5:]
        else:
            self.socket = socket.socket(socket.AF_INET)
            host, port = address[len("tcp://"):].rsplit(":", 1)
            target = (host, int(port))
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.buffer = b""
        try:
            self.socket.connect(target)
        except OSError:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def line(self):
        """The next line without its LF; None when the peer has closed."""
        while b"\n" not in self.buffer:
            try:
                data = self.socket.recv(1 << 20)
            except ConnectionResetError:
                data = b""
            if not data:
                assert not self.buffer, "half a line: %r" % self.buffer[:200]
                return None
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line

    def lines(self, n):
        return [self.line() for _ in range(n)]

    def rest(self):
        """All lines until the peer closes."""
        lines = []
        while True:
            line = self.line()
            if line is None:
                return lines
            lines.append(line)

    def ask(self, data):
        """Sends one line, gives the reply's bytes."""
        self.send(data + b"\n")
        return self.line()

    def call(self, method, params=None, id=1):
        line = self.ask(request(method, params, id))
        assert line is not None, "closed instead of answering " + method
        return json.loads(line)

    def stats(self):
        return self.call("system.stats")["result"]

    def end(self):
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        """Closes TCP without the usual courtesies, as a crashed peer does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class Daemon:
    """A running wellmatchd on a TCP port and a unix socket of its own."""

    def __init__(self, *flags, data=SAMPLE, redis="none", limit=None, listen=None, env=None, http=None):
        """`http`: an address for --http, as "127.0.0.1:0"; it is then found in .http, as ("127.0.0.1", port)."""
        self.folder = tempfile.mkdtemp(prefix="wellmatch-")
        self.path = os.path.join(self.folder, "s")
        self.log = []
        self.log_changed = threading.Condition()
        listen = listen if listen is not None else ["tcp://127.0.0.1:0", "unix:" + self.path]
        command = [WELLMATCHD, "--data", data, "--redis", redis]
        if LOOPS:
            command += ["--loops", LOOPS]
        for address in listen:
            command += ["--listen", address]
        if http:
            command += ["--http", http]
        limits = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))) if limit else None
        self.process = subprocess.Popen(command + list(flags), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, preexec_fn=limits, env=clean_environment(env), cwd=ROOT)
        self.output = b""
        self.threads = [threading.Thread(target=read, daemon=True) for read in (self.read_log, self.read_output)]
        for thread in self.threads:
            thread.start()
        self.addresses = []
        try:
            for line in self.wait_for("event=listening", len(listen) + bool(http)):
                self.addresses.append(line.split("address=")[1].strip())
        except AssertionError:
            self.kill()
            raise
        self.tcp = next((a for a in self.addresses if a.startswith("tcp:")), None)
        self.unix = next((a for a in self.addresses if a.startswith("unix:")), None)
        web = next((a for a in self.addresses if a.startswith("http://")), None)
        self.http = (web[len("http://"):].rsplit(":", 1)[0], int(web.rsplit(":", 1)[1])) if web else None

    def read_log(self):
        for line in self.process.stderr:
            with self.log_changed:
                self.log.append(line.decode("utf-8", "replace"))
                self.log_changed.notify_all()
        with self.log_changed:
            self.log_changed.notify_all()

    def read_output(self):
        self.output = self.process.stdout.read()

    def wait_for(self, text, n=1):
        """The first n log lines with the text, as soon as there are as many."""
        def found():
            return [line for line in self.log if text in line]
        with self.log_changed:
            if not self.log_changed.wait_for(lambda: len(found()) >= n or self.gone(), PATIENCE) or len(found()) < n:
                raise AssertionError("no %d x %r in the log:\n%s" % (n, text, "".join(self.log)))
            return found()[:n]

    def gone(self):
        return self.process.poll() is not None and not self.threads[0].is_alive()

    def wire(self, **options):
        return Wire(self.unix or self.tcp, **options)

    def stats(self):
        with self.wire() as wire:
            return wire.stats()

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        """Its exit code, when it ends by itself."""
        code = self.process.wait(PATIENCE)
        for thread in self.threads:
            thread.join(PATIENCE)
        self.process.stdout.close()
        self.process.stderr.close()
        return code

    def stop(self):
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        if not self.process.stdout.closed:
            self.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None and self.process.poll() is None:
                code = self.stop()
                assert code == 0, "exit code %d:\n%s" % (code, "".join(self.log))
        finally:
            self.kill()


def run(*flags, env=None):
    """Runs wellmatchd to its end: for what it says and refuses."""
    return subprocess.run([WELLMATCHD, *flags], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=PATIENCE, cwd=ROOT, env=clean_environment(env))


def clean_environment(env=None):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WELLMATCH_")}
    return {**kept, **(env or {})}


def until(true, what):
    """Waits for a state that only asking reveals."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError("never: " + what)
        time.sleep(0.005)


# ---- Redis ----------------------------------------------------------------------------------------------------------


class Redis:
    """A real redis-server; may be stopped and started again on the same port."""

    def __init__(self, *flags):
        self.folder = tempfile.mkdtemp(prefix="wellmatch-redis-")
        self.flags = flags
        self.process = None
        for _ in range(20):  # a port may be taken between finding it and starting
            self.port = free_port()
            if self.start():
                return
        raise AssertionError("redis-server does not start")

    def start(self):
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                   "--dir", self.folder, "--daemonize", "no", *self.flags]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                if self.command("PING") == "PONG":
                    return True
            except (OSError, EOFError):
                time.sleep(0.01)
        return False

    @property
    def url(self):
        return "redis://127.0.0.1:%d" % self.port

    def command(self, *words):
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
            connection.sendall(resp(words))
            return read_reply(connection.makefile("rb"))

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def resp(words):
    out = b"*%d\r\n" % len(words)
    for word in words:
        word = word if isinstance(word, bytes) else str(word).encode()
        out += b"$%d\r\n%s\r\n" % (len(word), word)
    return out


def read_reply(file):
    line = file.readline()
    if not line.endswith(b"\r\n"):
        raise EOFError
    kind, rest = line[:1], line[1:-2]
    if kind == b"+":
        return rest.decode()
    if kind == b":":
        return int(rest)
    if kind == b"-":
        return RuntimeError(rest.decode())
    if kind == b"$":
        return None if rest == b"-1" else file.read(int(rest) + 2)[:-2]
    return [read_reply(file) for _ in range(int(rest))]


class Listener:
    """A server under the test's control: a thread for each connection runs serve(connection), which a subclass has."""

    def __init__(self):
        self.connections = []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.server.getsockname()[1]
        self.accepting = threading.Thread(target=self.accept, daemon=True)
        self.accepting.start()

    def accept(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def stop_listening(self):
        try:
            self.server.shutdown(socket.SHUT_RDWR)  # ends accept; closed alone, its descriptor would be the next server's
        except OSError:
            pass  # it was already

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop_listening()
        self.accepting.join(PATIENCE)
        self.server.close()
        for connection in self.connections:
            connection.close()


class FakeRedis(Listener):
    """A Redis under the test's control: it greets well, keeps nothing, and lets GET wait until the test says so."""

    def __init__(self, answer=None):
        """answer(words) gives the bytes of a reply, or None to close; without it, GETs wait for release()."""
        self.answer = answer
        self.changed = threading.Condition()
        self.waiting = []  # sockets of GETs without an answer, in their order
        self.n_gets = 0
        self.holding = True
        super().__init__()
        self.url = "redis://" + self.address

    def serve(self, connection):
        file = connection.makefile("rb")
        try:
            while True:
                words = read_reply(file)
                if self.answer:
                    reply = self.answer(words)
                    if reply is None:
                        connection.shutdown(socket.SHUT_RDWR)
                        return
                    connection.sendall(reply)
                elif words[0].upper() == b"GET":
                    with self.changed:
                        self.n_gets += 1
                        if self.holding:
                            self.waiting.append(connection)
                        else:
                            connection.sendall(b"$-1\r\n")
                        self.changed.notify_all()
                else:
                    connection.sendall(b"+PONG\r\n" if words[0].upper() == b"PING" else b"+OK\r\n")
        except (OSError, EOFError, ValueError):
            pass

    def wait_for_gets(self, n):
        with self.changed:
            assert self.changed.wait_for(lambda: self.n_gets >= n, PATIENCE), "%d GETs instead of %d" % (self.n_gets, n)

    def release(self):
        """Answers every GET with a miss, now and from now on."""
        with self.changed:
            self.holding = False
            for connection in set(self.waiting):  # at once: the reply to a SET that the first one causes comes after
                connection.sendall(b"$-1\r\n" * self.waiting.count(connection))
            self.waiting = []


class Held:
    """A daemon whose scoring questions wait for a FakeRedis: in flight for as long as the test wants."""

    def __init__(self, *flags, **options):
        self.redis = FakeRedis()
        self.daemon = Daemon("--redis-timeout-ms", "60000", *flags, redis=self.redis.url, **options)
        with self.daemon.wire() as wire:
            until(lambda: wire.stats()["redis"]["breaker"] == "closed", "Redis is used")

    def __enter__(self):
        return self.daemon, self.redis

    def __exit__(self, *error):
        try:
            self.daemon.__exit__(*error)
        finally:
            self.redis.__exit__()


# ---- Test cases -----------------------------------------------------------------------------------------------------


class WithDaemon(unittest.TestCase):
    """One daemon of the sample for all tests of the class."""

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon()

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__(None)


class WithWire(WithDaemon):
    """And for each test a connection of its own."""

    def setUp(self):
        self.wire = self.daemon.wire()
        self.addCleanup(self.wire.socket.close)


def main():
    unittest.main(verbosity=2)
