"""What must not change an answer by one byte: who the people are (monitoring.csv, history.csv), and how the files are written."""

import csv
import os
import random
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import LEADERS, POSTS, SAMPLE, Daemon, main, request, shortlist

QUESTIONS = ([shortlist(i, limit=50) for i in range(len(POSTS))]
             + [request("match.opportunities", {"leader": leader}) for leader in LEADERS[::7]]
             + [request("match.explain", {"leader": LEADERS[i * 37 % len(LEADERS)], "post": post}) for i, post in enumerate(POSTS)]
             + [request("match.compare_packages", {"leader": LEADERS[i], "post": post}) for i, post in enumerate(POSTS[:10])])


def answers(data):
    with Daemon(data=data) as daemon, daemon.wire() as wire:
        return [wire.ask(question) for question in QUESTIONS]


def rewrite(path, change, **dialect):
    with open(path, newline="", encoding="utf-8") as file:
        heading, *rows = list(csv.reader(file))
    heading, rows = change(heading, rows)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, **dialect)
        writer.writerows([heading, *rows])


class Laws(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.expected = answers(SAMPLE)

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.data = shutil.copytree(SAMPLE, os.path.join(self.folder, "data"))

    def path(self, name):
        return os.path.join(self.data, name)

    def check(self):
        for question, before, after in zip(QUESTIONS, self.expected, answers(self.data)):
            self.assertEqual(before, after, question)

    def test_without_monitoring_and_history(self):
        os.remove(self.path("monitoring.csv"))
        os.remove(self.path("history.csv"))
        self.check()

    def test_with_other_people_behind_the_ids(self):
        def flip(heading, rows):
            return heading, [[row[0], *reversed(row[1:])] for row in rows]
        rewrite(self.path("monitoring.csv"), flip)
        self.check()

    def test_other_order_of_rows_and_columns_other_quotes_and_line_ends(self):
        state = random.Random(5)

        def shuffle(heading, rows):
            order = list(range(len(heading)))
            state.shuffle(order)
            state.shuffle(rows)
            return [heading[i] for i in order], [[row[i] for i in order] for row in rows]
        for name in os.listdir(self.data):
            if name.endswith(".csv"):
                rewrite(self.path(name), shuffle, quoting=csv.QUOTE_ALL, lineterminator="\n")
        self.check()

    def test_the_check_would_notice(self):
        rewrite(self.path("leaders.csv"), lambda heading, rows: (heading, rows[1:]))
        with self.assertRaises(AssertionError):
            self.check()


if __name__ == "__main__":
    main()
