#!/usr/bin/python3
"""The planner against its peers and its goals: runs the suites, writes tables, says of each goal pass or short.

    plan.py [SUITE ...]      round national scale assign scan warm price latency; all when none is named

Environment: BUILD (build), QUICK=1 (about three minutes), FULL=1 (every limit at 120 s and 20 dense rounds: hours).
Each suite prints its table and leaves it in BUILD/bench/SUITE.txt, all that it measured in SUITE.json; goals.txt is the
last.
Contenders of one instance run one after another, round by round; medians; processor time unless a column says wall. All
must agree on the optimum to a millionth, or the bench fails. A peer that is not installed is shown as missing.
bench/README.md tells the method in full.
"""
import json
import math
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
OUT = os.path.join(BUILD, "bench")
PYTHON = "/usr/bin/python3"
QUICK, FULL = os.environ.get("QUICK") == "1", os.environ.get("FULL") == "1"
AGREE = 1e-6
goals = []


def size(quick, usual, full):
    return quick if QUICK else full if FULL else usual


def tool(name):
    return os.path.join(BUILD, "bench", name)


def peer(name):
    return os.path.join(HERE, "peers", name)


# ---- Running and measuring ----

def measure(command, seconds=600, mebibytes=0):
    """Runs a command for so much processor time at most; its measures and its output."""
    output = os.path.join(OUT, "output")
    line = subprocess.run([tool("measure"), str(seconds), str(mebibytes), output, *command],
                          stdout=subprocess.PIPE, check=True).stdout
    taken = json.loads(line)
    with open(output, encoding="utf-8", errors="replace") as file:
        taken["output"] = file.read()
    return taken


def measure_json(command, seconds=600, mebibytes=0):
    taken = measure(command, seconds, mebibytes)
    try:
        taken["answer"] = json.loads(taken.pop("output"))
    except ValueError:
        taken["answer"] = None
    return taken


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout


def dataset(name, leaders, posts, seed, dense=False):
    folder = os.path.join(OUT, "data", name)
    if not os.path.exists(os.path.join(folder, "policy.json")):
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        run(os.path.join(BUILD, "wellmatch"), "generate", "--force", "--leaders", str(leaders), "--posts", str(posts),
            "--seed", str(seed), folder)
        if dense:
            run(PYTHON, os.path.join(HERE, "dense.py"), folder, str(seed))
    return folder


def national():
    return dataset("national", 36000, 2000, 2026)


# ---- What is here to compare with ----

def has_scipy():
    return subprocess.run([PYTHON, "-c", "import scipy.optimize"], stderr=subprocess.DEVNULL).returncode == 0


def built_lemon():
    program = tool("lemon")
    source = peer("lemon.cpp")
    if os.path.exists(program) and os.path.getmtime(program) > os.path.getmtime(source):
        return True
    compiler = shutil.which("g++")
    return compiler is not None and subprocess.run([compiler, "-O3", "-march=native", "-o", program, source],
                                                   stderr=subprocess.DEVNULL).returncode == 0


def find_peers():
    return {"CBC": bool(shutil.which("cbc")), "CLP": bool(shutil.which("clp")), "GLPK": bool(shutil.which("glpsol")),
            "HiGHS": has_scipy(), "scipy": has_scipy(), "LEMON": built_lemon()}


# ---- Tables and goals ----

def shown(value, digits=3):
    if value is None:
        return "missing"
    if isinstance(value, float):
        return "%.*g" % (digits, value)
    return str(value)


def exactly(value):
    return shown(value, 9)


def table(suite, title, columns, rows, more=None):
    lines = [title, "", "| " + " | ".join(columns) + " |", "|---" + "|--:" * (len(columns) - 1) + "|"]
    lines += ["| " + " | ".join(shown(v) for v in row) + " |" for row in rows]
    text = "\n".join(lines) + "\n"
    print("\n" + text, flush=True)
    with open(os.path.join(OUT, suite + ".txt"), "a", encoding="utf-8") as file:
        file.write(text + "\n")
    if more is not None:
        with open(os.path.join(OUT, suite + ".json"), "w", encoding="utf-8") as file:
            json.dump(more, file, indent=1)
            file.write("\n")


