"""A daemon's life: settings, start, reload under load, drain, end."""

import json
import os
import shutil
import signal
import socket
import stat
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import (INVALID_DATA, LEADERS, PARAMS, POSTS, SAMPLE, SHUTTING_DOWN, Daemon, Held, Wire, main, request,
                     run, shortlist, until)


class Data:
    """A folder that --data names and whose content is switched in one step, as a careful operator does."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="wellmatch-data-")
        self.path = os.path.join(self.folder, "now")
        shutil.copytree(SAMPLE, self.at("a"))
        self.copy("b")
        with open(os.path.join(self.at("b"), "policy.json"), encoding="utf-8") as file:
            policy = json.load(file)
        policy["accept"]["base"]["value"] += 0.5
        with open(os.path.join(self.at("b"), "policy.json"), "w", encoding="utf-8") as file:
            json.dump(policy, file)
        self.copy("bad")
        with open(os.path.join(self.at("bad"), "posts.csv"), "a", encoding="utf-8") as file:
            file.write("one,two\nthree\n")
        self.switch("a")

    def at(self, name):
        return os.path.join(self.folder, name)

    def copy(self, name):
        shutil.copytree(SAMPLE, self.at(name))

    def switch(self, name):
        link = os.path.join(self.folder, "next")
        os.symlink(self.at(name), link)
        os.replace(link, self.path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)


class Reload(unittest.TestCase):
    def test_nothing_new(self):
        with Daemon() as daemon, daemon.wire() as wire:
            before = wire.call("system.ping")["result"]
            result = wire.call("dataset.reload")["result"]
            self.assertFalse(result["changed"])
            self.assertEqual(result["previous"], {"dataset": before["dataset"], "policy": before["policy"]})
            self.assertEqual((result["rows"]["post"], result["rows"]["leader"]), (len(POSTS), len(LEADERS)))
            self.assertEqual(wire.call("dataset.reload", {"x": 1})["error"]["code"], PARAMS)

    def test_good_and_bad(self):
        with Data() as data, Daemon(data=data.path) as daemon, daemon.wire() as wire:
            first = wire.ask(shortlist(0))
            data.switch("b")
            self.assertEqual(wire.ask(shortlist(0)), first, "new files alone change nothing")
            result = wire.call("dataset.reload")["result"]
            self.assertTrue(result["changed"])
            self.assertNotEqual(result["policy"], result["previous"]["policy"])
            self.assertEqual(result["dataset"], result["previous"]["dataset"])
            second = wire.ask(shortlist(0))
            self.assertNotEqual(first, second)
            self.assertEqual(json.loads(second)["result"]["policy"], result["policy"])

            data.switch("bad")
            error = wire.call("dataset.reload")["error"]
            self.assertEqual(error["code"], INVALID_DATA)
            self.assertGreaterEqual(error["data"]["count"], 2)
            self.assertEqual(error["data"]["count"], len(error["data"]["faults"]))
            fault = error["data"]["faults"][0]
            self.assertEqual((fault["file"], fault["line"]), ("posts.csv", len(POSTS) + 2))
            self.assertEqual(sorted(fault), ["column", "expected", "file", "line", "what"])
            daemon.wait_for("event=reload_refused")
            self.assertEqual(wire.ask(shortlist(0)), second)

            data.switch("a")
            self.assertTrue(wire.call("dataset.reload")["result"]["changed"])
            self.assertEqual(wire.ask(shortlist(0)), first)
            counters = wire.stats()["counters"]
            self.assertEqual((counters["reloads"], counters["reloads_refused"]), (2, 1))

    def test_data_gone(self):
        with Data() as data, Daemon(data=data.path) as daemon, daemon.wire() as wire:
            first = wire.ask(shortlist(0))
            os.unlink(data.path)
            self.assertEqual(wire.call("dataset.reload")["error"]["code"], INVALID_DATA)
            self.assertEqual(wire.ask(shortlist(0)), first)

    def test_people_are_not_in_the_log(self):
        with Data() as data, Daemon(data=data.path) as daemon, daemon.wire() as wire:
            data.copy("odd")
            with open(os.path.join(data.at("odd"), "leaders.csv"), "a", encoding="utf-8") as file:
                file.write(LEADERS[0] + "\n")
            data.switch("odd")
            error = wire.call("dataset.reload")["error"]
            self.assertEqual(error["data"]["faults"][0]["file"], "leaders.csv")
            line = daemon.wait_for("event=fault")[0]
            self.assertIn("file=leaders.csv", line)
            self.assertNotIn(LEADERS[0], "".join(daemon.log))

    def test_many_at_once(self):
        with Daemon() as daemon:
            wires = [daemon.wire() for _ in range(20)]
            for wire in wires:
                wire.send(request("dataset.reload") + b"\n")
            self.assertEqual({wire.line() for wire in wires[1:]}, {wires[0].line()})
            self.assertLess(wires[0].stats()["counters"]["reloads"], 20, "those who ask while one loads share the next")
            for wire in wires:
                wire.socket.close()

    def test_as_a_notification(self):
        with Daemon() as daemon, daemon.wire() as wire:
            wire.send(request("dataset.reload", id=None) + b"\n")
            daemon.wait_for("event=reloaded")

    def test_under_load(self):
        with Data() as data, Daemon("--threads", "2", data=data.path) as daemon:
            expected = {}  # policy -> the answers that belong to it
            with daemon.wire() as wire:
                for name in ("a", "b"):
                    data.switch(name)
                    wire.call("dataset.reload")
                    policy = wire.call("system.ping")["result"]["policy"]
                    expected[policy] = [wire.ask(shortlist(i)) for i in range(len(POSTS))]
            self.assertEqual(len(expected), 2)
            seen, wrong, stop = set(), [], threading.Event()

            def client():
                try:
                    with daemon.wire() as own:
                        i = 0
                        while not stop.is_set():
                            line = own.ask(shortlist(i % len(POSTS)))
                            policy = json.loads(line)["result"]["policy"]
                            seen.add(policy)
                            if line != expected[policy][i % len(POSTS)]:
                                wrong.append(line)
                            i += 1
                except Exception as error:  # whatever it was, the test must hear of it
                    wrong.append(error)

            threads = [threading.Thread(target=client) for _ in range(4)]
            for thread in threads:
                thread.start()
            for k in range(12):
                data.switch(("a", "bad", "b", "bad")[k % 4])
                daemon.signal(signal.SIGHUP)
                if k % 2 == 0:
                    daemon.wait_for("event=reloaded", 3 + k // 2)
                else:
                    daemon.wait_for("event=reload_refused", 1 + k // 2)
            stop.set()
            for thread in threads:
                thread.join()
            self.assertEqual(wrong, [])
            self.assertEqual(seen, set(expected))


class Drain(unittest.TestCase):
    def test_idle(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with Daemon() as daemon:
                daemon.signal(number)
                self.assertEqual(daemon.wait(), 0)

    def test_requests_in_flight(self):
        with Held() as (daemon, redis):
            with daemon.wire() as wire, daemon.wire() as idle, Wire(daemon.tcp) as batch:
                wire.send(b"".join(shortlist(i, id=i) + b"\n" for i in range(5)))
                batch.send(b"[" + shortlist(9, id="in") + b"," + request("system.ping", id="ping") + b"]\n")
                redis.wait_for_gets(6)
                daemon.signal(signal.SIGTERM)
                daemon.wait_for("event=draining")
                for late in (wire, idle):
                    reply = late.call("system.ping", id="late")
                    self.assertEqual((reply["id"], reply["error"]["code"]), ("late", SHUTTING_DOWN))
                    self.assertEqual(reply["error"]["data"], {"drain_s": 10})
                with self.assertRaises(OSError):
                    daemon.wire()
                with self.assertRaises(OSError):
                    Wire(daemon.tcp)
                redis.release()
                replies = [json.loads(line) for line in wire.rest()]
                self.assertEqual(sorted(r["id"] for r in replies if "result" in r), list(range(5)))
                self.assertEqual([r["id"] for r in json.loads(batch.line())], ["in", "ping"])
                self.assertEqual(idle.rest(), [])
            self.assertEqual(daemon.wait(), 0)
            self.assertFalse([line for line in daemon.log if "drain_cut" in line])

    def test_half_closed_with_requests_in_flight(self):
        with Held() as (daemon, redis):
            with daemon.wire() as wire:
                wire.send(shortlist(0, id="last"))
                wire.end()
                redis.wait_for_gets(1)
                daemon.signal(signal.SIGTERM)
                daemon.wait_for("event=draining")
                redis.release()
                self.assertEqual([json.loads(line)["id"] for line in wire.rest()], ["last"])
            self.assertEqual(daemon.wait(), 0)

    def test_cut_short_by_time(self):
        with Held("--drain-s", "0") as (daemon, redis), daemon.wire() as wire:
            wire.send(shortlist(0) + b"\n")
            redis.wait_for_gets(1)
            daemon.signal(signal.SIGTERM)
            self.assertEqual(daemon.wait(), 0)
            self.assertIn("unanswered=1", daemon.wait_for("event=drain_cut")[0])
            self.assertEqual(json.loads(wire.line())["error"]["code"], SHUTTING_DOWN)
            self.assertIsNone(wire.line())

    def test_cut_short_by_a_second_signal(self):
        with Held() as (daemon, redis), daemon.wire() as wire:
            wire.send(shortlist(0) + b"\n")
            redis.wait_for_gets(1)
            daemon.signal(signal.SIGTERM)
            daemon.wait_for("event=draining")
            daemon.signal(signal.SIGTERM)
            self.assertEqual(daemon.wait(), 0)
            daemon.wait_for("event=drain_cut")

    def test_peers_that_go_at_the_same_moment(self):
        with Daemon("--output-mib", "1") as daemon:
            wires = [daemon.wire() for _ in range(5)]
            for wire in wires:
                wire.send(b"".join(shortlist(i, id=i, limit=100) + b"\n" for i in range(100)))
            with daemon.wire() as other:
                until(lambda: other.stats()["methods"]["match.shortlist"]["requests"] >= 5, "they have unread answers")
            daemon.signal(signal.SIGSTOP)
            for wire in wires:
                wire.socket.close()
            daemon.signal(signal.SIGTERM)
            daemon.signal(signal.SIGCONT)
            self.assertEqual(daemon.wait(), 0)
            self.assertFalse([line for line in daemon.log if "drain_cut" in line])

    def test_an_asker_that_is_gone(self):
        with Held() as (daemon, redis), daemon.wire() as other:
            with Wire(daemon.tcp) as wire:
                wire.send(b"[" + shortlist(0) + b"," + shortlist(1) + b"]\n")
                redis.wait_for_gets(2)
                wire.reset()
            until(lambda: other.stats()["counters"]["connections_now"] == 1, "the asker is gone")
            redis.release()
            until(lambda: other.stats()["counters"]["dropped"] == 2, "its answers are dropped")
            self.assertEqual(other.stats()["counters"]["in_flight_now"], 0)

    def test_equal_questions_are_computed_once(self):
        with Held("--loops", "1") as (daemon, redis), daemon.wire() as other:
            wires = [daemon.wire() for _ in range(10)]
            for i, wire in enumerate(wires):
                wire.send(shortlist(0, id=i) + b"\n")
            until(lambda: other.stats()["counters"]["coalesced"] == 9, "nine have joined the first")
            redis.release()
            lines = [wire.line() for wire in wires]
            self.assertEqual([json.loads(line)["id"] for line in lines], list(range(10)))
            self.assertEqual(len({json.dumps(json.loads(line)["result"]) for line in lines}), 1)
            counters = other.stats()["counters"]
            self.assertEqual(counters["computed_on_loop"] + counters["computed_on_worker"], 1)
            self.assertEqual(redis.n_gets, 1)
            for wire in wires:
                wire.socket.close()


class Workers(unittest.TestCase):
    """Enough leaders that scoring leaves the loop."""

    @classmethod
    def setUpClass(cls):
        cls.data = tempfile.mkdtemp(prefix="wellmatch-many-")
        for name in os.listdir(SAMPLE):
            shutil.copy(os.path.join(SAMPLE, name), cls.data)
        with open(os.path.join(SAMPLE, "leaders.csv"), encoding="utf-8") as file:
            heading, *rows = file.read().splitlines()
        with open(os.path.join(cls.data, "leaders.csv"), "w", encoding="utf-8") as file:
            file.write(heading + "\n")
            for k in range(50):  # so many that a worker scores them
                for row in rows:
                    id, rest = row.split(",", 1)
                    file.write("%s-%d,%s\n" % (id, k, rest))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.data)

    def test_same_answers_from_any_thread(self):
        with Daemon("--threads", "2", "--cache-mib", "0", data=self.data) as daemon:
            wires = [daemon.wire() for _ in range(3)]
            for wire in wires:
                wire.send(b"".join(shortlist(i, id=i) + b"\n" for i in range(len(POSTS))))
            answers = []
            for wire in wires:
                answers.append(sorted(wire.lines(len(POSTS))))
            self.assertEqual(answers[0], answers[1])
            self.assertEqual(answers[0], answers[2])
            counters = wires[0].stats()["counters"]
            self.assertGreater(counters["computed_on_worker"], 0)
            self.assertEqual((counters["computed_on_loop"], counters["workers_now"], counters["jobs_now"]), (0, 0, 0))
            for wire in wires:
                wire.socket.close()

    def test_drain_while_computing(self):
        with Daemon("--threads", "1", "--cache-mib", "0", data=self.data) as daemon:
            with daemon.wire() as wire:
                wire.send(b"".join(shortlist(i, id=i) + b"\n" for i in range(len(POSTS))))
                first = wire.line()
                daemon.signal(signal.SIGTERM)
                replies = [json.loads(line) for line in [first] + wire.rest()]
                self.assertEqual(sorted(r["id"] for r in replies if "result" in r), list(range(len(POSTS))))
            self.assertEqual(daemon.wait(), 0)

    def test_end_while_computing_and_loading(self):
        with Daemon("--threads", "1", "--cache-mib", "0", "--drain-s", "0", data=self.data) as daemon, \
                daemon.wire() as wire:
            wire.send(b"".join(shortlist(i, id=i) + b"\n" for i in range(len(POSTS))))
            wire.send(3 * (request("dataset.reload") + b"\n"))
            wire.line()
            daemon.signal(signal.SIGHUP)
            daemon.signal(signal.SIGTERM)
            self.assertEqual(daemon.wait(), 0)


class Start(unittest.TestCase):
    def test_banner(self):
        with Daemon() as daemon:
            with daemon.wire() as wire:
                digest = wire.call("system.ping")["result"]["dataset"]
            self.assertEqual(daemon.stop(), 0)
        text = daemon.output.decode()
        for part in ("60 posts", "400 leaders", digest, daemon.tcp, daemon.unix, "Redis: not asked for", "shortlist ",
                     "explain ", "opportunities "):
            self.assertIn(part, text)

    def test_banner_with_pages(self):
        with Daemon("--http", "127.0.0.1:0") as daemon:
            pages = daemon.wait_for("address=http://")[0].split("address=")[1].strip()
            self.assertEqual(daemon.stop(), 0)
        text = daemon.output.decode()
        self.assertIn("Or open %s/ in a browser" % pages, text)
        self.assertNotIn("-u http", text)  # the client speaks to the other sockets

    def test_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            result = run("--data", SAMPLE, "--redis", "none", "--listen", "tcp://127.0.0.1:%d" % port)
        self.assertEqual(result.returncode, 3)
        said = [line for line in result.stderr.splitlines() if not "event=" in line]
        self.assertEqual(len(said), 1)
        self.assertIn("port %d on 127.0.0.1 is in use" % port, said[0])
        self.assertIn("--listen", said[0])
        self.assertEqual(result.stdout, "")

    def test_host_that_is_not_here(self):
        self.assertEqual(run("--data", SAMPLE, "--redis", "none", "--listen", "tcp://192.0.2.1:0").returncode, 3)

    def test_socket_of_a_killed_daemon(self):
        with Daemon() as first:
            first.process.kill()
            first.process.wait()
            self.assertTrue(os.path.exists(first.path))
            with Daemon(listen=["unix:" + first.path]) as second, second.wire() as wire:
                self.assertTrue(wire.call("system.ping")["result"]["ok"])
            self.assertFalse(os.path.exists(first.path))

    def test_socket_of_a_living_daemon(self):
        with Daemon() as first:
            result = run("--data", SAMPLE, "--redis", "none", "--listen", "unix:" + first.path)
            self.assertEqual(result.returncode, 3)
            self.assertIn("another program listens", result.stderr)
            with first.wire() as wire:
                wire.call("system.ping")

    def test_file_that_is_no_socket(self):
        with tempfile.NamedTemporaryFile() as file:
            result = run("--data", SAMPLE, "--redis", "none", "--listen", "unix:" + file.name)
            self.assertEqual(result.returncode, 3)
            self.assertTrue(os.path.exists(file.name))

    def test_socket_file(self):
        with Daemon() as daemon:
            self.assertEqual(stat.S_IMODE(os.stat(daemon.path).st_mode), 0o660)
            os.unlink(daemon.path)
            with socket.socket(socket.AF_UNIX) as other:
                other.bind(daemon.path)
                self.assertEqual(daemon.stop(), 0)
                self.assertTrue(os.path.exists(daemon.path), "another's file stays")

    def test_localhost(self):
        with Daemon(listen=["tcp://localhost:0"]) as daemon, Wire(daemon.tcp) as wire:
            self.assertTrue(wire.call("system.ping")["result"]["ok"])

    def test_data_with_faults(self):
        with Data() as data:
            result = run("--data", data.at("bad"), "--redis", "none", "--listen", "tcp://127.0.0.1:0")
        self.assertEqual(result.returncode, 2)
        self.assertIn("posts.csv:%d:" % (len(POSTS) + 2), result.stderr)
        self.assertIn("nothing is served", result.stderr)

    def test_no_data(self):
        result = run("--redis", "none")
        self.assertEqual(result.returncode, 2)
        self.assertIn("--data data/sample", result.stderr)
        self.assertEqual(run("--data", "/nonexistent", "--redis", "none").returncode, 2)

    def test_misspelt(self):
        result = run("--data", SAMPLE, "--lisen", "tcp://127.0.0.1:0")
        self.assertEqual(result.returncode, 2)
        self.assertIn("the nearest is --listen", result.stderr)

    def test_redis_that_is_no_url(self):
        result = run("--data", SAMPLE, "--redis", "localhost:6379", "--listen", "tcp://127.0.0.1:0")
        self.assertEqual(result.returncode, 2)
        self.assertIn("--redis", result.stderr)

    def test_help_and_version(self):
        result = run("--help")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertLess(result.stdout.index("Examples"), result.stdout.index("Settings"))
        self.assertRegex(run("--version").stdout, r"^wellmatchd \d+\.\d+\.\d+\n$")

    def test_precedence(self):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({"data": SAMPLE, "cache_mib": 1, "queue_max": 11, "drain_s": 3}, file)
            file.flush()
            result = run("--config", file.name, "--drain-s", "5", "--check-config",
                         env={"WELLMATCH_QUEUE_MAX": "12", "WELLMATCH_DRAIN_S": "4"})
        self.assertEqual(result.returncode, 0, result.stderr)
        settings = {line.split()[0]: line.split(None, 1)[1] for line in result.stdout.splitlines()}
        self.assertEqual(settings["cache-mib"], "1  (file)")
        self.assertEqual(settings["queue-max"], "12  (environment)")
        self.assertEqual(settings["drain-s"], "5  (flag)")
        self.assertEqual(settings["stall-s"], "30  (default)")


if __name__ == "__main__":
    main()
