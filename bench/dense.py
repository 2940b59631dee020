#!/usr/bin/python3
"""Makes a generated dataset dense: half of all leaders may take any one post.

    dense.py DIR SEED [SHARE]

In a generated dataset few pairs pass the hard rules (3% of 60 x 400), as in life, and the problem that is left is easy
for everybody. This rewrites what the rules read and leaves all that the scores read as it was drawn: every leader has
held every role, holds every accreditation until 2040, has passed the board check, is ready, is Band 9 or a very senior
manager, travels as before, excludes nobody, and would move to each region with chance SHARE (0.5 when not given). What
still refuses is the grade and the region. Mentors, packages, money and posts stay as they are.
"""
import csv
import json
import os
import random
import sys


def names_of(policy, vocabulary):
    return [word["name"] for word in policy["vocabularies"][vocabulary]["words"]]


def main():
    folder, seed = sys.argv[1], int(sys.argv[2])
    share = float(sys.argv[3]) if len(sys.argv) > 3 else 0.5
    draw = random.Random(seed)
    with open(os.path.join(folder, "policy.json"), encoding="utf-8") as file:
        policy = json.load(file)
    roles, regions, held = (";".join(names_of(policy, name)) for name in ("role", "region", "accreditation"))
    path = os.path.join(folder, "leaders.csv")
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        columns, rows = reader.fieldnames, list(reader)
    for row in rows:
        willing = [name for name in regions.split(";") if draw.random() < share]
        row.update(roles=roles, grade="band_9" if draw.random() < 0.5 else "vsm", accreditation=held,
                   accredited_until="2040-01-01", fit_and_proper_until="2040-01-01", ready_from="2026-01-01",
                   organisations_excluded="", regions_willing=";".join(willing))
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


main()
