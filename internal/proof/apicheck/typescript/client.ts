// A typed client of the read API. schema.ts is generated: npx openapi-typescript <API>/v1/openapi.json -o schema.ts
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Token = components["schemas"]["Token"];
type Sort = NonNullable<NonNullable<paths["/v1/tokens"]["get"]["parameters"]["query"]>["sort"]>;

const api = createClient<paths>({ baseUrl: process.env.API_URL ?? "http://127.0.0.1:3000" });

// all pages through a list; a problem's detail says what was wrong.
async function* all(sort: Sort): AsyncGenerator<Token> {
  let cursor: string | undefined;
  do {
    const { data, error } = await api.GET("/v1/tokens", { params: { query: { sort, limit: 100, cursor } } });
    if (error) throw new Error(`${error.title}: ${error.detail}`);
    yield* data.data;
    cursor = data.next_cursor ?? undefined;
  } while (cursor);
}

// watch asks for tokens by their mints, in that order.
async function watch(mints: string[]): Promise<Token[]> {
  const { data, error } = await api.GET("/v1/tokens", {
    params: { query: { mints } },
    querySerializer: { array: { style: "form", explode: false } },
  });
  if (error) throw new Error(error.detail);
  return data.data;
}

const mints = new Set<string>();
for await (const token of all("market_cap")) mints.add(token.mint);

const some = [...mints].slice(0, 3).reverse();
const watched = await watch(some);
if (watched.map((t) => t.mint).join() !== some.join()) throw new Error("the watch list is not in the order asked");

const { data: token } = await api.GET("/v1/tokens/{mint}", { params: { path: { mint: some[0] } } });
if (!token || token.pools.length !== token.pool_count) throw new Error("a token without its pools");
const price: number | null = token.price_usd; // null is unknown

const missing = await api.GET("/v1/tokens/{mint}", {
  params: { path: { mint: "So11111111111111111111111111111111111111112" } },
});
if (missing.error?.status !== 404) throw new Error("an unknown mint is not a 404");

const bad = await api.GET("/v1/tokens", { params: { query: { limit: 101 } } });
const fault = bad.error && "parameter" in bad.error ? bad.error.parameter : undefined;
if (fault !== "limit") throw new Error("a bad limit is not named");

const { data: stats } = await api.GET("/v1/stats");
if (stats?.tokens !== mints.size) throw new Error(`${mints.size} tokens listed, ${stats?.tokens} counted`);
const { data: health } = await api.GET("/v1/health");
console.log(`${mints.size} tokens, health ${health?.status}, ${token.symbol} at ${price}`);
