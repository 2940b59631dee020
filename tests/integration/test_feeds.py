"""Feeds as dashboards load them: a real service and plan, read by Python's own csv and json, by pandas, by curl; both
profiles, no plan yet, Redis away, caches, pages; check-feed against every feed and against broken ones; the files for
Grafana and Prometheus against what is served.
"""

import csv
import gzip
import http.client
import http.server
import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Daemon, PATIENCE, ROOT, clean_environment, main

WELLMATCH = os.environ.get("WELLMATCH") or os.path.join(ROOT, os.environ.get("BUILD", "build"), "wellmatch")
DASHBOARDS = os.path.join(ROOT, "api", "dashboards")
PUBLIC = ["run", "organisation", "package_use", "shadow_price"]
PERSONS = ["allocation", "score_term", "unfilled", "unmatched_leader", "mentor_load"]
TABLES = PUBLIC + PERSONS
HIDDEN = range(1, 8)


class Feeds(Daemon):
    """A daemon with an HTTP port."""

    def __init__(self, *flags, **options):
        super().__init__("--http", "127.0.0.1:0", "--plan-nice", "0", *flags, **options)
        self.base = self.wait_for("address=http://")[0].split("address=")[1].strip()

    def get(self, path, headers=None, method="GET"):
        connection = http.client.HTTPConnection(self.base[len("http://"):], timeout=PATIENCE)
        connection.request(method, path, headers=headers or {})
        reply = connection.getresponse()
        body = reply.read()
        connection.close()
        return reply.status, reply.headers, body

    def rows(self, table, query=""):
        status, _, body = self.get("/feeds/v1/%s.json%s" % (table, query))
        assert status == 200, body
        return json.loads(body)

    def call(self, method, **params):
        with self.wire() as wire:
            return wire.call(method, params)["result"]

    def solve(self, **question):
        """The id of the plan of a question."""
        name = "plan.what_if" if "plan" in question else "plan.allocate"
        job = self.call(name, **{"gap": 0.05, "resolve": 2, **question})["job"]
        return self.call("plan.wait", job=job, timeout_ms=PATIENCE * 1000)["plan"]


def check_feed(word):
    done = subprocess.run([WELLMATCH, "check-feed", word], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, cwd=ROOT,
                          env=clean_environment())
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class WithPlan(unittest.TestCase):
    """Two services with the same plan, one of each profile, for all tests of this file: none may change what is latest."""

    @classmethod
    def setUpClass(cls):
        if not hasattr(WithPlan, "planner"):
            WithPlan.planner = Feeds("--feeds", "restricted")
            WithPlan.public = Feeds()
            WithPlan.run_id = cls.planner.solve()
            cls.public.solve()
            WithPlan.described = {table: json.loads(cls.planner.get("/feeds/v1/%s.columns.json" % table)[2]) for table in TABLES}

    def columns(self, table):
        return [c["name"] for c in self.described[table]]


def tearDownModule():
    if hasattr(WithPlan, "planner"):
        WithPlan.planner.__exit__(None)
        WithPlan.public.__exit__(None)


