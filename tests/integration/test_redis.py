"""Whatever Redis does, every request is answered correctly; system.stats tells what it did."""

import os
import shutil
import signal
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import POSTS, Daemon, FakeRedis, Redis, main, shortlist, until


def setUpModule():
    global expected
    with Daemon() as daemon, daemon.wire() as wire:
        expected = [wire.ask(shortlist(i)) for i in range(len(POSTS))]


def ask_all(wire):
    return [wire.ask(shortlist(i)) for i in range(len(POSTS))]


def ready(wire):
    until(lambda: wire.stats()["redis"]["breaker"] == "closed", "Redis is used")


class Load:
    """Clients that ask without pause and compare every answer."""

    def __init__(self, daemon, n=3):
        self.wrong, self.stopped, self.asked = [], threading.Event(), 0
        self.threads = [threading.Thread(target=self.client, args=(daemon,)) for _ in range(n)]

    def client(self, daemon):
        try:
            with daemon.wire() as wire:
                while not self.stopped.is_set():
                    for i in range(len(POSTS)):
                        if wire.ask(shortlist(i)) != expected[i]:
                            self.wrong.append(i)
                        self.asked += 1
        except Exception as error:  # whatever it was, the test must hear of it
            self.wrong.append(error)

    def more(self):
        """Waits until every client has had answers since now."""
        aim = self.asked + 3 * len(self.threads) * len(POSTS)
        until(lambda: self.asked >= aim or self.wrong, "answers go on")

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for thread in self.threads:
            thread.join()


@unittest.skipUnless(shutil.which("redis-server"), "there is no redis-server here")
class Real(unittest.TestCase):
    # Without an in-process cache every question goes to Redis.
    ALWAYS = ("--cache-mib", "0", "--redis-timeout-ms", "2000")

    def fill(self, redis):
        with Daemon("--redis-timeout-ms", "2000", redis=redis.url) as daemon, daemon.wire() as wire:
            ready(wire)
            self.assertEqual(ask_all(wire), expected)
            until(lambda: redis.command("DBSIZE") == len(POSTS), "every answer is stored")

    def test_banner(self):
        with Redis() as redis:
            with Daemon("--redis-timeout-ms", "2000", redis=redis.url) as daemon:
                with daemon.wire() as wire:
                    ready(wire)
                daemon.stop()
            self.assertIn(b"Redis: answering", daemon.output)

    def test_shared_by_two_daemons(self):
        with Redis() as redis:
            self.fill(redis)
            with Daemon("--redis-timeout-ms", "2000", redis=redis.url) as daemon, daemon.wire() as wire:
                ready(wire)
                self.assertEqual(ask_all(wire), expected)
                self.assertEqual(ask_all(wire), expected)
                stats = wire.stats()
                self.assertEqual((stats["cache"]["redis_hits"], stats["cache"]["local_hits"]), (len(POSTS), len(POSTS)))
                self.assertEqual(stats["counters"]["computed_on_loop"] + stats["counters"]["computed_on_worker"], 0)

    def test_values_expire(self):
        with Redis() as redis:
            self.fill(redis)
            for key in redis.command("KEYS", "*"):
                self.assertTrue(86400 * 0.8 < redis.command("TTL", key) < 86400 * 1.2)

    def test_killed_and_started_again_under_load(self):
        with Redis() as redis, Daemon(*self.ALWAYS, redis=redis.url) as daemon, daemon.wire() as wire:
            ready(wire)
            with Load(daemon) as load:
                for _ in range(2):
                    load.more()
                    redis.kill()
                    until(lambda: wire.stats()["redis"]["breaker"] != "closed", "its end is noticed")
                    load.more()
                    self.assertTrue(redis.start())
                    ready(wire)
                load.more()
            self.assertEqual(load.wrong, [])
            stats = wire.stats()["cache"]
            self.assertGreater(stats["redis_hits"], 0)
            self.assertGreater(stats["redis_errors"], 0)
            self.assertGreaterEqual(stats["redis_connects"], 3)

    def test_stopped_under_load(self):
        with Redis() as redis, Daemon("--cache-mib", "0", "--redis-timeout-ms", "100", redis=redis.url) as daemon, \
                daemon.wire() as wire:
            ready(wire)
            with Load(daemon) as load:
                load.more()
                redis.signal(signal.SIGSTOP)
                try:
                    until(lambda: wire.stats()["redis"]["breaker"] != "closed", "its silence is noticed")
                    load.more()
                finally:
                    redis.signal(signal.SIGCONT)
                ready(wire)
                load.more()
            self.assertEqual(load.wrong, [])
            self.assertGreater(wire.stats()["cache"]["redis_timeouts"], 0)

    def test_full(self):
        with Redis("--maxmemory", "1mb", "--maxmemory-policy", "noeviction") as redis, \
                Daemon(*self.ALWAYS, redis=redis.url) as daemon, daemon.wire() as wire:
            ready(wire)
            self.assertEqual(ask_all(wire), expected)
            self.assertEqual(ask_all(wire), expected)
            until(lambda: wire.stats()["cache"]["redis_errors"] > 0, "its refusals are counted")
            self.assertIn("OOM", wire.stats()["redis"]["last_error"])

    def change_all(self, redis, change):
        keys = redis.command("KEYS", "*")
        self.assertEqual(len(keys), len(POSTS))
        for key in keys:
            change(key)

    def lying(self, change):
        with Redis() as redis:
            self.fill(redis)
            self.change_all(redis, lambda key: change(redis, key))
            with Daemon(*self.ALWAYS, redis=redis.url) as daemon, daemon.wire() as wire:
                ready(wire)
                self.assertEqual(ask_all(wire), expected)
                stats = wire.stats()["cache"]
                self.assertEqual(stats["redis_hits"], 0)
                return stats

    def test_a_bit_flipped(self):
        def flip(redis, key):
            value = redis.command("GET", key)
            middle = len(value) * 2 // 3
            redis.command("SET", key, value[:middle] + bytes([value[middle] ^ 1]) + value[middle + 1:])
        self.assertEqual(self.lying(flip)["redis_corrupt"], len(POSTS))

    def test_cut_off(self):
        stats = self.lying(lambda redis, key: redis.command("SET", key, redis.command("GET", key)[:-1]))
        self.assertEqual(stats["redis_corrupt"], len(POSTS))

    def test_empty(self):
        self.assertEqual(self.lying(lambda redis, key: redis.command("SET", key, ""))["redis_corrupt"], len(POSTS))

    def test_of_another_question(self):
        one = []

        def exchange(redis, key):
            one.append(redis.command("GET", key))
            redis.command("SET", key, one[len(one) - 2] if len(one) > 1 else b"x")
        self.assertEqual(self.lying(exchange)["redis_corrupt"], len(POSTS))

    def test_of_another_type(self):
        def retype(redis, key):
            redis.command("DEL", key)
            redis.command("LPUSH", key, "x")
        stats = self.lying(retype)
        self.assertGreater(stats["redis_errors"] + stats["redis_corrupt"], 0)


