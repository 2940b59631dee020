// What the tests do to a page: look at it as axe does, at three widths, and use it with keys alone.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import path from "node:path";
import { shots } from "./daemon.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
export const widths = [320, 768, 1440];

// Fails on any fault that axe knows of.
export async function checkAccess(page, what) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate((only) => globalThis.axe.run(document, { runOnly: { type: "tag", values: only } }), tags);
  const told = violations.map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.slice(0, 3).map((node) => `  ${node.html.slice(0, 200)}\n  ${node.failureSummary}`).join("\n")}`);
  assert.deepEqual(told, [], `${what}: axe`);
}

// Nothing stands out past the window: what is wide scrolls inside itself.
export async function checkReflow(page, what) {
  const past = await page.evaluate(() => {
    if (document.documentElement.scrollWidth <= window.innerWidth) return [];
    return [...document.querySelectorAll("body *")]
      .filter((element) => element.getBoundingClientRect().right > window.innerWidth + 1 && !element.closest(".wm-scroll"))
      .map((element) => `${element.tagName}.${element.getAttribute("class")}`)
      .slice(0, 5);
  });
  assert.deepEqual(past, [], `${what}: wider than the window`);
}

export async function shoot(page, name) {
  await page.screenshot({ path: path.join(shots, `${name}.png`), fullPage: true });
}

// Presses Tab until what is wanted has the focus, which must be seen; never longer than a round of the page.
export async function tabTo(page, wanted) {
  const target = await wanted.elementHandle();
  for (let presses = 0; presses < 400; presses++) {
    await page.keyboard.press("Tab");
    if (!(await target.evaluate((element) => element === document.activeElement))) continue;
    const seen = await wanted.evaluate((element) => {
      const style = getComputedStyle(element);
      const before = getComputedStyle(element, "::before");
      const label = element.labels?.[0] && getComputedStyle(element.labels[0], "::before");
      return [style, before, label].some((one) => one && ((one.outlineStyle !== "none" && parseFloat(one.outlineWidth) > 0) || one.boxShadow !== "none"));
    });
    assert.ok(seen, `the focus is not seen on ${await wanted.evaluate((element) => element.outerHTML.slice(0, 120))}`);
    return;
  }
  assert.fail(`Tab does not reach ${wanted}`);
}

// Tells everything that must not happen on a page: errors, requests elsewhere, dialogs.
export function watch(page, address) {
  const faults = [];
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of (404|410|422|500|503)/.test(message.text())) faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("dialog", (dialog) => {
    faults.push(`a dialog says ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(address)) faults.push(`asks ${request.url()}`);
  });
  return faults;
}