class TestForms(WithPlan):
    def test_list(self):
        status, headers, body = self.planner.get("/feeds/v1/")
        self.assertEqual((status, headers["Content-Type"]), (200, "application/json; charset=utf-8"))
        listed = json.loads(body)
        self.assertEqual(sorted(t["table"] for t in listed), sorted(TABLES))
        self.assertTrue(all(t["served"] for t in listed))
        for table in listed:
            for key in ("json", "csv", "schema", "power_query", "columns"):
                self.assertEqual(self.planner.get(table[key])[0], 200, table[key])
        served = {t["table"] for t in json.loads(self.public.get("/feeds/v1/")[2]) if t["served"]}
        self.assertEqual(served, set(PUBLIC))
        status, headers, _ = self.planner.get("/feeds/v1")
        self.assertEqual((status, headers["Location"]), (308, "/feeds/v1/"))

    def test_csv_and_json_say_the_same(self):
        for table in TABLES:
            rows = self.planner.rows(table)
            status, headers, body = self.planner.get("/feeds/v1/%s.csv" % table)
            self.assertEqual((status, headers["Content-Type"]), (200, "text/csv; charset=utf-8; header=present"))
            self.assertTrue(body.endswith(b"\r\n"))
            lines = list(csv.DictReader(io.StringIO(body.decode("utf-8"), newline=""), strict=True))
            self.assertEqual(len(lines), len(rows), table)
            types = {c["name"]: c["type"] for c in self.described[table]}
            for row, line in zip(rows, lines):
                self.assertEqual(list(row), self.columns(table))
                self.assertEqual(list(line), self.columns(table))
                for name, value in row.items():
                    cell = line[name]
                    if value is None:
                        self.assertEqual(cell, "", (table, name))
                    elif types[name] in ("integer", "number"):
                        self.assertEqual(float(cell), float(value), (table, name))
                    elif types[name] == "boolean":
                        self.assertEqual(cell, "true" if value else "false")
                    else:
                        self.assertEqual(cell, value)

    def test_schema_keeps_its_word(self):
        python = {"string": str, "boolean": bool, "integer": int, "number": (int, float), "null": type(None)}
        formats = {"date": r"\d{4}-\d\d-\d\d", "date-time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"}
        for service, tables in ((self.planner, TABLES), (self.public, PUBLIC)):
            for table in tables:
                schema = json.loads(service.get("/feeds/v1/%s.schema.json" % table)[2])
                self.assertEqual((schema["$schema"], schema["type"]), ("https://json-schema.org/draft/2020-12/schema", "array"))
                properties = schema["items"]["properties"]
                self.assertEqual(list(properties), self.columns(table))
                self.assertEqual(schema["items"]["required"], self.columns(table))
                for row in service.rows(table):
                    for name, value in row.items():
                        types, form = properties[name]["type"], properties[name].get("format")
                        allowed = tuple(python[t] for t in ([types] if isinstance(types, str) else types))
                        self.assertTrue(isinstance(value, allowed) and (bool in allowed or not isinstance(value, bool)), (table, name, value))
                        self.assertTrue(form is None or value is None or re.fullmatch(formats[form], value), (table, name, value))

    def test_columns_are_described(self):
        for table in TABLES:
            self.assertEqual({tuple(c) for c in self.described[table]},
                             {("name", "type", "unit", "decimals", "nullable", "profile", "description")})
            restricted = {c["name"] for c in self.described[table] if c["profile"] == "restricted"}
            self.assertEqual(restricted == set(self.columns(table)), table in PERSONS)

    def test_pandas_reads_every_feed(self):
        try:
            import pandas
        except ImportError:
            self.skipTest("python3-pandas is not installed")
        for table in TABLES:
            columns = self.described[table]
            dates = [c["name"] for c in columns if c["type"] in ("date", "timestamp")]
            url = "%s/feeds/v1/%s" % (self.planner.base, table)
            sheet = pandas.read_csv(url + ".csv", parse_dates=dates)
            excel = pandas.read_csv(url + ".csv?bom=1")
            rows = pandas.read_json(url + ".json")
            self.assertEqual(list(sheet.columns), [c["name"] for c in columns])
            self.assertEqual(list(rows.columns), list(sheet.columns))
            self.assertEqual(list(excel.columns), list(sheet.columns))
            self.assertTrue(len(sheet) == len(rows) == len(excel) > 0, table)
            for column in columns:
                known = sheet[column["name"]].dropna()
                if column["type"] in ("date", "timestamp"):
                    self.assertIn("datetime", str(sheet[column["name"]].dtype), (table, column["name"]))
                elif column["type"] in ("integer", "number") and len(known):
                    self.assertTrue(pandas.api.types.is_numeric_dtype(known), (table, column["name"]))
        frame = pandas.read_csv(self.planner.base + "/feeds/v1/allocation.csv")
        run = pandas.read_csv(self.planner.base + "/feeds/v1/run.csv")
        self.assertAlmostEqual(frame["local_cost_gbp"].sum(), run["local_cost_gbp"][0])
        self.assertAlmostEqual(frame["value"].sum(), run["value"][0], 7)

    def test_the_plan_is_the_one_served_otherwise(self):
        rows = self.planner.call("plan.get", plan=self.run_id, part="placements", limit=1000)["rows"]
        feed = self.planner.rows("allocation")
        self.assertEqual([(r["leader"], r["post"], r["package"], r["mentor"]) for r in rows],
                         [(r["leader_id"], r["post_id"], r["package_id"], r["mentor_id"]) for r in feed])
        prices = self.planner.call("plan.get", plan=self.run_id, part="prices", limit=1000)["rows"]
        feed = self.planner.rows("shadow_price")
        self.assertEqual([(r["resource"], r["of"], r["step"], r["limit"]) for r in prices],
                         [(r["resource"], r["resource_id"], r["step"], r["limit_units"]) for r in feed])
        unfilled = self.planner.call("plan.get", plan=self.run_id, part="unfilled", limit=1000)["rows"]
        self.assertEqual([(r["post"], r["why"], r["fix"] and r["fix"]["text"]) for r in unfilled],
                         [(r["post_id"], r["why"], r["fix"]) for r in self.planner.rows("unfilled")])

    def test_byte_order_mark_for_excel(self):
        plain, marked = (self.planner.get("/feeds/v1/unfilled.csv" + query)[2] for query in ("", "?bom=1"))
        self.assertFalse(plain.startswith(b"\xef\xbb\xbf"))
        self.assertTrue(marked.startswith(b"\xef\xbb\xbfrun_id,"))

    def test_power_query_names_the_way_in(self):
        status, headers, body = self.planner.get("/feeds/v1/run.pq")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/plain; charset=utf-8"))
        self.assertIn('Base = "%s"' % self.planner.base, body.decode())
        self.assertEqual(re.findall(r'\{"(\w+)", ', body.decode()), self.columns("run"))


