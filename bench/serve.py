"""The service beside what bounds it: a bare libuv server, Redis; under pressure; and as its users see it.

    serve.py [floor] [http] [redis] [step] [side] [pressure] [users]     BUILD=build QUICK=1: three short rounds

Each suite prints a table; the last column says pass or SHORT where the project has set itself a bar. Contenders run in turn
in the same round, ROUNDS (5) of them, and what is compared is the median of each round's ratio. Processor time is the
scheduler's own accounting of the server's threads, a request.
"""

import concurrent.futures
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

BUILD = os.environ.get("BUILD", "build")
QUICK = os.environ.get("QUICK") == "1"
ROUNDS = int(os.environ.get("ROUNDS", 3 if QUICK else 5))
SECONDS = float(os.environ.get("SECONDS_EACH", 0.7 if QUICK else 1.5))
NATIONAL = os.path.join("build", "national")
PING = '{"jsonrpc":"2.0","id":%d,"method":"system.ping"}'
SHORTLIST = '{"jsonrpc":"2.0","id":%d,"method":"match.shortlist","params":{"post":"%s","limit":%d}}'
short = []  # bars that were missed


# ---- Programs and what they cost ----

def tool(name):
    return os.path.join(BUILD, "bench", name)


class Program:
    """A server of this run, ended with it."""

    def __init__(self, command, **options):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def cpu(self):
        """Seconds on a processor, of all its threads."""
        total = 0
        for task in os.listdir(f"/proc/{self.pid}/task"):
            with open(f"/proc/{self.pid}/task/{task}/schedstat") as file:
                total += int(file.read().split()[0])
        return total * 1e-9

    def waited(self):
        """Seconds that its threads had work and no processor: what others on the machine cost it."""
        total = 0
        for task in os.listdir(f"/proc/{self.pid}/task"):
            with open(f"/proc/{self.pid}/task/{task}/schedstat") as file:
                total += int(file.read().split()[1])
        return total * 1e-9

    def resident(self):
        with open(f"/proc/{self.pid}/status") as file:
            return int(re.search(r"VmRSS:\s*(\d+)", file.read()).group(1)) * 1024


class Daemon(Program):
    def __init__(self, folder, *flags, data=NATIONAL, redis="none", listening=2):
        self.path = os.path.join(folder, f"d{os.urandom(3).hex()}")
        super().__init__([os.path.join(BUILD, "wellmatchd"), "--data", data, "--redis", redis, "--listen", "tcp://127.0.0.1:0",
                          "--listen", "unix:" + self.path, "--log", "info", *flags], stdout=subprocess.DEVNULL,
                         stderr=subprocess.PIPE, text=True)
        found = []
        while len(found) < listening:
            line = self.process.stderr.readline()
            if not line:
                sys.exit("bench: wellmatchd did not start")
            if "event=listening" in line:
                found.append(line.split("address=")[1].strip())
        self.tcp, self.unix = found[:2]
        self.http = found[2].replace("http://", "tcp://") if listening > 2 else None
        threading.Thread(target=self.process.stderr.read, daemon=True).start()  # so that it never waits to log
        if redis != "none":
            until(lambda: self.ask("system.info")["redis"]["breaker"] == "closed")

    def address(self, transport):
        return self.tcp if transport == "tcp" else self.unix

    def connect(self):
        host, port = self.tcp[len("tcp://"):].rsplit(":", 1)
        return socket.create_connection((host, int(port)))

    def ask(self, method, params=None):
        with self.connect() as peer, peer.makefile("rwb") as file:
            file.write(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}).encode() + b"\n")
            file.flush()
            return json.loads(file.readline())["result"]


class Floor(Program):
    """The least a server on libuv can do: bench/echo.c."""

    def __init__(self, folder, transport, reply_bytes):
        path = [os.path.join(folder, f"e{os.urandom(3).hex()}")] if transport == "unix" else []
        super().__init__([tool("echo"), str(reply_bytes), *path], stdout=subprocess.PIPE, text=True)
        self.listening = self.process.stdout.readline().strip()


def until(holds, patience=30):
    end = time.monotonic() + patience
    while not holds():
        if time.monotonic() > end:
            sys.exit("bench: something did not come about")
        time.sleep(0.02)


