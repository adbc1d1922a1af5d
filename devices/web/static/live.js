// What the pages know of the gateway now: the state of each actor by its id, kept up by the stream of events.
import { useEffect, useState } from "./vendor/hooks.js";
import { get } from "./api.js";
import { Connection } from "./connection.js";

const OF = "twin/*,pulses/*,toggle/*,alarm/*,trip/*,names/all";

const LOOK_MS = 1000;

export const live = { actors: {}, pins: {}, connection: "connecting" };
const readers = new Set();
let drawn = false;
let line;
let fresh = {};

/** Begin to follow, or follow anew after a sign-in. */
export function follow() {
  line?.close();
  line = new Connection(`api/events?of=${encodeURIComponent(OF)}`, { onEvent: hear, onState: stand });
}

export const tryNow = () => line.take("asked");
export const lock = () => line?.take("locked");

/** Note one event: how all actors stand, on one event or several, or what a commit made of some. What was there stays until all is there. */
function hear(name, said) {
  if (said.begin) fresh = {};
  const actors = name === "snapshot" ? fresh : live.actors;
  for (const { id, state } of said.states) {
    if (state === null) delete actors[id];
    else actors[id] = state;
  }
  if (said.end) live.actors = fresh;
  draw();
}

function stand(state) {
  live.connection = state;
  draw();
}

/** Have every reader draw once before the next frame, however many events came. */
export function draw() {
  if (drawn) return;
  drawn = true;
  requestAnimationFrame(() => {
    drawn = false;
    for (const reader of readers) reader();
  });
}

/** Draw a component again whenever something is new, and once a second for the ages. */
export function useLive() {
  const [, again] = useState(0);
  useEffect(() => {
    const reader = () => again((n) => n + 1);
    readers.add(reader);
    const beat = setInterval(reader, 1000);
    return () => {
      readers.delete(reader);
      clearInterval(beat);
    };
  }, []);
  return live;
}

/** Look at the pins each second while a component is shown: their levels are in nobody's state, but read of the lines. */
export function usePins() {
  useEffect(() => {
    const timer = setInterval(lookAtPins, LOOK_MS);
    lookAtPins();
    return () => clearInterval(timer);
  }, []);
}

export async function lookAtPins() {
  if (document.hidden || ["locked", "away", "offline"].includes(live.connection)) return;
  const found = await get("api/host-bound?of=gpio/").catch(() => null);
  if (!found) return;
  live.pins = Object.fromEntries(found.hosted.map((pin) => [pin.id, pin]));
  draw();
}

/** The actors of a kind as [id, state], in the order of their ids. */
export function ofKind(kind) {
  return Object.entries(live.actors)
    .filter(([id]) => id.startsWith(`${kind}/`))
    .sort(([one], [other]) => (one < other ? -1 : 1));
}

/** The names that people gave to actors, by their ids. */
export const names = () => live.actors["names/all"]?.names || {};
