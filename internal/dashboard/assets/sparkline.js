// Sparklines: what a token's price was in a day. Each is asked for when it comes into view, and says in words what it shows.
import { get, Outage } from "./api.js";
import { usd } from "./format.js";

const width = 88, height = 22, edge = 2;
const fresh = 5 * 60_000; // ms: points are five minutes apart at least
const drawn = new Map(); // points by mint, and when they were asked for

const inView = new IntersectionObserver((entries) => {
  for (const entry of entries.filter((e) => e.isIntersecting)) {
    inView.unobserve(entry.target);
    show(entry.target);
  }
});

// sparkline is an empty box that fills itself once it is seen.
export function sparkline(t) {
  const box = document.createElement("span");
  box.className = "spark";
  box.dataset.mint = t.mint;
  box.dataset.name = t.symbol || t.mint;
  inView.observe(box);
  return box;
}

async function show(box) {
  const { mint, name } = box.dataset;
  let known = drawn.get(mint);
  if (!known || Date.now() - known.at > fresh) {
    try {
      known = { at: Date.now(), points: (await get(`/v1/tokens/${encodeURIComponent(mint)}/history?range=24h`)).points };
    } catch (error) {
      if (!(error instanceof Outage)) throw error;
      return; // the row is fine without
    }
    drawn.set(mint, known);
  }
  const points = known.points.filter((p) => p.price_usd != null).map((p) => ({ at: Date.parse(p.time), price: p.price_usd }));
  if (points.length > 1) box.replaceChildren(line(points, name));
}

function line(points, name) {
  const prices = points.map((p) => p.price);
  const [least, most, first, last] = [Math.min(...prices), Math.max(...prices), points[0], points.at(-1)];
  const x = (at) => edge + ((at - first.at) / (last.at - first.at)) * (width - 2 * edge);
  const y = (price) => (most === least ? height / 2 : height - edge - ((price - least) / (most - least)) * (height - 2 * edge));
  const picture = svg("svg", {
    viewBox: `0 0 ${width} ${height}`, width, height, role: "img", class: last.price < first.price ? "falls" : "rises",
    "aria-label": `Price of ${name} in a day: from ${usd(first.price)} to ${usd(last.price)}, least ${usd(least)}, most ${usd(most)}`,
  });
  picture.append(svg("polyline", { points: points.map((p) => `${x(p.at).toFixed(1)},${y(p.price).toFixed(1)}`).join(" ") }));
  return picture;
}

function svg(name, attributes) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  return e;
}
