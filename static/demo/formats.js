/* Times and sizes as people say them, in the browser's language. */

export function shortTime(text) {
  const moment = new Date(text);
  if (Number.isNaN(moment.valueOf())) {
    return "";
  }
  const today = moment.toDateString() === new Date().toDateString();
  return new Intl.DateTimeFormat(undefined, today ? { timeStyle: "short" } : { month: "short", day: "numeric" }).format(moment);
}

export function longTime(text) {
  const moment = new Date(text);
  return Number.isNaN(moment.valueOf()) ? "" : new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format(moment);
}

export function size(bytes) {
  const units = ["byte", "kilobyte", "megabyte"];
  const power = Math.min(2, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const style = { style: "unit", unit: units[power], unitDisplay: power ? "short" : "long", maximumFractionDigits: power > 1 ? 1 : 0 };
  return new Intl.NumberFormat(undefined, style).format(bytes / 1024 ** power);
}
