// The page of all devices: twins with their values, pins with their levels, counters.
import { useState } from "./vendor/hooks.js";
import { ask } from "./api.js";
import { age, answer, called, shown, words } from "./format.js";
import { live, lookAtPins, names, ofKind, useLive, usePins } from "./live.js";
import { Badge, Empty, Head, html } from "./parts.js";
import { T } from "./texts.js";

const MOST_VALUES = 6;
const BRIGHTNESS = "brightness_pct";
const LONG = 9;

export function Devices() {
  useLive();
  usePins();
  const [wanted, setWanted] = useState("");
  const fits = ([id]) => `${id} ${called(id, names())}`.toLowerCase().includes(wanted.toLowerCase());
  const groups = [
    [T.outputs, Object.entries(live.pins), PinCard],
    [T.twins, ofKind("twin"), TwinCard],
    [T.counters, [...ofKind("pulses"), ...ofKind("toggle")], CounterCard],
  ].map(([title, all, card]) => [title, all.filter(fits), card]);
  const some = groups.some(([, found]) => found.length);
  return html`<${Head} title=${T.nav.devices}>
      <input type="search" placeholder=${T.searchDevices} aria-label=${T.searchDevices} value=${wanted}
        onInput=${(event) => setWanted(event.target.value)} />
    <//>
    ${!some && html`<${Empty} title=${T.noDevices} help=${T.noDevicesHelp} />`}
    ${groups.map(([title, found, card]) => found.length > 0 && html`<section aria-label=${title}>
      <h2>${title}</h2>
      <div class="cards">${found.map(([id, state]) => html`<${card} key=${id} id=${id} state=${state} />`)}</div>
    </section>`)}`;
}

/** The name of a card, which leads to the page of its device. */
const Name = ({ id }) => html`<h3><a href=${`#/device/${id}`}>${called(id, names())}</a></h3>`;

function TwinCard({ id, state }) {
  const all = Object.entries(state.values || {});
  return html`<article class="card">
    <div class="row"><${Name} id=${id} /><${Presence} state=${state} /></div>
    <dl class="values">${all.slice(0, MOST_VALUES).map(([name, value]) => html`<${Value} key=${name} name=${name} value=${value} told=${state.presence === "silent"} />`)}</dl>
    ${all.length > MOST_VALUES && html`<p class="dim">+ ${all.length - MOST_VALUES}</p>`}
    ${Object.entries(state.desired || {}).map(([name, desired]) => html`<${Wanted} key=${name} name=${name} desired=${desired} />`)}
    <p class="dim">${age(state.last_seen_ms, Date.now())}</p>
  </article>`;
}

export function Presence({ state }) {
  const presence = state.presence || "unknown";
  return html`<${Badge} kind=${presence === "online" ? "good" : "bad"}>${T.presence[presence] || presence}<//>`;
}

/** One value; `told`: its device says already, beside its name, that all of them are old. */
export function Value({ name, value, nowMs, told }) {
  const quality = T.quality[value.quality] ?? value.quality;
  const said = name === "on" ? shown(value.value) : answer(value.value);
  return html`<div class=${`value ${quality ? "poor" : ""} ${said.length > LONG ? "long" : ""}`}>
    <dt>${words(name, value.unit)}</dt>
    <dd><b>${said}</b>${value.unit && html` <span class="unit">${value.unit}</span>`}${quality && !(told && value.quality === "stale") && html`<small>${quality}</small>`}
      ${nowMs && html`<span class="dim since">${age(value.at_ms, nowMs)}</span>`}</dd>
  </div>`;
}

/** What somebody wanted of a value, and what became of that. */
function Wanted({ name, desired }) {
  const told = T.outcome[desired.outcome];
  return html`<p class="dim">${words(name)}: ${T.wanted(shown(desired.to), typeof told === "function" ? told(desired.reason) : told)}</p>`;
}

function PinCard({ id, state }) {
  return html`<article class="card">
    <div class="row"><${Name} id=${id} /><${Level} id=${id} pin=${state} /></div>
    <p class=${state.health === "ok" ? "dim" : "fault"}>${state.detail || ""}</p>
  </article>`;
}

/** The level of a pin: a switch for an output, with a slider for one that is dimmed; a word for an input. */
export function Level({ id, pin }) {
  const values = pin.values || {};
  if ("on" in values) return html`<${Switch} id=${id} on=${values.on} />${BRIGHTNESS in values && html`<${Slider} id=${id} to=${values[BRIGHTNESS]} />`}`;
  const [name, active] = Object.entries(values)[0] || [];
  const [yes, no] = T.levels[name] || [T.active, T.inactive];
  return html`<${Badge} kind=${active ? "good" : ""}>${active === true ? yes : active === false ? no : T.unknown}<//>`;
}

/** How bright a dimmer is while it is on: moved, it goes on so bright; at the least it goes off. */
function Slider({ id, to }) {
  const [fault, setFault] = useState("");
  const dim = async (event) => {
    try {
      await ask(id, "dim", { brightness_pct: Number(event.target.value) });
      setFault("");
    } catch (error) {
      setFault(error.status === 504 ? T.outcome.unknown : T.outcome.failed(error.message));
    }
    await lookAtPins();
  };
  return html`<span class="slider"><input type="range" min="0" max="100" value=${to} aria-label=${T.brightness(called(id, names()))} onChange=${dim} />
    <span class="dim">${fault || `${shown(to)} %`}</span></span>`;
}

/** A switch that stands as the line does, and says what became of the last command. */
function Switch({ id, on }) {
  const [told, setTold] = useState("");
  const turn = async () => {
    setTold(T.outcome.sent);
    try {
      await ask(id, "switch", { on: !on });
      setTold(T.outcome.done);
      await lookAtPins();
    } catch (error) {
      setTold(error.status === 504 ? T.outcome.unknown : T.outcome.failed(error.message));
    }
  };
  const level = on === null || on === undefined ? T.unknown : shown(on);
  return html`<span class="switching">
    <span class="dim" aria-live="polite">${told}</span>
    <button type="button" role="switch" class="switch" aria-checked=${on ? "true" : "false"} aria-label=${called(id, names())}
      title=${T.turn(called(id, names()), !on)} onClick=${turn}><span></span></button>
    <b class="level">${level}</b>
  </span>`;
}

function CounterCard({ id, state }) {
  const numbers = Object.entries(state).filter(([name, value]) => typeof value === "number" && !name.endsWith("_ms"));
  return html`<article class="card">
    <div class="row"><${Name} id=${id} />${typeof state.on === "boolean" && html`<${Badge} kind=${state.on ? "good" : ""}>${shown(state.on)}<//>`}</div>
    <dl class="values">${numbers.map(([name, value]) => html`<${Value} key=${name} name=${name} value=${{ value, unit: "", quality: "good" }} />`)}</dl>
  </article>`;
}
