// Charts of runs, drawn by uPlot. Each says in words what it shows, for those who do not see it; the table of runs has every value.
import { bytes, count, duration } from "./format.js";

const charts = [
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

const drawn = new Map();

export function draw(box, runs, limits) {
  const oldestFirst = runs.toReversed();
  if (drawn.size === 0) for (const chart of charts) drawn.set(chart, frame(box, chart)); // all of them, before one is measured
  for (const [chart, f] of drawn) plot(f, chart, oldestFirst, limits);
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

function plot(f, chart, runs, limits) {
  const data = [runs.map((r) => Date.parse(r.started_at) / 1000), ...chart.series.map(([, value]) => runs.map((r) => value(r, limits)))];
  f.area.setAttribute("aria-label", describe(chart, data));
  const show = (at) =>
    chart.series.forEach(([name], i) => {
      const value = data[i + 1][at ?? data[0].length - 1];
      f.legend[i].textContent = value == null ? name : `${name} ${chart.format(value)}`;
    });
  show(null);
  const shown = chart.log ? data.map((values) => values.map((v) => v || null)) : data; // nothing has no place among powers of ten
  f.again = () => {
    f.u?.destroy();
    f.u = new uPlot(options(f.area, chart, show), shown, f.area);
  };
  f.again();
}

function options(area, chart, show) {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  const axis = { stroke: color("--quiet"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  return {
    width: area.clientWidth, height: 190, legend: { show: false }, padding: [8, 8, 0, 0],
    cursor: { y: false, points: { size: 6 } },
    hooks: { setCursor: [(u) => show(u.cursor.idx)] },
    scales: { y: chart.log ? { distr: 3, range: logRange } : { range: (_, min, max) => [0, Math.max(max * 1.1, 1)] } },
    axes: [axis, { ...axis, ...(chart.log && logAxis(axis)), incs: chart.incs, size: 66, values: (_, ticks) => ticks.map((v) => (v == null ? "" : chart.format(v))) }],
    series: [
      {},
      ...chart.series.map(([name], i) => ({
        label: name, stroke: color(`--series-${i + 1}`), width: 1.75, points: { size: 5 },
        dash: name === "limit" ? [6, 4] : undefined, fill: i === 0 && !chart.log ? color("--series-1") + "22" : undefined,
      })),
    ],
  };
}

// logAxis marks the powers of ten only.
const powers = (_, ticks) => ticks.map((v) => (Number.isInteger(Math.log10(v)) ? v : null));
const logAxis = (axis) => ({ filter: powers, grid: { ...axis.grid, filter: powers } });
const logRange = (_, min, max) => [Math.max(1, 10 ** Math.floor(Math.log10(Math.max(min, 1)))), 10 ** Math.ceil(Math.log10(Math.max(max, 10)))];

function describe(chart, data) {
  if (data[0].length === 0) return `${chart.title}: no runs yet`;
  const parts = chart.series.map(([name], i) => {
    const values = data[i + 1].filter((v) => v != null);
    if (values.length === 0) return `${name}: unknown`;
    return `${name}: last ${chart.format(values.at(-1))}, least ${chart.format(Math.min(...values))}, most ${chart.format(Math.max(...values))}`;
  });
  return `${chart.title} over ${data[0].length} runs. ${parts.join(". ")}.`;
}
