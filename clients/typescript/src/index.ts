import { request, type Options } from "./request.js";
import { watch, type Watcher, type WatchOptions } from "./watch.js";
import type { components, paths } from "./schema.js";

export { Problem, type Options } from "./request.js";
export type { Snapshot, Watcher, WatchOptions } from "./watch.js";

type Schemas = components["schemas"];
export type Token = Schemas["Token"];
export type TokenWithPools = Schemas["TokenWithPools"];
export type TokenList = Schemas["TokenList"];
export type Stats = Schemas["Stats"];
export type Health = Schemas["Health"];
export type Changes = Schemas["Changes"];
export type CreatorFees = paths["/v1/creators/{creator}/fees"]["get"]["responses"][200]["content"]["application/json"];

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

  /** What a creator's tokens have earned for him, by quote. */
  creatorFees(creator: string, signal?: AbortSignal): Promise<CreatorFees> {
    return this.#get(`/v1/creators/${encodeURIComponent(creator)}/fees`, {}, signal);
  }

  stats(signal?: AbortSignal): Promise<Stats> {
    return this.#get("/v1/stats", {}, signal);
  }

  /** Resolves when a check fails too: `status` says so. */
  health(signal?: AbortSignal): Promise<Health> {
    return request(this.#base + "/v1/health", { ...this.#options, retries: 0, accept: [503] }, signal);
  }

  /** What changed since a version of the board; without one, only the newest version. */
  changes(since?: string, signal?: AbortSignal): Promise<Changes> {
    return this.#get("/v1/changes", since === undefined ? {} : { since }, signal);
  }

  /** Keeps all listed tokens up to date and calls back whenever some changed, until it is stopped. */
  watch(options: WatchOptions): Watcher {
    return watch(this, options);
  }

  #get<T>(path: string, query: Record<string, unknown>, signal?: AbortSignal): Promise<T> {
    const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
    const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
    return request(this.#base + path + (search && "?" + search), this.#options, signal);
  }
}
