import { request, type Asked, type Options } from "./request.js";
import { store, watch, type Store, type Watcher, type WatchOptions } from "./watch.js";
import type { components, paths } from "./schema.js";

export { Problem, type Options } from "./request.js";
export type { Snapshot, Store, Watcher, WatchOptions } from "./watch.js";

type Schemas = components["schemas"];
export type Token = Schemas["Token"];
export type TokenWithPools = Schemas["TokenWithPools"];
export type TokenList = Schemas["TokenList"];
export type Stats = Schemas["Stats"];
export type Health = Schemas["Health"];
export type Changes = Schemas["Changes"];
export type History = paths["/v1/tokens/{mint}/history"]["get"]["responses"][200]["content"]["application/json"];
export type HistoryRange = NonNullable<Query<"/v1/tokens/{mint}/history">["range"]>;
export type CreatorFees = paths["/v1/creators/{creator}/fees"]["get"]["responses"][200]["content"]["application/json"];
export type Day = Schemas["Days"]["data"][number];
export type DaysQuery = Query<"/v1/days">;
export type Hiding = Schemas["Hiding"];

type HiddenPage = paths["/v1/hidden"]["get"]["responses"][200]["content"]["application/json"];
type Query<P extends keyof paths> = paths[P] extends { get: { parameters: { query?: infer Q } } } ? NonNullable<Q> : never;

/** What a list can be asked for. `cursor` and `mints` have methods of their own. */
export type ListQuery = Omit<Query<"/v1/tokens">, "cursor" | "mints">;

/** The most mints that one request may name. */
const maxMints = 100;

/** A client of one API. It keeps no state and needs nothing but fetch. */
export class TokenSync {
  readonly #base: string;
  readonly #options: Options;

  /** @param base the API's URL, such as https://abc.execute-api.us-east-1.amazonaws.com */
  constructor(base: string | URL, options: Options = {}) {
    this.#base = String(base).replace(/\/+$/, "");
    this.#options = options;
  }

  /** One page of a list. */
  page(query: ListQuery & { cursor?: string } = {}, signal?: AbortSignal): Promise<TokenList> {
    return this.#get("/v1/tokens", query, signal);
  }

  /** Every token of a list, page by page as it is read. Each comes once, although syncs go on meanwhile. */
  async *tokens(query: ListQuery = {}, signal?: AbortSignal): AsyncGenerator<Token, void, undefined> {
    let cursor: string | null | undefined;
    do {
      const page: TokenList = await this.page(cursor ? { ...query, cursor } : query, signal);
      yield* page.data;
      cursor = page.next_cursor;
    } while (cursor);
  }

  /** Tokens by mint, listed or not, in the order asked; unknown ones are left out. */
  async byMints(mints: readonly string[], signal?: AbortSignal): Promise<Token[]> {
    const found: Token[] = [];
    for (let i = 0; i < mints.length; i += maxMints) {
      const some = mints.slice(i, i + maxMints).join(",");
      found.push(...(await this.#get<TokenList>("/v1/tokens", { mints: some }, signal)).data);
    }
    return found;
  }

  /** One token with its pools. An unknown mint is a Problem with status 404. */
  token(mint: string, signal?: AbortSignal): Promise<TokenWithPools> {
    return this.#get(`/v1/tokens/${encodeURIComponent(mint)}`, {}, signal);
  }

  /** What a token has cost, from the API's own runs. */
  history(mint: string, range: HistoryRange = "24h", signal?: AbortSignal): Promise<History> {
    return this.#get(`/v1/tokens/${encodeURIComponent(mint)}/history`, { range }, signal);
  }

  /** What a creator's tokens have earned for him, by quote. */
  creatorFees(creator: string, signal?: AbortSignal): Promise<CreatorFees> {
    return this.#get(`/v1/creators/${encodeURIComponent(creator)}/fees`, {}, signal);
  }

  /** What was launched, traded and earned on each day, the first one first; of 30 days unless more are asked for. */
  async days(query: DaysQuery = {}, signal?: AbortSignal): Promise<Day[]> {
    return (await this.#get<Schemas["Days"]>("/v1/days", query, signal)).data;
  }

  /** Every token that the operator has hidden, page by page as it is read. This and what follows needs `operatorToken`. */
  async *hidden(signal?: AbortSignal): AsyncGenerator<Hiding, void, undefined> {
    let cursor: string | null | undefined;
    do {
      const page: HiddenPage = await this.#get("/v1/hidden", { limit: 100, cursor }, signal, { operator: true });
      yield* page.data;
      cursor = page.next_cursor;
    } while (cursor);
  }

  /** Takes a token out of the lists, in a few seconds, until it is shown again. */
  hide(mint: string, reason: string, signal?: AbortSignal): Promise<Hiding> {
    return this.#get(`/v1/hidden/${encodeURIComponent(mint)}`, {}, signal, { operator: true, method: "PUT", body: { reason } });
  }

  /** Lets the next run put a hidden token back. */
  show(mint: string, signal?: AbortSignal): Promise<void> {
    return this.#get(`/v1/hidden/${encodeURIComponent(mint)}`, {}, signal, { operator: true, method: "DELETE" });
  }

  stats(signal?: AbortSignal): Promise<Stats> {
    return this.#get("/v1/stats", {}, signal);
  }

  /** Resolves when a check fails too: `status` says so. */
  health(signal?: AbortSignal): Promise<Health> {
    return request(this.#base + "/v1/health", { ...this.#options, retries: 0 }, { accept: [503] }, signal);
  }

  /** What changed since a version of the board; without one, only the newest version. */
  changes(since?: string, signal?: AbortSignal): Promise<Changes> {
    return this.#get("/v1/changes", since === undefined ? {} : { since }, signal);
  }

  /** Keeps all listed tokens up to date and calls back whenever some changed, until it is stopped. */
  watch(options: WatchOptions): Watcher {
    return watch(this, options);
  }

  /** What `watch` knows, for React's useSyncExternalStore and its like. Keep one for the whole page. */
  store(options: Omit<WatchOptions, "onChange"> = {}): Store {
    return store(this, options);
  }

  #get<T>(path: string, query: Record<string, unknown>, signal?: AbortSignal, asked?: Asked): Promise<T> {
    const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
    const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
    return request(this.#base + path + (search && "?" + search), this.#options, asked, signal);
  }
}
