"""The score of every leader for some posts, with numpy, as one who knows it would write it: whole columns at a time.

    numpy_score.py FILE ROUNDS     FILE: what `micro --export` wrote; prints nanoseconds of processor time a pair

The formulas are the kernel's (engine/score.inc.c) in double precision, distance in single, with the rounding to
millionths that makes answers add up. Sums of all expected benefits are compared with the kernel's.
"""
import sys
import time

import numpy as np


def read(path):
    with open(path, "rb") as file:
        n, domains, components, posts = np.fromfile(file, np.int32, 4)
        skill = np.fromfile(file, np.int32, domains * n).reshape(domains, n).astype(np.float64)
        want = np.fromfile(file, np.int32, components * n).reshape(components, n).astype(np.float64)
        home = np.fromfile(file, np.float32, 3 * n).reshape(3, n)
        travel, located = np.fromfile(file, np.int32, 2 * n).reshape(2, n)
        asked = []
        for _ in range(posts):
            head = np.fromfile(file, np.float64, 9)
            weights = np.fromfile(file, np.float64, 2 * domains).reshape(2, domains)
            offers = np.fromfile(file, np.float64, int(head[8]) * (components + 1)).reshape(-1, components + 1)
            asked.append((head, weights, offers))
    return skill, want, home, np.maximum(travel, 0).astype(np.float32), located == 1, asked


def score(leaders, post):
    skill, want, home, travel, located = leaders
    (x, y, z, post_located, per_hm, unknown, severity, _, _), (per_skill, weight), offers = post
    fit = np.floor(np.minimum(skill * per_skill[:, None], weight[:, None]) + 0.5).sum(axis=0)
    chord = np.sqrt((home[0] - np.float32(x)) ** 2 + (home[1] - np.float32(y)) ** 2 + (home[2] - np.float32(z)) ** 2)
    hm = np.floor(2 * np.arcsin(chord / 2) * np.float32(63710.088) + np.float32(0.5))
    cost = np.where(located & (post_located != 0), np.maximum(hm - travel, 0) * np.float32(per_hm), unknown)
    logit = (offers[:, 1:] @ want + offers[:, :1]).max(axis=0) - cost
    accept = np.floor(1e6 / (1 + np.exp(logit * -1e-6)) + 0.5)
    benefit = np.floor(fit * severity * 1e-6 + 0.5)
    return np.floor(benefit * accept * 1e-3 + 0.5)


def main():
    skill, want, home, travel, located, asked = read(sys.argv[1])
    leaders = (skill, want, home, travel, located)
    for post in asked:
        total, kernel = score(leaders, post).sum(), post[0][7]
        assert abs(total - kernel) <= 1e-3 * abs(kernel), (total, kernel)
    for _ in range(int(sys.argv[2])):
        start = time.process_time()
        for post in asked:
            score(leaders, post)
        print((time.process_time() - start) / len(asked) / skill.shape[1] * 1e9, flush=True)


main()