class TestCaches(WithPlan):
    def test_asked_again(self):
        for path in ("/feeds/v1/unmatched_leader.json", "/feeds/v1/run.csv", "/feeds/v1/run.csv?bom=1", "/feeds/v1/run.schema.json"):
            status, headers, body = self.planner.get(path)
            self.assertEqual(status, 200)
            again = self.planner.get(path, {"If-None-Match": headers["ETag"]})
            self.assertEqual((again[0], again[2], again[1]["ETag"]), (304, b"", headers["ETag"]))
            self.assertEqual(self.planner.get(path, {"If-None-Match": '"other"'})[0], 200)
            if headers["Last-Modified"]:
                self.assertEqual(self.planner.get(path, {"If-Modified-Since": headers["Last-Modified"]})[0], 304)
                self.assertEqual(self.planner.get(path, {"If-Modified-Since": "Sun, 06 Nov 1994 08:49:37 GMT"})[0], 200)
            head = self.planner.get(path, method="HEAD")
            self.assertEqual((head[0], head[2], head[1]["Content-Length"], head[1]["ETag"]), (200, b"", str(len(body)), headers["ETag"]))
        self.assertIsNotNone(self.planner.get("/feeds/v1/run.json")[1]["Last-Modified"])

    def test_compressed(self):
        plain = self.planner.get("/feeds/v1/unmatched_leader.csv")
        packed = self.planner.get("/feeds/v1/unmatched_leader.csv", {"Accept-Encoding": "gzip"})
        self.assertEqual(packed[1]["Content-Encoding"], "gzip")
        self.assertEqual(gzip.decompress(packed[2]), plain[2])
        self.assertLess(len(packed[2]) * 4, len(plain[2]))
        again = self.planner.get("/feeds/v1/unmatched_leader.csv", {"Accept-Encoding": "gzip", "If-None-Match": packed[1]["ETag"]})
        self.assertEqual(again[0], 304)

    def test_a_run_that_is_named(self):
        whole = self.planner.rows("unmatched_leader")
        named = self.planner.rows("unmatched_leader", "?run=" + self.run_id)
        self.assertEqual(whole, named)
        pages = []
        while len(pages) < len(whole):
            page = self.planner.rows("unmatched_leader", "?run=%s&limit=97&offset=%d" % (self.run_id, len(pages)))
            self.assertTrue(0 < len(page) <= 97)
            pages += page
        self.assertEqual(pages, whole)
        self.assertEqual(self.planner.rows("unmatched_leader", "?run=%s&offset=100000" % self.run_id), [])

    def test_pages_of_the_latest_are_refused_with_the_remedy(self):
        status, headers, body = self.planner.get("/feeds/v1/unfilled.json?limit=2")
        problem = json.loads(body)
        self.assertEqual((status, headers["Content-Type"], problem["status"]), (400, "application/problem+json", 400))
        remedy = re.search(r"/feeds/\S+", problem["detail"]).group()
        self.assertEqual(len(json.loads(self.planner.get(remedy)[2])), 2)

    def test_refusals(self):
        for path, status in (("/feeds/v1/nothing.json", 404), ("/feeds/v1/run.xlsx", 404), ("/feeds/v1/run.json?run=Pnone", 404),
                             ("/feeds/v1/run.json?wat=1", 400), ("/feeds/v1/run.json?bom=1", 400), ("/feeds/v1/run.csv?limit=x&run=a", 400)):
            found = self.planner.get(path)
            self.assertEqual((found[0], found[1]["Content-Type"]), (status, "application/problem+json"), path)
            self.assertEqual(json.loads(found[2])["status"], status)
        self.assertEqual(self.planner.get("/feeds/v1/run.json", method="POST")[0], 405)

    def test_a_run_on_its_way(self):
        job = self.planner.call("plan.what_if", plan=self.run_id, gap=0, resolve=1000, without_posts=["V00001"])["job"]
        status, headers, body = self.planner.get("/feeds/v1/run.json?run=" + job)
        self.planner.call("plan.cancel", job=job)
        self.assertEqual(status, 503, body)
        self.assertRegex(headers["Retry-After"], r"^[1-9][0-9]*$")


