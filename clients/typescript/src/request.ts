/** How requests are made. */
export interface Options {
  /** Takes the place of the global fetch. */
  fetch?: typeof fetch;
  /** How often a request that may succeed later is made again; 4 by default. */
  retries?: number;
  /** The longest wait before a retry, in milliseconds; 30 s by default. Who has to wait for longer gets the problem instead. */
  maxWait?: number;
  /** How long one attempt may take, in milliseconds; 10 s by default. */
  timeout?: number;
  /** Makes requests the operator's, where they have to be. Keep it out of pages that others open. */
  operatorToken?: string;
}

/** What is asked beside a URL. Methods that change something do so only once, however often they are made. */
export interface Asked {
  method?: "GET" | "PUT" | "DELETE";
  body?: unknown;
  /** As the operator. */
  operator?: boolean;
  /** Statuses that are no failure. */
  accept?: readonly number[];
}

interface Details {
  type?: string;
  title?: string;
  detail?: string;
  parameter?: string;
}

/** What the API has against a request: its application/problem+json, or the gateway's own answer. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  /** The parameter at fault, if one is. */
  readonly parameter: string | undefined;

  constructor(
    readonly status: number,
    readonly url: string,
    details: Details & { message?: string },
  ) {
    super(details.detail ?? details.message ?? details.title ?? `status ${status}`);
    this.type = details.type ?? "about:blank";
    this.title = details.title ?? details.message ?? "";
    this.detail = this.message;
    this.parameter = details.parameter;
  }
}

const firstWait = 500;

/** Resolves after some milliseconds, and rejects as soon as the signal is aborted. */
export function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const done = () => {
      signal?.removeEventListener("abort", aborted);
      resolve();
    };
    const timer = setTimeout(done, ms);
    const aborted = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    signal?.addEventListener("abort", aborted, { once: true });
  });
}

/** A pause that doubles with every attempt, of a random length so that clients do not come back together, in milliseconds. */
export function backOff(attempt: number, longest: number): number {
  return Math.min(firstWait * 2 ** attempt, longest) * (0.5 + Math.random() / 2);
}

function init(options: Options, { method = "GET", body, operator = false }: Asked, signal: AbortSignal): RequestInit {
  const headers: Record<string, string> = { accept: "application/json" };
  if (operator) headers["authorization"] = `Bearer ${options.operatorToken ?? ""}`;
  if (body === undefined) return { method, headers, signal };
  headers["content-type"] = "application/json";
  return { method, headers, signal, body: JSON.stringify(body) };
}

/** Gets JSON, undefined where there is none. 429, 5xx and broken connections are tried again, after Retry-After where the server says so. */
export async function request<T>(url: string, options: Options, asked: Asked = {}, signal?: AbortSignal): Promise<T> {
  const { retries = 4, maxWait = 30_000, timeout = 10_000 } = options;
  for (let attempt = 0; ; attempt++) {
    let pause = backOff(attempt, maxWait);
    let failure: unknown;
    const limit = limited(timeout, signal);
    try {
      const response = await (options.fetch ?? fetch)(url, init(options, asked, limit.signal));
      if (response.status === 204) return undefined as T;
      if (response.ok || asked.accept?.includes(response.status)) return (await response.json()) as T;
      failure = new Problem(response.status, url, await details(response));
      if (response.status !== 429 && response.status < 500) throw failure;
      pause = Math.max(pause, retryAfter(response));
    } catch (error) {
      if (error === failure || signal?.aborted) throw error;
      failure = error; // the connection
    } finally {
      limit.end();
    }
    if (attempt >= retries || pause > maxWait) throw failure;
    await wait(pause, signal);
  }
}

/** A signal that is aborted with another one, and after some milliseconds unless it is ended before. */
function limited(ms: number, signal?: AbortSignal): { signal: AbortSignal; end: () => void } {
  signal?.throwIfAborted();
  const own = new AbortController();
  const forward = () => own.abort(signal!.reason);
  const timer = setTimeout(() => own.abort(new DOMException(`no answer within ${ms} ms`, "TimeoutError")), ms);
  signal?.addEventListener("abort", forward, { once: true });
  const end = () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", forward);
  };
  return { signal: own.signal, end };
}

async function details(response: Response): Promise<Details> {
  try {
    const body: unknown = await response.json();
    return typeof body === "object" && body !== null ? body : {};
  } catch {
    return {};
  }
}

/** Milliseconds until the server wants to be asked again; 0 when it does not say. */
function retryAfter(response: Response): number {
  const value = response.headers.get("retry-after") ?? "";
  const seconds = Number(value);
  if (value !== "" && Number.isFinite(seconds)) return seconds * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? 0 : Math.max(0, at - Date.now());
}
