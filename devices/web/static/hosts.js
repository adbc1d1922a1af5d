// The hosts that share a database with this one: how each is, what is on its way to it, since when one is away.
import { get } from "./api.js";
import { span, when } from "./format.js";
import { Badge, Fault, html, useLoaded } from "./parts.js";
import { T } from "./texts.js";

const LOOK_MS = 5000;
const MOST = 100;

export function Hosts() {
  const [found, fault] = useLoaded(() => get("api/hosts"), [], LOOK_MS);
  const hosts = [...(found?.hosts || [])].sort((one, other) => one.well - other.well || one.name.localeCompare(other.name));
  return html`<section aria-label=${T.hosts}><h2>${T.hosts}</h2><${Fault} text=${fault} />
    ${found?.unserved?.groups > 0 && html`<p class="fault">${T.unserved(found.unserved.groups)}</p>`}
    ${(found?.unheard || []).map((one) => html`<p key=${one.name} class="fault">
      ${T.unheard(one.name)} ${onTheWay(one, found.most_counted)}.</p>`)}
    <ul class="list">${hosts.slice(0, MOST).map((host) => html`<li key=${host.name} class="part">
      <b>${host.name}</b><span class="dim">${said(host, found.most_counted)}</span>
      <${Badge} kind=${host.well ? "good" : "bad"}>${host.well ? T.well : host.away ? T.gone : T.notWell}<//></li>`)}</ul>
    ${hosts.length > MOST && html`<p class="dim">+ ${hosts.length - MOST}</p>`}</section>`;
}

/** What there is to say of a host, in its order. */
function said(host, most) {
  const away = host.away && (host.stopped ? T.stoppedSince : T.awaySince)(span(host.silent_s), when(host.heard_ms));
  return [
    host.me && T.thisHost,
    host.serves ? T.serves(host.groups) : T.atTheEdge,
    away,
    ...(host.away ? [] : host.problems),
    host.coming > 0 && onTheWay(host, most),
    host.waiting > 0 && T.waitedThere(host.waiting),
    host.version,
  ].filter(Boolean).join("; ");
}

/** The mail that is on its way to a host. */
function onTheWay(host, most) {
  return T.onTheWay(host.coming >= most ? `${most - 1}+` : host.coming, span(host.coming_s));
}