class TestLatest(unittest.TestCase):
    def test_before_there_is_a_plan(self):
        with Feeds("--feeds", "restricted") as service:
            for table in TABLES:
                status, headers, body = service.get("/feeds/v1/%s.json" % table)
                self.assertEqual((status, json.loads(body)), (200, []))
                self.assertIsNone(headers["Last-Modified"])
                status, _, body = service.get("/feeds/v1/%s.csv" % table)
                self.assertEqual((status, body.count(b"\r\n")), (200, 1))
                self.assertTrue(body.startswith(b"run_id,data_date,generated_at,"))
            code, text, _ = check_feed(service.base + "/feeds/v1/run.csv")
            self.assertEqual(code, 0, text)
            self.assertEqual(check_feed(service.base + "/feeds/v1/run.json")[0], 0)
            tag = service.get("/feeds/v1/run.json")[1]["ETag"]
            service.solve(posts=["V00001"])
            self.assertEqual(len(json.loads(service.get("/feeds/v1/run.json", {"If-None-Match": tag})[2])), 1)

    def test_newest_plan_that_changes_no_other(self):
        with Feeds("--feeds", "restricted") as service:
            first = service.solve(posts=["V00001", "V00002"])
            change = service.solve(plan=first, posts=["V00002"])
            self.assertEqual(service.rows("run")[0]["run_id"], first)
            changed = service.rows("run", "?run=" + change)[0]
            self.assertEqual((changed["run_id"], changed["is_what_if"], changed["base_run_id"]), (change, True, first))
            second = service.solve(posts=["V00003"])
            self.assertEqual(service.rows("run")[0]["run_id"], second)

    def test_redis_away(self):
        with Feeds("--feeds", "restricted", redis="redis://127.0.0.1:1") as service:
            service.solve(posts=["V00001", "V00002"])
            self.assertEqual(len(service.rows("run")), 1)
            self.assertEqual(check_feed(service.base + "/feeds/v1/allocation.json")[0], 0)

    def test_several_loops(self):
        with Feeds("--feeds", "restricted", "--loops", "2") as service:
            run = service.solve(posts=["V00001", "V00002"])
            for _ in range(6):
                self.assertEqual(service.rows("run")[0]["run_id"], run)


class TestProfiles(WithPlan):
    def test_persons_are_refused(self):
        for table in PERSONS:
            for form in ("json", "csv"):
                status, headers, body = self.public.get("/feeds/v1/%s.%s" % (table, form))
                self.assertEqual((status, headers["Content-Type"]), (403, "application/problem+json"))
                self.assertIn("--feeds restricted", json.loads(body)["detail"])
            self.assertEqual(self.public.get("/feeds/v1/%s.schema.json" % table)[0], 200)

    def test_nobody_is_named(self):
        for table in PUBLIC:
            body = self.public.get("/feeds/v1/%s.csv" % table)[2].decode()
            self.assertIsNone(re.search(r"\b[LM]\d{4,}\b", body), table)
            for row in self.public.rows(table):
                self.assertEqual(list(row), self.columns(table))
                for column in self.described[table]:
                    if column["profile"] == "restricted":
                        self.assertIsNone(row[column["name"]], (table, column["name"]))

    def test_the_plan_page_links_what_is_served(self):
        public = {"shadow_price"}
        persons = {"allocation", "unfilled", "unmatched_leader", "mentor_load"}
        for service, tables in ((self.planner, public | persons), (self.public, public)):
            status, _, page = service.get("/plans/" + self.run_id)
            links = re.findall(r'href="(/feeds/[^"]*)"', page.decode())
            self.assertEqual((status, {re.match(r"/feeds/v1/(\w+)\.", link)[1] for link in links}), (200, tables))
            for link in links:
                self.assertEqual(service.get(link.replace("&amp;", "&"))[0], 200, link)

    def test_counts_of_persons(self):
        for table, count in (("run", "placed"), ("run", "leaders"), ("organisation", "filled"), ("package_use", "used")):
            for shown, true in zip(self.public.rows(table), self.planner.rows(table)):
                self.assertNotIn(shown[count], HIDDEN)
                status = shown[count + "_status"]
                if true[count] in HIDDEN:
                    self.assertEqual((shown[count], status), (None, "suppressed"))
                if status == "rounded":
                    self.assertEqual(shown[count] % 5, 0)
                    self.assertLessEqual(abs(shown[count] - true[count]), 7)
                self.assertEqual(true[count + "_status"], "exact")

    def test_sums_tell_no_more(self):
        run = self.public.rows("run")[0]
        self.assertEqual((run["local_cost_gbp"], run["central_cost_gbp"], run["dataset_digest"]), (None, None, None))
        self.assertNotEqual(run["run_id"], self.run_id)
        self.assertEqual(self.public.rows("run", "?run=" + run["run_id"]), [run])
        for name in ("organisation", "package_use"):
            hidden = [r for r in self.public.rows(name) if "suppressed" in r.values()]
            self.assertNotEqual(len(hidden), 1, name)

    def test_the_setting(self):
        done = subprocess.run([os.path.join(os.path.dirname(WELLMATCH), "wellmatchd"), "--data", "data/sample", "--feeds", "all"],
                              capture_output=True, cwd=ROOT, env=clean_environment(), timeout=PATIENCE)
        self.assertEqual(done.returncode, 2)
        self.assertIn("expected public or restricted", done.stderr.decode())