def goal(name, wanted, seen, met):
    goals.append({"goal": name, "wanted": wanted, "seen": seen, "met": bool(met)})


def median(values):
    values = [v for v in values if v is not None]
    return statistics.median(values) if values else None


def disagree(what, values):
    known = [v for v in values if v is not None]
    if known and max(known) - min(known) > AGREE * max(1, abs(max(known))):
        print("%s: the solvers disagree: %s" % (what, values), file=sys.stderr)
        sys.exit(1)


# ---- 1 Planning round ----

def read_cbc(taken):
    text = taken["output"]
    done = "Result - Optimal solution found" in text
    value = [line.split()[-1] for line in text.splitlines() if line.startswith("Objective value:")]
    return done, -float(value[0]) if done and value else None


def read_glpk(taken):
    text = taken["output"]
    done = "INTEGER OPTIMAL SOLUTION FOUND" in text
    value = [line for line in text.splitlines() if "mip =" in line]
    return done, -float(value[-1].split("mip =")[1].split()[0]) if done and value else None


def solve_round(contender, files, limit):
    if contender == "plan":
        taken = measure_json([tool("plan"), "make", files["data"], "-s", str(limit)], 2 * limit)
        answer = taken["answer"] or {}
        done, value, cpu = answer.get("status") == "optimal", answer.get("value"), taken["cpu"]
    elif contender == "solve":
        taken = measure_json([os.path.join(BUILD, "wellmatch"), "solve", files["problem"], "--json", "--time-limit",
                              str(limit)], 2 * limit)
        answer = taken["answer"] or {}
        done, value, cpu = answer.get("status") == "optimal", answer.get("value"), taken["cpu"]
    elif contender == "HiGHS":
        taken = measure_json([PYTHON, peer("highs.py"), "milp", files["problem"], str(5 * limit)], limit)
        answer = taken["answer"] or {}
        done, value = answer.get("done", False), answer.get("value")
        cpu = answer.get("cpu", taken["cpu"])
    elif contender == "CBC":
        taken = measure(["cbc", files["mps"], "-ratioGap", "0", "-allowableGap", "0", "-solve", "-quit"], limit)
        (done, value), cpu = read_cbc(taken), taken["cpu"]
    else:
        taken = measure(["glpsol", "--freemps", files["mps"]], limit)
        (done, value), cpu = read_glpk(taken), taken["cpu"]
    return {"done": done, "value": value if done else None, "cpu": cpu, "wall": taken["wall"],
            "peak_mib": taken["peak_kib"] / 1024, "reached": value}


def round_instances():
    family = [("generated", seed) for seed in range(1, size(3, 20, 20) + 1)]
    return family + [("dense", seed) for seed in range(1, size(1, 3, 20) + 1)]


def limit_of(contender, family):
    if contender in ("plan", "solve"):
        return size(10, 30, 120)
    if contender == "GLPK":
        return size(3, 5, 120)
    return size(20, 40 if family == "dense" else 60, 120)


def round_files(family, seed):
    folder = dataset("%s%d" % (family, seed), 400, 60, seed, family == "dense")
    files = {"data": folder, "problem": folder + ".txt", "mps": folder + ".mps"}
    if not os.path.exists(files["mps"]):
        run(tool("plan"), "write", folder, files["problem"])
        run(PYTHON, peer("to_mps.py"), files["problem"], files["mps"])
    return files


