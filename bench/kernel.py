"""The kernel beside its peers, and how shortlists grow.

    kernel.py [peers] [growth]     BUILD=build QUICK=1: fewer rounds, smaller sizes

peers: every leader scored for 20 posts by the kernel, by numpy, and by FAISS's flat inner product of as many dimensions,
round by round, each in its own process; medians of the rounds' ratios. growth: processor time of a shortlist by leaders
and by posts, with the exponent of a straight line through the logarithms, and bytes a leader.
"""
import math
import os
import shutil
import statistics
import subprocess
import sys

BUILD = os.environ.get("BUILD", "build")
QUICK = os.environ.get("QUICK", "") not in ("", "0")
HERE = os.path.dirname(os.path.abspath(__file__))
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


def run(*command):
    done = subprocess.run(command, env={**os.environ, **ONE_THREAD}, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.split()


def dataset(leaders, posts):
    """The generated dataset of that size; 36,000 by 2,000 is the one that all suites share."""
    path = "build/national" if (leaders, posts) == (36000, 2000) else f"{BUILD}/bench/data/{leaders}x{posts}"
    if not os.path.exists(f"{path}/policy.json"):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        run(f"{BUILD}/wellmatch", "generate", "--leaders", str(leaders), "--posts", str(posts), "--seed", "2026", path)
    return path


def built_faiss():
    """The peer's path, or None where its headers or a compiler are missing."""
    program, source = f"{BUILD}/bench/faiss_scan", f"{HERE}/peers/faiss_scan.cpp"
    if os.path.exists(program) and os.path.getmtime(program) > os.path.getmtime(source):
        return program
    if shutil.which("c++") is None:
        return None
    built = subprocess.run(["c++", "-std=c++17", "-O3", "-fopenmp", "-o", program, source, "-lfaiss", "-llapack", "-lblas"],
                           stderr=subprocess.DEVNULL)
    return program if built.returncode == 0 else None


def has_numpy():
    return subprocess.run(["/usr/bin/python3", "-c", "import numpy"], stderr=subprocess.DEVNULL).returncode == 0


def peers():
    rounds, path, arrays = 3 if QUICK else 7, dataset(36000, 2000), f"{BUILD}/bench/kernel.bin"
    kernel = f"{BUILD}/bench/kernel"
    run(kernel, path, "export", arrays)
    contenders = {"wellmatch, all leaders scored": (kernel, path, "score")}
    faiss = built_faiss()
    if faiss:
        contenders["FAISS, flat inner product"] = (faiss, arrays, "1")
    else:
        print("FAISS is left out: libfaiss-dev is not here (.ci/deps bench).\n")
    if has_numpy():
        contenders["numpy, the same formulas"] = ("/usr/bin/python3", f"{HERE}/peers/numpy_score.py", arrays, "1")
    else:
        print("numpy is left out: python3-numpy is not here.\n")
    taken = {name: [] for name in contenders}
    lists = []
    for _ in range(rounds):
        for name, command in contenders.items():
            taken[name].append(float(run(*command)[-1]))
        lists.append([float(x) for x in run(kernel, path, "shortlists", "2000")])
    own = taken["wellmatch, all leaders scored"]
    print(f"36,000 leaders, 20 posts, one thread, medians of {rounds} rounds:\n")
    print("| | ns CPU a pair | times wellmatch |\n|---|--:|--:|")
    for name, figures in taken.items():
        ratio = statistics.median(f / o for f, o in zip(figures, own))
        print(f"| {name} | {statistics.median(figures):.2f} | {ratio:.2f} |")
    sweep = [figures[0] * 1e3 / 36000 for figures in lists]
    ratio = statistics.median(f / o for f, o in zip(sweep, own))
    print(f"| wellmatch, a shortlist: refused first, then scored | {statistics.median(sweep):.2f} | {ratio:.2f} |\n")
    for name, least in (("FAISS, flat inner product", 1), ("numpy, the same formulas", 20)):
        if name in taken:
            ratio = statistics.median(f / o for f, o in zip(taken[name], own))
            print(f"goal: {name} at least {least} times wellmatch: {ratio:.2f}, {'pass' if ratio >= least else 'SHORT'}")
    print("\nA shortlist of ten, every post, one thread, medians:\n")
    print("| | us CPU |\n|---|--:|")
    score, engine, method = (statistics.median(own) * 36, statistics.median(f[0] for f in lists),
                             statistics.median(f[1] for f in lists))
    print(f"| all 36,000 leaders scored, nobody refused | {score:.1f} |\n| the engine's shortlist | {engine:.1f} |")
    print(f"| match.shortlist, params to JSON | {method:.1f} |\n")
    ratio = statistics.median(f[1] / (o * 36) for f, o in zip(lists, own))
    print(f"goal: match.shortlist at most 1.15 times all scored: {ratio:.2f}, {'pass' if ratio <= 1.15 else 'SHORT'}")
    ratio = statistics.median(f[1] / f[0] for f in lists)
    print(f"of the engine's own shortlist: {ratio:.2f} times\n")


def exponent(points):
    """Least squares through the logarithms."""
    logs = [(math.log(x), math.log(y)) for x, y in points]
    x, y = (statistics.mean(c) for c in zip(*logs))
    return sum((a - x) * (b - y) for a, b in logs) / sum((a - x) ** 2 for a, _ in logs)


def growth():
    leaders = (4000, 36000) if QUICK else (4000, 36000, 360000, 1000000)
    posts = (1, 60, 2000)
    print("Processor time of shortlists of ten by the engine, in microseconds a post; medians of 3:\n")
    print("| leaders | " + " | ".join(f"{n} post{'s' * (n > 1)}" for n in posts) + " | 2000 posts, 32 at a time | 2000 posts, as JSON | bytes a leader |")
    print("|--:|" + "--:|" * (len(posts) + 3))
    seen = {n: [] for n in posts}
    for size in leaders:
        path, row = dataset(size, 2000), []
        for n in posts:
            figures = [[float(x) for x in run(f"{BUILD}/bench/kernel", path, "shortlists", str(n))]
                       for _ in range(1 if QUICK or size > 100000 else 3)]
            row.append([statistics.median(c) for c in zip(*figures)])
            seen[n].append((size, row[-1][0]))
        print(f"| {size} | " + " | ".join(f"{r[0]:.1f}" for r in row) +
              f" | {row[-1][2]:.1f} | {row[-1][1]:.1f} | {row[-1][3]:.0f} |",
              flush=True)
    print("\nGrowth with leaders, as their number to the power of: " +
          ", ".join(f"{exponent(seen[n]):.2f} ({n} post{'s' * (n > 1)})" for n in posts))
    for size in leaders:
        at = [(n, n * dict(seen[n])[size]) for n in posts]
        print(f"Growth with posts at {size} leaders: {exponent(at):.2f}")


def main():
    suites = {"peers": peers, "growth": growth}
    if sys.argv[1:] == ["national"]:  # where it is, for others
        print(dataset(36000, 2000))
        return
    for name in sys.argv[1:] or suites:
        suites[name]()


main()