class TestReadme(WithPlan):
    """What README.md says of dashboards works as it stands there."""

    def snippet(self, service, start, suffix):
        with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
            blocks = re.findall(r"(?:^    .*\n)+", file.read(), re.M)
        text = re.sub(r"^    ", "", next(block for block in blocks if block.startswith("    " + start)), flags=re.M)
        path = os.path.join(service.folder, "snippet" + suffix)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("http://127.0.0.1:7346", service.base).replace("build/wellmatch ", WELLMATCH + " ")
                       .replace("--resolve 0", "--resolve 0 --gap 0.05")  # soon
                       .replace("plan.txt", os.path.join(service.folder, "plan.txt")))
        return path

    def output(self, service, *words):
        done = subprocess.run(words, capture_output=True, cwd=ROOT, timeout=PATIENCE,
                              env={**clean_environment(), "WELLMATCH_URL": service.unix})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode()

    def expect_packages(self, text):
        for row in self.planner.rows("package_use"):
            self.assertRegex(text, r"%s\s.*\b%d\s+exact" % (re.escape(row["package"]), row["used"]))

    @unittest.skipUnless(shutil.which("curl"), "curl is not installed")
    def test_shell(self):
        with Feeds() as service:
            text = self.output(service, "sh", "-e", self.snippet(service, "build/wellmatch allocate --resolve 0 > plan.txt", ".sh"))
        self.assertIn("run_id,data_date,generated_at,ods_code,", text)
        self.assertIn("CSV, ", text)
        self.assertNotIn("BROKEN", text)

    def test_python(self):
        try:
            import pandas  # noqa: F401
        except ImportError:
            self.skipTest("python3-pandas is not installed")
        self.expect_packages(self.output(self.planner, sys.executable, self.snippet(self.planner, "import pandas", ".py")))

    @unittest.skipUnless(shutil.which("Rscript"), "R is not installed")
    def test_r(self):
        self.expect_packages(self.output(self.planner, "Rscript", "--vanilla", self.snippet(self.planner, "feed <- ", ".R")))