def load(address, requests, *flags, pid=0, seconds=None):
    """What bench/load says, as numbers."""
    out = subprocess.run([tool("load"), "-a", address, "-f", requests, "-s", str(seconds or SECONDS), "-p", str(pid), *flags],
                         check=True, capture_output=True, text=True).stdout
    return {key: float(value) for key, value in (pair.split("=") for pair in out.split())}


def write_lines(folder, name, lines):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write("".join(line + "\n" for line in lines))
    return path


def ids(data, table):
    with open(os.path.join(data, table + ".csv")) as file:
        next(file)
        return [line.split(",")[0] for line in file]


# ---- Tables ----

def table(title, columns, rows, note=""):
    print(f"\n### {title}\n")
    if note:
        print(note + "\n")
    print("| " + " | ".join(columns) + " |")
    print("|" + "|".join("---" if i == 0 else "--:" for i in range(len(columns))) + "|")
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    sys.stdout.flush()


def judge(name, value, bar, most=True):
    good = value <= bar if most else value >= bar
    if not good:
        short.append(f"{name}: {value:.3g}, bar {bar:g}")
    return "pass" if good else "SHORT"


def middle(values):
    return statistics.median(values)


def spread(values):
    return f"{min(values):.2f} to {max(values):.2f}"


# ---- Suites ----

def suite_floor(folder):
    """A cached answer against canned bytes of the same length, over each transport, with and without pipelining."""
    posts = ids(NATIONAL, "posts")[:100]
    questions = [("system.ping", write_lines(folder, "ping", [PING % 1]), 1.15, 2.0),
                 ("match.shortlist, 6 kB, kept", write_lines(folder, "kept", [SHORTLIST % (i, p, 3) for i, p in enumerate(posts)]),
                  1.15, 1.5)]
    rows = []
    with Daemon(folder) as daemon:
        for title, requests, bar_single, bar_deep in questions:
            size = round(load(daemon.tcp, requests, "-c", "1", "-d", "1", seconds=0.3)["reply_bytes"])
            for transport in ("tcp", "unix"):
                with Floor(folder, transport, size) as floor:
                    for shape, connections, depth, bar in (("64 x 1", 64, 1, bar_single), ("8 x 16", 8, 16, bar_deep)):
                        flags = ["-c", str(connections), "-d", str(depth)]
                        pairs = [(load(daemon.address(transport), requests, *flags, pid=daemon.pid),
                                  load(floor.listening, requests, *flags, pid=floor.pid)) for _ in range(ROUNDS)]
                        ratios = [own["server_cpu_us"] / bare["server_cpu_us"] for own, bare in pairs]
                        name = f"{title}, {transport}, {shape}"
                        rows.append([name, size, f"{middle(p[0]['rate'] for p in pairs):.0f}",
                                     f"{middle(p[1]['rate'] for p in pairs):.0f}",
                                     f"{middle(p[0]['server_cpu_us'] for p in pairs):.2f}",
                                     f"{middle(p[1]['server_cpu_us'] for p in pairs):.2f}", f"{middle(ratios):.2f}",
                                     spread(ratios), bar, judge(name, middle(ratios), bar)])
    table("The service and the floor", ["request, transport, connections x depth", "reply bytes", "/s", "floor /s", "CPU us",
                                        "floor CPU us", "ratio", "of all rounds", "bar", ""], rows)


LIVEZ = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r"  # as a browser's, but for what a browser adds
RPC = ("POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
       % (len(PING % 1) + 1) + PING % 1)


HTTP_LINES = "8"  # of both replies: a status, five headers, a blank line, a body of one


def suite_http(folder):
    """A small GET and a small POST against canned bytes of the same lengths, and beside the JSON socket."""
    rows = []
    with Daemon(folder, "--http", "127.0.0.1:0", listening=3) as daemon:
        ping = write_lines(folder, "ping", [PING % 1])
        size = round(load(daemon.tcp, ping, "-c", "1", "-d", "1", seconds=0.3)["reply_bytes"])
        with Floor(folder, "tcp", size) as floor:
            for shape in SHAPES:
                rows.append(beside(f"system.ping, JSON socket, {shape[0]}", daemon, daemon.tcp, floor, ping, shape))
        for title, text, bars in (("GET /livez", LIVEZ, (1.15, None)), ("POST /rpc system.ping", RPC, (None, None))):
            request = write_lines(folder, "request", [text])
            size = round(load(daemon.http, request, "-w", HTTP_LINES, "-c", "1", "-d", "1", seconds=0.3)["reply_bytes"])
            with Floor(folder, "tcp", f"{size}/{text.count(chr(10)) + 1}") as floor:
                for shape, bar in zip(SHAPES, bars):
                    rows.append(beside(f"{title}, {shape[0]}", daemon, daemon.http, floor, request, shape, bar,
                                       ["-w", HTTP_LINES], ["-w", "1"]))
    table("HTTP and the floor", ["request, connections x depth", "reply bytes", "/s", "floor /s", "CPU us", "floor CPU us",
                                 "ratio", "of all rounds", "bar", ""], rows)


