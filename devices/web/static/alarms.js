// The page of alarms: what is wrong, since when, who was told, and the button to acknowledge it.
import { ask } from "./api.js";
import { called, when } from "./format.js";
import { names, ofKind, useLive } from "./live.js";
import { Act, Badge, Empty, Head, html } from "./parts.js";
import { T } from "./texts.js";

const ORDER = ["active", "acknowledged", "pending", "cleared", "normal"];
const KINDS = { active: "bad", acknowledged: "warn", pending: "warn", cleared: "", normal: "good" };

/** How many alarms nobody has acknowledged. */
export const activeAlarms = () => ofKind("alarm").filter(([, state]) => state.phase === "active").length;

export function Alarms() {
  useLive();
  const all = ofKind("alarm").sort(([, one], [, other]) => ORDER.indexOf(one.phase) - ORDER.indexOf(other.phase));
  return html`<${Head} title=${T.nav.alarms} />
    ${!all.length && html`<${Empty} title=${T.noAlarms} help=${T.noAlarmsHelp} />`}
    <div class="cards">${all.map(([id, state]) => html`<${Alarm} key=${id} id=${id} state=${state} />`)}</div>`;
}

function Alarm({ id, state }) {
  const raised = state.phase === "active" || state.phase === "acknowledged";
  return html`<article class=${`card ${state.phase === "active" ? "loud" : ""}`}>
    <div class="row"><h2>${called(id, names())}</h2><${Badge} kind=${KINDS[state.phase]}>${T.phase[state.phase] || state.phase}<//></div>
    ${raised && html`<ul>${(state.why || []).map((why) => html`<li key=${why}>${why}</li>`)}</ul>`}
    ${state.phase === "normal" && html`<p class="dim">${T.quietAlarm}</p>`}
    ${state.since_ms > 0 && html`<p class="dim">${T.since(when(state.since_ms))}</p>`}
    ${state.acknowledged_by && html`<p class="dim">${T.acknowledgedBy(state.acknowledged_by)}</p>`}
    ${(state.untold || []).map((one) => html`<p class="fault" key=${one}>${T.untold}: ${one}</p>`)}
    ${state.phase === "active" && html`<p><${Act} kind="main" label=${`${T.acknowledge}: ${called(id, names())}`}
      does=${() => ask(id, "acknowledge", { by: T.aPerson })}>${T.acknowledge}<//></p>`}
  </article>`;
}
