// The operator's page: asks for the token, shows the last runs, and keeps itself up to date while it is looked at.
import { get, Outage, Refused, token } from "./api.js";
import { draw, redraw } from "./charts.js";
import { badge, element } from "./dom.js";
import { ago, bytes, count, duration, moment, percent, usd } from "./format.js";
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
$("modes").addEventListener("change", drawCharts);
document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : refresh()));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
setInterval(showFreshness, 1000);
tokens.start(trouble);
listing.start({ trouble, refused });
if (token.get()) refresh();
else ask("");

// ask shows the form instead of the board.
function ask(why) {
  clearTimeout(timer);
  $("refused").textContent = why;
  $("board").hidden = $("refresh").hidden = $("leave").hidden = $("trouble").hidden = true;
  $("freshness").textContent = "";
  $("launchpads").replaceChildren();
  updated = null;
  $("enter").hidden = false;
  $("token").focus();
}

// refresh reads everything. What cannot be read keeps what was there, and the page says so.
async function refresh() {
  clearTimeout(timer);
  if (!token.get()) return;
  try {
    const [list, health, stats] = await Promise.all([
      get("/v1/sync-runs?limit=100", { operator: true }), get("/v1/health", { also: [503] }), get("/v1/operator/stats", { operator: true }),
    ]);
    const first = $("board").hidden;
    $("enter").hidden = $("trouble").hidden = true;
    $("board").hidden = $("refresh").hidden = $("leave").hidden = false;
    updated = Date.now();
    runs = list.data;
    show(list, health, stats);
    if (first) await tokens.load(false, trouble);
    await listing.load();
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
  document.querySelector("#runs tbody").replaceChildren(...runs.map(runRow));
  drawCharts();
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

function drawCharts() {
  const mode = document.querySelector("input[name=mode]:checked").value;
  draw($("charts"), mode ? runs.filter((r) => r.mode === mode) : runs, limits);
}

function showFreshness() {
  $("freshness").textContent = updated ? `updated ${ago(updated)}` : "";
}
