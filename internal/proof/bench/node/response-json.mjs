// The old service: the whole response at once, filtered afterwards.
import { keep, pages, run } from "./peer.mjs";

await run(async (response) => {
  const body = await response.json();
  for (const pool of pages === 0 ? body : body.data) keep(pool);
});
