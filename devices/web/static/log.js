// The page of the gateway itself: how it is, why it restarted, its last faults, its parts.
import { get, request } from "./api.js";
import { span, when } from "./format.js";
import { Act, Badge, Empty, Fault, Head, html, useLoaded } from "./parts.js";
import { Hosts } from "./hosts.js";
import { T } from "./texts.js";

const LOOK_MS = 5000;
const HEALTH = { ok: "good", starting: "", missing: "warn", faulty: "bad", closed: "" };

export function Log() {
  const [found, fault] = useLoaded(() => get("api/gateway"), [], LOOK_MS);
  return html`<${Head} title=${T.nav.log} /><${Fault} text=${fault} />${found && html`<${Seen} gateway=${found} />`}<${Leave} />`;
}

/** For a browser that is not only yours; where no token is needed there is nothing to leave. */
function Leave() {
  const [session] = useLoaded(() => get("api/session"), []);
  const leave = async () => {
    await request("api/logout", { method: "POST" });
    location.reload();
  };
  return session?.token_needed && html`<p><${Act} does=${leave}>${T.signOut}<//></p>`;
}

function Seen({ gateway }) {
  const faults = [...(gateway.last_faults || [])].reverse();
  const problems = gateway.problems || [];
  return html`<dl class="values wide">
      <${Fact} name=${T.uptime} text=${span(gateway.uptime_s)} />
      <${Fact} name=${T.life} text=${gateway.life} />
      <${Fact} name=${T.memory} text=${`${Math.round(gateway.memory_bytes / 1e6)} MB`} />
      <${Fact} name=${T.rate} text=${Math.round((gateway.totals?.turns_a_second || 0) * 10) / 10} />
    </dl>
    <section><h2>${gateway.life === 1 ? T.firstStart : T.lastFault}</h2>
      <p>${gateway.life === 1 ? T.firstStartHelp : gateway.clean_start ? T.clean : T.unclean}</p>
      ${gateway.life > 1 && gateway.last_exit && html`<p>${gateway.last_exit.said}</p>`}
      ${gateway.last_exit?.stacks?.length > 0 && html`<pre tabindex="0">${gateway.last_exit.stacks.join("\n")}</pre>`}
      ${gateway.last_fault && html`<pre tabindex="0">${text(gateway.last_fault)}</pre>`}</section>
    <section><h2>${T.problems}</h2>${!problems.length && html`<p>${T.allWell}</p>`}
      <ul class="list">${problems.map((problem) => html`<li key=${text(problem)}>${text(problem)}</li>`)}</ul></section>
    ${(gateway.host_bound || []).some((part) => part.id === "link/main") && html`<${Hosts} />`}
    <section><h2>${T.faults}</h2>${!faults.length && html`<${Empty} title=${T.noFaults} />`}
      <ul class="list">${faults.map((one, n) => html`<li key=${n}><time class="dim">${when(one.at_ms)}</time> ${text(one.text || one.message || one)}</li>`)}</ul></section>
    <section><h2>${T.parts}</h2><ul class="list">${(gateway.host_bound || []).map((part) => html`<li key=${part.id} class="part">
      <b>${part.id}</b><span class="dim">${part.detail}</span><${Badge} kind=${HEALTH[part.health]}>${part.health}<//></li>`)}</ul></section>`;
}

const Fact = ({ name, text }) => html`<div class="value"><dt>${name}</dt><dd><b>${text}</b></dd></div>`;
const text = (said) => (typeof said === "string" ? said : JSON.stringify(said));
