// Asks of the gateway over HTTP. Every URL is relative, so the pages work behind any prefix.
import { T } from "./texts.js";
import { path } from "./format.js";

/** A request that the gateway did not do; its message is the gateway's own sentence. */
export class Refused extends Error {
  constructor(status, title, detail) {
    super(detail || title);
    this.status = status;
  }
}

/** Called when the gateway wants a token. */
export const locks = { locked: () => {} };

export async function request(url, { method = "GET", body, id } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (id) headers["Idempotency-Key"] = id;
  let answer;
  try {
    answer = await fetch(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Refused(0, T.connection.away);
  }
  const said = await answer.json().catch(() => null);
  if (answer.ok) return said;
  if (answer.status === 401) locks.locked();
  throw new Refused(answer.status, said?.title || `${answer.status} ${answer.statusText}`, said?.detail);
}

export const get = (url) => request(url);
export const post = (url, body = {}, id) => request(url, { method: "POST", body, id });

/** Ask an actor; the answer is its reply. */
export const ask = (id, verb, payload = {}) => post(`api/actors/${path(id)}/${verb}`, payload, key());

/** An id that nobody else makes: a repeat of the request under it is done once. */
export function key() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
