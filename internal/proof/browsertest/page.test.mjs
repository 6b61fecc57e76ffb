// The operator's page as a person meets it. make browser-test runs this with BASE_URL and ADMIN_TOKEN set.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const base = process.env.BASE_URL;
const secret = process.env.ADMIN_TOKEN;
const desktop = { viewport: { width: 1280, height: 1000 }, colorScheme: "light" };
let browser;

before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
});
after(() => browser.close());

// open gives a page that remembers what went wrong in it: errors, failed requests, violations of its policy.
async function open(options = desktop) {
  const page = await (await browser.newContext(options)).newPage();
  page.wrong = [];
  const isHealth = (m) => m.location().url.endsWith("/v1/health"); // a 503 once the last run is old, which says how busy the machine is
  page.on("console", (m) => ["error", "warning"].includes(m.type()) && !isHealth(m) && page.wrong.push(m.text()));
  page.on("pageerror", (e) => page.wrong.push(e.message));
  await page.addInitScript(() => addEventListener("securitypolicyviolation", (e) => console.error("violation: " + e.violatedDirective)));
  await page.goto(base + "/dashboard");
  return page;
}

async function enter(page, token = secret) {
  await page.getByLabel("Operator's token").fill(token);
  await page.keyboard.press("Enter");
}

async function opened(options) {
  const page = await open(options);
  await enter(page);
  await page.locator("#tokens tbody tr").first().waitFor();
  return page;
}

const api = async (path, token) => (await fetch(base + path, token && { headers: { Authorization: "Bearer " + token } })).json();
const figure = (page, name) => page.locator("#last dt", { hasText: new RegExp(`^${name}$`) }).locator("+ dd");
const number = (text) => Number(text.replace(/[^0-9]/g, ""));

test("shows the last run with the API's numbers", async () => {
  const page = await opened();
  const [run] = (await api("/v1/sync-runs?limit=1", secret)).data;
  assert.equal(run.status, "succeeded");
  for (const [name, value] of [
    ["pools scanned", run.pools_scanned], ["pools of ours", run.pools_matched], ["tokens new", run.tokens_new], ["updated", run.tokens_updated],
    ["unchanged", run.tokens_unchanged], ["delisted", run.tokens_delisted], ["unwritten", run.tokens_unwritten],
  ]) assert.equal(number(await figure(page, name).textContent()), value, name);
  assert.match(await figure(page, "peak memory").textContent(), new RegExp((run.peak_rss_bytes / 2 ** 20).toFixed(1).replace(".", "\\.") + " MiB"));
  assert.equal(await page.locator("#last .badge").textContent(), run.status);
  assert.equal(await page.locator("#launchpads").textContent(), run.launchpads.join(""));
  const stats = await api("/v1/stats");
  for (const stage of ["bonding", "migrating", "graduated"])
    assert.equal(number(await page.locator("#stages li", { hasText: stage }).locator("span").last().textContent()), stats.stages[stage], stage);
  const { breakers } = await api("/v1/sync-runs?limit=100", secret);
  assert.ok(breakers.length > 0);
  assert.deepEqual(await page.locator("#breakers .badge").allTextContents(), breakers.map((b) => b.state));
  assert.deepEqual(page.wrong, []);
});

test("lists every run, and says what went wrong in plain words", async () => {
  const page = await opened();
  const { data } = await api("/v1/sync-runs", secret);
  assert.deepEqual(await page.locator("#runs tbody .badge").allTextContents(), data.map((r) => r.status));
  const partial = page.locator("#runs tbody tr", { hasText: "partial" });
  assert.match(await partial.textContent(), /dlmm could not be read; its pools keep their last values/);
});

test("names what was complete and not migrated", async () => {
  const page = await opened();
  const note = "complete for more than a day and not migrated: 1, such as a";
  const run = { status: "succeeded", error: "", delisting: "done", tokens_unwritten: 0, products: [{ product: "dbc", status: "succeeded", error: "", notes: ["dull", note] }] };
  assert.deepEqual(await page.evaluate(async (run) => (await import("/dashboard/words.js")).explain(run), run), [note]);
});

