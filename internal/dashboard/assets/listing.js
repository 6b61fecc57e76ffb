// What no list shows, and why: the queue of the unapproved, what the operator has hidden, and his way to hide and show.
import { get, Outage, Refused, send } from "./api.js";
import { element } from "./dom.js";
import { ago, count, moment } from "./format.js";

const $ = (id) => document.getElementById(id);
const pageSize = 50;
const next = { queue: null, hidden: null }; // cursors
let page; // what to do about trouble, and about a token that is refused
let about; // the token that the dialog is about
let reader = 0; // what was asked for before somebody signed out is dropped

export function start(handlers) {
  page = handlers;
  $("hide-form").addEventListener("submit", (event) => {
    event.preventDefault();
    hide();
  });
  $("hide-cancel").addEventListener("click", () => $("hide").close());
  $("queue-more").addEventListener("click", () => guarded(() => loadQueue(true)));
  $("hidden-more").addEventListener("click", () => guarded(() => loadHidden(true)));
}

// load reads both tables, unless somebody is at work in them.
export async function load() {
  if ($("unlisted").contains(document.activeElement) || $("hide").open) return;
  await Promise.all([loadQueue(false), loadHidden(false)]);
}

// clear forgets what was shown, and what is under way.
export function clear() {
  reader++;
  about = null;
  if ($("hide").open) $("hide").close();
  for (const id of ["hide-token", "hide-mint", "hide-trouble", "unlisted-note"]) $(id).textContent = "";
  $("reason").value = "";
  for (const table of ["queue", "hidden"]) {
    next[table] = null;
    document.querySelector(`#${table} tbody`).replaceChildren();
    $(table + "-note").textContent = "";
    $(table + "-more").hidden = true;
  }
}

async function loadQueue(more) {
  const mine = reader;
  const list = await get(`/v1/unapproved?limit=${pageSize}${after(more && next.queue)}`, { operator: true });
  if (mine === reader) fill("queue", list, list.data.map(queueRow), more, "Every token meets the listing rules.");
}

async function loadHidden(more) {
  const mine = reader;
  const list = await get(`/v1/hidden?limit=${pageSize}${after(more && next.hidden)}`, { operator: true });
  const mints = list.data.map((h) => h.mint);
  const known = mints.length > 0 ? (await get("/v1/tokens?mints=" + mints.join())).data : [];
  const rows = list.data.map((h) => hiddenRow(h, known.find((t) => t.mint === h.mint) ?? { mint: h.mint }));
  if (mine === reader) fill("hidden", list, rows, more, "No token is hidden.");
}

const after = (cursor) => (cursor ? "&cursor=" + encodeURIComponent(cursor) : "");

function fill(table, list, rows, more, none) {
  const body = document.querySelector(`#${table} tbody`);
  if (!more) body.replaceChildren();
  body.append(...rows);
  next[table] = list.next_cursor;
  $(table + "-more").hidden = !list.next_cursor;
  const n = body.children.length;
  $(table + "-note").textContent = n === 0 ? none : `${count(n)} shown${list.next_cursor ? ", there are more" : ""}.`;
}

const short = (key) => element("code", { title: key }, key.slice(0, 4) + "…" + key.slice(-4));
const name = (t) => element("td", { class: "token", title: t.name ?? "" }, t.symbol || "–", " ", element("small", {}, t.name ?? ""));
const when = (time) => element("td", { title: moment(time) }, time ? ago(time) : "–");

const queueRow = (t) =>
  element("tr", { "data-mint": t.mint }, name(t), element("td", {}, short(t.mint)), element("td", {}, t.creator ? short(t.creator) : "–"), when(t.created_at), element("td", {}, toggle(t)));

const hiddenRow = (h, t) =>
  element("tr", { "data-mint": h.mint }, name(t), element("td", {}, short(h.mint)), element("td", { class: "words-cell" }, h.reason), when(h.hidden_at), element("td", {}, toggle(t, true)));

// toggle is a button that hides a token or shows it again.
export function toggle(t, isHidden = t.status === "hidden") {
  const button = element("button", { type: "button", class: "link" });
  label(button, t, isHidden);
  button.addEventListener("click", () => (button.dataset.does === "show" ? show(t, button) : open(t)));
  return button;
}

function label(button, t, isHidden) {
  button.dataset.does = isHidden ? "show" : "hide";
  button.textContent = isHidden ? "Show" : "Hide";
  button.setAttribute("aria-label", `${button.textContent} ${t.symbol || t.name || "the token"}, ${t.mint.slice(0, 4)}…${t.mint.slice(-4)}`);
}

// relabel is for a token that stands in several tables.
function relabel(t, isHidden) {
  for (const button of document.querySelectorAll(`[data-mint="${CSS.escape(t.mint)}"] [data-does]`)) label(button, t, isHidden);
}

function open(t) {
  about = t;
  $("hide-token").textContent = t.symbol || t.name || "the token";
  $("hide-mint").textContent = t.mint;
  $("reason").value = "";
  $("hide-trouble").textContent = "";
  $("hide").showModal();
}

async function hide() {
  const t = about;
  $("hide-submit").disabled = true;
  try {
    await send("PUT", "/v1/hidden/" + encodeURIComponent(t.mint), { reason: $("reason").value });
    $("hide").close(); // the focus is on the button again
    relabel(t, true);
    said(`${t.symbol || t.mint} is hidden: it leaves the lists within seconds.`);
    await loadHidden(false);
  } catch (error) {
    failed(error, (text) => ($("hide-trouble").textContent = text));
  } finally {
    $("hide-submit").disabled = false;
  }
}

async function show(t, button) {
  button.disabled = true;
  try {
    await send("DELETE", "/v1/hidden/" + encodeURIComponent(t.mint));
    said(`${t.symbol || t.mint} is shown again with the next run.`);
    relabel(t, false);
    button.disabled = false;
    button.focus();
    await loadHidden(false);
    if (!button.isConnected) $("hidden-title").focus();
  } catch (error) {
    button.disabled = false;
    failed(error, said);
  }
}

const said = (text) => ($("unlisted-note").textContent = text);

// guarded is for what a button starts: trouble is the page's to tell.
async function guarded(work) {
  try {
    await work();
  } catch (error) {
    failed(error, () => page.trouble(error));
  }
}

function failed(error, tell) {
  if (error instanceof Refused) {
    if ($("hide").open) $("hide").close();
    page.refused();
  } else if (error instanceof Outage) tell(`The API ${error.message}`);
  else throw error;
}
