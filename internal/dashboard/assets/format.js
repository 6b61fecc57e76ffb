// Texts for people. What is unknown is a dash.
const dash = "–";
const language = "en";

const whole = new Intl.NumberFormat(language);
const dollars = new Intl.NumberFormat(language, { style: "currency", currency: "USD", notation: "compact", maximumSignificantDigits: 4 });
const small = new Intl.NumberFormat(language, { maximumSignificantDigits: 4 });
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
const clock = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });

export const count = (n) => (n == null ? dash : whole.format(n));
export const usd = (n) => (n == null ? dash : Math.abs(n) >= 0.01 || n === 0 ? dollars.format(n) : "$" + small.format(n));
export const percent = (share) => (share == null ? dash : Math.floor(share * 1000) / 10 + " %");

const signed = new Intl.NumberFormat(language, { maximumFractionDigits: 1, signDisplay: "exceptZero" });
export const change = (pct) => (pct == null ? dash : signed.format(pct) + " %");

export function bytes(n) {
  if (n == null) return dash;
  const units = ["B", "KiB", "MiB", "GiB"];
  let i = 0;
  for (; n >= 1024 && i < units.length - 1; i++) n /= 1024;
  return (i === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)) + " " + units[i];
}

export function duration(ms) {
  if (ms < 1000) return ms + " ms";
  const s = ms / 1000;
  return s < 90 ? s.toFixed(1) + " s" : Math.floor(s / 60) + " min " + Math.round(s % 60) + " s";
}

export function ago(when, now = Date.now()) {
  const s = (new Date(when) - now) / 1000;
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(s) >= size) return relative.format(Math.trunc(s / size), unit);
  }
  return relative.format(Math.trunc(s), "second");
}

export const moment = (when) => (when == null ? dash : clock.format(new Date(when)));