test("draws every chart", async () => {
  const page = await opened();
  const charts = await page.locator("#charts figure, #day-charts figure").all();
  const days = (await api("/v1/days")).data.length;
  assert.equal(charts.length, 3 + 5);
  for (const [i, chart] of charts.entries()) {
    const colors = await chart.locator("canvas").evaluate((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const seen = new Map();
      for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200) seen.set(data.slice(i, i + 3).join(), (seen.get(data.slice(i, i + 3).join()) ?? 0) + 1);
      return Object.fromEntries(seen);
    });
    const line = "31,111,92"; // --series-1
    assert.ok((colors[line] ?? 0) > 50, `${await chart.textContent()}: ${colors[line]} pixels of its first line`);
    const [inside, outside] = await chart.evaluate((f) => [f.querySelector("canvas").getBoundingClientRect().right, f.getBoundingClientRect().right]);
    assert.ok(inside <= outside, "the chart is wider than its frame");
    const over = i < 3 ? `${days} days` : "10 runs";
    assert.match(await chart.locator("[role=img]").getAttribute("aria-label"), new RegExp(`over ${over}\\..*last .*, least .*, most `));
  }
  const all = await charts[3].locator("[role=img]").getAttribute("aria-label");
  await page.getByLabel("refresh", { exact: true }).check();
  assert.notEqual(await charts[3].locator("[role=img]").getAttribute("aria-label"), all);
  assert.deepEqual(page.wrong, []);
});

test("shows what was earned, and every day with the API's numbers", async () => {
  const page = await opened();
  const revenue = await api("/v1/revenue", secret);
  const dollars = new Intl.NumberFormat("en", { style: "currency", currency: "USD", notation: "compact", maximumSignificantDigits: 4 });
  for (const [name, quotes, key] of [
    ["unclaimed", revenue.quotes, "unclaimed_usd"], ["today", revenue.today, "earned_usd"], ["7 days", revenue.days_7, "earned_usd"], ["30 days", revenue.days_30, "earned_usd"],
  ]) {
    const sum = quotes.reduce((all, q) => all + (q[key] ?? 0), 0);
    const shown = await page.locator("#revenue dt", { hasText: new RegExp(`^${name}$`) }).locator("+ dd").textContent();
    assert.ok(shown.startsWith(dollars.format(sum)), `${name}: ${shown}, want ${sum}`);
  }
  assert.ok(revenue.days_30[0].earned_usd > revenue.days_7[0].earned_usd, "the ledger has no past");
  const { data } = await api("/v1/days");
  const rows = await page.locator("#days tbody tr").evaluateAll((list) => list.map((r) => [...r.children].slice(0, 4).map((c) => c.textContent)));
  assert.deepEqual(rows, data.toReversed().map((d) => [d.date, ...[d.launched, d.completed, d.graduated].map(String)]));
  assert.match(await page.locator("#days tbody tr").nth(1).textContent(), /1 h 50 min/); // 6,600 seconds
  assert.deepEqual(page.wrong, []);
});

test("searches, sorts and filters the tokens, and leads to their pools at Meteora", async () => {
  const page = await opened();
  const rows = page.locator("#tokens tbody tr");
  const mints = () => rows.evaluateAll((list) => list.map((r) => r.dataset.mint));
  const shows = async (query) => {
    const want = (await api("/v1/tokens?limit=50&" + query)).data.map((t) => t.mint);
    await page.waitForFunction((w) => [...document.querySelectorAll("#tokens tbody tr")].map((r) => r.dataset.mint).join() === w, want.join());
    return want;
  };
  const newest = await shows("");
  const { symbol } = await api("/v1/tokens/" + newest.at(-1));
  await page.getByLabel("Search").fill(symbol.toLowerCase());
  assert.ok((await shows("q=" + encodeURIComponent(symbol))).length > 0);
  await page.getByLabel("Search").fill(newest[3]);
  assert.deepEqual(await shows("q=" + newest[3]), [newest[3]]);
  await page.getByLabel("Search").fill("nothing is called so");
  await page.getByText("No token is listed that fits.").waitFor();
  await page.getByLabel("Search").fill("");
  await page.getByLabel("Sort by").selectOption("volume");
  const busiest = await shows("sort=volume");
  await page.locator("#stage").selectOption("graduated");
  await shows("sort=volume&stage=graduated");
  await page.locator("#stage").selectOption("");
  await shows("sort=volume");
  await page.getByRole("button", { name: "More", exact: true }).click();
  await page.waitForFunction(() => document.querySelectorAll("#tokens tbody tr").length === 100);
  assert.equal(new Set(await mints()).size, 100);
  const pools = (await api("/v1/tokens/" + busiest[0])).pools;
  await rows.first().getByRole("button", { name: /^Pools of / }).click();
  await rows.first().getByRole("link").first().waitFor();
  const hrefs = await rows.first().getByRole("link").evaluateAll((list) => list.map((a) => a.href));
  assert.equal(hrefs.length, pools.length);
  for (const p of pools) assert.ok(hrefs.some((h) => h.startsWith("https://www.meteora.ag/") && h.endsWith("/" + p.address)), hrefs.join());
  assert.deepEqual(page.wrong, []);
});

