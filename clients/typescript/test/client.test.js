// The client against the real binaries. make client-test runs this with API_URL, ADMIN_TOKEN, and COURSE_URL, which lets the launchpad live.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createServer } from "node:http";
import { once } from "node:events";
import { after, test } from "node:test";
import { Problem, TokenSync } from "../dist/index.js";

const url = process.env.API_URL;
const api = new TokenSync(url + "/");
const unknown = "So11111111111111111111111111111111111111112";

async function all(query) {
  const tokens = [];
  for await (const token of api.tokens(query)) tokens.push(token);
  return tokens;
}

/** A server before the API that responds itself as long as `faults` has something: a status with headers, or "cut" or "hang". */
async function troubled() {
  const proxy = createServer(async (request, response) => {
    proxy.asked.push(request.url);
    const fault = proxy.faults.shift();
    if (fault === "hang") return;
    if (fault === "cut") {
      response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
      response.write('{"tokens":1');
      return setTimeout(() => response.destroy(), 20);
    }
    if (fault) {
      response.writeHead(fault.status, { "content-type": "application/json", ...fault.headers });
      return response.end(fault.body ?? '{"message":"Too Many Requests"}');
    }
    const answer = await fetch(url + request.url);
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") });
    response.end(await answer.text());
  });
  Object.assign(proxy, { faults: [], asked: [] });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  after(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  proxy.url = `http://127.0.0.1:${proxy.address().port}`;
  return proxy;
}

test("a list is every token once, in its order", async () => {
  const tokens = await all({ sort: "market_cap", limit: 37 });
  const { tokens: count } = await api.stats();
  assert.ok(count > 250, `${count} tokens`);
  assert.equal(tokens.length, count);
  assert.equal(new Set(tokens.map((t) => t.mint)).size, count);
  const caps = tokens.filter((t) => t.price_usd !== null && !t.price_suspect && t.market_cap_usd !== null).map((t) => t.market_cap_usd);
  assert.ok(caps.length > 100);
  assert.deepEqual(caps, [...caps].sort((a, b) => b - a));
});

test("a list can be left early, and narrowed", async () => {
  const proxy = await troubled();
  for await (const token of new TokenSync(proxy.url).tokens({ limit: 2 })) {
    assert.ok(token.mint);
    break;
  }
  assert.deepEqual(proxy.asked, ["/v1/tokens?limit=2"]);
  const graduated = await all({ stage: "graduated" });
  assert.ok(graduated.length > 0 && graduated.every((t) => t.stage === "graduated"));
});

test("tokens by mint, however many, in the order asked", async () => {
  const mints = (await all({ sort: "symbol" })).map((t) => t.mint).slice(0, 250).reverse();
  const found = await api.byMints([...mints.slice(0, 130), unknown, ...mints.slice(130)]);
  assert.deepEqual(found.map((t) => t.mint), mints);
  assert.deepEqual(await api.byMints([]), []);
});

test("one token with its pools", async () => {
  const { data: [first] } = await api.page({ sort: "tvl", limit: 1 });
  const token = await api.token(first.mint);
  assert.equal(token.pools.length, token.pool_count);
  assert.ok(Array.isArray((await api.creatorFees(token.creator ?? unknown)).quotes));
  const history = await api.history(first.mint, "1h");
  assert.ok(history.interval === "5m" && Array.isArray(history.points));
  assert.ok(["pass", "fail"].includes((await api.health()).status));
});

test("the books of the days", async () => {
  const days = await api.days();
  const today = new Date().toISOString().slice(0, 10);
  assert.ok(days.length > 0 && days.at(-1).date <= today && days.at(-1).launched >= 0, JSON.stringify(days.at(-1)));
  assert.deepEqual(await api.days({ from: "2001-01-01", to: "2001-01-02" }), []);
  await assert.rejects(api.days({ from: "yesterday" }), { status: 400, parameter: "from" });
});

test("the operator hides a token and shows it again", async () => {
  const operator = new TokenSync(url, { operatorToken: process.env.ADMIN_TOKEN });
  const hidden = async () => {
    const list = [];
    for await (const h of operator.hidden()) list.push(h);
    return list;
  };
  assert.deepEqual(await hidden(), []);
  const hiding = await operator.hide(unknown, "a wrapper");
  assert.equal(hiding.reason, "a wrapper");
  assert.deepEqual(await hidden(), [hiding]);
  assert.equal(await operator.show(unknown), undefined);
  assert.deepEqual(await hidden(), []);
  await assert.rejects(operator.hide(unknown, ""), { status: 400, parameter: "reason" });
  await assert.rejects(new TokenSync(url, { operatorToken: "another" }).hide(unknown, "x"), { status: 403 });
  await assert.rejects(api.show(unknown), (e) => e instanceof Problem && [401, 403].includes(e.status));
});

test("what the API refuses is a Problem, and is not asked again", async () => {
  const proxy = await troubled();
  const client = new TokenSync(proxy.url);
  for (const [ask, status, parameter] of [
    [() => client.token(unknown), 404, undefined], [() => client.page({ limit: 101 }), 400, "limit"],
    [() => client.changes("nonsense"), 400, "since"], [() => client.changes("1.1"), 410, "since"],
    [() => client.token("me?a=1"), 400, "mint"],
  ]) {
    const error = await ask().then(() => assert.fail("no error"), (e) => e);
    assert.ok(error instanceof Problem, String(error));
    assert.equal(error.status, status);
    assert.equal(error.parameter, parameter);
    assert.match(error.type, /^urn:tokensync:problem:|^about:blank$/);
    assert.ok(error.title && error.detail && error.url.startsWith(proxy.url));
  }
  assert.equal(proxy.asked.length, 5);
});

test("what may succeed later is asked again, after Retry-After", async () => {
  const proxy = await troubled();
  const client = new TokenSync(proxy.url);
  const waits = [];
  const realTimeout = globalThis.setTimeout;
  globalThis.setTimeout = (f, ms, ...rest) => {
    if (ms === 10_000 || !new Error().stack.includes("dist/request.js")) return realTimeout(f, ms, ...rest); // an attempt's limit, and others'
    waits.push(ms);
    return realTimeout(f, 0, ...rest);
  };
  try {
    proxy.faults = [{ status: 429, headers: { "retry-after": "7" } }, { status: 503, headers: { "retry-after": new Date(Date.now() + 20_000).toUTCString() } }, "cut", { status: 500 }];
    assert.ok((await client.stats()).tokens > 0);
  } finally {
    globalThis.setTimeout = realTimeout;
  }
  assert.equal(proxy.asked.length, 5);
  assert.equal(waits.length, 4);
  assert.equal(waits[0], 7000);
  assert.ok(waits[1] > 17_000 && waits[1] <= 20_000, `${waits}`);
  assert.ok(waits[2] >= 1000 && waits[2] <= 2000 && waits[3] >= 2000 && waits[3] <= 4000, `${waits}`);
});

test("it gives up after its retries, and at once when it would wait for too long", async () => {
  const proxy = await troubled();
  const unavailable = { status: 503, headers: { "content-type": "application/problem+json", "retry-after": "0" }, body: '{"type":"urn:tokensync:problem:unavailable","title":"T","status":503,"detail":"D"}' };
  proxy.faults = Array(9).fill(unavailable);
  await assert.rejects(new TokenSync(proxy.url, { retries: 2, maxWait: 10 }).stats(), { name: "Problem", status: 503, message: "D", type: "urn:tokensync:problem:unavailable" });
  assert.equal(proxy.asked.length, 3);
  proxy.faults = [{ status: 429, headers: { "retry-after": "60" } }];
  await assert.rejects(new TokenSync(proxy.url).stats(), { status: 429, message: "Too Many Requests" });
  assert.equal(proxy.asked.length, 4);
});

test("an attempt has a limit, and a signal ends it all", async () => {
  const proxy = await troubled();
  proxy.faults = ["hang"];
  assert.ok((await new TokenSync(proxy.url, { timeout: 200 }).stats()).tokens > 0);
  assert.equal(proxy.asked.length, 2);
  proxy.faults = ["hang"];
  const controller = new AbortController();
  const asked = new TokenSync(proxy.url).stats(controller.signal);
  controller.abort(new Error("enough"));
  await assert.rejects(asked, { message: "enough" });
  await assert.rejects(api.stats(AbortSignal.abort(new Error("before"))), { message: "before" });
});

/** Posts to the course of the launchpad's life. */
async function course(step) {
  const report = await (await fetch(process.env.COURSE_URL + step, { method: "POST" })).json();
  assert.equal(report.error, "");
  return report;
}

/** Rejects when something has not come about within a long time. */
async function eventually(what, holds) {
  for (let i = 0; i < 600; i++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(what);
}

const byMint = (tokens) => new Map([...tokens].map((t) => [t.mint, t]).sort(([a], [b]) => (a < b ? -1 : 1)));
const text = (tokens) => JSON.stringify([...byMint(tokens)]);

test("a watcher ends with exactly the API's lists, whatever happens meanwhile", { timeout: 300_000 }, async () => {
  const proxy = await troubled();
  const errors = [];
  const seen = { calls: 0, changed: 0, gone: 0 };
  let latest;
  const started = byMint(await all());
  const watcher = new TokenSync(proxy.url, { retries: 0 }).watch({
    interval: 200,
    onError: (error) => errors.push(error),
    onChange: (snapshot) => {
      latest = snapshot;
      seen.calls++;
      if (seen.calls > 1) seen.changed += snapshot.changed.length;
      seen.gone += snapshot.gone.length;
    },
  });
  await eventually("it never began", () => latest);
  assert.deepEqual(byMint(latest.tokens.values()), started);
  assert.equal(latest.changed.length, started.size);
  await course("/start");
  await eventually("nothing changed", () => seen.changed > 0);
  proxy.faults = [{ status: 429 }, "cut", { status: 410, body: '{"status":410,"title":"Too long ago"}' }];
  await eventually("nothing went", () => seen.gone > 0);
  const report = await course("/stop");
  assert.ok(report.succeeded > 1 && report.changed > 0 && report.gone > 0, JSON.stringify(report));
  await eventually("it is not where the lists are", async () => text(await all()) === text(latest.tokens.values())); // which the API keeps for a moment
  const own = errors.map((e) => e.status ?? e.name).filter((what) => what !== 503); // which a busy API says too
  assert.deepEqual(own, [429, "TypeError"]);
  assert.ok(proxy.asked.filter((path) => path === "/v1/changes").length >= 2, "a 410 does not read the lists again");
  watcher.stop();
  await watcher.stopped;
  const asked = proxy.asked.length;
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(proxy.asked.length, asked, "it goes on after it was stopped");
});

test("a watcher ends with its signal", async () => {
  const controller = new AbortController();
  const watcher = api.watch({ onChange: () => controller.abort(), signal: controller.signal });
  await watcher.stopped;
  await api.watch({ onChange: () => assert.fail("called"), signal: controller.signal }).stopped;
});

test("a store watches while somebody subscribes, with one watcher for all", async (t) => {
  const proxy = await troubled();
  const store = new TokenSync(proxy.url).store({ interval: 50 });
  assert.equal(store.getSnapshot(), undefined);
  assert.equal(proxy.asked.length, 0);
  const calls = [0, 0, 0];
  const leave = [0, 1].map((i) => store.subscribe(() => calls[i]++));
  t.after(() => leave.forEach((f) => f())); // or the process would not end
  await eventually("it never began", () => calls[0] > 0 && calls[1] > 0);
  assert.equal(store.getSnapshot(), store.getSnapshot(), "React asks twice");
  await eventually("it is not where the lists are", async () => text(await all()) === text(store.getSnapshot().tokens.values()));
  leave[0]();
  leave[0]();
  const asked = proxy.asked.length;
  await eventually("it stopped with the first", () => proxy.asked.length > asked);
  leave[1]();
  await new Promise((resolve) => setTimeout(resolve, 500)); // for what was under way
  const last = proxy.asked.length;
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(proxy.asked.length, last, "it goes on after the last one left");
  leave.push(store.subscribe(() => calls[2]++));
  await eventually("it does not begin anew", () => calls[2] > 0);
});

test("what would be published is the client, its types and its licence", () => {
  const packed = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { encoding: "utf8" });
  const [{ files, name, bundled }] = JSON.parse(packed.stdout);
  assert.equal(name, "tokensync-client");
  assert.deepEqual(bundled, []);
  assert.deepEqual(files.map((f) => f.path).sort(), [
    "README.md", "dist/LICENSE", "dist/index.d.ts", "dist/index.js", "dist/request.d.ts", "dist/request.js", "dist/schema.d.ts", "dist/watch.d.ts",
    "dist/watch.js", "package.json",
  ]);
});
