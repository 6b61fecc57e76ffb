import { backOff, Problem, wait } from "./request.js";
import type { Token, TokenSync } from "./index.js";

/** All listed tokens after a change, and what it was. */
export interface Snapshot {
  /** By mint. The map is the watcher's own: read it, do not change it. */
  tokens: ReadonlyMap<string, Token>;
  /** Tokens that are new or changed since the last call; all of them at first, and after a long absence. */
  changed: readonly Token[];
  /** Mints that left the lists. */
  gone: readonly string[];
}

export interface WatchOptions {
  onChange: (snapshot: Snapshot) => void;
  /** Called with what went wrong, in onChange too; the watcher goes on by itself. */
  onError?: (error: unknown) => void;
  /** Milliseconds between two looks; 2 s by default. */
  interval?: number;
  signal?: AbortSignal;
}

export interface Watcher {
  stop(): void;
  /** Settles when the watcher has stopped; it never rejects. */
  readonly stopped: Promise<void>;
}

/** What React's useSyncExternalStore takes. It watches while somebody subscribes, all of them with one watcher. */
export interface Store {
  subscribe(this: void, listener: () => void): () => void;
  /** A new object after each change; undefined before the lists were read. */
  getSnapshot(this: void): Snapshot | undefined;
}

export function store(api: TokenSync, options: Omit<WatchOptions, "onChange">): Store {
  const listeners = new Set<{ notify: () => void }>(); // the same function may come twice
  let latest: Snapshot | undefined;
  let watcher: Watcher | undefined;
  const onChange = (snapshot: Snapshot) => {
    latest = snapshot;
    for (const { notify } of [...listeners]) notify();
  };
  const subscribe = (notify: () => void) => {
    const own = { notify };
    listeners.add(own);
    watcher ??= watch(api, { ...options, onChange });
    return () => {
      if (!listeners.delete(own) || listeners.size > 0) return;
      watcher?.stop();
      watcher = undefined;
    };
  };
  return { subscribe, getSnapshot: () => latest };
}

const longestWait = 60_000;

export function watch(api: TokenSync, options: WatchOptions): Watcher {
  const own = new AbortController();
  const stop = () => own.abort();
  options.signal?.addEventListener("abort", stop, { once: true });
  if (options.signal?.aborted) stop();
  const stopped = run(api, options, own.signal).finally(() => options.signal?.removeEventListener("abort", stop));
  return { stop, stopped };
}

async function run(api: TokenSync, options: WatchOptions, signal: AbortSignal): Promise<void> {
  const mirror = new Mirror(api, signal);
  for (let failures = 0; !signal.aborted; ) {
    let pause = options.interval ?? 2000;
    try {
      const snapshot = await mirror.look();
      failures = 0;
      if (snapshot && !signal.aborted) options.onChange(snapshot);
    } catch (error) {
      if (signal.aborted) return;
      options.onError?.(error);
      pause = Math.max(pause, backOff(failures++, longestWait));
    }
    await wait(pause, signal).catch(() => undefined);
  }
}

/** The listed tokens as of one version of the board. */
class Mirror {
  readonly #tokens = new Map<string, Token>();
  #version: string | undefined;

  constructor(
    readonly api: TokenSync,
    readonly signal: AbortSignal,
  ) {}

  /** What is new since the last look; undefined when nothing is. */
  async look(): Promise<Snapshot | undefined> {
    if (this.#version === undefined) return this.#readAll();
    try {
      return await this.#readChanges(this.#version);
    } catch (error) {
      if (!(error instanceof Problem && error.status === 410)) throw error;
      return this.#readAll(); // away for too long, or another stack
    }
  }

  /** Reads the lists. The version is asked for first: what changes meanwhile comes again with the next look. */
  async #readAll(): Promise<Snapshot> {
    const { version } = await this.api.changes(undefined, this.signal);
    const before = new Set(this.#tokens.keys());
    const fresh = new Map<string, Token>();
    for await (const token of this.api.tokens({ limit: 100 }, this.signal)) fresh.set(token.mint, token);
    this.#tokens.clear();
    for (const [mint, token] of fresh) this.#tokens.set(mint, token);
    this.#version = version;
    const gone = [...before].filter((mint) => !fresh.has(mint));
    return { tokens: this.#tokens, changed: [...fresh.values()], gone };
  }

  async #readChanges(since: string): Promise<Snapshot | undefined> {
    const changed = new Map<string, Token>();
    const gone = new Set<string>();
    for (;;) {
      const next = await this.api.changes(since, this.signal);
      for (const token of next.data ?? []) {
        this.#tokens.set(token.mint, token);
        changed.set(token.mint, token);
        gone.delete(token.mint);
      }
      for (const mint of next.gone ?? []) {
        this.#tokens.delete(mint);
        changed.delete(mint);
        gone.add(mint);
      }
      this.#version = next.version;
      if (next.version === since || !next.more) break;
      since = next.version;
    }
    return changed.size + gone.size > 0 ? { tokens: this.#tokens, changed: [...changed.values()], gone: [...gone] } : undefined;
  }
}