const focused = (page) => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.id);
const figureOf = (page, name) => page.locator("#listed dt", { hasText: new RegExp(`^${name}$`) }).locator("+ dd");

test("lists what is unapproved", async () => {
  const page = await opened();
  const queue = await api("/v1/unapproved?limit=50", secret);
  await page.locator("#queue tbody tr").nth(49).waitFor();
  assert.deepEqual(await page.locator("#queue tbody tr").evaluateAll((list) => list.map((r) => r.dataset.mint)), queue.data.map((t) => t.mint));
  await page.getByRole("button", { name: "More unapproved tokens" }).click();
  await page.locator("#queue tbody tr").nth(99).waitFor();
  const stats = await api("/v1/operator/stats", secret);
  assert.ok(stats.tokens_unapproved > 100);
  assert.equal(number(await figureOf(page, "unapproved").textContent()), stats.tokens_unapproved);
  assert.deepEqual(page.wrong, []);
});

test("hides a token and shows it again, by keyboard and for a screen reader", async () => {
  const page = await opened();
  await page.getByText("No token is hidden.").waitFor();
  for (const table of ["#tokens", "#queue"]) {
    const row = page.locator(table + " tbody tr").nth(2);
    const mint = await row.getAttribute("data-mint");
    const name = (await row.getByRole("button", { name: /^Hide / }).getAttribute("aria-label")).replace("Hide ", "");
    await row.getByRole("button", { name: /^Hide / }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: /^Hide \S/ }).waitFor();
    assert.equal(await focused(page), "reason");
    await page.keyboard.press("Escape");
    assert.equal(await focused(page), "Hide " + name);
    await page.keyboard.press("Space");
    await page.keyboard.press("Enter"); // without a reason
    assert.ok(await page.getByRole("dialog").isVisible());
    await page.keyboard.type("<b>not ours</b>");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    assert.equal(await focused(page), "Show " + name);
    assert.match(await page.locator("#unlisted-note[role=status]").textContent(), /is hidden: it leaves the lists within seconds/);
    const hidden = page.locator(`#hidden tbody tr[data-mint="${mint}"]`);
    assert.match(await hidden.textContent(), /<b>not ours<\/b>/);
    assert.equal((await api("/v1/hidden", secret)).data[0].mint, mint);
    while ((await api("/v1/tokens/" + mint)).status !== "hidden") await new Promise((done) => setTimeout(done, 200));
    await hidden.getByRole("button", { name: "Show " + name }).focus();
    await page.keyboard.press("Enter");
    await hidden.waitFor({ state: "detached" });
    await page.waitForFunction(() => document.activeElement.id === "hidden-title");
    assert.match(await page.locator("#unlisted-note").textContent(), /is shown again with the next run/);
    assert.equal(await row.getByRole("button", { name: "Hide " + name }).count(), 1);
    while ((await api("/v1/tokens/" + mint)).status === "hidden") await new Promise((done) => setTimeout(done, 200));
  }
  assert.deepEqual(page.wrong, []);
});

test("says why a token could not be hidden", async () => {
  const page = await opened();
  await page.locator("#tokens tbody tr").first().getByRole("button", { name: /^Hide / }).click();
  await page.getByLabel("Reason").fill("   ");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("reason is missing").waitFor();
  assert.ok(await page.getByRole("dialog").isVisible());
  await page.evaluate(() => sessionStorage.setItem("tokensync-operator", "another"));
  await page.keyboard.press("Enter");
  await page.getByText("That is not the operator's token.").waitFor();
  assert.ok(await page.getByRole("dialog").isHidden());
});

