// Values, times and names as people read them. Pure.
import { T } from "./texts.js";

const TAIL = /_(c|f|pct|v|mv|a|ma|w|kw|wh|kwh|hpa|pa|bar|mbar|va|var|ml|m|mm|cm|km|m3|l|kg|g|s|ms|mps|kmh|deg|lx|ppm|hz|rh|db|dbm|bytes)$/i;
const STEPS = [[60, 1, "s"], [3600, 60, "min"], [86400, 3600, "h"], [Infinity, 86400, "d"]];

/** How long something takes, in seconds, as "5 min". */
export function span(s) {
  const [, size, unit] = STEPS.find(([below]) => s < below);
  return `${Math.max(0, Math.floor(s / size))} ${unit}`;
}

/** How long ago a wall time in milliseconds was. */
export function age(ms, nowMs) {
  if (!ms) return T.never;
  const s = (nowMs - ms) / 1000;
  return s < 2 ? T.now : T.ago(span(s));
}

/** A time of the day, with the date where it is not today's. */
export function when(ms) {
  if (!ms) return T.never;
  const at = new Date(ms);
  const today = at.toDateString() === new Date().toDateString();
  return at.toLocaleString([], today ? { timeStyle: "medium" } : { dateStyle: "medium", timeStyle: "short" });
}

/** A value, without its unit. */
export function shown(value) {
  if (value === null || value === undefined) return T.unknown;
  if (value === true) return T.on;
  if (value === false) return T.off;
  if (typeof value === "number") return number(value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A value that answers its own name, as "Open: yes" does. */
export function answer(value) {
  return value === true ? T.yes : value === false ? T.no : shown(value);
}

function number(value) {
  const size = Math.abs(value);
  if (size < 1) return value.toLocaleString([], { maximumSignificantDigits: 3 }); // a gram of a kilogram is a reading too
  const digits = size >= 1000 ? 0 : size >= 100 ? 1 : 2;
  return value.toLocaleString([], { maximumFractionDigits: digits });
}

/** What is left of a name of the program's when people read it: "outside_temp_c" is "Outside temp". */
export function words(name, unit = "x") {
  const bare = unit ? name.replace(TAIL, "") || name : name;
  const text = bare.replace(/[_-]+/g, " ").trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A verb as people read it: those of the gateway's own have words. */
export function verb(name) {
  return Object.hasOwn(T.builtin, name) ? T.builtin[name] : name;
}

/** What an actor is called on the pages: as somebody named it here, or by its key. */
export function called(id, names) {
  return names[id] || words(id.slice(id.indexOf("/") + 1).replaceAll("/", " › "), "");
}

/** An actor id as a part of a URL. */
export function path(id) {
  return id.split("/").map(encodeURIComponent).join("/");
}

/** A part of a URL as it was before; one that was never encoded as it is. */
export function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
