// The pages in a real browser: every page at three widths, every flow by mouse and by keys alone, with scripts and without, small data and
// large, hostile names, and what is said when something is not there.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { chromium } from "playwright-core";
import { ask, hostile, makePlan, makeShots, national, plainSheet, startDaemon } from "./daemon.mjs";
import { checkAccess, checkReflow, shoot, tabTo, watch, widths } from "./person.mjs";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const slow = 120000; // longest that a plan may take on a busy machine
let browser;

before(async () => {
  await makeShots();
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
});
after(() => browser.close());

// A tab of a daemon's pages, which is closed, and found without fault, at the end.
async function visit(address, options, use) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, baseURL: address, ...options });
  const page = await context.newPage();
  const faults = watch(page, address);
  try {
    await use(page);
  } finally {
    await context.close();
  }
  assert.deepEqual(faults, []);
}

// Each page at each width: no fault of access, nothing past the window, a picture.
async function lookAt(address, name, path) {
  await visit(address, {}, async (page) => {
    for (const width of widths) {
      await page.setViewportSize({ width, height: 900 });
      await page.goto(path);
      assert.equal(await page.locator("h1").count(), 1, path);
      await checkReflow(page, `${path} at ${width}`);
      if (width !== 768) await checkAccess(page, `${path} at ${width}`);
      await shoot(page, `${name}-${width}`);
    }
  });
}

