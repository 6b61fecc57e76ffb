// The table of tokens: search, sort, pages, and the pools of each on demand.
import { get, Outage } from "./api.js";
import { ago, change, count, moment, percent, usd } from "./format.js";
import { element, link } from "./dom.js";
import { toggle } from "./listing.js";
import { sparkline } from "./sparkline.js";

const $ = (id) => document.getElementById(id);
const rows = () => document.querySelector("#tokens tbody");
const pageSize = 50;
let asked = 0; // answers to older questions are dropped
let cursor = null;
let typing; // a timer

// poolPages are where Meteora shows a pool.
const poolPages = {
  "dlmm": "https://www.meteora.ag/dlmm/", "damm-v2": "https://www.meteora.ag/dammv2/", "damm-v1": "https://www.meteora.ag/pools/",
  "dbc": "https://www.meteora.ag/dbc/", "dbc-list": "https://www.meteora.ag/dbc/",
};

export function start(onTrouble) {
  const reload = () => load(false, onTrouble);
  $("search").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(reload, 250);
  });
  $("filter").addEventListener("submit", (event) => {
    event.preventDefault();
    reload();
  });
  for (const id of ["sort", "order", "stage"]) $(id).addEventListener("change", reload);
  $("more").addEventListener("click", () => load(true, onTrouble));
}

// clear forgets what was shown, and what is under way.
export function clear() {
  clearTimeout(typing);
  asked++;
  cursor = null;
  rows().replaceChildren();
  $("filter").reset();
  $("tokens-note").textContent = "";
  $("more").hidden = true;
}

export async function load(more, onTrouble) {
  const mine = ++asked;
  const query = new URLSearchParams({ limit: pageSize });
  const search = $("search").value.trim();
  $("sort").disabled = search !== "";
  if (search) query.set("q", search);
  else query.set("sort", $("sort").value);
  query.set("order", search ? "asc" : $("order").value);
  if ($("stage").value) query.set("stage", $("stage").value);
  if (more && cursor) query.set("cursor", cursor);
  try {
    const list = await get("/v1/tokens?" + query, { also: [400] });
    if (mine !== asked) return;
    if (list.detail) {
      $("tokens-note").textContent = list.detail;
      return;
    }
    cursor = list.next_cursor;
    if (!more) rows().replaceChildren();
    rows().append(...list.data.map(row));
    $("more").hidden = !cursor;
    const n = rows().children.length;
    $("tokens-note").textContent = n === 0 ? "No token is listed that fits." : `${count(n)} shown${cursor ? ", there are more" : ""}.`;
  } catch (error) {
    if (!(error instanceof Outage)) throw error;
    if (mine === asked) onTrouble(error);
  }
}

function row(t) {
  const name = element("td", { class: "token", title: t.name ?? "" }, t.symbol || "–", " ", element("small", {}, t.name ?? ""));
  const mint = element("td", {}, element("code", { title: t.mint }, t.mint.slice(0, 4) + "…" + t.mint.slice(-4)));
  const stage = element("td", { class: "stage-cell" });
  if (t.stage) {
    stage.append(`${t.stage} ${percent(t.curve_progress)}`);
    if (t.curve_progress != null && t.stage !== "graduated")
      stage.append(element("progress", { max: 1, value: t.curve_progress, "aria-label": `curve of ${t.symbol || t.mint}` }));
  } else stage.append("–");
  const pools = element("td", {});
  const show = element("button", { type: "button", class: "link", "aria-label": `Pools of ${t.symbol || t.mint}` }, count(t.pool_count));
  show.addEventListener("click", () => showPools(t.mint, pools, show));
  pools.append(show);
  return element(
    "tr", { "data-mint": t.mint }, name, mint, stage, number(usd(t.price_usd)),
    element("td", { class: "n" }, sparkline(t), " ", change(t.price_change_pct["24h"])), number(usd(t.market_cap_usd)), number(usd(t.tvl_usd)),
    number(usd(t.volume_24h_usd)), element("td", { title: moment(t.created_at) }, t.created_at ? ago(t.created_at) : "–"), pools,
    element("td", {}, toggle(t)),
  );
}

const number = (text) => element("td", { class: "n" }, text);

async function showPools(mint, cell, button) {
  button.disabled = true;
  try {
    const token = await get("/v1/tokens/" + encodeURIComponent(mint));
    const list = element("div", { class: "pools" }, ...token.pools.map(pool));
    cell.replaceChildren(list);
  } catch (error) {
    if (!(error instanceof Outage)) throw error;
    button.disabled = false;
    button.textContent = "the API " + error.message;
  }
}

function pool(p) {
  const text = `${p.product} ${p.name || p.address.slice(0, 6)}`;
  return link(poolPages[p.product] + encodeURIComponent(p.address), text);
}