def suite_round(peers):
    contenders = ["plan", "solve"] + [p for p in ("CBC", "HiGHS", "GLPK") if peers[p]]
    seen = []
    for family, seed in round_instances():
        files = round_files(family, seed)
        runs = {c: [] for c in contenders}
        for repeat in range(size(1, 3, 3)):
            for c in contenders:
                if repeat == 0 or runs[c][0]["cpu"] < 1:
                    runs[c].append(solve_round(c, files, limit_of(c, family)))
        one = {c: {"done": all(r["done"] for r in runs[c]), "value": runs[c][0]["value"],
                   "reached": runs[c][0]["reached"], "cpu": median([r["cpu"] for r in runs[c]]),
                   "wall": median([r["wall"] for r in runs[c]]), "peak_mib": median([r["peak_mib"] for r in runs[c]])}
               for c in contenders}
        disagree("%s %d" % (family, seed), [one[c]["value"] for c in contenders])
        seen.append({"family": family, "seed": seed, **one})
        print("  %s %d: %s" % (family, seed, ", ".join("%s %s%.3g s" % (c, "" if one[c]["done"] else "> ",
                                                                         one[c]["cpu"]) for c in contenders)),
              flush=True)
    rows = []
    for family in ("generated", "dense"):
        some = [s for s in seen if s["family"] == family]
        for c in contenders:
            rows.append(["%s, %d instances: %s" % (family, len(some), c),
                         "%d" % sum(s[c]["done"] for s in some), median([s[c]["cpu"] for s in some]),
                         max(s[c]["cpu"] for s in some), median([s[c]["wall"] for s in some]),
                         median([s[c]["peak_mib"] for s in some])])
        for ours in ("plan", "solve"):
            judge_round(family, some, ours, [c for c in contenders if c not in ("plan", "solve")])
    table("round", "Planning round, 60 posts x 400 leaders, to the proven optimum (what did not end counts its limit):",
          ["", "proven", "median CPU s", "worst CPU s", "median wall s", "median peak MiB"], rows, seen)


def best_of(runs):
    """The fastest that ended; if none did, the one cut short first: the best would have taken at least as long. GLPK,
    which is given less time than the others, counts only where it ended."""
    done = [c for c in runs if runs[c]["done"]] or [c for c in runs if c != "GLPK"] or list(runs)
    return min(done, key=lambda c: runs[c]["cpu"])


def judge_round(family, some, ours, others):
    if not others:
        return
    times, memories = [], []
    for s in some:
        best = best_of({c: s[c] for c in others})
        times.append(s[ours]["cpu"] / s[best]["cpu"])
        memories.append(s[ours]["peak_mib"] / s[best]["peak_mib"])
    proven = sum(s[ours]["done"] for s in some)
    goal("planning round, %s, %s: time of the best peer" % (family, ours), "<= 0.05, all proven",
         "%.3g, %d of %d proven" % (median(times), proven, len(some)), median(times) <= 0.05 and proven == len(some))
    goal("planning round, %s, %s: memory of that peer" % (family, ours), "<= 0.05", "%.3g" % median(memories),
         median(memories) <= 0.05)


# ---- 2 National ----

def solve_national(threads, folder=None, seconds=None, mebibytes=0):
    taken = measure_json([tool("plan"), "make", folder or national(), "-j", str(threads), "-g", "0.001", "-s",
                          str(seconds or size(60, 200, 600))], 1800, mebibytes)
    return {**(taken["answer"] or {"status": "failed", "code": taken["code"]}), "process_cpu": taken["cpu"],
            "process_wall": taken["wall"], "process_peak_mib": taken["peak_kib"] / 1024}


def solve_relaxation(peers):
    """CLP and HiGHS on the linear relaxation, pruned to 50 leaders a post and 2 mentors a package."""
    problem, mps = os.path.join(OUT, "data", "national50.txt"), os.path.join(OUT, "data", "national50.mps")
    if not os.path.exists(mps):
        print("  pruned: " + run(tool("pruned"), national(), "50", "2", problem).strip(), flush=True)
        run(PYTHON, peer("to_mps.py"), problem, mps, "relaxed")
    limit = size(20, 60, 600)
    contenders = {}
    if peers["CLP"]:
        contenders.update({"CLP dual": ["clp", mps, "-dualsimplex"], "CLP primal": ["clp", mps, "-primalsimplex"]})
    if peers["HiGHS"] and not QUICK:
        contenders.update({"HiGHS " + m: [PYTHON, peer("highs.py"), m, problem, str(5 * limit)]
                           for m in (["highs-ipm", "highs-ds"] if FULL else ["highs-ipm"])})
    seen = {}
    for name, command in contenders.items():
        taken = measure(command, limit)
        seen[name] = {"cpu": taken["cpu"], "wall": taken["wall"], "peak_mib": taken["peak_kib"] / 1024}
        if name.startswith("CLP"):
            optimal = [line for line in taken["output"].splitlines() if line.startswith("Optimal objective")]
            seen[name].update(done=bool(optimal), value=-float(optimal[0].split()[2]) if optimal else None)
        else:
            answer = json.loads(taken["output"] or "{}")
            seen[name].update(done=answer.get("done", False), value=answer.get("value"),
                              cpu=answer.get("cpu", taken["cpu"]))
        print("  %s: %s" % (name, seen[name]), flush=True)
    disagree("national, pruned", [s["value"] for s in seen.values() if s["done"]])
    return seen


