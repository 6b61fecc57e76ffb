// The operator's page: asks for the token, shows the last runs, and keeps itself up to date while it is looked at.
import { get, Outage, Refused, token } from "./api.js";
import * as charts from "./charts.js";
import { badge, element } from "./dom.js";
import { ago, amount, bytes, count, duration, moment, percent, usd } from "./format.js";
import * as listing from "./listing.js";
import * as tokens from "./tokens.js";
import { explain, explainBreaker } from "./words.js";

const $ = (id) => document.getElementById(id);
const every = 15_000; // ms
const limits = { memory: Number(document.documentElement.dataset.memoryMb) * 2 ** 20 }; // of the sync's function
let runs = [];
let updated = null; // when the data on the page came
let timer;

$("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  token.set($("token").value.trim());
  $("token").value = "";
  refresh();
});
$("refresh").addEventListener("click", refresh);
$("leave").addEventListener("click", () => {
  token.clear();
  ask("");
});
$("modes").addEventListener("change", drawRuns);
document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : refresh()));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", charts.redraw);
setInterval(showFreshness, 1000);
tokens.start(trouble);
listing.start({ trouble, refused });
if (token.get()) refresh();
else ask("");

// ask shows the form instead of the board, of which nothing stays.
function ask(why) {
  clearTimeout(timer);
  $("refused").textContent = why;
  $("board").hidden = $("refresh").hidden = $("leave").hidden = $("trouble").hidden = true;
  for (const id of ["freshness", "launchpads", "trouble", "last-body", "checks", "breakers", "listed", "stages", "revenue"]) $(id).replaceChildren();
  for (const table of ["runs", "days"]) body(table).replaceChildren();
  charts.clear();
  tokens.clear();
  listing.clear();
  runs = [];
  updated = null;
  $("enter").hidden = false;
  $("token").focus();
}

// refresh reads everything. What cannot be read keeps what was there, and the page says so.
async function refresh() {
  clearTimeout(timer);
  if (!token.get()) return;
  try {
    const [list, health, stats, revenue, days] = await Promise.all([
      get("/v1/sync-runs?limit=100", { operator: true }), get("/v1/health", { also: [503] }), get("/v1/operator/stats", { operator: true }),
      get("/v1/revenue?limit=1", { operator: true }), get("/v1/days"),
    ]);
    if (!token.get()) return; // somebody has signed out meanwhile
    const first = $("board").hidden;
    $("enter").hidden = $("trouble").hidden = true;
    $("board").hidden = $("refresh").hidden = $("leave").hidden = false;
    updated = Date.now();
    runs = list.data;
    show(list, health, stats);
    showMoney(revenue, days.data);
    if (first) await tokens.load(false, trouble);
    if (token.get()) await listing.load();
  } catch (error) {
    if (error instanceof Refused) {
      refused();
      return;
    }
    if (!(error instanceof Outage)) throw error;
    trouble(error);
  }
  if (!document.hidden) timer = setTimeout(refresh, every);
}

function body(table) {
  return document.querySelector(`#${table} tbody`);
}

function refused() {
  token.clear();
  ask("That is not the operator's token.");
}

function trouble(error) {
  $("trouble").textContent = `The API ${error.message}.` + (updated ? ` What you see is from ${moment(updated)}.` : " It is tried again by itself.");
  $("trouble").hidden = false;
}

function show(list, health, stats) {
  const ids = runs[0]?.launchpads ?? stats.launchpads;
  $("launchpads").replaceChildren(...ids.map((id) => element("span", {}, id)));
  $("last-body").replaceChildren(...lastRun(runs[0]));
  $("checks").replaceChildren(...Object.entries(health.checks).map(([name, c]) => item(name.replaceAll("_", " "), c.status, c.detail)));
  $("breakers").replaceChildren(...list.breakers.map((b) => item(b.product, b.state, explainBreaker(b))));
  $("listed").replaceChildren(
    ...figures([
      ["tokens", count(stats.tokens)], ["new in 24 h", count(stats.tokens_new_24h)], ["TVL", usd(stats.tvl_usd)],
      ["volume, 24 h", usd(stats.volume_24h_usd)], ["fees, 24 h", usd(stats.fees_24h_usd)],
      ["unapproved", count(stats.tokens_unapproved)], ["hidden", count(stats.tokens_hidden)],
    ]),
  );
  $("stages").replaceChildren(...stages(stats));
  body("runs").replaceChildren(...runs.map(runRow));
  drawRuns();
  showFreshness();
}

const item = (name, state, detail) => element("li", {}, element("span", {}, name), badge(state), element("small", {}, detail));

