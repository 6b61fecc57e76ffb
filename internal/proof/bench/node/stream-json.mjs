// Node with a streaming parser: stream-json, one pool at a time.
import { Readable } from "node:stream";
import chain from "stream-chain";
import { parser } from "stream-json";
import { pick } from "stream-json/filters/pick.js";
import { streamArray } from "stream-json/streamers/stream-array.js";
import { keep, pages, run } from "./peer.mjs";

await run(async (response) => {
  const path = pages === 0 ? [] : [pick({ filter: "data" })];
  const pools = chain([Readable.fromWeb(response.body), parser(), ...path, streamArray()]);
  for await (const { value } of pools) keep(value);
});
