// The page of ports: what is plugged into the host now, each with its lines for the file.
import { get } from "./api.js";
import { Badge, Block, Empty, Fault, Head, html, useLoaded } from "./parts.js";
import { T } from "./texts.js";

const LOOK_MS = 2000;

export function Ports() {
  const [found, fault] = useLoaded(() => get("api/ports"), [], LOOK_MS);
  const ports = found?.things || [];
  return html`<${Head} title=${T.nav.ports} /><p class="dim">${T.portsHelp}</p><${Fault} text=${fault} />
    ${found && !ports.length && html`<${Empty} title=${T.noPorts} />`}
    <div class="cards">${ports.map((port) => html`<article class="card" key=${port.kind + port.place}>
      <div class="row"><h2>${port.about || port.place}</h2><${Badge}>${port.kind}<//></div>
      <p class="dim mono">${port.place}</p>
      ${port.block && html`<${Block} text=${port.block} />`}
      ${(port.notes || []).map((note) => html`<p class="dim small" key=${note}>${note}</p>`)}
    </article>`)}</div>`;
}