def suite_national(peers):
    ours = {"wellmatch, %d thread%s" % (n, "" if n == 1 else "s"): solve_national(n) for n in (1, 2)}
    others = solve_relaxation(peers)
    rows = [[name, s["status"], exactly(s.get("value")), exactly(s.get("bound")), s.get("gap"), s["process_cpu"],
             s["process_wall"], s["process_peak_mib"]] for name, s in ours.items()]
    rows += [["%s, relaxation of what is left of 50 leaders a post" % name, "optimal" if s["done"] else "not ended", "",
              exactly(s["value"]) if s["done"] else "", "", s["cpu"], s["wall"], s["peak_mib"]]
             for name, s in others.items()]
    table("national", "2,000 posts x 36,000 leaders:",
          ["", "status", "value", "bound", "gap", "CPU s", "wall s", "peak MiB"], rows, {"ours": ours, "peers": others})
    one = ours["wellmatch, 1 thread"]
    for name, share in (("CLP", 0.25), ("HiGHS", 0.025)):
        runs = {key: s for key, s in others.items() if key.startswith(name)}
        if runs:
            fastest = runs[best_of(runs)]
            unfinished, best = not fastest["done"], fastest["cpu"]
            goal("national, whole plan: time of %s's best for the pruned relaxation alone" % name,
                 "<= %g, gap <= 0.001" % share,
                 "%s%.3g, gap %.2g" % ("<= " if unfinished else "", one["process_cpu"] / best, one.get("gap", 1)),
                 one["process_cpu"] / best <= share and one.get("gap", 1) <= 1e-3)
    goal("national, memory", "< 1024 MiB", "%.0f MiB" % one["process_peak_mib"], one["process_peak_mib"] < 1024)


# ---- 3 Scale ----

SIZES = {"S": (200, 3600), "M": (640, 11400), "L": (2000, 36000), "XL": (20000, 200000)}


def exponent(points):
    """Least squares of log y over log x."""
    points = [(math.log(x), math.log(y)) for x, y in points if x > 0 and y > 0]
    if len(points) < 2:
        return None
    mx, my = (sum(p[k] for p in points) / len(points) for k in (0, 1))
    return sum((x - mx) * (y - my) for x, y in points) / sum((x - mx) ** 2 for x, _ in points)


def suite_scale(_):
    seen = {}
    for name in size(["S", "M"], ["S", "M", "L"], ["S", "M", "L", "XL"]):
        posts, leaders = SIZES[name]
        folder = national() if name == "L" else dataset("scale" + name, leaders, posts, 2026)
        seen[name] = solve_national(2 if name == "XL" else 1, folder, 3600 if name == "XL" else None,
                                    8192 if name == "XL" else 0)
        print("  %s: %s" % (name, seen[name]), flush=True)
    good = {n: s for n, s in seen.items() if "eligible_pairs" in s}
    rows = []
    for name, s in good.items():
        most = sorted(s["phases"].items(), key=lambda p: -p[1]["cpu"])[:4]
        rows.append(["%s: %d x %d" % (name, *SIZES[name]), s["eligible_pairs"], s["status"], s["gap"], s["cpu"],
                     s["wall"], s["peak_mib"], s["peak_mib"] - s["dataset_mib"],
                     ", ".join("%s %.0f%%" % (p, 100 * t["cpu"] / max(s["cpu"], 1e-9)) for p, t in most)])
    table("scale", "Growth:", ["posts x leaders", "eligible pairs", "status", "gap", "CPU s", "wall s", "peak MiB",
                               "of it the solver's", "where the time goes"], rows, seen)
    grown = {what: exponent([(s["eligible_pairs"], f(s)) for s in good.values()])
             for what, f in (("time", lambda s: s["cpu"]), ("memory", lambda s: s["peak_mib"] - s["dataset_mib"]))}
    for what, e in grown.items():
        if e is not None:
            goal("growth of %s in eligible pairs, %s" % (what, " ".join(good)), "exponent <= 1.0", "%.2f" % e, e <= 1)
    if "XL" in seen:
        s = seen["XL"]
        goal("20,000 x 200,000", "gap <= 0.005 under 8 GiB", "%s, gap %.2g, %.0f MiB" % (
            s["status"], s.get("gap", 1), s["process_peak_mib"]),
            s.get("gap", 1) <= 0.005 and s["process_peak_mib"] < 8192)