class Broken(http.server.BaseHTTPRequestHandler):
    """Feeds of a careless service."""

    BODIES = {
        "/money.json": ("application/json", b'[{"run_id":"a","data_date":"2026-07-08","generated_at":"2026-07-08T00:00:00Z","cost_gbp":"12"}]'),
        "/lines.csv": ("text/csv; charset=utf-8", b"run_id,data_date,generated_at\n"),
        "/formula.csv?bom=1": ("text/csv; charset=utf-8",
                               b"\xef\xbb\xbfrun_id,data_date,generated_at,note\r\na,2026-07-08,2026-07-08T00:00:00Z,=1+1\r\n"),
        "/page.html": ("text/html", b"<p>Sign in</p>"),
        "/lines.json": ("application/jsonlines", b"[]"),
        "/tag.json": ("application/json", b"[]"),
    }
    TAGS = {"/tag.json": "v1"}

    def do_GET(self):
        kind, body = self.BODIES[self.path]
        self.send_response(200)
        if self.path in self.TAGS:
            self.send_header("ETag", self.TAGS[self.path])
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@unittest.skipUnless(shutil.which("curl"), "curl is not installed")
class TestCheckFeed(WithPlan):
    def test_every_feed_passes(self):
        for service, tables in ((self.planner, TABLES), (self.public, PUBLIC)):
            for table in tables:
                for form in ("json", "csv", "csv?bom=1"):
                    code, text, errors = check_feed("%s/feeds/v1/%s.%s" % (service.base, table, form))
                    self.assertEqual((code, errors), (0, ""), text)
                    self.assertNotIn("BROKEN", text)
                    self.assertIn("ok     an ETag", text)
        self.assertIn("row", text)

    def test_broken_feeds(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Broken)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = "http://127.0.0.1:%d" % server.server_port
        try:
            for path, words in (("/money.json", "row 1, column cost_gbp: '12' is no number"), ("/lines.csv", "ends in LF"),
                                ("/formula.csv?bom=1", "row 1, column note: '=1+1' begins like a formula"), ("/page.html", "is 'text/html'"),
                                ("/lines.json", "is 'application/jsonlines'"), ("/tag.json", "ETag: v1 does not stand in quotes")):
                code, text, _ = check_feed(base + path)
                self.assertEqual(code, 1, text)
                self.assertIn(words, text)
                self.assertEqual("there is no ETag" in text, path not in Broken.TAGS)
        finally:
            server.shutdown()
            server.server_close()
        self.assertEqual(check_feed(base + "/money.json")[0], 3)

    def test_refused_and_files(self):
        code, text, _ = check_feed(self.public.base + "/feeds/v1/allocation.json")
        self.assertEqual(code, 1)
        self.assertIn("is 403", text)
        path = os.path.join(self.planner.folder, "run.csv")
        with open(path, "wb") as file:
            file.write(self.planner.get("/feeds/v1/run.csv")[2])
        self.assertEqual(check_feed(path)[0], 0)
        self.assertEqual(check_feed(path + ".gone")[0], 2)


class TestDashboards(WithPlan):
    """The files for Grafana and Prometheus name what is there."""

    def targets(self):
        with open(os.path.join(DASHBOARDS, "grafana", "wellmatch.json"), encoding="utf-8") as file:
            board = json.load(file)
        ids = [panel["id"] for panel in board["panels"]]
        self.assertEqual(len(ids), len(set(ids)))
        return [target for panel in board["panels"] for target in panel.get("targets", [])]

    def metrics(self):
        text = self.planner.get("/metrics")[2].decode()
        return set(re.findall(r"^(?:# TYPE )?(\w+)", text, re.M)) | {"up"}

    def test_grafana_asks_for_feeds_that_are_served_to_all(self):
        feeds = [t for t in self.targets() if "url" in t]
        self.assertGreater(len(feeds), 5)
        for target in feeds:
            status, _, body = self.public.get(target["url"])
            self.assertEqual(status, 200, target["url"])
            table = re.fullmatch(r"/feeds/v1/(\w+)\.json", target["url"]).group(1)
            shown = [c["name"] for c in self.described[table] if c["profile"] == "public"]
            for column in target["columns"]:
                self.assertIn(column["selector"], shown)

    def test_every_metric_is_exposed(self):
        with open(os.path.join(DASHBOARDS, "prometheus", "alerts.yml"), encoding="utf-8") as file:
            alerts = re.findall(r"^ *expr: (.*)$", file.read(), re.M)
        expressions = [t["expr"] for t in self.targets() if "expr" in t] + alerts
        self.assertGreater(len(expressions), 15)
        known = self.metrics()
        for expression in expressions:
            for name in re.findall(r"\b(?:wellmatch|process)_\w+|\bup\b", re.sub(r'"[^"]*"', "", expression)):
                self.assertIn(name, known, expression)
        names = {error["name"] for error in self.planner.call("system.errors")["errors"]}
        for name in re.findall(r'error="(\w+)"', " ".join(expressions)):
            self.assertIn(name, names)

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not installed")
    def test_promtool(self):
        told = os.path.join(ROOT, "tests", "integration", "alerts.yml")
        for words in (["check", "rules", "alerts.yml"], ["check", "config", "scrape.yml"], ["test", "rules", told]):
            done = subprocess.run(["promtool", *words], cwd=os.path.join(DASHBOARDS, "prometheus"), capture_output=True, timeout=PATIENCE)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    main()
