// Charts of runs and of days, drawn by uPlot. Each says in words what it shows, for those who do not see it; the tables have every value.
import { bytes, count, duration, usd } from "./format.js";

const runCharts = [
  { title: "Duration", format: duration, series: [["duration", (r) => r.duration_ms]] },
  { title: "Pools", format: count, log: true, series: [["scanned", (r) => r.pools_scanned], ["ours", (r) => r.pools_matched]] },
  {
    title: "Tokens written", format: count,
    series: [["new", (r) => r.tokens_new], ["updated", (r) => r.tokens_updated], ["delisted", (r) => r.tokens_delisted]],
  },
  {
    title: "Peak memory", format: bytes, incs: [8, 16, 32, 64, 128, 256, 512, 1024].map((mib) => mib * 2 ** 20),
    series: [["peak", (r) => r.peak_rss_bytes], ["limit", (_, limits) => limits.memory]],
  },
  { title: "Requests to Meteora", format: count, series: [["requests", (r) => r.upstream_requests], ["retries", (r) => r.upstream_retries]] },
];

const dayCharts = [
  { title: "Earned a day", format: usd, bars: true, series: [["earned", (d) => d.partner_usd]] },
  { title: "Traded on curves a day", format: usd, bars: true, series: [["volume", (d) => d.volume_usd]] },
  {
    title: "Launches a day", format: count,
    series: [["launched", (d) => d.launched], ["completed", (d) => d.completed], ["graduated", (d) => d.graduated]],
  },
];

// What there are charts of. Days are those of UTC, wherever somebody looks at them.
const kinds = {
  runs: { charts: runCharts, time: (r) => Date.parse(r.started_at) / 1000, options: {} },
  days: {
    charts: dayCharts, time: (d) => Date.parse(d.date) / 1000,
    options: { tzDate: (s) => uPlot.tzDate(new Date(s * 1000), "Etc/UTC"), range: (_, min, max) => [min - halfDay, max + halfDay] },
  },
};
const halfDay = 43_200; // s

const drawn = new Map(); // by chart

// draw shows rows, the oldest first, of one of the kinds.
export function draw(box, kind, rows, limits) {
  const { charts } = kinds[kind];
  if (!drawn.has(charts[0])) for (const chart of charts) drawn.set(chart, frame(box, chart)); // all of them, before one is measured
  for (const chart of charts) plot(drawn.get(chart), kind, chart, rows, limits);
}

// clear removes every chart.
export function clear() {
  for (const f of drawn.values()) {
    f.u?.destroy();
    f.area.closest("figure").remove();
  }
  drawn.clear();
}

// redraw is for another colour scheme.
export function redraw() {
  for (const f of drawn.values()) f.again?.();
}

const resized = new ResizeObserver((entries) => {
  for (const f of drawn.values()) if (entries.some((e) => e.target === f.area) && f.u?.width !== f.area.clientWidth) f.again?.();
});

function frame(box, chart) {
  const figure = document.createElement("figure");
  figure.className = "card";
  const caption = document.createElement("figcaption");
  const title = document.createElement("b");
  title.textContent = chart.title;
  caption.append(title);
  const legend = chart.series.map(([name], i) => {
    const entry = document.createElement("i");
    entry.className = "s" + (i + 1);
    entry.dataset.name = name;
    if (chart.series.length > 1) caption.append(entry);
    return entry;
  });
  const area = document.createElement("div");
  area.className = "plot";
  area.setAttribute("role", "img");
  figure.append(caption, area);
  box.append(figure);
  resized.observe(area);
  return { area, legend };
}

function plot(f, kind, chart, rows, limits) {
  const data = [rows.map(kinds[kind].time), ...chart.series.map(([, value]) => rows.map((r) => value(r, limits)))];
  f.area.setAttribute("aria-label", describe(kind, chart, data));
  const show = (at) =>
    chart.series.forEach(([name], i) => {
      const value = data[i + 1][at ?? data[0].length - 1];
      f.legend[i].textContent = value == null ? name : `${name} ${chart.format(value)}`;
    });
  show(null);
  const shown = chart.log ? data.map((values) => values.map((v) => v || null)) : data; // nothing has no place among powers of ten
  f.again = () => {
    f.u?.destroy();
    f.u = new uPlot(options(f.area, kind, chart, show), shown, f.area);
  };
  f.again();
}

function options(area, kind, chart, show) {
  const { tzDate, range } = kinds[kind].options;
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  const axis = { stroke: color("--quiet"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  return {
    width: area.clientWidth, height: 190, legend: { show: false }, padding: [8, 8, 0, 0],
    cursor: { y: false, points: { size: 6 } },
    hooks: { setCursor: [(u) => show(u.cursor.idx)] },
    tzDate, scales: { x: { range }, y: chart.log ? { distr: 3, range: logRange } : { range: (_, min, max) => [0, Math.max(max * 1.1, 1)] } },
    axes: [axis, { ...axis, ...(chart.log && logAxis(axis)), incs: chart.incs, size: 66, values: (_, ticks) => ticks.map((v) => (v == null ? "" : chart.format(v))) }],
    series: [
      {},
      ...chart.series.map(([name], i) => ({
        label: name, stroke: color(`--series-${i + 1}`), width: 1.75, points: { size: 5, show: chart.bars ? false : undefined },
        dash: name === "limit" ? [6, 4] : undefined, fill: chart.bars ? color("--series-1") : i === 0 && !chart.log ? color("--series-1") + "22" : undefined,
        paths: chart.bars ? uPlot.paths.bars({ size: [0.6, 40] }) : undefined,
      })),
    ],
  };
}

// logAxis marks the powers of ten only.
const powers = (_, ticks) => ticks.map((v) => (Number.isInteger(Math.log10(v)) ? v : null));
const logAxis = (axis) => ({ filter: powers, grid: { ...axis.grid, filter: powers } });
const logRange = (_, min, max) => [Math.max(1, 10 ** Math.floor(Math.log10(Math.max(min, 1)))), 10 ** Math.ceil(Math.log10(Math.max(max, 10)))];

function describe(kind, chart, data) {
  if (data[0].length === 0) return `${chart.title}: no ${kind} yet`;
  const parts = chart.series.map(([name], i) => {
    const values = data[i + 1].filter((v) => v != null);
    if (values.length === 0) return `${name}: unknown`;
    return `${name}: last ${chart.format(values.at(-1))}, least ${chart.format(Math.min(...values))}, most ${chart.format(Math.max(...values))}`;
  });
  return `${chart.title} over ${data[0].length} ${kind}. ${parts.join(". ")}.`;
}
