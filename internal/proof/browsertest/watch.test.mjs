// Two browsers that watch a launchpad with the TypeScript client, from a page of another origin. make browser-test runs this
// with API_URL, and COURSE_URL, which lets the launchpad live; WATCH_FOR is for how many seconds.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { chromium } from "playwright-core";

const client = new URL("../../../clients/typescript/dist/", import.meta.url);
const { TokenSync } = await import(new URL("index.js", client));
const seconds = Number(process.env.WATCH_FOR ?? 20);
const api = new TokenSync(process.env.API_URL);
const browsers = [];
let site;

const page = `<!doctype html><title>watch</title><script type="module">
  import { TokenSync } from "/client/index.js";
  window.errors = [];
  window.watcher = new TokenSync(${JSON.stringify(process.env.API_URL)}).watch({
    onChange: ({ tokens, changed, gone }) => {
      window.tokens = [...tokens.values()];
      window.calls = (window.calls ?? 0) + 1;
      window.gone = (window.gone ?? 0) + gone.length;
    },
    onError: (error) => window.errors.push(String(error)),
  });
</script>`;

before(async () => {
  site = createServer(async (request, response) => {
    const [, file] = request.url.match(/^\/client\/([a-z]+\.js)$/) ?? [];
    response.setHeader("content-type", file ? "text/javascript" : "text/html");
    response.end(file ? await readFile(new URL(file, client)) : page);
  });
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
});
after(async () => {
  await Promise.all(browsers.map((b) => b.close()));
  site.closeAllConnections();
  site.close();
});

async function open() {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
  browsers.push(browser);
  const opened = await browser.newPage();
  await opened.goto(`http://127.0.0.1:${site.address().port}/`);
  await opened.waitForFunction(() => window.calls > 0, null, { timeout: 120_000 });
  return opened;
}

async function course(step) {
  const report = await (await fetch(process.env.COURSE_URL + step, { method: "POST" })).json();
  assert.equal(report.error, "");
  return report;
}

const inOrder = (tokens) => JSON.stringify([...tokens].sort((a, b) => (a.mint < b.mint ? -1 : 1)));

async function lists() {
  const tokens = [];
  for await (const token of api.tokens({ limit: 100 })) tokens.push(token);
  return inOrder(tokens);
}

/** What two lists differ in, briefly. */
function differing(got, want) {
  const wanted = new Map(want.map((t) => [t.mint, t]));
  const other = got.filter((t) => JSON.stringify(t) !== JSON.stringify(wanted.get(t.mint)));
  const [first] = other;
  const fields = first && Object.keys(first).filter((f) => JSON.stringify(first[f]) !== JSON.stringify(wanted.get(first.mint)?.[f]));
  return `${got.length} of ${want.length} tokens, ${other.length} differ; ${fields} of ${first?.mint}`;
}

/** Fails when a page has not come to where the lists are within a long time. */
async function arrives(opened, which) {
  let difference;
  for (let i = 0; i < 120; i++) {
    const want = await lists(); // which the API keeps for a moment
    const got = await opened.evaluate(() => window.tokens);
    if (inOrder(got) === want) return;
    difference = differing(got, JSON.parse(want));
    await sleep(500);
  }
  assert.fail(`${which} is not where the lists are: ${difference}`);
}

test("both end with exactly the API's lists", { timeout: (seconds + 600) * 1000 }, async () => {
  const [steady, moving] = [await open(), await open()];
  const began = await lists();
  await course("/start");
  const until = Date.now() + seconds * 1000;
  while (Date.now() < until) {
    await sleep((seconds * 1000) / 5);
    await moving.context().setOffline(true); // a train goes through a tunnel
    await sleep(3000);
    await moving.context().setOffline(false);
  }
  const report = await course("/stop");
  console.log(JSON.stringify(report));
  assert.ok(report.runs > 1 && report.changed > 0, JSON.stringify(report));
  await arrives(steady, "the first browser");
  await arrives(moving, "the second browser");
  assert.notEqual(await lists(), began);
  for (const opened of [steady, moving]) console.log(await opened.evaluate(() => `${window.calls} calls, ${window.gone} gone, ${window.errors.length} errors`));
});
