// The page of all trips, each with the link to follow it.
import { called, when } from "./format.js";
import { names, ofKind, useLive } from "./live.js";
import { Badge, Empty, Head, html } from "./parts.js";
import { T } from "./texts.js";

const KINDS = { moving: "good", lost: "bad", waiting: "warn" };

export function Trips() {
  useLive();
  const all = ofKind("trip").sort(([, one], [, other]) => (other.last_ms || 0) - (one.last_ms || 0));
  return html`<${Head} title=${T.nav.trips}><a class="button main" href="track">${T.share}</a><//>
    ${!all.length && html`<${Empty} title=${T.noTrips} />`}
    <div class="cards">${all.map(([id, state]) => html`<article class="card" key=${id}>
      <div class="row"><h2><a href=${`trip#${id.slice(5)}`}>${state.title || called(id, names())}</a></h2>
        <${Badge} kind=${KINDS[state.phase]}>${T.trip[state.phase]}<//></div>
      <p>${T.length}: ${((state.length_m || 0) / 1000).toFixed(1)} km</p>
      <p class="dim">${T.lastSeen}: ${when(state.last_ms)}</p>
    </article>`)}</div>`;
}
