// Makes the stylesheet and the script of the pages: node build.mjs [FOLDER]. Neither may name another host, nor a font that is not there.
import { compile } from "sass";
import { build, transform } from "esbuild";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.resolve(process.argv[2] ?? path.join(here, "../../build/web/full"));
const target = ["chrome100", "firefox100", "safari15.4"];
const ceiling = 100 * 1024;

const sheet = compile(path.join(here, "app.scss"), { loadPaths: [path.join(here, "node_modules")], quietDeps: true });
// nhsuk-frontend draws the cross that empties a search field from an image; no field of ours is one.
const drawn = sheet.css.replace(/^.*url\("\/assets\/images\/[^\n]*\n/gm, "");
const css = (await transform(`${drawn}\n${await readFile(path.join(here, "page.css"), "utf8")}`, { loader: "css", minify: true, target })).code;
const js = (
  await build({ entryPoints: [path.join(here, "app.js")], bundle: true, minify: true, format: "esm", target, write: false, legalComments: "none" })
).outputFiles[0].text;

const faults = [
  [/url\(\s*["']?(https?:)?\/\//i.test(css), "the stylesheet names another host"],
  [/url\((?!#)/i.test(css), "the stylesheet loads an image"],
  [/frutiger/i.test(css), "the stylesheet names a font that only the NHS may use"],
  [/@font-face/i.test(css), "the stylesheet loads a font"],
  [/@import/i.test(css), "the stylesheet imports another"],
  [/["'`]https?:\/\/(?!www\.w3\.org\/)/i.test(js), "the script names another host"],
].filter(([wrong]) => wrong);
for (const [, what] of faults) console.error(`api/web: ${what}`);

const size = (text) => gzipSync(text, { level: 9 }).length;
const total = size(css) + size(js);
console.log(`api/web: stylesheet ${size(css)}, script ${size(js)} bytes gzipped`);
if (total > ceiling) console.error(`api/web: ${total} bytes gzipped are more than ${ceiling}`);
if (faults.length || total > ceiling) process.exit(1);

await mkdir(out, { recursive: true });
await writeFile(path.join(out, "app.css"), css);
await writeFile(path.join(out, "app.js"), js);
