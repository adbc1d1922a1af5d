// The shell of the pages: navigation, the state of the connection, and the page that the address names.
import { createElement, render } from "./vendor/preact.js";
import { useEffect, useState } from "./vendor/hooks.js";
import { Alarms, activeAlarms } from "./alarms.js";
import { get, locks } from "./api.js";
import { Device } from "./device.js";
import { Devices } from "./devices.js";
import { decoded } from "./format.js";
import { Letters } from "./letters.js";
import { draw, follow, live, lock, tryNow, useLive } from "./live.js";
import { Log } from "./log.js";
import { Login } from "./login.js";
import { Empty, html } from "./parts.js";
import { Ports } from "./ports.js";
import { T } from "./texts.js";
import { Trips } from "./trips.js";

const PAGES = { devices: Devices, alarms: Alarms, trips: Trips, ports: Ports, letters: Letters, log: Log };

function place() {
  const [page, ...rest] = decoded(location.hash.slice(2)).split("/");
  return { page: page || "devices", id: rest.join("/") };
}

function App() {
  useLive();
  const [at, setAt] = useState(place);
  const [about, setAbout] = useState({});
  useEffect(() => {
    const moved = () => {
      setAt(place());
      scrollTo(0, 0);
    };
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, []);
  const locked = live.connection === "locked";
  useEffect(() => {
    if (!locked) get("pages.json").then(setAbout, () => {}); // who is not signed in is told no name
  }, [locked]);
  useEffect(() => {
    document.title = `${T.nav[at.page] || at.id} · ${about.name || "Gateway"}`;
  }, [at, about]);
  return html`<a class="skip" href="#main" onClick=${skip}>${T.skip}</a>
    <header class="top"><a class="brand" href="#/devices"><img src="static/icon.svg" alt="" width="28" height="28" />${about.name || "Gateway"}</a>
      ${about.simulated && html`<span class="badge warn">${T.simulated}</span>`}${!locked && html`<${Standing} />`}</header>
    ${!locked && html`<${Navigation} page=${at.page} />`}
    <main id="main" tabindex="-1">${locked ? html`<${Login} entered=${() => (follow(), draw())} />` : html`<${Page} at=${at} />`}</main>`;
}

function skip(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

function Page({ at }) {
  if (at.page === "device") return html`<${Device} key=${at.id} id=${at.id} />`;
  return Object.hasOwn(PAGES, at.page) ? createElement(PAGES[at.page]) : html`<${Empty} title=${T.noPage} />`;
}

function Navigation({ page }) {
  const alarms = activeAlarms();
  const at = page === "device" ? "devices" : page;
  return html`<nav aria-label="Pages">${Object.keys(PAGES).map((name) => html`<a key=${name} href=${`#/${name}`} aria-current=${name === at ? "page" : undefined}>
    ${T.nav[name]}${name === "alarms" && alarms > 0 && html`${" "}<span class="count">${alarms}</span>`}</a>`)}</nav>`;
}

/** How the connection stands: a word while all is well, a sentence with a way out where it is not. */
function Standing() {
  const state = live.connection;
  const calm = state === "live" || state === "connecting";
  return html`<p class=${`standing ${state}`} role="status"><span>${T.connection[state]}</span>
    ${!calm && html`<button type="button" onClick=${tryNow}>${T.tryNow}</button>`}</p>`;
}

locks.locked = lock;
follow();
render(createElement(App), document.getElementById("app"));
