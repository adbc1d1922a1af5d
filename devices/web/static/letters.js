// The page of dead letters: messages that nobody could take, each with its reason, to be tried again or dropped.
import { useState } from "./vendor/hooks.js";
import { get, post, request } from "./api.js";
import { when } from "./format.js";
import { Act, Badge, Empty, Fault, Head, html, useLoaded } from "./parts.js";
import { T } from "./texts.js";

const LOOK_MS = 5000;

export function Letters() {
  const [found, fault, again] = useLoaded(() => get("api/dead-letters?limit=100"), [], LOOK_MS);
  const letters = found?.letters || [];
  return html`<${Head} title=${T.nav.letters}>${found && html`<${Badge}>${found.total ?? letters.length}<//>`}<//>
    <p class="dim">${T.lettersHelp}</p><${Fault} text=${fault} />
    ${found && !letters.length && html`<${Empty} title=${T.noLetters} />`}
    <div class="cards one">${letters.map((letter) => html`<${Letter} key=${letter.n} letter=${letter} again=${again} />`)}</div>`;
}

function Letter({ letter, again }) {
  const [sure, setSure] = useState(false);
  const at = `api/dead-letters/${letter.n}`;
  const does = (what) => async () => {
    await (what === "drop" ? request(at, { method: "DELETE" }) : post(`${at}/retry`));
    again();
  };
  const drop = sure ? does("drop") : async () => setSure(true);
  const what = `${letter.verb} → ${letter.to}`;
  return html`<article class="card">
    <div class="row"><h2><span class="dim">#${letter.n}</span> ${what}</h2><time class="dim">${when(letter.at_ms)}</time></div>
    <p>${letter.reason}</p>
    <p class="dim">${T.from} ${letter.sender || "–"}</p>
    <p class="form"><${Act} does=${does("retry")} label=${`${T.retry}: ${what}`}>${T.retry}<//>
      <${Act} does=${drop} kind=${sure ? "danger" : ""} label=${`${T.drop}: ${what}`}>${sure ? T.dropSure : T.drop}<//></p>
  </article>`;
}
