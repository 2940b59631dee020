"""Plans over the wire: jobs and who waits for them, progress, sharing, cancelling, draining, reloading, what is kept."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import (INVALID_DATA, OVERLOADED, PARAMS, POSTS, ROOT, SAMPLE, SHUTTING_DOWN, UNKNOWN, Daemon, Redis, Wire, main,
                     request, shortlist, until)

DEADLINE, INFEASIBLE, STALE, GONE = -32004, 1003, 1004, 1005
CORNER = {"posts": POSTS[:4], "resolve": 1}  # solved in milliseconds
BRISK = ("--plan-nice", "0")  # as quick as other work: a busy machine does not slow the tests down


def national():
    """A large folder, whose plan takes many seconds: it is still being solved when the test goes on."""
    folder = tempfile.mkdtemp(prefix="wellmatch-national-")
    subprocess.run([os.path.join(ROOT, os.environ.get("BUILD", "build"), "wellmatch"), "generate", "--leaders", "12000",
                    "--posts", "700", "--seed", "3", "--force", folder], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    return folder


def setUpModule():
    global NATIONAL
    NATIONAL = national()


def tearDownModule():
    shutil.rmtree(NATIONAL)


def solve(wire, params=None, method="plan.allocate"):
    """The summary of a plan asked for and waited for."""
    order = wire.call(method, CORNER if params is None else params)
    assert "result" in order, order
    reply = wire.call("plan.wait", {"job": order["result"]["job"]})
    assert "result" in reply, reply
    return reply["result"]


def rows(wire, plan, part, limit=1000):
    found, offset = [], 0
    while offset is not None:
        page = wire.call("plan.get", {"plan": plan, "part": part, "limit": limit, "offset": offset})["result"]
        found += page["rows"]
        assert page["total"] >= len(found)
        offset = page["next_offset"]
    assert page["total"] == len(found)
    return found


class OnTheSample(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(*BRISK)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__(None)

    def setUp(self):
        self.wire = self.daemon.wire()
        self.addCleanup(self.wire.socket.close)

    def error(self, method, params):
        reply = self.wire.call(method, params)
        self.assertIn("error", reply)
        return reply["error"]["code"], reply["error"]["data"]

    def test_a_plan_and_its_pages(self):
        summary = solve(self.wire)
        self.assertEqual((summary["state"], summary["status"], summary["verified"]), ("done", "optimal", True))
        plan = summary["plan"]
        placements = rows(self.wire, plan, "placements")
        self.assertEqual(len(placements), summary["placements"])
        self.assertEqual(placements, rows(self.wire, plan, "placements", limit=1))
        self.assertEqual(sum(round(row["value"] * 1e9) for row in placements), round(summary["value"] * 1e9))
        self.assertEqual(sum(row["local_cost_gbp"] for row in placements), summary["local_cost_gbp"])
        self.assertEqual(len(rows(self.wire, plan, "unfilled")), summary["unfilled"])
        self.assertEqual(len(rows(self.wire, plan, "unplaced")), summary["unplaced"])
        totals = self.wire.call("plan.get", {"plan": plan, "part": "totals", "limit": 1000})["result"]
        self.assertEqual(sum(region["filled"] for region in totals["by_region"]), summary["placements"])
        self.assertEqual(sum(row["openings"] for row in totals["by_organisation"]), summary["openings"])
        for budget in totals["budgets"]:
            self.assertEqual(budget["used_gbp"] + budget["left_gbp"], budget["amount_gbp"])
            self.assertGreaterEqual(budget["left_gbp"], 0)
        by_job = self.wire.call("plan.get", {"job": summary["job"]})["result"]
        self.assertEqual(by_job, summary)

    def test_a_fix_names_the_pair_that_it_changes(self):
        summary, seen = solve(self.wire, {"gap": 0.05, "resolve": 0}), 0
        for part in ("unfilled", "unplaced"):
            for row in rows(self.wire, summary["plan"], part):
                fix = row["fix"]
                if not fix or fix["kind"] != "rule":
                    continue
                own = "post" if part == "unfilled" else "leader"
                self.assertEqual(fix[own], row[own])
                self.assertIn(fix["leader"], fix["text"])
                pair = self.wire.call("match.explain", {"leader": fix["leader"], "post": fix["post"]})["result"]
                self.assertFalse(pair["eligible"])
                for change in fix["changes"]:
                    seen += 1
                    self.assertIn(change["id"], (fix["leader"], fix["post"]), row)
        self.assertGreater(seen, 100)

    def test_equal_requests_share(self):
        question = {"posts": POSTS[4:7], "resolve": 0}
        first = solve(self.wire, question)
        with self.daemon.wire() as other:
            order = other.call("plan.allocate", {"resolve": 0, "posts": list(reversed(POSTS[4:7])),
                                                 "deadline_ms": 5000})["result"]
        self.assertEqual((order["job"], order["plan"], order["state"]), (first["job"], first["plan"], "done"))

    def test_the_same_bytes_again(self):
        pages = []
        for _ in range(2):
            with Daemon(*BRISK, "--plan-threads", str(1 + len(pages))) as daemon, daemon.wire() as wire:
                plan = solve(wire, {"posts": POSTS[:12], "gap": 0.02, "resolve": 1})["plan"]
                pages.append([wire.ask(request("plan.get", {"plan": plan, "part": part}))
                              for part in ("placements", "unfilled", "unplaced", "prices", "totals")])
        self.assertEqual(pages[0], pages[1])

    def test_idempotency(self):
        params = {**CORNER, "idempotency_key": "a key"}
        first = self.wire.call("plan.allocate", params)["result"]["job"]
        self.assertEqual(self.wire.call("plan.allocate", params)["result"]["job"], first)
        code, data = self.error("plan.allocate", {**params, "gap": 0.5})
        self.assertEqual((code, data["pointer"]), (PARAMS, "/idempotency_key"))

    def test_in_a_batch(self):
        members = [request("plan.allocate", {"posts": POSTS[7:9]}, "a"), request("plan.list", id="l"),
                   request("plan.get", {"plan": "P0"}, "g"), request("plan.wait", {"job": "J0"}, "w")]
        replies = json.loads(self.wire.ask(b"[" + b",".join(members) + b"]"))
        self.assertEqual([reply["id"] for reply in replies], ["a", "l", "g", "w"])
        self.assertEqual([reply["error"]["code"] for reply in replies[2:]], [UNKNOWN, UNKNOWN])
        job = replies[0]["result"]["job"]
        waits = b"[" + b",".join(request("plan.wait", {"job": job}, id) for id in range(3)) + b"]"
        replies = json.loads(self.wire.ask(waits))
        self.assertEqual([reply["id"] for reply in replies], [0, 1, 2])
        self.assertEqual(replies[0]["result"], replies[2]["result"])

    def test_as_a_notification(self):
        before = self.wire.stats()["plans"]["asked"]
        self.wire.send(request("plan.allocate", {"posts": POSTS[9:10], "resolve": 3}, None) + b"\n")
        until(lambda: self.wire.stats()["plans"]["asked"] == before + 1, "it is carried out")

    def test_contradictory_locks(self):
        leader = rows(self.wire, solve(self.wire)["plan"], "placements")[0]
        other = next(post for post in POSTS if post != leader["post"])
        locks = [{"leader": leader["leader"], "post": leader["post"]}, {"leader": leader["leader"], "post": other}]
        job = self.wire.call("plan.allocate", {"locks": locks, "posts": POSTS})["result"]["job"]
        code, data = self.error("plan.wait", {"job": job})
        self.assertEqual(code, INFEASIBLE)
        self.assertTrue(data["least"])
        self.assertTrue(data["conflict"])
        for demand in [side for side in data["conflict"] if side["kind"] != "rule"]:
            self.assertEqual((demand["kind"], demand["leader"]), ("lock", leader["leader"]))
            self.assertIn(demand["post"], (leader["post"], other))
        self.assertIn(leader["leader"], data["relaxations"][0])
        self.assertEqual(self.error("plan.get", {"plan": data["plan"]})[0], INFEASIBLE)
        listed = {entry["job"]: entry for entry in self.wire.call("plan.list")["result"]["jobs"]}
        self.assertEqual((listed[job]["state"], listed[job]["status"]), ("done", "infeasible"))

    def conflict(self, **params):
        """The error of locks that cannot hold, its members as (kind, text), and its remedies."""
        job = self.wire.call("plan.allocate", params)["result"]["job"]
        code, data = self.error("plan.wait", {"job": job})
        self.assertEqual(code, INFEASIBLE)
        return [side["kind"] for side in data["conflict"]], [side["text"] for side in data["conflict"]], data["relaxations"]

    def placed(self):
        return rows(self.wire, solve(self.wire)["plan"], "placements")[0]

    def test_two_packages_for_one_leader_and_post(self):
        row = self.placed()
        other = next(id for id in ("P01", "P02") if id != row["package"])
        lock = {"leader": row["leader"], "post": row["post"]}
        kinds, texts, ways = self.conflict(locks=[{**lock, "package": row["package"]}, {**lock, "package": other}])
        if kinds == ["lock", "lock"]:
            self.assertNotEqual(ways[0], ways[1])
        self.assertIn("with P0", ways[0])

    def test_a_lock_and_what_contradicts_it(self):
        row = self.placed()
        leader, post, package = row["leader"], row["post"], row["package"]
        lock = {"leader": leader, "post": post}
        drop = f"drop the lock of {leader} at {post}"
        others = [id for id in POSTS[:4] if id != post]
        for kind, way, more in (
                ("forbid", f"drop the forbid of {leader} at {post}", {"forbids": [lock]}),
                ("forbid", f"drop the forbid of anyone at {post}", {"forbids": [{"post": post}]}),
                ("without_leaders", f"take {leader} out of without_leaders", {"without_leaders": [leader]}),
                ("without_posts", f"take {post} out of without_posts", {"without_posts": [post]}),
                ("posts", f"add {post} to posts", {"posts": others}),
                ("leaders", f"add {leader} to leaders", {"leaders": ["L000001" if leader != "L000001" else "L000002"]}),
                ("limit", f"undo openings of {post} set to 0",
                 {"limits": [{"resource": "openings", "of": post, "to": 0}]})):
            kinds, texts, ways = self.conflict(locks=[lock], **more)
            self.assertEqual((kinds, ways), (["lock", kind], [drop, way]), texts)
            self.assertEqual(texts[0], f"{leader} at {post} is locked")
        # What contradicts a lock twice has to go twice; a forbid of other terms is no side of it.
        kinds, _, ways = self.conflict(locks=[lock], forbids=[lock, {"post": post, "package": package}], posts=others)
        self.assertEqual(kinds, ["lock", "forbid", "posts"])
        self.assertEqual(ways[1], f"drop the forbid of {leader} at {post}, and add {post} to posts")
        for way in ({}, {"posts": others + [post]}):  # each remedy, taken, helps
            solve(self.wire, {"locks": [lock], "posts": POSTS[:4], **way})

    def test_a_lock_against_a_hard_rule(self):
        refused = next(row for row in rows(self.wire, solve(self.wire)["plan"], "unplaced")
                       if row["reason"] == "not_eligible")
        kinds, texts, ways = self.conflict(locks=[{"leader": refused["leader"], "post": POSTS[0]}])
        self.assertEqual(kinds[:2], ["lock", "rule"])
        self.assertIn("lacks" if "lacks" in texts[1] else " ", texts[1])
        self.assertEqual(len(ways), 1, "no word of the question would help but dropping the lock")

    def test_a_must_against_a_forbid(self):
        kinds, _, ways = self.conflict(posts=POSTS[:4], must_fill=[POSTS[1]], forbids=[{"post": POSTS[1]}])
        self.assertEqual((kinds, ways), (["must_fill", "forbid"], [f"do not insist that {POSTS[1]} is filled",
                                                                  f"drop the forbid of anyone at {POSTS[1]}"]))

    def test_what_if_and_compare(self):
        base = solve(self.wire)
        placed = rows(self.wire, base["plan"], "placements")
        gone = placed[0]["leader"]
        then = solve(self.wire, {"plan": base["plan"], "without_leaders": [gone]}, "plan.what_if")
        self.assertEqual((then["base"], then["request"]["plan"]), (base["plan"], base["plan"]))
        self.assertNotIn(gone, [row["leader"] for row in rows(self.wire, then["plan"], "placements")])
        moves = self.wire.call("plan.compare", {"a": base["plan"], "b": then["plan"]})["result"]
        self.assertEqual(moves["counts"], then["change"]["moves"])
        self.assertAlmostEqual(moves["difference"], then["value"] - base["value"], places=9)
        self.assertEqual({move["leader"]: move["kind"] for move in moves["moves"]}[gone], "unplaced")
        none = solve(self.wire, {"plan": base["plan"], "without_leaders": [gone], "moves_max": 0}, "plan.what_if")
        self.assertEqual(none["change"]["moves"]["placed"] + none["change"]["moves"]["post"], 0)
        self.assertLessEqual(none["value"], then["value"] + 1e-9)

    def test_what_if_the_policy_were_another(self):
        base = solve(self.wire)
        then = solve(self.wire, {"plan": base["plan"], "policy": [{"pointer": "/accept/base/value", "to": 0}]},
                     "plan.what_if")
        self.assertEqual(then["dataset"], base["dataset"])
        self.assertNotEqual(then["policy"], base["policy"])
        self.assertNotEqual(then["value"], base["value"])
        code, data = self.error("plan.allocate", {"policy": [{"pointer": "/accept/bse/value", "to": 0}]})
        self.assertEqual((code, data["pointer"], data["nearest"]), (PARAMS, "/policy/0/pointer", "/accept/base"))
        code, data = self.error("plan.allocate", {"policy": [{"pointer": "/rules/grade_steps_up/value", "to": -1}]})
        self.assertEqual((code, data["faults"][0]["file"]), (INVALID_DATA, "policy.json"))

    def test_check(self):
        summary = solve(self.wire)
        verdict = self.wire.call("plan.check", {"plan": summary["plan"]})["result"]
        self.assertTrue(verdict["feasible"])
        self.assertEqual(verdict["value"], summary["value"])
        self.assertEqual(verdict["bound"], summary["priced_bound"])
        fields = ("leader", "post", "package", "mentor")
        placements = [{name: row[name] for name in fields} for row in rows(self.wire, summary["plan"], "placements")]
        prices = [{name: row[name] for name in ("resource", "of", "price_femto")}
                  for row in rows(self.wire, summary["plan"], "prices")]
        prices += [{"resource": row["resource"], "of": row["of"], **size}
                   for row in rows(self.wire, summary["plan"], "prices") for size in row["packages"]]
        again = self.wire.call("plan.check", {"placements": placements, "prices": prices, "posts": CORNER["posts"]})
        self.assertEqual(again["result"]["value"], summary["value"])
        self.assertEqual(again["result"]["bound"], summary["priced_bound"])
        tampered = placements + [dict(placements[0], post=POSTS[30])]
        verdict = self.wire.call("plan.check", {"plan": summary["plan"], "placements": tampered})["result"]
        self.assertFalse(verdict["feasible"])
        self.assertGreaterEqual(verdict["count"], 1)
        self.assertIn(len(placements), [fault["placement"] for fault in verdict["faults"]])

    def test_check_of_moves(self):
        """A plan that moves, judged without being held: the cap and the penalty count from the base that is sent."""
        base = solve(self.wire)
        gone = rows(self.wire, base["plan"], "placements")[0]["leader"]
        then = solve(self.wire, {"plan": base["plan"], "without_leaders": [gone], "move_penalty": 0.000001,
                                 "moves_max": 3}, "plan.what_if")
        pair = ("leader", "post", "package", "mentor")
        was, now = ([{name: row[name] for name in pair if row[name]} for row in rows(self.wire, plan["plan"], "placements")]
                    for plan in (base, then))
        moves = sum((row["leader"], row["post"]) not in [(old["leader"], old["post"]) for old in was] for row in now)
        self.assertGreater(moves, 0)
        question = {"posts": CORNER["posts"], "placements": now, "move_penalty": 0.000001, "moves_max": moves}
        for at in ({"base": was}, {"base": [{"leader": row["leader"], "post": row["post"]} for row in was]},
                   {"base_plan": base["plan"]}):
            verdict = self.wire.call("plan.check", {**question, **at})["result"]
            self.assertTrue(verdict["feasible"], verdict)
            self.assertEqual(verdict["value"], then["value"])
            free = self.wire.call("plan.check", {**question, **at, "move_penalty": 0})["result"]
            self.assertAlmostEqual(free["value"] - verdict["value"], 0.000001 * moves, places=9)
            over = self.wire.call("plan.check", {**question, **at, "moves_max": moves - 1})["result"]
            self.assertFalse(over["feasible"])
            self.assertIn("move", over["faults"][0]["what"])
        for wrong in ({}, {"base": was, "base_plan": base["plan"]}):
            code, data = self.error("plan.check", {**question, **wrong})
            self.assertEqual((code, data["pointer"]), (PARAMS, "/base_plan" if wrong else "/base"))
        self.assertEqual(self.error("plan.check", {**question, "base_plan": "P0"})[0], UNKNOWN)

    def test_unknown_ids(self):
        job = solve(self.wire)["job"]
        for method, params, kind in (("plan.wait", {"job": job[:-1] + "99"}, "job"), ("plan.get", {"plan": "P0"}, "plan"),
                                     ("plan.cancel", ["J0-1"], "job"), ("plan.what_if", {"plan": job}, "plan"),
                                     ("plan.check", {"plan": "P0"}, "plan")):
            code, data = self.error(method, params)
            self.assertEqual((code, data["kind"]), (UNKNOWN, kind))
        self.assertIn(job, self.error("plan.wait", {"job": job + "0000"})[1]["nearest"] + [job])

    def test_a_region_misspelt(self):
        def refused(of):
            return self.error("plan.allocate", {"limits": [{"resource": "mentor_hours", "of": of, "add": 20}]})
        code, data = refused("Norht West")
        self.assertEqual((code, data["pointer"], data["nearest"]), (PARAMS, "/limits/0/of", "North West"))
        code, data = refused("M99")
        self.assertEqual((code, data["kind"]), (UNKNOWN, "mentor"))
        self.assertEqual(refused("x")[0], UNKNOWN)

    def test_progress_ends_with_the_final_state(self):
        self.wire.send(request("plan.allocate", {**CORNER, "gap": 0.125, "progress": True}, "order") + b"\n")
        order = json.loads(self.wire.line())
        self.assertEqual(order["id"], "order")
        states = []
        while not states or states[-1] in ("queued", "running"):
            news = json.loads(self.wire.line())
            self.assertEqual(news["method"], "plan.progress")
            self.assertNotIn("id", news)
            self.assertEqual(news["params"]["job"], order["result"]["job"])
            states.append(news["params"]["state"])
        self.assertEqual(states[-1], "done")
        self.assertIsNotNone(news["params"]["value"])

    def test_at_the_lowest_priority(self):
        with Daemon() as daemon, daemon.wire() as wire:
            self.assertEqual(solve(wire, {"posts": POSTS[:1], "resolve": 0})["state"], "done")


class OnTheNation(unittest.TestCase):
    """One daemon; each test begins a solve of its own and ends it."""

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(*BRISK, data=NATIONAL)
        cls.n = 0

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__(None)

    def setUp(self):
        self.wire = self.daemon.wire()
        self.addCleanup(self.wire.socket.close)

    def order(self, wire=None, **params):
        """A long job, running; no other test asks the same."""
        type(self).n += 1
        wire = wire or self.wire
        job = wire.call("plan.allocate", {"resolve": 900 - self.n, **params})["result"]["job"]
        until(lambda: self.state(job) == "running", "it runs")
        return job

    def state(self, job):
        with self.daemon.wire() as other:
            return {entry["job"]: entry["state"] for entry in other.call("plan.list")["result"]["jobs"]}[job]

    def cancel(self, job):
        return self.wire.call("plan.cancel", {"job": job})["result"]["state"]

    def test_cancel_in_the_middle(self):
        job = self.order()
        with self.daemon.wire() as waiting:
            waiting.send(request("plan.wait", {"job": job}) + b"\n")
            ending = self.wire.call("plan.cancel", {"job": job})["result"]
            self.assertEqual(ending["state"], "cancelled")
            summary = json.loads(waiting.line())["result"]
        self.assertEqual((summary["state"], summary["status"]), ("cancelled", "deadline"))
        self.assertEqual(self.cancel(job), "cancelled")
        for name in ("plan", "found", "value"):
            self.assertEqual(ending[name], summary[name])
        self.assert_says(ending)
        if summary["found"]:
            self.assertTrue(summary["plan"].endswith(job))
            self.assertGreaterEqual(summary["bound"], summary["value"])

    def assert_says(self, ending):
        """The sentence of a cancelled job goes with its numbers."""
        if ending["found"]:
            self.assertIn("the best plan so far is worth %.6f of at most %.6f" % (ending["value"], ending["bound"]), ending["text"])
        else:
            self.assertRegex(ending["text"], "^stopped .*: (no plan was found yet|there is no plan)$|^stopped before a first plan was found$")

    def test_cancel_of_a_plan_that_is_there(self):
        """Once progress tells of a plan, cancelling gives one no worse, with its gap."""
        type(self).n += 1
        self.wire.send(request("plan.allocate", {"resolve": 900 - self.n, "progress": True}, "order") + b"\n")
        job = json.loads(self.wire.line())["result"]["job"]
        news = {"value": None}
        while news["value"] is None:
            news = json.loads(self.wire.line())["params"]
        with self.daemon.wire() as other:
            ending = other.call("plan.cancel", {"job": job})["result"]
        self.assertTrue(ending["found"])
        self.assertGreaterEqual(ending["value"], news["value"] - 1e-9)
        self.assertIn("a gap of", ending["text"])
        self.assert_says(ending)

    def test_waiting_ends_in_time(self):
        job = self.order()
        error = self.wire.call("plan.wait", {"job": job, "timeout_ms": 1})["error"]
        self.assertEqual((error["code"], error["data"]["state"], error["data"]["job"]), (DEADLINE, "running", job))
        self.assertEqual(self.wire.call("plan.get", {"job": job})["error"]["code"], DEADLINE)
        self.assertEqual(self.wire.call("plan.wait", {"job": job, "timeout_ms": 0})["error"]["code"], DEADLINE)
        self.cancel(job)

    def test_the_job_outlives_its_client(self):
        client = self.daemon.wire()
        job = self.order(client, progress=True)
        client.send(request("plan.wait", {"job": job, "timeout_ms": 600000}) + b"\n")
        until(lambda: self.wire.stats()["counters"]["in_flight_now"] >= 1, "it waits")
        client.reset() if client.socket.family.name == "AF_INET" else client.socket.close()
        until(lambda: self.wire.stats()["counters"]["connections_now"] == 1, "the client is gone")
        self.assertEqual(self.wire.stats()["counters"]["in_flight_now"], 0, "what waited went with its connection")
        self.assertEqual(self.state(job), "running")
        self.assertEqual(self.cancel(job), "cancelled")

    def test_deadline(self):
        type(self).n += 1
        summary = solve(self.wire, {"resolve": 900 - self.n, "deadline_ms": 300})
        self.assertEqual((summary["state"], summary["status"]), ("done", "deadline"))
        if summary["found"]:
            self.assertGreaterEqual(summary["bound"], summary["value"])
            self.assertTrue(summary["plan"].endswith(summary["job"]), "not to be taken for what a longer run gives")

    def test_queue(self):
        running = self.order()
        waiting = [self.wire.call("plan.allocate", {"posts": [POSTS[0]], "resolve": n})["result"] for n in range(16)]
        self.assertEqual({order["state"] for order in waiting}, {"queued"})
        error = self.wire.call("plan.allocate", {"posts": [POSTS[0]], "resolve": 17})["error"]
        self.assertEqual((error["code"], error["data"]["what"], error["data"]["queue_depth"]), (OVERLOADED, "plans", 16))
        self.assertGreater(error["data"]["retry_after_s"], 0)
        again = self.wire.call("plan.allocate", {"posts": [POSTS[0]], "resolve": 3})["result"]
        self.assertEqual(again["job"], waiting[3]["job"], "an equal one takes no place")
        for order in waiting:
            ending = self.wire.call("plan.cancel", {"job": order["job"]})["result"]
            self.assertEqual((ending["state"], ending["text"]), ("cancelled", "stopped before solving began: there is no plan"))
        summary = self.wire.call("plan.wait", {"job": waiting[0]["job"]})["result"]
        self.assertEqual((summary["found"], summary["plan"], summary["value"]), (False, None, None))
        self.cancel(running)
        stats = self.wire.stats()["plans"]
        self.assertEqual((stats["running"], stats["queued"]), (0, 0))

    def test_fifty_ask_the_same(self):
        """On connections of their own and in other words: one job, one solve, one answer."""
        type(self).n += 1
        before = self.wire.stats()["plans"]
        question = {"resolve": 900 - self.n, "deadline_ms": 60000, "without_posts": POSTS[:2]}
        wires = [self.daemon.wire() for _ in range(50)]
        for i, wire in enumerate(wires):
            self.addCleanup(wire.socket.close)
            wire.send(request("plan.allocate", {**question, "without_posts": POSTS[:2] if i % 2 else POSTS[1::-1]}) + b"\n")
        jobs = {json.loads(wire.line())["result"]["job"] for wire in wires}
        self.assertEqual(len(jobs), 1)
        job = jobs.pop()
        for wire in wires:
            wire.send(request("plan.wait", {"job": job, "timeout_ms": 600000}, "w") + b"\n")
        until(lambda: self.wire.stats()["counters"]["in_flight_now"] == 50, "they wait")
        self.cancel(job)
        self.assertEqual(len({wire.line() for wire in wires}), 1)
        after = self.wire.stats()["plans"]
        self.assertEqual((after["asked"] - before["asked"], after["shared"] - before["shared"]), (1, 49))

    def test_deadlines_at_the_edges(self):
        for wrong in (1, 99, 3600001, 86400000):  # a day, too
            error = self.wire.call("plan.allocate", {"deadline_ms": wrong})["error"]
            self.assertEqual((error["code"], error["data"]["pointer"], error["data"]["got"]), (PARAMS, "/deadline_ms", wrong))
            self.assertIn("100 to 3600000", error["data"]["expected"])
        job = self.order(deadline_ms=3600000)
        self.assertEqual(self.cancel(job), "cancelled")
        type(self).n += 1
        self.assertEqual(solve(self.wire, {"resolve": 900 - self.n, "deadline_ms": 100})["state"], "done")

    def test_a_hundred_asked_and_cancelled(self):
        """What does not fit the queue is refused, what is cancelled leaves it: nothing is left behind."""
        running, kept = self.order(), []
        for n in range(100):
            reply = self.wire.call("plan.allocate", {"posts": [POSTS[1]], "resolve": n})
            if "error" in reply:
                self.assertEqual(reply["error"]["code"], OVERLOADED)
                self.assertEqual(self.wire.call("plan.cancel", {"job": kept.pop(0)})["result"]["state"], "cancelled")
                reply = self.wire.call("plan.allocate", {"posts": [POSTS[1]], "resolve": n})
            kept.append(reply["result"]["job"])
        for job in kept + [running]:
            self.assertEqual(self.cancel(job), "cancelled")
        stats = self.wire.stats()["plans"]
        self.assertEqual((stats["running"], stats["queued"]), (0, 0))
        self.assertLessEqual(stats["kept"], 64)

    def test_a_slow_reader_misses_progress(self):
        with Wire(self.daemon.tcp, receive_buffer=4096) as slow:
            job = self.order(slow, progress=True)
            for _ in range(3):  # fills what the kernel holds, and more
                slow.send(b"".join(shortlist(i, id=i, limit=200) + b"\n" for i in range(20)))
            until(lambda: self.wire.stats()["plans"]["missed"] > 0, "some of it is not sent")
            self.cancel(job)
            seen, missed, news = 0, 0, {}
            while news.get("state") != "cancelled":
                message = json.loads(slow.line())
                if message.get("method") == "plan.progress":
                    news = message["params"]
                    missed += news.get("missed", 0)
                seen += "result" in message
            self.assertGreater(missed, 0)
            self.assertGreater(seen, 0)

    def test_shortlists_meanwhile(self):
        job = self.order()
        for i in range(50):
            self.assertIn("result", self.wire.call("match.shortlist", {"post": POSTS[i]}))
        self.assertEqual(self.state(job), "running")
        self.cancel(job)


class Kept(unittest.TestCase):
    """A plan that was solved once is found again by its question and the digests of its data, here and elsewhere."""

    PARTS = ("placements", "unfilled", "unplaced", "prices", "totals")

    def pages(self, wire, question):
        """What is served of a plan, its job and time apart."""
        summary = solve(wire, question)
        plan = summary["plan"]
        pages = [wire.ask(request("plan.get", {"plan": plan, "part": part, "limit": 1000})) for part in self.PARTS]
        for of_the_run in ("job", "elapsed_ms"):
            del summary[of_the_run]
        return summary, pages

    @unittest.skipUnless(shutil.which("redis-server"), "there is no redis-server here")
    def test_another_daemon_finds_it(self):
        question = {"resolve": 5}
        with Redis() as redis:
            flags = (*BRISK, "--redis-timeout-ms", "5000")
            with Daemon(*flags, redis=redis.url) as daemon, daemon.wire() as wire:
                until(lambda: wire.stats()["redis"]["breaker"] == "closed", "Redis is used")
                first = self.pages(wire, question)
                until(lambda: redis.command("DBSIZE") >= 1, "it is stored")
                self.assertEqual(wire.stats()["plans"]["recalled"], 0)
            with Daemon(*flags, redis=redis.url) as daemon, daemon.wire() as wire:
                until(lambda: wire.stats()["redis"]["breaker"] == "closed", "Redis is used")
                self.assertEqual(self.pages(wire, question), first)
                self.assertEqual(wire.stats()["plans"]["recalled"], 1)
                then = solve(wire, {"plan": first[0]["plan"], "without_posts": POSTS[:1]}, "plan.what_if")
                self.assertEqual(then["base"], first[0]["plan"])
                self.assertTrue(wire.call("plan.check", {"plan": first[0]["plan"]})["result"]["feasible"])
                solve(wire, {"resolve": 4})  # another question is solved
                self.assertEqual(wire.stats()["plans"]["recalled"], 1)
            redis.signal(signal.SIGSTOP)  # slow, not gone: it costs time, never the plan
            try:
                with Daemon(*BRISK, "--redis-timeout-ms", "50", redis=redis.url) as daemon, daemon.wire() as wire:
                    self.assertEqual(self.pages(wire, question), first)
            finally:
                redis.signal(signal.SIGCONT)

    def test_let_go_of_and_asked_again(self):
        with Daemon(*BRISK) as daemon, daemon.wire() as wire:
            first = self.pages(wire, {"posts": POSTS[:1], "resolve": 0})
            for n in range(64):
                solve(wire, {"posts": POSTS[:1], "resolve": 0, "gap": (n + 1) / 1000})
            self.assertEqual(wire.call("plan.get", {"plan": first[0]["plan"]})["error"]["code"], GONE)
            self.assertEqual(self.pages(wire, {"posts": POSTS[:1], "resolve": 0}), first)
            self.assertEqual(wire.stats()["plans"]["recalled"], 1)


class Life(unittest.TestCase):
    def begin(self, daemon, wire):
        job = wire.call("plan.allocate", {"resolve": 500, "progress": True})["result"]["job"]
        until(lambda: daemon.stats()["plans"]["running"] == 1, "it runs")
        return job

    def test_stopped_in_the_middle(self):
        with Daemon(*BRISK, data=NATIONAL) as daemon, daemon.wire() as wire, daemon.wire() as other:
            job = self.begin(daemon, wire)
            other.send(request("plan.wait", {"job": job, "timeout_ms": 600000}, "w") + b"\n")
            queued = wire.call("plan.allocate", {"resolve": 499})["result"]
            self.assertEqual(queued["state"], "queued")
            until(lambda: daemon.stats()["counters"]["in_flight_now"] == 1, "it waits")
            daemon.signal(signal.SIGTERM)
            reply = json.loads(other.line())
            self.assertEqual((reply["id"], reply["error"]["code"]), ("w", SHUTTING_DOWN))
            self.assertEqual(daemon.wait(), 0)
            self.assertNotIn("drain_cut", "".join(daemon.log))

    def test_stopped_without_patience(self):
        with Daemon("--plan-nice", "20", "--plan-threads", "1", "--drain-s", "0", data=NATIONAL) as daemon:
            with daemon.wire() as wire:
                self.begin(daemon, wire)
                spin = "print(flush=True)\nwhile True: pass"
                busy = [subprocess.Popen([sys.executable, "-c", spin], stdout=subprocess.PIPE) for _ in range(2 * os.cpu_count())]
                try:
                    for process in busy:
                        process.stdout.readline()  # until all of them run, the plan has processors to end on
                    daemon.signal(signal.SIGTERM)
                    self.assertEqual(daemon.wait(), 0)
                finally:
                    for process in busy:
                        process.kill()
                        process.communicate()
                self.assertIn("event=plan_cut", "".join(daemon.log))

    def test_killed_in_the_middle(self):
        with Daemon(*BRISK, data=NATIONAL) as daemon, daemon.wire() as wire:
            self.begin(daemon, wire)
            daemon.kill()

    def test_reload_in_the_middle(self):
        with tempfile.TemporaryDirectory(prefix="wellmatch-data-") as folder:
            now = os.path.join(folder, "now")
            os.symlink(NATIONAL, now)
            with Daemon(*BRISK, data=now) as daemon, daemon.wire() as wire:
                before = wire.call("system.ping")["result"]["dataset"]
                job = self.begin(daemon, wire)
                os.symlink(SAMPLE, os.path.join(folder, "next"))
                os.replace(os.path.join(folder, "next"), now)
                replies = []
                wire.send(request("dataset.reload", id="reload") + b"\n")
                while not replies or replies[-1].get("id") != "reload":
                    replies.append(json.loads(wire.line()))
                after = replies[-1]["result"]["dataset"]
                self.assertNotEqual(after, before)
                with daemon.wire() as other:
                    self.assertEqual(other.call("plan.cancel", {"job": job})["result"]["dataset"], before)
                    reply = other.call("plan.wait", {"job": job})["result"]
                    self.assertEqual((reply["state"], reply["dataset"]), ("cancelled", before))
                    if reply["plan"]:
                        error = other.call("plan.what_if", {"plan": reply["plan"]})["error"]
                        self.assertEqual((error["code"], error["data"]["current"]["dataset"]), (STALE, after))
                        self.assertEqual(error["data"]["asked_of"]["dataset"], before)
                        self.assertIn("ask the plan's question again", error["data"]["remedy"])
                    self.assertEqual(solve(other)["dataset"], after)

    def test_what_is_let_go_of(self):
        with Daemon(*BRISK) as daemon, daemon.wire() as wire:
            first = solve(wire, {"posts": POSTS[:1], "resolve": 0})
            for n in range(64):
                solve(wire, {"posts": POSTS[:1], "resolve": 0, "gap": (n + 1) / 1000})
            for params in ({"plan": first["plan"]}, {"job": first["job"]}):
                error = wire.call("plan.get", params)["error"]
                self.assertEqual(error["code"], GONE)
                self.assertEqual(len(error["data"]["expired_at"]), 20)
            stats = wire.stats()["plans"]
            self.assertEqual((stats["kept"], stats["expired"]), (64, 1))
            self.assertIn("ask the question again", wire.call("plan.what_if", {"plan": first["plan"]})["error"]["data"]["remedy"])
            again = solve(wire, {"posts": POSTS[:1], "resolve": 0})
            self.assertEqual((again["plan"], again["value"]), (first["plan"], first["value"]))
            self.assertNotEqual(again["job"], first["job"])
            for n in range(64):  # what is changed and compared again and again stays
                then = solve(wire, {"plan": again["plan"], "gap": (n + 1) / 2000}, "plan.what_if")
                self.assertIn("result", wire.call("plan.compare", {"a": again["plan"], "b": then["plan"]}))
            self.assertIn("result", wire.call("plan.get", {"plan": again["plan"]}))


if __name__ == "__main__":
    main()