# ---- 4 Assignment ----

def suite_assign(peers):
    n = size(1000, 4000, 4000)
    limit = size(30, 60, 600)
    contenders = {"wellmatch": lambda f: [tool("assign"), "solve", f]}
    if peers["scipy"]:
        contenders["scipy dense"] = lambda f: [PYTHON, peer("assign_scipy.py"), "dense", f]
        contenders["scipy sparse"] = lambda f: [PYTHON, peer("assign_scipy.py"), "sparse", f]
    if peers["LEMON"]:
        contenders["LEMON simplex"] = lambda f: [tool("lemon"), "simplex", f]
        contenders["LEMON scaling"] = lambda f: [tool("lemon"), "scaling", f]
    rows, seen = [], {}
    for kind in ("dense_uniform", "dense_alike", "sparse_uniform", "sparse_alike"):
        path = os.path.join(OUT, "data", "assign")
        run(tool("assign"), "write", kind, str(n), "40", "1", path)
        runs = {c: [] for c in contenders}
        for repeat in range(size(1, 3, 3)):
            for c, command in contenders.items():
                if repeat == 0 or runs[c][0]["cpu"] < 5:
                    taken = measure_json(command(path), limit)
                    answer = taken["answer"] or {}
                    runs[c].append({"cpu": answer.get("cpu", taken["cpu"]), "value": answer.get("value"),
                                    "peak_mib": taken["peak_kib"] / 1024})
        os.remove(path)
        disagree(kind, [r["value"] for some in runs.values() for r in some])
        seen[kind] = {c: {"cpu": median([r["cpu"] for r in some]), "done": some[0]["value"] is not None,
                          "peak_mib": median([r["peak_mib"] for r in some])} for c, some in runs.items()}
        rows.append([kind] + [("" if seen[kind][c]["done"] else "> ") + "%.3g" % seen[kind][c]["cpu"]
                              for c in contenders])
        others = [s["cpu"] for c, s in seen[kind].items() if c != "wellmatch"]
        if others:
            ratio = seen[kind]["wellmatch"]["cpu"] / min(others)
            goal("assignment %d x %d, %s: time of the best peer" % (n, n, kind), "<= 1", "%.3g" % ratio,
                 ratio <= 1 and seen[kind]["wellmatch"]["done"])
    table("assign", "Assignment, %d x %d, everybody must; CPU seconds in the solver alone:" % (n, n),
          ["instance"] + list(contenders), rows, seen)


# ---- 5 The scan ----

def suite_scan(_):
    folder = dataset("scaleS", 3600, 200, 2026) if QUICK else national()
    seen = json.loads(run(tool("scan"), folder, str(size(5, 9, 15)), "1"))
    rows = [[row["what"], row["cpu"], row["million_pairs_s"], row["found"], row["share_of_peak"], row["share_of_mix"]]
            for row in seen["rows"]]
    table("scan", "Scan of %d pairs, %.0f operations and %.1f divisions each, kernel %s, peak %.0f billion operations "
          "or %.1f billion divisions/s, one thread:" % (
              seen["pairs"], seen["operations_each"], seen["packages_each"], seen["kernel"], seen["peak_billion_s"],
              seen["peak_divisions_billion_s"]),
          ["", "CPU s", "million pairs/s", "pairs found", "of the peak", "of the mix's peak"], rows, seen)
    for at, name in ((0, "dense scan, every pair exactly"), (3, "dense scan as it is used, credited with every pair")):
        share = seen["rows"][at]["share_of_mix"]
        goal(name, ">= 0.3 of the mix's peak", "%.3f" % share, share >= 0.3)


