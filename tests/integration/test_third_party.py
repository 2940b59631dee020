"""A client nobody here wrote: python3-aiorpcx, JSON-RPC 2.0 over newline framing."""

import asyncio
import json
import os
import sys
import unittest

try:
    import aiorpcx
except ImportError:
    aiorpcx = None

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import LEADERS, METHOD, POSTS, UNKNOWN, WithDaemon, main, shortlist


@unittest.skipUnless(aiorpcx, "python3-aiorpcx is not installed")
class Aiorpcx(WithDaemon):
    def client(self):
        protocol = aiorpcx.JSONRPCConnection(aiorpcx.JSONRPCv2)
        host, port = self.daemon.tcp[len("tcp://"):].split(":")
        session = lambda transport: aiorpcx.RPCSession(transport, connection=protocol)
        return aiorpcx.connect_rs(host, int(port), session_factory=session)

    def test_requests(self):
        with self.daemon.wire() as wire:
            expected = json.loads(wire.ask(shortlist(0)))["result"]

        async def talk():
            async with self.client() as session:
                self.assertTrue((await session.send_request("system.ping"))["ok"])
                listed = await session.send_request("match.shortlist", {"post": POSTS[0], "offset": 0})
                self.assertEqual(listed, expected)
                explained = await session.send_request("match.explain", [LEADERS[0], POSTS[0]])
                self.assertIn("rules", explained)
                await session.send_notification("system.ping")
                asked = [session.send_request("match.shortlist", {"post": post}) for post in POSTS]
                replies = await asyncio.gather(*asked)
                self.assertEqual([reply["post"]["post_id"] for reply in replies], POSTS)

        asyncio.run(talk())

    def test_errors(self):
        async def talk():
            async with self.client() as session:
                for method, params, code in (("no.such", {}, METHOD),
                                             ("match.shortlist", {"post": "nowhere"}, UNKNOWN)):
                    with self.assertRaises(aiorpcx.RPCError) as caught:
                        await session.send_request(method, params)
                    self.assertEqual(caught.exception.code, code)

        asyncio.run(talk())

    def test_batch(self):
        async def talk():
            async with self.client() as session:
                async with session.send_batch() as batch:
                    for post in POSTS[:10]:
                        batch.add_request("match.shortlist", {"post": post, "limit": 1})
                    batch.add_notification("system.ping")
                self.assertEqual([reply["post"]["post_id"] for reply in batch.results], POSTS[:10])

        asyncio.run(talk())


if __name__ == "__main__":
    main()
