// A follower's page: where a trip is now and how it came there. Whoever has its name may look.
import { createElement, render } from "./vendor/preact.js";
import { useEffect, useRef, useState } from "./vendor/hooks.js";
import { get } from "./api.js";
import { Connection } from "./connection.js";
import { age, decoded } from "./format.js";
import { WayMap } from "./map.js";
import { Badge, Empty, html } from "./parts.js";
import { T } from "./texts.js";

const RESUMED_MS = 15000;
const KINDS = { moving: "good", resumed: "good", lost: "bad", waiting: "warn", stopped: "" };
const KMH = 3.6;
const NO_TRIP = [400, 404]; // no trip, or no name that one can have

function Follower({ slug }) {
  const [trip, setTrip] = useState();
  const [standing, setStanding] = useState("connecting");
  const [gone, setGone] = useState(false);
  const [, beat] = useState(0);
  const seen = useRef({ points: [], resumedMs: 0, phase: "" }).current;
  const place = useRef();
  const line = useRef();

  useEffect(() => {
    const drawing = get("pages.json").then((about) => about.map_tiles, () => undefined).then((tiles) => place.current && new WayMap(place.current, tiles)); // none where the trip turned out to be gone
    const draw = (latest) => drawing.then((one) => one?.show(seen.points, latest?.heading_deg));
    const hear = (state) => {
      if (seen.phase === "lost" && state.phase === "moving") seen.resumedMs = Date.now();
      seen.phase = state.phase;
      seen.latest = state.latest;
      if (state.latest) add(seen.points, state.latest);
      setTrip(state);
      draw(state.latest);
    };
    const wayFirst = async () => {
      seen.points = await wayOf(slug);
      if (seen.latest) add(seen.points, seen.latest); // it may have come before the way
    };
    line.current = new Connection(`api/trips/${encodeURIComponent(slug)}/events`, {
      onState: async (state) => {
        setStanding(state);
        if (state === "live") await wayFirst().then(() => draw(seen.latest), () => {});
        if (state === "broken") get(`api/trips/${encodeURIComponent(slug)}`).catch((error) => NO_TRIP.includes(error.status) && setGone(true));
        if (state === "locked") setGone(true); // a gateway with a token tells strangers nothing of a trip that there is not
      },
      onEvent: (name, said) => said.state && hear(said.state),
    });
    const timer = setInterval(() => beat((n) => n + 1), 1000);
    return () => {
      clearInterval(timer);
      line.current.close();
    };
  }, []);

  const moves = trip?.phase === "moving" && typeof trip.latest?.speed_mps === "number";
  const phase = trip?.phase === "moving" && Date.now() - seen.resumedMs < RESUMED_MS ? "resumed" : trip?.phase;
  if (gone) return html`<main class="trip"><${Empty} title=${T.trip.gone} /></main>`;
  return html`<main class="trip">
    <header class="head"><h1>${trip?.title || slug}</h1>
      ${phase && html`<span aria-live="polite"><${Badge} kind=${KINDS[phase]}>${T.trip[phase]}<//></span>`}</header>
    <div class="map" ref=${place}></div>
    <dl class="values wide">
      <${Fact} name=${T.lastSeen} text=${age(trip?.last_ms, Date.now())} />
      <${Fact} name=${T.speed} text=${moves ? `${Math.round(trip.latest.speed_mps * KMH)} km/h` : "–"} />
      <${Fact} name=${T.length} text=${`${((trip?.length_m || 0) / 1000).toFixed(1)} km`} />
    </dl>
    <p class=${`standing ${standing}`} role="status"><span>${T.connection[standing]}</span>
      ${standing !== "live" && standing !== "connecting" && html`<button type="button" onClick=${() => line.current.take("asked")}>${T.tryNow}</button>`}</p>
  </main>`;
}

const Fact = ({ name, text }) => html`<div class="value"><dt>${name}</dt><dd><b>${text}</b></dd></div>`;

function add(points, fix) {
  const last = points.at(-1);
  if (last?.[0] !== fix.latitude_deg || last?.[1] !== fix.longitude_deg) points.push([fix.latitude_deg, fix.longitude_deg]);
}

/** The way so far, from the trip's own export. */
async function wayOf(slug) {
  const found = await get(`api/trips/${encodeURIComponent(slug)}/way`);
  const lines = (found.features || []).map((feature) => feature.geometry).filter((one) => one?.type.endsWith("LineString"));
  const all = lines.flatMap((one) => (one.type === "LineString" ? one.coordinates : one.coordinates.flat()));
  return all.map(([lon, lat]) => [lat, lon]);
}

render(createElement(Follower, { slug: decoded(location.hash.slice(1)) }), document.getElementById("app"));
addEventListener("hashchange", () => location.reload());
