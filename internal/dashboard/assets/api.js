// The API, with the operator's token where it is needed. The token lives in this tab only.
const key = "tokensync-operator";

export const token = {
  get: () => sessionStorage.getItem(key),
  set: (value) => sessionStorage.setItem(key, value),
  clear: () => sessionStorage.removeItem(key),
};

// Refused is an answer to a missing or wrong token; Outage is anything else that is not what was asked for.
export class Refused extends Error {}
export class Outage extends Error {}

const patience = 15_000; // ms

// send changes something, as the operator.
export const send = (method, path, body) => get(path, { operator: true, method, body });

export async function get(path, { operator = false, also = [], method, body: given } = {}) {
  const headers = operator ? { Authorization: "Bearer " + (token.get() ?? "") } : {};
  if (given !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, body: given && JSON.stringify(given), signal: AbortSignal.timeout(patience) });
  } catch (error) {
    throw new Outage(error.name === "TimeoutError" ? "does not answer" : "cannot be reached");
  }
  if (operator && (response.status === 401 || response.status === 403)) throw new Refused();
  if (response.status === 204) return null;
  let body;
  try {
    body = await response.json();
  } catch {
    throw new Outage(`answers ${response.status} without JSON`);
  }
  if (!response.ok && !also.includes(response.status)) throw new Outage(`answers ${response.status}: ${body.detail ?? body.message ?? "no reason given"}`);
  return body;
}