# ---- 6 Again after one change ----

def suite_warm(_):
    folder = dataset("scaleS", 3600, 200, 2026) if QUICK else national()
    taken = measure_json([tool("plan"), "warm", folder, "-g", "0.001", "-s", str(size(20, 60, 600))], 3600)
    seen = taken["answer"] or []
    rows = [[s["change"], s["cold"]["cpu"], s["warm"]["cpu"], s["ratio"], exactly(s["cold"]["value"]),
             exactly(s["warm"]["value"]), s["warm"]["gap"], 100 * s["share_moved"]] for s in seen]
    table("warm", "Solved again after one change:", ["change", "cold CPU s", "warm CPU s", "ratio", "cold value",
                                                     "warm value", "warm gap", "% of placements that move"], rows, seen)
    worst, moved = max([s["ratio"] for s in seen] or [math.inf]), max([s["share_moved"] for s in seen] or [1])
    goal("warm against cold, %s, worst of three" % ("200 x 3,600" if QUICK else "national"), "<= 0.1", "%.3g" % worst,
         worst <= 0.1)
    goal("placements that move", "< 1%", "%.2f%%" % (100 * moved), moved < 0.01)


# ---- 7 Prices ----

def suite_price(_):
    rows, seen, inside, total, apart, told = [], [], 0, 0, 0, 0
    for family, seed in [("generated", s) for s in range(1, size(2, 6, 20) + 1)]:
        folder = dataset("%s%d" % (family, seed), 400, 60, seed)
        answer = measure_json([tool("plan"), "worth", folder, "-n", "20", "-s", str(size(20, 60, 300))], 3600)["answer"]
        if answer is None:
            print("  %s %d: no answer" % (family, seed))
            total += 1
            continue
        prices = answer["prices"]
        good = sum(p["inside"] for p in prices)
        far = [p for p in prices if p["seen_most"] - p["seen_least"] < 1e-8 and
               abs(p["slope"] - p["seen_least"]) > 0.1 * max(abs(p["seen_least"]), 1e-9)]
        beside = sum(p["resolved"] for p in far)
        rows.append(["%s %d" % (family, seed), len(prices), good, len(far), beside, answer["plan_cpu"],
                     answer["explain_cpu"]])
        inside, total, apart, told = inside + good, total + len(prices), apart + len(far), told + beside
        seen.append({"family": family, "seed": seed, **answer})
    table("price", "What one more is worth, stated and solved again:",
          ["instance", "prices", "inside their range", "slope off by over 10%", "of them with the re-solved value",
           "plan CPU s", "explain CPU s"], rows, seen)
    goal("price of one more inside its range", "every time", "%d of %d" % (inside, total), inside == total)
    goal("slope off by over 10%: re-solved value beside it", "every time", "%d of %d" % (told, apart), told == apart)


# ---- 8 Shortlists beside a solve ----

