// Small parts that several pages show.
import { createElement } from "./vendor/preact.js";
import { useEffect, useState } from "./vendor/hooks.js";
import htm from "./vendor/htm.js";
import { T } from "./texts.js";

export const html = htm.bind(createElement);

/** What is loaded once a page opens, and again by `again`: [found, fault, again]. */
export function useLoaded(load, on = [], everyMs = 0) {
  const [found, setFound] = useState();
  const [fault, setFault] = useState("");
  const [turn, setTurn] = useState(0);
  const again = () => setTurn((n) => n + 1);
  useEffect(() => {
    let open = true;
    load().then(
      (one) => open && (setFound(one), setFault("")),
      (error) => open && setFault(error.message),
    );
    const timer = everyMs && setTimeout(again, everyMs);
    return () => {
      open = false;
      clearTimeout(timer);
    };
  }, [...on, turn]);
  return [found, fault, again];
}

/** Something that is done at a button: it says what became of it, and cannot be pressed twice meanwhile. */
export function Act({ does, children, label, kind = "" }) {
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const press = async () => {
    setBusy(true);
    setFault("");
    try {
      await does();
    } catch (error) {
      setFault(error.message);
    }
    setBusy(false);
  };
  return html`<button class=${kind} type="button" disabled=${busy} aria-label=${label} onClick=${press}>${children}</button>
    ${fault && html`<${Fault} text=${fault} />`}`;
}

export const Fault = ({ text }) => text && html`<p class="fault" role="alert"><b>${T.error}.</b> ${text}</p>`;
export const Empty = ({ title, help }) => html`<div class="empty"><p>${title}</p>${help && html`<p class="dim">${help}</p>`}</div>`;
export const Badge = ({ kind, children }) => html`<span class=${`badge ${kind}`}>${children}</span>`;

/** A page's heading, with what stands beside it. */
export const Head = ({ title, children }) => html`<header class="head"><h1>${title}</h1>${children}</header>`;

/** A text that is copied at a press. */
export function Block({ text }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard?.writeText(text);
    setCopied(true);
  };
  return html`<div class="block">
    <pre tabindex="0">${text}</pre>
    ${navigator.clipboard && html`<button type="button" class="quiet" onClick=${copy}>${copied ? T.copied : T.copy}</button>`}
  </div>`;
}