test("shows each token's day as a line, and says what it shows", async () => {
  const page = await opened();
  const newest = await page.locator("#tokens tbody tr").first().getAttribute("data-mint");
  await page.locator("#order").selectOption("asc"); // the oldest have a day behind them
  await page.waitForFunction((m) => document.querySelector("#tokens tbody tr").dataset.mint !== m, newest);
  const first = page.locator("#tokens tbody tr").first();
  await first.scrollIntoViewIfNeeded();
  await first.locator(".spark svg").waitFor();
  const mint = await first.getAttribute("data-mint");
  const prices = (await api(`/v1/tokens/${mint}/history?range=24h`)).points.map((p) => p.price_usd).filter((p) => p != null);
  assert.ok(prices.length > 10, `${prices.length} points`);
  const line = (await first.locator(".spark polyline").getAttribute("points")).split(" ").map((p) => p.split(",").map(Number));
  assert.equal(line.length, prices.length);
  assert.ok(line.every(([x, y], i) => (i === 0 || x > line[i - 1][0]) && y >= 0 && y <= 22), "the line leaves its picture");
  const highest = line.reduce((a, b) => (b[1] < a[1] ? b : a));
  assert.ok(Math.abs(prices[line.indexOf(highest)] / Math.max(...prices) - 1) < 0.1, "the line's top is not the day's highest price");
  assert.match(await first.getByRole("img").getAttribute("aria-label"), /^Price of .* in a day: from \$.* to \$.*, least \$.*, most \$/);
  const row = (await api(`/v1/tokens?mints=${mint}`)).data[0];
  assert.match(await first.locator("td:has(.spark)").textContent(), /^ [+-−]?[\d,.]+ %$/);
  assert.notEqual(row.price_change_pct["24h"], null);
  const box = await page.locator("#tokens").evaluate((t) => t.closest(".scroll").getBoundingClientRect().bottom);
  const unseen = await page.locator("#tokens tbody tr").last();
  assert.ok((await unseen.boundingBox()).y > box && (await unseen.locator(".spark svg").count()) === 0, "lines are drawn that nobody sees");
  assert.deepEqual(page.wrong, []);
});

test("survives a wrong token", async () => {
  const page = await open();
  await enter(page, "not-it");
  await page.getByText("That is not the operator's token.").waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  assert.ok(await page.locator("#board").isHidden());
  await enter(page);
  await page.locator("#tokens tbody tr").first().waitFor();
});

test("keeps what it has while the API is down, and says so", async () => {
  const page = await opened();
  const scanned = await figure(page, "pools scanned").textContent();
  await page.route("**/v1/**", (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: '{"detail":"The store does not answer."}' }));
  await page.getByRole("button", { name: "Refresh" }).click();
  await page.getByText("The API answers 503: The store does not answer.").waitFor();
  assert.equal(await figure(page, "pools scanned").textContent(), scanned);
  await page.unrouteAll();
  await page.context().setOffline(true);
  await page.getByRole("button", { name: "Refresh" }).click();
  await page.getByText("The API cannot be reached.").waitFor();
  await page.context().setOffline(false);
  await page.getByRole("button", { name: "Refresh" }).click();
  await page.locator("#trouble").waitFor({ state: "hidden" });
});

test("keeps the token for this tab only, and forgets it when asked", async () => {
  const page = await opened();
  await page.reload();
  await page.locator("#tokens tbody tr").first().waitFor();
  assert.equal(await page.evaluate(() => localStorage.length + document.cookie.length), 0);
  const other = await page.context().newPage();
  await other.goto(base + "/dashboard");
  await other.getByLabel("Operator's token").waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  await page.getByLabel("Operator's token").waitFor();
});

