// What the two Node peers share: the arguments, the requests and the result line.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    url: { type: "string" },
    pages: { type: "string", default: "0" },
    times: { type: "string", default: "1" },
    gzip: { type: "string", default: "false" },
    id: { type: "string" },
  },
});

export const pages = Number(values.pages);
export const id = values.id;

const found = [];
let pools = 0;

// keep counts a pool and remembers it if it is ours.
export function keep(pool) {
  pools++;
  if (pool.launchpad === id) found.push(pool.address);
}

// run reads every body and prints the result.
export async function run(read) {
  for (const url of urls()) {
    const response = await fetch(url, { headers: { "accept-encoding": values.gzip === "true" ? "gzip" : "identity" } });
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    await read(response);
  }
  const digest = createHash("sha256").update(found.sort().join("\n")).digest("hex").slice(0, 16);
  console.log(JSON.stringify({ pools, found: found.length, digest, peak_rss: peakRSS() }));
}

function urls() {
  if (pages === 0) return [`${values.url}/array?times=${values.times}`];
  return Array.from({ length: pages }, (_, i) => `${values.url}/dlmm/pools?page=${i + 1}`);
}

function peakRSS() {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}
