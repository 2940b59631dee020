// A real daemon on free ports, started and ended by the test that needs it.
import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { execFileSync } from "node:child_process";

const build = path.resolve(process.env.BUILD ?? "build");
export const shots = path.join(build, "screenshots");

export async function startDaemon(data, more = []) {
  const child = spawn(
    path.join(build, "wellmatchd"),
    ["--data", data, "--listen", "tcp://127.0.0.1:0", "--http", "127.0.0.1:0", "--redis", "none", ...more],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let said = "";
  const address = await new Promise((resolve, reject) => {
    const listen = (chunk) => {
      said += chunk;
      const found = said.match(/address=(http:\/\/127\.0\.0\.1:\d+)/);
      if (found) resolve(found[1]);
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.on("exit", (code) => reject(new Error(`wellmatchd ended with ${code}: ${said}`)));
  });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  return {
    address,
    async stop() {
      child.kill("SIGTERM");
      return ended;
    },
  };
}

export async function ask(address, method, params = {}) {
  const reply = await fetch(`${address}/rpc`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  const { result, error } = await reply.json();
  if (error) throw new Error(`${method}: ${JSON.stringify(error)}`);
  return result;
}

// A plan of these params, made to its end. Its id.
export async function makePlan(address, params = { resolve: 0 }) {
  const { job } = await ask(address, "plan.allocate", params);
  return (await ask(address, "plan.wait", { job, timeout_ms: 120000 })).plan;
}

// The country of every senior manager: generated once for a build.
export async function national() {
  const folder = path.join(build, "browser-national");
  execFileSync(path.join(build, "wellmatch"), ["generate", folder, "--leaders", "36000", "--posts", "2000", "--seed", "1", "--force"]);
  return folder;
}

// The sample with a name and a title that would be programs if anything let them.
export async function hostile(organisation, title) {
  const folder = await mkdtemp(path.join(tmpdir(), "wellmatch-hostile-"));
  await cp("data/sample", folder, { recursive: true });
  const quoted = (text) => `"${text.replaceAll('"', '""')}"`;
  const replace = async (file, old, text) => {
    const name = path.join(folder, file);
    const before = await readFile(name, "utf8");
    const after = before.replaceAll(old, quoted(text));
    if (before === after) throw new Error(`${file} has no ${old}`);
    await writeFile(name, after);
  };
  await replace("organisations.csv", "United Lincolnshire Teaching Hospitals NHS Trust", organisation);
  await replace("posts.csv", "Deputy chief executive and chief operating officer", title);
  return { folder, remove: () => rm(folder, { recursive: true }) };
}

// What a daemon that was built without npm serves instead of the full stylesheet and script.
export async function plainSheet() {
  const [base, page] = await Promise.all(["base.css", "page.css"].map((name) => readFile(path.join("api/web", name), "utf8")));
  return base + page;
}

export const makeShots = () => mkdir(shots, { recursive: true });