describe("the sample", () => {
  let daemon, plan;
  before(async () => {
    daemon = await startDaemon("data/sample");
  });
  after(async () => assert.equal(await daemon.stop(), 0));

  test("before there is a plan", async () => {
    await lookAt(daemon.address, "no-plan", "/");
    await lookAt(daemon.address, "no-plans", "/plans");
    await visit(daemon.address, {}, async (page) => {
      await page.goto("/");
      assert.match(await page.locator("h1").textContent(), /^64 posts wait for a leader/);
      await page.getByRole("button", { name: "Make a plan" }).click();
      assert.match(page.url(), /\/plans\/new$/);
    });
  });

  test("a plan is made with the mouse, once, however often one clicks", async () => {
    await visit(daemon.address, {}, async (page) => {
      await page.goto("/plans/new");
      await page.getByLabel("National").fill("many");
      await page.getByRole("button", { name: "Make the plan" }).click();
      await page.getByRole("alert").getByRole("link", { name: /Enter the National budget/ }).click();
      assert.equal(await page.evaluate(() => document.activeElement.id), "budget-0");
      await checkAccess(page, "a form with a fault");
      await shoot(page, "form-fault-1440");
      await page.getByLabel("National").fill("£325,000");
      await page.getByRole("button", { name: "Make the plan" }).dblclick();
      await page.waitForURL(/\/plans\/P/, { timeout: slow });
      assert.match(await page.locator("h1").textContent(), /^The plan fills 58 of 64 posts$/);
      plan = page.url().split("/").at(-1);
      assert.equal((await ask(daemon.address, "plan.list")).jobs.length, 1);
    });
  });

  for (const [name, path] of [
    ["overview", "/"],
    ["posts", "/posts"],
    ["post", "/posts/V00042"],
    ["pair-refused", "/posts/V00042/leaders/L000230"],
    ["pair", "/posts/V00042/leaders/L000341"],
    ["plans", "/plans"],
    ["run", "/plans/new"],
    ["service", "/service"],
    ["data", "/data"],
    ["not-found", "/posts/V99999"],
  ])
    test(`the page ${name}`, () => lookAt(daemon.address, name, path));

  test("the page plan", () => lookAt(daemon.address, "plan", `/plans/${plan}`));

  test("what is not there is told in plain words", async () => {
    await visit(daemon.address, {}, async (page) => {
      for (const [path, status, said] of [
        ["/posts/V99999", 404, "There is no post with the reference V99999."],
        ["/plans/P0000000000000000", 404, "There is no plan with the reference P0000000000000000."],
        ["/jobs/J0-1", 404, "There is no job with the reference J0-1."],
        ["/posts?region=Nowhere", 200, "No posts are like that."],
        [`/plans/${plan}?words=nobody`, 200, "No placement is like that."],
        ["/posts/V00042?from=4000", 200, "10 of 400 leaders may take this post"],
      ]) {
        const reply = await page.goto(path);
        assert.equal(reply.status(), status, path);
        assert.ok((await page.locator("main").textContent()).includes(said), `${path}: ${said}`);
      }
    });
  });

  test("from the overview to a pair and back, with the mouse", async () => {
    await visit(daemon.address, {}, async (page) => {
      await page.goto("/");
      assert.match(await page.locator("h1").textContent(), /^26 of 29 posts at segment 4 trusts can be filled within budget/);
      const place = page.locator(".wm-place").first();
      await place.hover();
      assert.equal(await page.locator(".wm-map .is-chosen").count(), 1);
      await place.getByRole("link").click();
      await page.locator("tbody a").first().click();
      await page.getByRole("link", { name: "Posts", exact: true }).first().click();
      await page.getByLabel("Region").selectOption("Midlands");
      await page.getByLabel("Oversight segment").selectOption("4");
      await page.getByRole("button", { name: "Show posts" }).click();
      assert.match(page.url(), /region=Midlands&segment=4/);
      await page.getByRole("link", { name: /^Deputy chief executive/ }).click();
      const chances = () => page.locator("#shortlist tbody tr td:nth-child(5)").allTextContents();
      const ranked = await chances();
      await page.getByRole("button", { name: "Chance of a yes" }).click();
      await page.getByRole("button", { name: "Chance of a yes" }).click();
      assert.deepEqual(await chances(), [...ranked].reverse());
      assert.equal(await page.locator("#shortlist th").nth(4).getAttribute("aria-sort"), "ascending");
      await page.getByRole("link", { name: "L000039" }).click();
      assert.match(await page.locator(".wm-verdict").textContent(), /Number 10 of 10/);
      await page.goBack();
      await page.goBack();
      assert.equal(await page.getByLabel("Region").inputValue(), "Midlands");
    });
  });

  test("the plan is narrowed with the mouse, and each link of it leads somewhere", async () => {
    await visit(daemon.address, {}, async (page) => {
      await page.goto(`/plans/${plan}`);
      assert.equal(await page.locator("#placements tbody tr").count(), 50);
      await page.getByRole("link", { name: "Next page" }).first().click();
      assert.equal(await page.locator("#placements tbody tr").count(), 8);
      await page.getByLabel("Region").selectOption("London");
      await page.getByRole("button", { name: "Show", exact: true }).click();
      assert.equal(await page.locator("#placements tbody tr").count(), 5);
      await page.getByLabel("Region").selectOption("");
      await page.getByLabel("Post, organisation or leader").fill("lincolnshire");
      await page.getByRole("button", { name: "Show", exact: true }).click();
      assert.ok((await page.locator("#placements tbody").textContent()).includes("United Lincolnshire"));
      await page.goto(`/plans/${plan}`);
      const links = await page.locator("main a").evaluateAll((all) => [...new Set(all.map((a) => a.href.split("#")[0]))]);
      for (const link of links.filter((one) => !one.includes("/feeds/"))) assert.equal((await page.request.get(link)).status(), 200, link);
    });
  });

  test("a plan is watched while it is made, and stopped", async () => {
    const large = await startDaemon(await national());
    try {
      await visit(large.address, {}, async (page) => {
        await page.goto("/plans/new");
        await page.getByLabel("How long may it take?").selectOption("300");
        await page.getByRole("button", { name: "Make the plan" }).click();
        await page.waitForURL(/\/jobs\/J/);
        await checkAccess(page, "a job");
        await page.waitForFunction(() => /^\d/.test(document.querySelector('[data-live="value"]').textContent), null, { timeout: slow });
        await page.locator(".wm-chart__value").waitFor({ timeout: slow });
        await shoot(page, "job-1440");
        await page.getByRole("button", { name: "Stop, and keep the best so far" }).click({ timeout: slow });
        await page.waitForURL(/\/plans\/P/, { timeout: slow });
        assert.match(await page.locator("main").textContent(), /best that was found by the time it was stopped/);
      });
      const [{ plan: stopped }] = (await ask(large.address, "plan.list")).jobs;
      for (const [name, path] of [["overview", "/"], ["posts", "/posts"], ["post", "/posts/V00042"], ["plan", `/plans/${stopped}`], ["data", "/data"]]) {
        await lookAt(large.address, `large-${name}`, path);
        const reply = await fetch(large.address + path);
        const size = (await reply.text()).length;
        assert.ok(size < 700000, `${path} has ${size} bytes`);
      }
    } finally {
      assert.equal(await large.stop(), 0);
    }
  });

  test("nobody may take a post, and nothing is like that", async () => {
    await lookAt(daemon.address, "post-nobody", "/posts/V00020");
    await lookAt(daemon.address, "posts-none", "/posts?region=London&segment=5");
    await visit(daemon.address, {}, async (page) => {
      await page.goto("/posts/V00020");
      const said = await page.locator("main").textContent();
      assert.ok(said.includes("None of 400 leaders may take this post") && said.includes("only one rule stands in the way"));
      assert.ok(said.includes("Cheapest way to fill it: Add North West"));
    });
  });

  test("every flow with keys alone", async () => {
    await visit(daemon.address, {}, async (page) => {
      await page.goto("/");
      await page.keyboard.press("Tab");
      assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to main content");
      await page.keyboard.press("Enter");
      await tabTo(page, page.locator(".wm-place a").first());
      assert.equal(await page.locator(".wm-map .is-chosen").count(), 1);
      await tabTo(page, page.locator(".wm-more summary"));
      await page.keyboard.press("Enter");
      await tabTo(page, page.locator(".wm-more .wm-place a").last());
      assert.equal(await page.locator(".wm-place.is-chosen").count(), 1);
      await page.keyboard.press("Enter");
      await page.waitForURL(/organisation=/);
      await tabTo(page, page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Posts" }));
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/posts$/);
      await tabTo(page, page.getByLabel("Region"));
      await page.keyboard.type("Mid");
      await tabTo(page, page.getByRole("button", { name: "Show posts" }));
      await page.keyboard.press("Enter");
      await page.waitForURL(/region=Midlands/);
      await tabTo(page, page.getByRole("link", { name: /^Deputy chief executive/ }));
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/posts\/V/);
      await tabTo(page, page.getByRole("button", { name: "Fit", exact: true }));
      await page.keyboard.press("Space");
      assert.equal(await page.locator("#shortlist th").nth(3).getAttribute("aria-sort"), "descending");
      await tabTo(page, page.locator("#shortlist tbody a").first());
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/leaders\/L/);
      await tabTo(page, page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Make a plan" }));
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/plans\/new/);
      await tabTo(page, page.getByLabel("All posts"));
      await page.keyboard.press("ArrowDown");
      await tabTo(page, page.getByLabel("National"));
      await page.keyboard.press("Control+A");
      await page.keyboard.type("150,000");
      await tabTo(page, page.getByLabel("Also find out"));
      await page.keyboard.press("Space");
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/plans\/P/, { timeout: slow });
      assert.match(await page.locator("h1").textContent(), /^The plan fills \d+ of 29 posts$/);
      await tabTo(page, page.locator("summary"));
      await page.keyboard.press("Enter");
      assert.ok(await page.getByText("A value that no plan within the limits can exceed.").isVisible());
      await page.goto("/posts/V00020");
      assert.ok((await page.locator("main").textContent()).includes("The newest plan was not asked about this post."));
      await page.goto("/posts");
      assert.match(await page.locator("h1").textContent(), /was asked about 28 and leaves 3 open$/);
      await page.goto("/");
      assert.match(await page.locator("main").textContent(), /It was asked about 29 posts only/);
      assert.deepEqual(await page.locator(".wm-open__post span:last-child").allTextContents(), ["Worth more elsewhere", "Worth more elsewhere", "The rules refuse all"]);
      await page.goBack();
      await page.goBack();
      await page.goBack();
      await tabTo(page, page.getByLabel("Post, organisation or leader"));
      await page.keyboard.type("V00042");
      await page.keyboard.press("Enter");
      await page.waitForURL(/words=V00042/);
      await tabTo(page, page.locator("#placements tbody a").first());
    });
  });

  test("the plan, the data and the service with keys alone", async () => {
    await visit(daemon.address, {}, async (page) => {
      const open = async (link, url) => {
        await tabTo(page, link);
        await page.keyboard.press("Enter");
        await page.waitForURL(url);
      };
      const menu = (name) => page.getByRole("navigation", { name: "Main" }).getByRole("link", { name, exact: true });
      await page.goto("/");
      await open(page.getByRole("link", { name: "See who goes where" }), /\/plans\/P/);
      await page.goto(`/plans/${plan}`);
      await open(page.getByRole("navigation", { name: "On this page" }).getByRole("link", { name: "6 posts stay open" }), /#unfilled-heading$/);
      await open(page.locator("#unfilled tbody a").nth(1), /\/posts\/V00020\/leaders\/L000270$/);
      assert.match(await page.locator("main").textContent(), /The smallest change that would help/);
      await page.goBack();
      await open(page.getByRole("navigation", { name: "Pages of placements" }).getByRole("link", { name: "Next page" }), /placements=50/);
      assert.equal(await page.locator("#placements tbody tr").count(), 8);
      await open(menu("Data quality"), /\/data$/);
      await tabTo(page, page.locator("#unknown").getByRole("button", { name: "Share unknown" }));
      await page.keyboard.press("Enter");
      assert.equal(await page.locator("#unknown tbody tr").first().locator("td").last().textContent(), "100%");
      await open(menu("Service"), /\/service$/);
      await tabTo(page, page.locator("#latency").getByRole("button", { name: "Asked" }));
      await page.keyboard.press("Space");
      assert.equal(await page.locator("#latency th").nth(1).getAttribute("aria-sort"), "descending");
      await open(menu("Plans"), /\/plans$/);
      await open(page.locator("#plans tbody a").last(), /\/plans\/P/);
    });
  });

  test("names, not ids, where a name is known", async () => {
    await visit(daemon.address, {}, async (page) => {
      for (const path of ["/posts/V00042", "/posts/V00042/leaders/L000341", `/plans/${plan}`]) {
        await page.goto(path);
        const cells = await page.locator("td > div").evaluateAll((all) => all.map((cell) => cell.firstChild?.textContent.trim()));
        assert.deepEqual(cells.filter((text) => /^P\d\d$/.test(text)), [], path);
        assert.ok(!/\bat V\d{5}|band_|icb:|organisation:[A-Z]/.test(await page.locator("main").textContent()), path);
      }
    });
  });

  test("tables of persons are offered only where they are served", async () => {
    await visit(daemon.address, {}, async (page) => {
      await page.goto(`/plans/${plan}`);
      assert.match(await page.locator("main").textContent(), /Placements cannot be downloaded, because each row tells of a person/);
      const links = await page.locator('main a[href*="/feeds/"]').evaluateAll((all) => all.map((a) => a.href));
      assert.ok(links.length > 0);
      for (const link of links) assert.equal((await page.request.get(link)).status(), 200, link);
    });
    const open = await startDaemon("data/sample", ["--feeds", "restricted"]);
    try {
      const made = await makePlan(open.address);
      await visit(open.address, {}, async (page) => {
        await page.goto(`/plans/${made}`);
        const links = await page.locator('main a[href*="/feeds/"]').evaluateAll((all) => all.map((a) => a.href));
        for (const table of ["allocation", "unfilled", "unmatched_leader", "mentor_load", "shadow_price"]) assert.ok(links.some((link) => link.includes(`/${table}.csv?run=${made}`)), table);
        for (const link of links) assert.equal((await page.request.get(link)).status(), 200, link);
      });
    } finally {
      assert.equal(await open.stop(), 0);
    }
  });

  test("the plain version looks well too", async () => {
    const body = await plainSheet();
    await visit(daemon.address, { javaScriptEnabled: false }, async (page) => {
      await page.route("**/app.css", (route) => route.fulfill({ contentType: "text/css", body }));
      for (const [name, path] of [["overview", "/"], ["post", "/posts/V00042"], ["plan", `/plans/${plan}`], ["run", "/plans/new"]])
        for (const width of widths) {
          await page.setViewportSize({ width, height: 900 });
          await page.goto(path);
          await checkReflow(page, `${path}, plain, at ${width}`);
          if (width !== 768) await shoot(page, `plain-${name}-${width}`);
        }
    });
  });

  test("without scripts", async () => {
    await visit(daemon.address, { javaScriptEnabled: false }, async (page) => {
      await page.goto("/plans/new");
      await page.getByLabel("National").fill("200,000");
      await page.getByLabel("Also find out").uncheck();
      await page.getByRole("button", { name: "Make the plan" }).click();
      await page.waitForURL(/\/plans\/P/, { timeout: slow });
      assert.match(await page.locator("h1").textContent(), /^The plan fills \d+ of 64 posts$/);
      await shoot(page, "plan-no-scripts-1440");
      await page.getByRole("link", { name: "Next page" }).first().click();
      assert.match(page.url(), /placements=50/);
      await page.goto("/posts?segment=4");
      await page.locator("tbody a").first().click();
      await page.locator("#shortlist tbody a").first().click();
      assert.match(await page.locator("main").textContent(), /Expected benefit/);
      await page.goto("/service");
      assert.match(await page.locator("main").textContent(), /on average since it was started/);
    });
  });

  test("the service's figures move by themselves", async () => {
    await visit(daemon.address, {}, async (page) => {
      await page.goto("/service");
      await page.getByText("in the last two seconds").waitFor({ timeout: slow });
      await page.locator("[data-rate-chart] .wm-chart__value").waitFor({ state: "attached", timeout: slow });
      await shoot(page, "service-live-1440");
    });
  });

  test("still, in forced colours, and on paper", async () => {
    await visit(daemon.address, { forcedColors: "active", reducedMotion: "reduce" }, async (page) => {
      await page.goto("/");
      await shoot(page, "overview-forced-colours");
    });
    await visit(daemon.address, {}, async (page) => {
      await page.emulateMedia({ media: "print" });
      for (const [name, path] of [["overview", "/"], ["plan", `/plans/${plan}`]]) {
        await page.goto(path);
        assert.ok(!(await page.getByRole("navigation", { name: "Main" }).isVisible()));
        await shoot(page, `${name}-print`);
      }
    });
  });

  test("twice the size of text, and a narrow window", async () => {
    await visit(daemon.address, { viewport: { width: 640, height: 900 }, deviceScaleFactor: 2, bypassCSP: true }, async (page) => {
      for (const path of ["/", "/posts/V00042", "/plans/new"]) {
        await page.goto(path);
        await page.addStyleTag({ content: "html { font-size: 200% }" });
        await checkReflow(page, `${path} at twice the size`);
      }
    });
  });
});