const figures = (pairs) => pairs.map(([name, value, note]) => element("div", {}, element("dt", {}, name), element("dd", {}, value, note && element("small", {}, " " + note))));

function lastRun(run) {
  if (!run) return [element("p", { class: "quiet" }, "There has been no run in the last 30 days.")];
  const memory = run.peak_rss_bytes / limits.memory;
  const gauge = element("meter", { min: 0, max: 1, low: 0.6, high: 0.8, optimum: 0, value: memory, "aria-label": "share of the function's memory" });
  const list = element(
    "dl", { class: "figures" },
    ...figures([
      ["took", duration(run.duration_ms)], ["pools scanned", count(run.pools_scanned)], ["pools of ours", count(run.pools_matched)],
      ["tokens new", count(run.tokens_new)], ["updated", count(run.tokens_updated)], ["unchanged", count(run.tokens_unchanged)],
      ["delisted", count(run.tokens_delisted)], ["unwritten", count(run.tokens_unwritten)],
      ["requests", count(run.upstream_requests), `${count(run.upstream_retries)} again`], ["read", bytes(run.bytes_read)],
      ["peak memory", bytes(run.peak_rss_bytes), percent(memory) + " of the limit"],
    ]),
  );
  list.lastElementChild.append(gauge);
  const words = explain(run);
  return [
    element(
      "p", { class: "headline" }, badge(run.status), element("strong", {}, run.mode + " run"),
      element("span", { class: "quiet", title: run.run_id }, `${ago(run.started_at)}, ${moment(run.started_at)}`),
    ),
    list,
    words.length > 0 ? element("div", { class: "words " + run.status }, ...words.map((w) => element("p", {}, w))) : null,
  ].filter(Boolean);
}

function stages(stats) {
  return ["bonding", "migrating", "graduated"].map((name) => {
    const n = stats.stages[name];
    const bar = element("progress", { max: Math.max(stats.tokens, 1), value: n, "aria-label": name });
    return element("li", {}, element("span", {}, name), bar, element("span", {}, count(n)));
  });
}

function runRow(run) {
  const cell = (text, kind) => element("td", { class: kind }, text);
  return element(
    "tr", {}, element("td", { title: run.run_id }, moment(run.started_at)), cell(run.mode), element("td", {}, badge(run.status)), cell(duration(run.duration_ms)),
    cell(count(run.pools_scanned), "n"), cell(count(run.pools_matched), "n"), cell(count(run.tokens_new), "n"), cell(count(run.tokens_updated), "n"),
    cell(count(run.tokens_delisted), "n"), cell(count(run.upstream_requests), "n"), cell(bytes(run.peak_rss_bytes), "n"),
    cell(explain(run)[0] ?? "", "words-cell"),
  );
}

function drawRuns() {
  const mode = document.querySelector("input[name=mode]:checked").value;
  charts.draw($("charts"), "runs", runs.filter((r) => !mode || r.mode === mode).toReversed(), limits);
}

// showMoney shows what the operator has earned, and the ledger of days.
function showMoney(revenue, days) {
  const sums = [["unclaimed", revenue.quotes, "unclaimed"], ["today", revenue.today, "earned"], ["7 days", revenue.days_7, "earned"], ["30 days", revenue.days_30, "earned"]];
  $("revenue").replaceChildren(...figures(sums.map(([name, quotes, key]) => [name, ...inDollars(quotes, key)])));
  charts.draw($("day-charts"), "days", days);
  body("days").replaceChildren(...days.toReversed().map(dayRow));
}

// inDollars is the sum of amounts in several quotes, and each of them.
function inDollars(quotes, key) {
  const known = quotes.map((q) => q[key + "_usd"]).filter((v) => v != null);
  const sum = known.length > 0 ? known.reduce((a, b) => a + b) : null;
  return [usd(sum), quotes.map((q) => `${amount(q[key])} ${q.quote_symbol || q.quote_mint.slice(0, 4) + "…"}`).join(", ")];
}

function dayRow(d) {
  const cell = (text) => element("td", { class: "n" }, text);
  const median = d.median_completion_seconds;
  return element(
    "tr", {}, element("th", { scope: "row" }, d.date), cell(count(d.launched)), cell(count(d.completed)), cell(count(d.graduated)),
    cell(duration(median == null ? null : median * 1000)), cell(usd(d.volume_usd)), cell(usd(d.fees_usd)), cell(usd(d.partner_usd)), cell(usd(d.creators_usd)),
  );
}

function showFreshness() {
  $("freshness").textContent = updated ? `updated ${ago(updated)}` : "";
}