test("keeps nothing of what it showed when somebody signs out", async () => {
  const page = await opened();
  const left = () => page.evaluate(() => [...document.querySelectorAll("#board tbody tr, #board dd, #board li, #board figure, #last-body > *, #launchpads > *")].length);
  assert.ok((await left()) > 100);
  const answers = [];
  await page.route("**/v1/**", (route) => answers.push(route)); // an answer that comes too late
  await page.getByRole("button", { name: "Refresh" }).click();
  const asked = page.waitForRequest((r) => r.url().includes("q=a"));
  await page.getByLabel("Search").fill("a");
  await asked;
  await page.getByRole("button", { name: "Sign out" }).click();
  assert.equal(await left(), 0);
  await Promise.all(answers.map((route) => route.continue()));
  await page.unrouteAll();
  await page.waitForLoadState("networkidle");
  assert.equal(await left(), 0);
  assert.equal(await page.getByLabel("Search", { includeHidden: true }).inputValue(), "");
  assert.ok(await page.locator("#board").isHidden());
  await enter(page);
  await page.locator("#tokens tbody tr").first().waitFor();
  assert.equal(await page.locator("#charts canvas").count(), 5);
  assert.deepEqual(page.wrong, []);
});

test("lets no text become markup or code", async () => {
  const page = await opened();
  const ends = await page.evaluate(() => {
    const sinks = {
      markup: () => (document.body.innerHTML = "<b>x</b>"), document: () => document.write("x"), source: () => (document.createElement("script").src = "x"),
      policy: () => trustedTypes.createPolicy("p", {}),
    };
    const end = (sink) => {
      try {
        sink();
        return "it went through";
      } catch (error) {
        return error.name;
      }
    };
    return Object.fromEntries(Object.entries(sinks).map(([name, sink]) => [name, end(sink)]));
  });
  assert.deepEqual(ends, { markup: "TypeError", document: "TypeError", source: "TypeError", policy: "TypeError" });
  assert.ok(page.wrong.some((w) => w.includes("requires 'TrustedHTML'")), page.wrong.join());
});

test("refreshes by itself while it is looked at", async () => {
  const page = await open();
  await page.clock.install();
  await page.reload();
  await enter(page);
  await page.locator("#tokens tbody tr").first().waitFor();
  const again = page.waitForRequest("**/v1/sync-runs*");
  await page.clock.runFor(16_000);
  await again;
});

test("shows hostile names as texts", async () => {
  const page = await opened();
  await page.route("**/v1/tokens?*", async (route) => {
    const answer = await (await route.fetch()).json();
    answer.data[0] = { ...answer.data[0], symbol: "<img src=x onerror=alert(1)>", name: "<script>document.title='owned'</script>" };
    await route.fulfill({ json: answer });
  });
  await page.route("**/v1/unapproved?*", async (route) => {
    const answer = await (await route.fetch()).json();
    answer.data[0] = { ...answer.data[0], symbol: "<img src=y onerror=alert(2)>", name: "<script>document.title='owned'</script>" };
    await route.fulfill({ json: answer });
  });
  await page.getByLabel("Sort by").selectOption("tvl");
  await page.getByText("<img src=x onerror=alert(1)>").waitFor();
  await page.getByRole("button", { name: "Refresh" }).click();
  await page.getByText("<img src=y onerror=alert(2)>").waitFor();
  assert.equal(await page.title(), "tokensync");
  assert.deepEqual(page.wrong, []);
});

test("fits a phone, the dark, and a keyboard", async () => {
  const phone = await opened({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true });
  const overflow = await phone.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} pixels wider than the phone`);
  const dark = await opened({ ...desktop, colorScheme: "dark" });
  assert.equal(await dark.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(17, 21, 19)");
  for (let i = 0; i < 3; i++) await dark.keyboard.press("Tab");
  assert.ok(await dark.evaluate(() => document.activeElement !== document.body), "the keyboard reaches nothing");
  const unnamed = await dark.evaluate(() =>
    [...document.querySelectorAll("button, input:not([hidden]), select, [role=img], meter, progress")]
      .filter((e) => !(e.labels?.length || e.getAttribute("aria-label") || e.textContent.trim()))
      .map((e) => e.outerHTML.slice(0, 80)),
  );
  assert.deepEqual(unnamed, []);
});

const shots = process.env.SCREENSHOTS;
test("takes its pictures", { skip: !shots }, async () => {
  mkdirSync(shots, { recursive: true });
  for (const [name, options] of Object.entries({
    light: { ...desktop, viewport: { width: 1280, height: 1180 } }, dark: { ...desktop, viewport: { width: 1280, height: 1180 }, colorScheme: "dark" },
    phone: { viewport: { width: 390, height: 844 }, colorScheme: "light" },
  })) {
    const page = await opened(options);
    await page.screenshot({ path: `${shots}/dashboard-${name}.png` });
  }
});