SHAPES = (("64 x 1", 64, 1), ("8 x 16", 8, 16))


def beside(name, daemon, address, floor, requests, shape, bar=None, flags=(), floor_flags=()):
    _, connections, depth = shape
    flags, floor_flags = ([*each, "-c", str(connections), "-d", str(depth)] for each in (flags, floor_flags))
    pairs = [(load(address, requests, *flags, pid=daemon.pid), load(floor.listening, requests, *floor_flags, pid=floor.pid))
             for _ in range(ROUNDS)]
    ratios = [own["server_cpu_us"] / bare["server_cpu_us"] for own, bare in pairs]
    return [name, round(pairs[0][0]["reply_bytes"]), f"{middle(p[0]['rate'] for p in pairs):.0f}",
            f"{middle(p[1]['rate'] for p in pairs):.0f}", f"{middle(p[0]['server_cpu_us'] for p in pairs):.2f}",
            f"{middle(p[1]['server_cpu_us'] for p in pairs):.2f}", f"{middle(ratios):.2f}", spread(ratios), bar or "",
            judge(name, middle(ratios), bar) if bar else ""]


class Redis(Program):
    def __init__(self, folder):
        self.path = os.path.join(folder, "redis.sock")
        self.port = free_port()
        super().__init__(["redis-server", "--port", str(self.port), "--unixsocket", self.path, "--save", "", "--appendonly", "no",
                          "--dir", folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: subprocess.run(["redis-cli", "-s", self.path, "ping"], capture_output=True).stdout == b"PONG\n")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def suite_redis(folder):
    """Redis itself as the server of the same bytes, asked by the client it comes with."""
    if not shutil.which("redis-server") or not shutil.which("redis-benchmark"):
        print("\nredis: left out, redis-server is not installed")
        return
    posts = ids(NATIONAL, "posts")[:100]
    requests = write_lines(folder, "kept", [SHORTLIST % (i, p, 3) for i, p in enumerate(posts)])
    rows = []
    with Daemon(folder) as daemon, Redis(folder) as redis:
        size = round(load(daemon.tcp, requests, "-c", "1", "-d", "1", seconds=0.3)["reply_bytes"])
        client = ["redis-benchmark", "-p", str(redis.port), "-q"]
        subprocess.run([*client, "-t", "set", "-d", str(size), "-n", "1000"], check=True, capture_output=True)
        for shape, connections, depth in (("64 x 1", 64, 1), ("8 x 16", 8, 16)):
            flags = ["-c", str(connections), "-d", str(depth)]
            own, other = [], []
            for _ in range(ROUNDS):
                own.append(load(daemon.tcp, requests, *flags, pid=daemon.pid)["server_cpu_us"])
                n = int((40000 if depth == 1 else 300000) * SECONDS)
                before = redis.cpu()
                subprocess.run([*client, "-t", "get", "-d", str(size), "-c", str(connections), "-P", str(depth), "-n", str(n)],
                               check=True, capture_output=True)
                other.append((redis.cpu() - before) * 1e6 / n)
            ratios = [a / b for a, b in zip(own, other)]
            name = f"kept shortlist against GET, {shape}"
            rows.append([name, size, f"{middle(own):.2f}", f"{middle(other):.2f}", f"{middle(ratios):.2f}", spread(ratios), 1.0,
                         judge(name, middle(ratios), 1.0)])
    table("The service and Redis serving the same bytes", ["question, connections x depth", "bytes", "CPU us", "redis-server CPU us",
                                                           "ratio", "of all rounds", "bar", ""], rows)


def suite_step(folder):
    """The shared step: what a hit in Redis costs, daemon and Redis together, against computing; per method."""
    if not shutil.which("redis-server"):
        print("\nstep: left out, redis-server is not installed")
        return
    rows = []
    for title, data in (("400 leaders", os.path.join("data", "sample")), ("36,000 leaders", NATIONAL)):
        posts, leaders = ids(data, "posts")[:50], ids(data, "leaders")[:50]
        ask = lambda method, params: ['{"jsonrpc":"2.0","id":%d,"method":"%s","params":%s}' % (i, method, json.dumps(p))
                                      for i, p in enumerate(params)]
        pairs = [{"leader": l, "post": p} for l, p in zip(leaders, posts)]
        questions = [("match.shortlist", [{"post": p} for p in posts]), ("match.opportunities", [{"leader": l} for l in leaders]),
                     ("match.explain", pairs), ("match.compare_packages", pairs),
                     ("dataset.list", [{"kind": "leader", "offset": i} for i in range(50)])]
        with Redis(folder) as redis, Daemon(folder, "--cache-mib", "0", data=data) as alone, \
                Daemon(folder, "--cache-mib", "0", data=data, redis=f"redis://127.0.0.1:{redis.port}") as shared:
            for method, params in questions:
                requests = write_lines(folder, "step", ask(method, params))
                flags = ["-c", "2", "-d", "4"]
                load(shared.tcp, requests, *flags, seconds=0.3)  # all are in Redis now
                computed, hit, redis_cpu = [], [], []
                for _ in range(ROUNDS):
                    computed.append(load(alone.tcp, requests, *flags, pid=alone.pid)["server_cpu_us"])
                    before, at = redis.cpu(), shared.ask("system.stats")["cache"]["redis_hits"]
                    hit.append(load(shared.tcp, requests, *flags, pid=shared.pid)["server_cpu_us"])
                    hits = shared.ask("system.stats")["cache"]["redis_hits"] - at
                    redis_cpu.append((redis.cpu() - before) * 1e6 / hits)
                ratios = [(h + r) / c for h, r, c in zip(hit, redis_cpu, computed)]
                name = f"{method}, {title}"
                rows.append([name, f"{middle(computed):.1f}", f"{middle(hit):.1f}", f"{middle(redis_cpu):.1f}",
                             f"{middle(ratios):.2f}", 1.0, judge(name, middle(ratios), 1.0)])
    table("A hit in Redis against computing", ["method", "computed, CPU us", "hit, CPU us", "and of Redis", "ratio", "bar", ""], rows)


def suite_side(folder):
    """A client of 16 KiB lines, as fast as it can, beside one that asks one thing at a time."""
    small = write_lines(folder, "ping", [PING % 1])
    large = write_lines(folder, "large", [PING % 1 + " " * (16384 - len(PING) + 1)])
    calm, beside = [], []
    with Daemon(folder) as daemon:
        for _ in range(ROUNDS):
            calm.append(load(daemon.tcp, small, "-c", "1", "-r", "1000", "-t")["p99_us"])
            other = subprocess.Popen([tool("load"), "-a", daemon.tcp, "-f", large, "-c", "1", "-d", "1", "-s", str(SECONDS + 1)],
                                     stdout=subprocess.DEVNULL)
            beside.append(load(daemon.tcp, small, "-c", "1", "-r", "1000", "-t")["p99_us"])
            other.wait()
    ratios = [b / c for b, c in zip(beside, calm)]
    table("A small client beside one of 16 KiB lines", ["", "p99 us alone", "p99 us beside", "ratio", "of all rounds", "bar", ""],
          [["1,000 pings a second", f"{middle(calm):.0f}", f"{middle(beside):.0f}", f"{middle(ratios):.2f}", spread(ratios), 2.0,
            judge("small client beside a large one", middle(ratios), 2.0)]])


# ---- Pressure ----

PING_ROUNDS = max(ROUNDS, 5)
PING_SECONDS = max(SECONDS, 2)  # 400 pings: the p99 is the fourth worst


class Bystander:
    """
    One who pings the service 200 times a second, and its twin, who pings an idle bare server as often at the same time.
    What the machine and its other programs do to anybody, they do to both: what the service does is the rest.
    """

    def __init__(self, daemon, floor, folder):
        self.servers, self.requests = (daemon.tcp, floor.listening), write_lines(folder, "ping", [PING % 1])

    def round(self):
        """The p99 of each, in us."""
        ask = lambda server: load(server, self.requests, "-c", "1", "-r", "200", "-t", seconds=PING_SECONDS)["p99_us"]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            return list(pool.map(ask, self.servers))


def ping_row(title, calm, then):
    """Of rounds (service, floor). Judged is what the service's p99 is beyond the floor's of the same round."""
    beyond = [max(0, own - bare) / 1000 for own, bare in then]
    return [title, *(f"{middle(p99) / 1000:.2f}" for rounds in (calm, then) for p99 in zip(*rounds)), f"{middle(beyond):.2f}",
            spread(beyond), 10, judge(f"ping beside {title}, ms", middle(beyond), 10)]


def suite_pressure(folder):
    stolen = -steal()
    groups = [overload(folder),
              disturbed(folder, "10,000 connections that say nothing", idle_connections, "--connections-max", "12000"),
              disturbed(folder, "200 peers that ask for much and read nothing", slow_readers),
              disturbed(folder, "200 peers that ask 300 new questions each, read nothing, and go", unread_questions, "--cache-mib", "0"),
              disturbed(folder, "500 peers that stop in the middle of a line", half_lines),
              disturbed(folder, "a connection for every call, as fast as they come", connect_storm)]
    stolen += steal()
    table("Under pressure: a ping, p99 ms", ["beside", "calm", "floor", "then", "floor", "beyond it", "of all rounds", "bar", ""],
          [ping for ping, _ in groups], f"The host took {stolen:.1f} s of processor time from this machine meanwhile.")
    table("Under pressure: the service", ["", "calm", "then", "bar", ""], [row for _, rows in groups for row in rows])


def steal():
    """Seconds that this machine's processors had work and its host gave them none: 0 where it does not say."""
    with open("/proc/stat") as file:
        return int(file.readline().split()[8]) / os.sysconf("SC_CLK_TCK")


def overload(folder):
    """Twice what it can compute: the rate it keeps, refusals, health, memory."""
    lines = [SHORTLIST % (i, p, limit) for limit in range(8, 14) for i, p in enumerate(ids(NATIONAL, "posts"))]  # few ask the same at once
    requests = write_lines(folder, "computed", lines)
    with Daemon(folder, "--cache-mib", "0") as daemon, Floor(folder, "tcp", 146) as floor:
        def answered():
            stats = daemon.ask("system.stats")
            method = stats["methods"]["match.shortlist"]
            return method["latency_us"]["n"], method["errors"]
        bystander = Bystander(daemon, floor, folder)
        load(daemon.tcp, requests, "-c", "8", "-d", "8")
        kept, calm, then, best = [], [], [], []
        for _ in range(PING_ROUNDS):
            best.append(load(daemon.tcp, requests, "-c", "8", "-d", "8")["rate"])
            time.sleep(1)
            calm.append(bystander.round())
            all_before, refused_before = answered()
            other = subprocess.Popen([tool("load"), "-a", daemon.tcp, "-f", requests, "-c", "64", "-r", str(2 * best[-1]), "-t",
                                      "-s", str(PING_SECONDS + 1)], stdout=subprocess.PIPE, text=True)
            then.append(bystander.round())
            rate = float(re.search(r"rate=([0-9.]+)", other.communicate()[0]).group(1))
            all_after, refused_after = answered()
            refused = (refused_after - refused_before) / (all_after - all_before)
            kept.append(rate * (1 - refused))
        memory = daemon.resident() / 2**20
    ratios = [k / b for k, b in zip(kept, best)]
    return ping_row("twice the shortlists that can be computed", calm, then), [
        ["shortlists answered a second, asked for twice as many", f"{middle(best):.0f}", f"{middle(kept):.0f}", "0.9 x",
         judge("throughput under overload", middle(ratios), 0.9, most=False)],
        ["of the asked refused at once, in the last round", "", f"{refused:.0%}", "", ""],
        ["memory after it, MiB", "", f"{memory:.0f}", "512", judge("memory under overload", memory, 512)]]


def disturbed(folder, title, disturb, *flags):
    """What a bystander pays while `disturb` goes on, what it holds of memory, and how long the service waited for a processor."""
    with Daemon(folder, *flags) as daemon, Floor(folder, "tcp", 146) as floor:
        bystander = Bystander(daemon, floor, folder)

        def rounds():
            before = daemon.waited()
            return [bystander.round() for _ in range(PING_ROUNDS)], (daemon.waited() - before) * 1000 / PING_ROUNDS

        calm, calm_waited = rounds()
        before = daemon.resident()
        end = disturb(daemon, folder)
        then, waited = rounds()
        held, n = daemon.resident() - before, daemon.ask("system.stats")["counters"]["connections_now"]
        end()
    return ping_row(title, calm, then), [
        [title + ": it had work and no processor, ms a round", f"{calm_waited:.1f}", f"{waited:.1f}", "", ""],
        [f"memory held for {n - 1:,} connections, MiB", "", f"{held / 2**20:.1f}", "", ""]]


def connections(daemon, n):
    peers = []
    for _ in range(n):
        peers.append(daemon.connect())
    until(lambda: daemon.ask("system.stats")["counters"]["connections_now"] > n)
    return peers


def closer(peers):
    def close():
        for peer in peers:
            peer.close()
    return close


def idle_connections(daemon, _folder):
    return closer(connections(daemon, 10000))


def slow_readers(daemon, _folder):
    ask = "".join(SHORTLIST % (i, p, 10) + "\n" for i, p in enumerate(ids(NATIONAL, "posts")[:100])).encode()
    peers = connections(daemon, 200)
    for peer in peers:
        peer.settimeout(0.01)
        try:
            for _ in range(20):
                peer.sendall(ask)
        except TimeoutError:
            pass
    return closer(peers)


def half_lines(daemon, _folder):
    peers = connections(daemon, 500)
    for peer in peers:
        peer.sendall(b'{"jsonrpc":"2.0","id":1,"meth')
    return closer(peers)


def connect_storm(daemon, _folder):
    def call():
        with daemon.connect() as peer:
            peer.sendall((PING % 1 + "\n").encode())
            peer.recv(4096)
    return again_and_again(call, n_threads=2)


def unread_questions(daemon, _folder):
    """60,000 answers of 300 questions that are computed (the daemon keeps none), then as many for other peers, and so on."""
    ask = "".join(SHORTLIST % (i, p, 10) + "\n" for i, p in enumerate(ids(NATIONAL, "posts")[:300])).encode()

    def call():
        peers = [daemon.connect() for _ in range(200)]
        for peer in peers:
            peer.setblocking(False)
            peer.send(ask)
        time.sleep(0.5)
        closer(peers)()
    return again_and_again(call, n_threads=1)


def again_and_again(call, n_threads):
    going = threading.Event()
    going.set()

    def run():
        while going.is_set():
            call()
    threads = [threading.Thread(target=run) for _ in range(n_threads)]
    for thread in threads:
        thread.start()

    def end():
        going.clear()
        for thread in threads:
            thread.join()
    return end


# ---- As users see it ----

def suite_users(folder):
    """The load generator that is installed with the service."""
    with Daemon(folder) as daemon:
        for title, flags in (
                ("A mix, planned", ["--rate", "5000", "--mix", "shortlist=80,explain=15,info=5", "-d", str(SECONDS),
                                    "--json", os.path.join(BUILD, "bench", "mix.json"),
                                    "--hgrm", os.path.join(BUILD, "bench", "mix.hgrm")]),
                ("New questions only, planned", ["--rate", "500", "--distinct", "all", "-d", str(SECONDS)]),
                ("The highest rate with p99 under 5 ms", ["--find-max", "p99<5ms", "--rate", "4000", "-d", "1", "--warmup", "0.2"])):
            print(f"\n### {title}\n")
            sys.stdout.flush()
            subprocess.run([os.path.join(BUILD, "wellmatch-bench"), daemon.tcp, *flags], check=False)


SUITES = {"floor": suite_floor, "http": suite_http, "redis": suite_redis, "step": suite_step, "side": suite_side, "pressure": suite_pressure,
          "users": suite_users}


def generate_national():
    if not os.path.exists(os.path.join(NATIONAL, "policy.json")):
        print(f"Generating {NATIONAL}: 36,000 leaders, 2,000 posts.")
        subprocess.run([os.path.join(BUILD, "wellmatch"), "generate", "--leaders", "36000", "--posts", "2000", "--seed", "2026",
                        NATIONAL], check=True)


def raise_descriptors():
    import resource
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main():
    names = sys.argv[1:] or list(SUITES)
    unknown = [name for name in names if name not in SUITES]
    if unknown:
        sys.exit(f"bench: no suite {unknown[0]}; there are {', '.join(SUITES)}")
    raise_descriptors()
    generate_national()
    with tempfile.TemporaryDirectory(prefix="wellmatch-bench-") as folder:
        for name in names:
            SUITES[name](folder)
    print("\n" + ("Short of a bar: " + "; ".join(short) if short else "Every bar is met."))


if __name__ == "__main__":
    main()