class Service:
    """wellmatchd on a free port, and one connection to it."""

    def __init__(self, folder):
        self.log = open(os.path.join(OUT, "daemon.log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen([os.path.join(BUILD, "wellmatchd"), "--data", folder, "--listen",
                                         "tcp://127.0.0.1:0", "--redis", "none", "--cache-mib", "0"],
                                        stdout=self.log, stderr=self.log)
        self.address = None
        for _ in range(300):
            with open(self.log.name, encoding="utf-8") as file:
                found = [w for line in file if "event=listening" in line for w in line.split() if "address=tcp" in w]
            if found:
                self.address = found[0].split("=", 1)[1]
                break
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        if self.address is None:
            raise RuntimeError("the daemon did not start; see " + self.log.name)
        host, port = self.address[len("tcp://"):].rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=60)
        self.lines = self.socket.makefile("rw", encoding="utf-8", newline="\n")
        self.asked = 0

    def call(self, method, **params):
        self.asked += 1
        self.lines.write(json.dumps({"jsonrpc": "2.0", "id": self.asked, "method": method, "params": params}) + "\n")
        self.lines.flush()
        answer = json.loads(self.lines.readline())
        if "error" in answer:
            raise RuntimeError("%s: %s" % (method, answer["error"]))
        return answer["result"]

    def close(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait(timeout=60)
        self.log.close()


def load_once(service, requests, rate, seconds):
    words = run(tool("load"), "-a", service.address, "-f", requests, "-s", str(seconds), "-r", str(rate), "-t").split()
    return {key: float(value) for key, value in (word.split("=", 1) for word in words)}


def suite_latency(_):
    folder = national()
    requests, seconds, rate = os.path.join(OUT, "shortlists"), size(2, 4, 10), 200
    with open(os.path.join(folder, "posts.csv"), encoding="utf-8") as file, \
            open(requests, "w", encoding="utf-8") as out:
        for n, line in enumerate(list(file)[1:]):
            out.write('{"jsonrpc":"2.0","id":%d,"method":"match.shortlist","params":{"post":"%s"}}\n' % (
                n, line.split(",", 1)[0]))
    service, calm, busy, cut_short = Service(folder), [], [], 0
    try:
        load_once(service, requests, rate, 1)
        for turn in range(size(2, 5, 9)):
            calm.append(load_once(service, requests, rate, seconds))
            # A penny's difference each turn, so that no turn finds the last one's answer; the gap keeps it at work.
            job = service.call("plan.allocate", gap=0, deadline_ms=600000, resolve=0,
                               limits=[{"resource": "budget", "of": "national:ENGLAND", "add": turn + 1}])["job"]
            busy.append(load_once(service, requests, rate, seconds))
            states = {j["job"]: j["state"] for j in service.call("plan.list")["jobs"]}
            cut_short += states[job] != "running"
            if states[job] in ("queued", "running"):
                service.call("plan.cancel", job=job)
    finally:
        service.close()
    rows = [[name] + [median([r[key] for r in some]) for key in ("rate", "p50_us", "p90_us", "p99_us", "max_us")]
            for name, some in (("alone", calm), ("beside a national solve", busy))]
    ratio = median([b["p99_us"] / c["p99_us"] for c, b in zip(calm, busy)])
    table("latency", "Shortlists at %d a second, computed, two processors; medians of %d turns of %d s%s:" % (
        rate, len(calm), seconds, "; in %d turns the solve ended first" % cut_short if cut_short else ""),
        ["", "rate", "p50 us", "p90 us", "p99 us", "max us"], rows, {"calm": calm, "busy": busy, "ratio": ratio,
                                                                    "ended_first": cut_short})
    goal("p99 of shortlists beside a national solve", "<= 1.5", "%.2f" % ratio, ratio <= 1.5)


SUITES = {"round": suite_round, "national": suite_national, "scale": suite_scale, "assign": suite_assign,
          "scan": suite_scan, "warm": suite_warm, "price": suite_price, "latency": suite_latency}


def main():
    wanted = sys.argv[1:] or list(SUITES)
    unknown = [name for name in wanted if name not in SUITES]
    if unknown:
        sys.exit("no suite %s; there are: %s" % (", ".join(unknown), " ".join(SUITES)))
    os.makedirs(os.path.join(OUT, "data"), exist_ok=True)
    peers = find_peers()
    print("Peers: " + ", ".join("%s%s" % (name, "" if here else " (missing)") for name, here in peers.items()))
    failed = []
    for name in wanted:
        for ending in (".txt", ".json"):
            if os.path.exists(os.path.join(OUT, name + ending)):
                os.remove(os.path.join(OUT, name + ending))
        print("\n== " + name, flush=True)
        try:
            SUITES[name](peers)
        except (RuntimeError, OSError, KeyError, ValueError, subprocess.SubprocessError) as error:
            print("%s: %s: %s" % (name, type(error).__name__, error), file=sys.stderr)
            failed.append(name)
    if os.path.exists(os.path.join(OUT, "goals.txt")):
        os.remove(os.path.join(OUT, "goals.txt"))
    table("goals", "Goals:", ["goal", "wanted", "seen", ""],
          [[g["goal"], g["wanted"], g["seen"], "pass" if g["met"] else "SHORT"] for g in goals], goals)
    if failed:
        sys.exit("could not be measured: " + " ".join(failed))


main()
