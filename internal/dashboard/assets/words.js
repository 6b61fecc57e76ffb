// What a run's record means, in plain words: a list of sentences, the most important first.
import { count, moment } from "./format.js";

export function explain(run) {
  const words = [];
  if (run.status === "skipped" && /another run/.test(run.error)) words.push("Another run was under way, so this one did nothing.");
  else if (/parameter|launchpad ID/i.test(run.error) && run.status === "failed")
    words.push("The launchpad ID or another setting is missing or bad: Meteora was not asked at all. Mend the SSM parameter; no deploy is needed.");
  else if (run.status === "failed") words.push("Nothing could be read. The tokens keep their last values; the next run tries again.");
  for (const p of run.products) {
    if (p.status === "failed") words.push(`${p.product} could not be read; its pools keep their last values.`);
    if (p.status === "partial") words.push(`${p.product} was read in part; what was found counts, the rest keeps its last values.`);
    if (p.status === "skipped") words.push(`${p.product} was left out: ${p.error}.`);
    words.push(...(p.notes ?? []).filter((note) => note.includes("not migrated")));
  }
  if (run.tokens_unwritten > 0) words.push(`${count(run.tokens_unwritten)} tokens could not be written; the next run writes them.`);
  if (run.delisting.startsWith("refused")) words.push(`Nothing was delisted, for too much was missing (${run.delisting.replace("refused: ", "")}).`);
  if (run.delisting.startsWith("deferred")) words.push("Some known pools were not returned; the next full run looks into it.");
  const said = new Set([run.error, ...run.products.filter((p) => p.status !== "skipped").map((p) => p.error)]);
  for (const error of said) if (error) words.push(error);
  return words;
}

export function explainBreaker(b) {
  switch (b.state) {
    case "open":
      return `failed ${b.failures} runs in a row; tried again after ${moment(b.retry_at)}`;
    case "half-open":
      return "the next run tries it with one page";
    default:
      return b.failures > 0 ? `failed ${b.failures} in a row` : "works";
  }
}
