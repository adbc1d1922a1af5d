// The page of one device: its values and their history as a chart, its last messages, all of its state.
import { useEffect, useRef, useState } from "./vendor/hooks.js";
import { ask, get } from "./api.js";
import { draw } from "./chart.js";
import { Level, Presence, Value } from "./devices.js";
import { called, path, shown, verb, when, words } from "./format.js";
import { live, names, useLive, usePins } from "./live.js";
import { Act, Badge, Empty, Fault, Head, html, useLoaded } from "./parts.js";
import { T } from "./texts.js";

const RANGES = { day: "1d", month: "31d", years: "3660d" };
const CHART_MS = 60000;

export function Device({ id }) {
  useLive();
  usePins();
  const pin = live.pins[id];
  const state = live.actors[id] || pin;
  const values = pin ? [] : Object.entries(state?.values || {});
  const absent = !state && live.connection === "live" && !id.startsWith("gpio/"); // pins are looked at a moment later
  const isNumber = ([, value]) => typeof value.value === "number";
  const mayHaveBeen = (one) => !isNumber(one) && (one[1].value === null || one[1].unit); // before it was missing
  const charted = [...values.filter(isNumber), ...values.filter(mayHaveBeen)].map(([name]) => name);
  return html`<${Head} title=${called(id, names())}>
      ${state && "presence" in state && html`<${Presence} state=${state} />`}
      ${pin && html`<${Level} id=${id} pin=${pin} />`}
    <//>
    <p class="dim mono">${id}</p>
    ${pin?.detail && html`<p class=${pin.health === "ok" ? "dim" : "fault"}>${pin.detail}</p>`}
    ${absent ? html`<${Empty} title=${T.noDevice(id)} help=${T.noDeviceHelp} />` : html`<${Renaming} id=${id} />`}
    ${values.length > 0 && html`<section aria-label=${T.values}><dl class="values wide">${values.map(([name, value]) => html`
      <${Value} key=${name} name=${name} value=${value} nowMs=${Date.now()} />`)}</dl></section>`}
    ${charted.length > 0 && html`<${Chart} id=${id} values=${charted} units=${state.values} />`}
    <${Messages} id=${id} />
    ${state && html`<details class="raw"><summary>${T.raw}</summary><pre tabindex="0">${JSON.stringify(state, null, 2)}</pre></details>`}`;
}

function Renaming({ id }) {
  const [open, setOpen] = useState(false);
  const [name, setName] = useState("");
  const begin = () => {
    setName(names()[id] || "");
    setOpen(true);
  };
  const save = async () => {
    await ask("names/all", "name", { id, name: name.trim() });
    setOpen(false);
  };
  if (!open) return html`<p><button type="button" class="quiet" onClick=${begin}>${T.rename}</button></p>`;
  return html`<p class="form"><label>${T.newName} <input value=${name} maxlength="80" onInput=${(event) => setName(event.target.value)} /></label>
    <${Act} does=${save}>${T.save}<//><button type="button" class="quiet" onClick=${() => setOpen(false)}>${T.cancel}</button></p>`;
}

/** A chart of one value, of a day, a month or years; it is loaded again as time passes. */
function Chart({ id, values, units }) {
  const [name, setName] = useState(values[0]);
  const [range, setRange] = useState("day");
  const place = useRef();
  const load = () => get(`api/actors/${path(id)}/history?value=${encodeURIComponent(name)}&since=${RANGES[range]}`);
  const [found, fault] = useLoaded(load, [id, name, range], CHART_MS);
  const rows = found?.values[0]?.rows || [];
  useEffect(() => (rows.length ? draw(place.current, rows, units[name]?.unit) : undefined), [found]);
  return html`<section aria-label=${T.chart}>
    <div class="row"><h2>${T.chart}</h2>
      ${values.length > 1 && html`<select aria-label=${T.value} value=${name} onChange=${(event) => setName(event.target.value)}>
        ${values.map((one) => html`<option key=${one} value=${one}>${words(one)}</option>`)}</select>`}
      <span class="tabs" role="group">${Object.keys(RANGES).map((one) => html`<button key=${one} type="button" aria-pressed=${one === range ? "true" : "false"}
        onClick=${() => setRange(one)}>${T.ranges[one]}</button>`)}</span></div>
    <${Fault} text=${fault} />
    ${found && !rows.length && html`<${Empty} title=${T.noHistory} />`}
    <div class="chart" ref=${place} role="img" aria-label=${summary(name, rows)}></div>
  </section>`;
}

/** What a chart shows, for those who do not see it. */
function summary(name, rows) {
  if (!rows.length) return T.chartOf(words(name));
  const least = Math.min(...rows.map((row) => row[1]));
  const greatest = Math.max(...rows.map((row) => row[3]));
  return `${T.chartOf(words(name))}: ${T.least} ${shown(least)}, ${T.greatest} ${shown(greatest)}`;
}

function Messages({ id }) {
  const [found, fault, again] = useLoaded(() => get(`api/explain/${path(id)}?limit=20`), [id]);
  const steps = [...(found?.steps || [])].reverse();
  return html`<section aria-label=${T.messages}>
    <div class="row"><h2>${T.messages}</h2><button type="button" class="quiet" onClick=${again} aria-label=${`${T.messages}: ${T.tryNow}`}>↻</button></div>
    ${fault && html`<p class="dim">${fault}</p>`}
    <ul class="list">${steps.map((step, n) => html`<${Message} key=${step.message + n} step=${step} />`)}</ul>
  </section>`;
}

/** One message that was handled; opened, it says what led to it and what it led to. */
function Message({ step }) {
  const [open, setOpen] = useState(false);
  return html`<li><details onToggle=${(event) => setOpen(event.target.open)}>
    <summary><time class="dim">${when(step.at_ms)}</time> <b>${verb(step.verb)}</b> ${step.sender && html`<span class="dim">${T.from} ${step.sender}</span>`}${" "}
      <${Badge} kind=${step.well ? "good" : "bad"}>${step.outcome}<//></summary>
    ${open && html`<${Explained} message=${step.message} />`}
  </details></li>`;
}

function Explained({ message }) {
  const [found, fault] = useLoaded(() => get(`api/explain/${path(message)}`), [message]);
  const nodes = (found?.told || []).flatMap((one) => one.nodes);
  return html`<${Fault} text=${fault} /><ul class="tree">${nodes.map((node, n) => html`<li key=${n} class=${`d${Math.min(node.depth, 6)} ${node.asked ? "asked" : ""}`}>
    <b>${verb(node.verb)}</b> ${node.to} <span class="dim">${node.steps.at(-1)?.outcome || node.waits}</span></li>`)}</ul>`;
}
