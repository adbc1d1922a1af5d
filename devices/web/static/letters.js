// The page of dead letters: messages that nobody could take, each with its reason, to be tried again or dropped.
import { useState } from "./vendor/hooks.js";
import { get, post, request } from "./api.js";
import { when } from "./format.js";
import { Act, Badge, Empty, Fault, Head, html, useLoaded } from "./parts.js";
import { T } from "./texts.js";

const LOOK_MS = 5000;
const PAGE = "api/dead-letters?limit=100";

/** The dead letters: of all hosts, where this gateway is linked with others; of this one where the others cannot be asked. */
async function load() {
  const { hosted } = await get("api/host-bound?of=link/main");
  if (!hosted.length) return get(PAGE);
  return get(`${PAGE}&hosts=true`).catch(async (error) => ({ ...(await get(PAGE)), fault: error.message }));
}

export function Letters() {
  const [found, fault, again] = useLoaded(load, [], LOOK_MS);
  const letters = found?.letters || [];
  const silent = found?.silent || [];
  return html`<${Head} title=${T.nav.letters}>${found && html`<${Badge}>${found.total ?? letters.length}<//>`}<//>
    <p class="dim">${T.lettersHelp}</p><${Fault} text=${fault || found?.fault} />
    ${silent.map((one) => html`<p key=${one.host} class="fault">${T.notThoseOf(one.host || T.sharedActors, one.why)}</p>`)}
    ${moreOf(found).map((host) => html`<p key=${host} class="dim">${T.moreLetters(host || T.sharedActors)}</p>`)}
    ${found && !letters.length && !silent.length && html`<${Empty} title=${T.noLetters} />`}
    <div class="cards one">${letters.map((letter) => html`<${Letter} key=${`${letter.host}/${letter.n}`} letter=${letter} again=${again} />`)}</div>`;
}

/** The hosts that have more letters than are shown. */
const moreOf = (found) => (Array.isArray(found?.more) ? found.more : []);

function Letter({ letter, again }) {
  const [sure, setSure] = useState(false);
  const at = (what) => `api/dead-letters/${letter.n}${what}${letter.host ? `?host=${encodeURIComponent(letter.host)}` : ""}`;
  const does = (what) => async () => {
    await (what === "drop" ? request(at(""), { method: "DELETE" }) : post(at("/retry")));
    again();
  };
  const drop = sure ? does("drop") : async () => setSure(true);
  const what = `${letter.verb} → ${letter.to}`;
  return html`<article class="card">
    <div class="row"><h2><span class="dim">#${letter.n}</span> ${what}</h2><time class="dim">${when(letter.at_ms)}</time></div>
    <p>${letter.reason}</p>
    <p class="dim">${T.from} ${letter.sender || "–"}${letter.host && html`; ${T.at} ${letter.host}`}</p>
    <p class="form"><${Act} does=${does("retry")} label=${`${T.retry}: ${what}`}>${T.retry}<//>
      <${Act} does=${drop} kind=${sure ? "danger" : ""} label=${`${T.drop}: ${what}`}>${sure ? T.dropSure : T.drop}<//></p>
  </article>`;
}
