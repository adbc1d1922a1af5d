// The connection to the gateway's events, as a statechart: one table, and what is done on entering each state.
// Every fault has a row, and every state a way out; what a person reads in each is T.connection[state].

export const CHART = {
  connecting: { opened: "live", failed: "away", crowded: "full", locked: "locked", odd: "broken", offline: "offline" },
  live: { ended: "away", silent: "away", failed: "away", offline: "offline", locked: "locked" },
  away: { waited: "connecting", asked: "connecting", online: "connecting", offline: "offline" },
  full: { waited: "connecting", asked: "connecting", offline: "offline" },
  offline: { online: "connecting", asked: "connecting" },
  locked: { entered: "connecting" },
  broken: { waited: "connecting", asked: "connecting" },
};

const SILENT_MS = 40000; // the gateway sends a comment every 15 s
const FIRST_MS = 500;
const LONGEST_MS = 15000;
const ODD_MS = 30000;

/** Follows a stream of server-sent events until `close`; comes back by itself, from the last event that it has seen. */
export class Connection {
  constructor(url, { onEvent, onState }) {
    this.url = url;
    this.onEvent = onEvent;
    this.onState = onState;
    this.lastId = "";
    this.tries = 0;
    this.state = "";
    this.online = () => this.take("online");
    this.offline = () => this.take("offline");
    addEventListener("online", this.online);
    addEventListener("offline", this.offline);
    this.enter("connecting");
  }

  /** Take what happened; what has no row in this state changes nothing. */
  take(happening) {
    const next = CHART[this.state]?.[happening];
    if (next) this.enter(next);
  }

  close() {
    removeEventListener("online", this.online);
    removeEventListener("offline", this.offline);
    this.leave();
    this.state = "";
  }

  leave() {
    clearTimeout(this.timer);
    this.stream?.abort();
    this.stream = undefined;
  }

  enter(state) {
    if (state !== "live") this.leave();
    this.state = state;
    if (state === "connecting") this.connect();
    if (state === "live") this.tries = 0;
    if (state === "away") this.after(Math.random() * 300 + Math.min(LONGEST_MS, FIRST_MS * 2 ** this.tries++), "waited");
    if (state === "full" || state === "broken") this.after(ODD_MS, "waited");
    this.onState(state);
  }

  after(ms, happening) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.take(happening), ms);
  }

  async connect() {
    const stream = (this.stream = new AbortController());
    const happens = (what) => this.stream === stream && this.take(what);
    try {
      const headers = { Accept: "text/event-stream" };
      if (this.lastId) headers["Last-Event-ID"] = this.lastId;
      this.after(SILENT_MS, "failed");
      const answer = await fetch(this.url, { headers, cache: "no-store", signal: stream.signal });
      if (!answer.ok || !answer.headers.get("Content-Type")?.startsWith("text/event-stream")) return happens(fault(answer.status));
      happens("opened");
      await this.read(answer.body.getReader(), stream);
      happens("ended");
    } catch {
      happens("failed");
    }
  }

  async read(reader, stream) {
    const decoder = new TextDecoder();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done || this.stream !== stream) return;
      this.after(SILENT_MS, "silent");
      const blocks = (rest + decoder.decode(value, { stream: true }).replaceAll("\r", "")).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) this.hear(block);
    }
  }

  hear(block) {
    const event = { name: "message", data: "" };
    for (const line of block.split("\n")) {
      const at = line.indexOf(":");
      const said = line.slice(at + 1).replace(/^ /, "");
      if (line.startsWith("data:")) event.data += (event.data && "\n") + said;
      if (line.startsWith("id:")) this.lastId = said;
      if (line.startsWith("event:")) event.name = said;
    }
    if (event.data) this.onEvent(event.name, JSON.parse(event.data));
  }
}

function fault(status) {
  if (status === 401 || status === 403) return "locked";
  if (status === 503 || status === 429) return "crowded";
  return status >= 500 ? "failed" : "odd";
}