test("with Redis away the service says so, and all else is as it was", async () => {
  const daemon = await startDaemon("data/sample", ["--redis", "redis://127.0.0.1:1"]);
  try {
    await ask(daemon.address, "match.shortlist", { post: "V00042" });
    await lookAt(daemon.address, "redis-away", "/service");
    await visit(daemon.address, {}, async (page) => {
      await page.goto("/service");
      assert.equal(await page.locator("h1").textContent(), "The service answers, without its shared cache");
      await page.goto("/posts/V00042");
      assert.ok((await page.locator("main").textContent()).includes("10 of 400 leaders may take this post"));
    });
  } finally {
    assert.equal(await daemon.stop(), 0);
  }
});

test("names that would be programs are names", async () => {
  const name = `<script>alert("n")</script> & 'Sons' <img src=x onerror=alert(1)>`;
  const title = `"><script>alert('t')</script>`;
  const data = await hostile(name, title);
  const daemon = await startDaemon(data.folder);
  try {
    const plan = await makePlan(daemon.address);
    await visit(daemon.address, {}, async (page) => {
      for (const path of ["/", "/posts", "/posts?organisation=RWD", "/posts/V00042", "/posts/V00042/leaders/L000341", `/plans/${plan}`, `/plans/${plan}?words=%22%3E%3Cscript%3E`]) {
        await page.goto(path);
        assert.equal(await page.locator("main script, main img").count(), 0, path);
      }
      await page.goto("/posts/V00042");
      assert.equal(await page.locator("h1").textContent(), title);
      assert.ok((await page.locator(".wm-subtitle").textContent()).includes(name));
    });
  } finally {
    assert.equal(await daemon.stop(), 0);
    await data.remove();
  }
});