class Odd(unittest.TestCase):
    """Servers that are no Redis."""

    def served(self, url):
        with Daemon("--cache-mib", "0", "--redis-timeout-ms", "100", redis=url) as daemon, daemon.wire() as wire:
            self.assertEqual(ask_all(wire), expected)
            yield wire
            self.assertEqual(ask_all(wire), expected)

    def check(self, answer):
        with FakeRedis(answer) as redis:
            for wire in self.served(redis.url):
                # Asking goes on: those before may have come before Redis was in use.
                until(lambda: wire.ask(shortlist(0)) and wire.stats()["redis"]["last_error"], "it is noticed")
                self.assertEqual(wire.stats()["cache"]["redis_hits"], 0)

    def test_nobody(self):
        for wire in self.served("redis://127.0.0.1:1"):
            until(lambda: wire.stats()["redis"]["breaker"] != "closed", "nobody is there")
            self.assertIn("refused", wire.stats()["redis"]["last_error"].lower())

    def test_says_nothing(self):
        self.check(lambda words: b"")

    def test_hangs_up(self):
        self.check(lambda words: None)

    def test_talks_something_else(self):
        self.check(lambda words: b"HTTP/1.1 400 Bad Request\r\n\r\n")

    def test_talks_nonsense(self):
        self.check(lambda words: bytes(range(256)) * 8)

    def test_greets_well_and_hangs_up(self):
        self.check(lambda words: b"+PONG\r\n" if words[0] == b"PING" else None)

    def test_greets_well_and_talks_nonsense(self):
        self.check(lambda words: b"+PONG\r\n" if words[0] == b"PING" else b"\x00\xff" * 100)

    def test_greets_well_and_says_nothing(self):
        self.check(lambda words: b"+PONG\r\n" if words[0] == b"PING" else b"")

    def test_answers_with_other_kinds(self):
        for reply in (b":1\r\n", b"*0\r\n", b"*2\r\n$1\r\na\r\n$1\r\nb\r\n", b"+OK\r\n", b"$5\r\nhello\r\n",
                      b"$0\r\n\r\n"):
            with FakeRedis(lambda words: b"+PONG\r\n" if words[0] == b"PING" else reply) as redis:
                for wire in self.served(redis.url):
                    self.assertEqual(wire.stats()["cache"]["redis_hits"], 0)

    def test_promises_much(self):
        self.check(lambda words: b"+PONG\r\n" if words[0] == b"PING" else b"$536870912\r\nx")

    def test_answers_twice(self):
        with FakeRedis(lambda words: b"+PONG\r\n" if words[0] == b"PING" else b"$-1\r\n$-1\r\n") as redis:
            for wire in self.served(redis.url):
                self.assertEqual(wire.stats()["cache"]["redis_hits"], 0)

    def test_wants_a_password(self):
        self.check(lambda words: b"-NOAUTH Authentication required.\r\n")

    def test_banner_without_redis(self):
        with Daemon(redis="redis://127.0.0.1:1") as daemon:
            with daemon.wire() as wire:
                until(lambda: wire.stats()["redis"]["last_error"], "nobody is there")
            daemon.stop()
        self.assertIn(b"Redis: not answering", daemon.output)


if __name__ == "__main__":
    main()
