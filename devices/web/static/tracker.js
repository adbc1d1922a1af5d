// A tracker's page: the phone says where it is. What cannot be sent waits in the phone, in order, and is sent once.
import { createElement, render } from "./vendor/preact.js";
import { useEffect, useRef, useState } from "./vendor/hooks.js";
import { key, request } from "./api.js";
import { Queue } from "./queue.js";
import { Act, Block, Fault, html } from "./parts.js";
import { T } from "./texts.js";

const STILL_MS = 10000; // a phone that does not move says nothing by itself, and a trip that hears nothing has lost its signal
const AGAIN_MS = [1000, 2000, 5000, 15000];

/** What happens in which state, and the state it leads to: every fault of the phone's place has its row. */
export const CHART = {
  idle: { begun: "asking", insecure: "insecure" },
  asking: { placed: "sharing", lost: "unsure", denied: "denied", stopped: "ended", refused: "refused" },
  sharing: { placed: "sharing", lost: "unsure", denied: "denied", stopped: "ended", refused: "refused" },
  unsure: { placed: "sharing", lost: "unsure", denied: "denied", stopped: "ended", refused: "refused" },
  denied: { begun: "asking", stopped: "ended", refused: "refused" },
  insecure: { begun: "asking" },
  refused: { begun: "asking", stopped: "ended" },
  ended: { begun: "asking" },
};

function Tracker() {
  const [state, setState] = useState("idle");
  const [title, setTitle] = useState("");
  const [trip, setTrip] = useState();
  const [left, setLeft] = useState(0);
  const [fault, setFault] = useState("");
  const [awake, setAwake] = useState(false);
  const it = useRef({ tries: 0 }).current;
  const take = (happening) => setState((now) => CHART[now][happening] || now);

  const send = async () => {
    if (it.sending) return;
    it.sending = true;
    clearTimeout(it.timer);
    try {
      for (let next = await it.queue.first(); next && it.trip; next = await it.queue.first()) {
        await request(`api/trips/${it.trip.slug}/update`, { method: "POST", id: next.id, body: { ...next.fix, token: it.trip.token } });
        await it.queue.remove(next.n);
        setLeft(await it.queue.count());
        it.tries = 0;
        setFault("");
      }
    } catch (error) {
      setFault(error.message);
      if (error.status >= 400 && error.status < 500 && error.status !== 408 && error.status !== 429) take("refused");
      else it.timer = setTimeout(send, AGAIN_MS[Math.min(it.tries++, AGAIN_MS.length - 1)]);
    }
    it.sending = false;
  };

  const watch = () => {
    rest();
    const placed = async (position) => {
      it.placedMs = Date.now();
      take("placed");
      await it.queue.add(key(), fixOf(position));
      setLeft(await it.queue.count());
      send();
    };
    const failed = (error) => take(error.code === error.PERMISSION_DENIED ? "denied" : "lost");
    const options = { enableHighAccuracy: true, maximumAge: 2000, timeout: 30000 };
    it.watch = navigator.geolocation.watchPosition(placed, failed, options);
    it.still = setInterval(() => {
      if (Date.now() - it.placedMs > STILL_MS) navigator.geolocation.getCurrentPosition(placed, failed, options);
    }, STILL_MS);
    keepAwake();
  };

  const keepAwake = async () => {
    it.lock = await navigator.wakeLock?.request("screen").catch(() => undefined);
    setAwake(Boolean(it.lock));
  };

  const rest = () => {
    navigator.geolocation?.clearWatch(it.watch);
    clearInterval(it.still);
    it.lock?.release();
    it.lock = undefined;
    setAwake(false);
  };

  const goOn = (found) => {
    it.trip = found;
    setTrip(found);
    take("begun");
    watch();
  };

  const start = async () => {
    if (!isSecureContext || !navigator.geolocation) return take("insecure");
    if (it.trip && state !== "refused") return goOn(it.trip);
    const made = await request("api/trips", { method: "POST", body: { title }, id: key() }).catch((error) => {
      throw error.status === 401 ? new Error(T.signInFirst) : error;
    });
    await it.queue.clear();
    await it.queue.keep(made);
    return goOn(made);
  };

  const stop = async () => {
    await send();
    await request(`api/trips/${it.trip.slug}/stop`, { method: "POST", body: { token: it.trip.token }, id: key() });
    await it.queue.keep();
    it.trip = undefined;
    rest();
    take("stopped");
  };

  useEffect(() => {
    Queue.open().then(async (queue) => {
      it.queue = queue;
      setLeft(await queue.count());
      const found = await queue.trip();
      if (found && isSecureContext) goOn(found);
    });
    const seen = () => it.trip && document.visibilityState === "visible" && keepAwake();
    const online = () => it.trip && send();
    document.addEventListener("visibilitychange", seen);
    addEventListener("online", online);
    return rest;
  }, []);

  const under = !["idle", "ended", "insecure"].includes(state);
  return html`<main class="trip">
    <header class="head"><h1>${T.share}</h1></header>
    <p class="dim">${T.shareHelp}</p>
    <p class=${`state ${state}`} role="status">${T.tracker[state]}</p>
    <${Fault} text=${fault} />
    ${!under && html`<label>${T.tripTitle}<input value=${title} maxlength="200" placeholder=${T.tripTitleHint}
      onInput=${(event) => setTitle(event.target.value)} /></label>`}
    <p class="form">${(!under || state === "denied" || state === "refused") && html`<${Act} kind="main" does=${start}>${T.start}<//>`}
      ${trip && under && html`<${Act} does=${stop}>${T.stop}<//>`}</p>
    ${trip && html`<section><h2>${T.link}</h2><${Block} text=${new URL(`trip#${trip.slug}`, location.href).href} /></section>`}
    ${trip && html`<p role="status">${T.waitingToSend(left)}</p>`}
    ${under && html`<p class="dim">${awake ? T.awake : T.asleep}</p>`}
    <p><a href="./">${T.back}</a></p>
  </main>`;
}

/** A position of the browser's as the gateway takes it; what the phone does not know is left out. */
function fixOf({ coords, timestamp }) {
  const fix = { latitude_deg: coords.latitude, longitude_deg: coords.longitude, at_ms: Math.round(timestamp), accuracy_m: coords.accuracy };
  if (coords.speed !== null) fix.speed_mps = coords.speed;
  if (coords.heading !== null && !Number.isNaN(coords.heading)) fix.heading_deg = coords.heading;
  if (coords.altitude !== null) fix.altitude_m = coords.altitude;
  return fix;
}

render(createElement(Tracker), document.getElementById("app"));
