// The way of a trip, north up: on tiles where the gateway's file names some, else on a grid, which needs nobody else.
// Places are in Web Mercator, the whole world from 0 to 1; each draw turns them into pixels of the picture.
import { T } from "./texts.js";

const TILE = 256;
const AROUND_M = 40075016;
const NEAREST = 18;
const MARGIN = 0.8;
const STEP_PX = 60;
const BUTTONS_PX = 64; // what the buttons at the right take: no part of the way lies under them
const SVG = "http://www.w3.org/2000/svg";
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class WayMap {
  /** Make a map in a place. `tiles`: {url, attribution}, the url with {z}, {x} and {y}; undefined: a grid. */
  constructor(place, tiles) {
    this.tiles = tiles;
    this.points = [];
    this.svg = place.appendChild(element("svg", { role: "img", tabindex: 0, "aria-label": tiles ? T.map : T.grid }));
    place.append(this.buttons(), Object.assign(document.createElement("small"), { textContent: tiles?.attribution || "" }));
    this.svg.addEventListener("pointerdown", (event) => this.svg.setPointerCapture(event.pointerId));
    this.svg.addEventListener("pointermove", (event) => event.buttons && this.pan(-event.movementX, -event.movementY));
    this.svg.addEventListener("keydown", (event) => KEYS[event.key] && (event.preventDefault(), this.pan(...KEYS[event.key].map((way) => way * STEP_PX))));
    this.svg.addEventListener("wheel", (event) => (event.preventDefault(), this.near(event.deltaY < 0 ? 1 : -1)), { passive: false });
    new ResizeObserver(() => this.draw()).observe(place);
  }

  /** Draw a way of [latitude, longitude]; a map that nobody has moved shows all of it. */
  show(points, heading) {
    this.points = points.map(([lat, lon]) => mercator(lat, lon));
    this.latitude = points.at(-1)?.[0] || 0;
    this.heading = heading;
    this.draw();
  }

  buttons() {
    const row = Object.assign(document.createElement("p"), { className: "zoom" });
    const acts = [["+", T.nearer, () => this.near(1)], ["−", T.farther, () => this.near(-1)], ["◎", T.wholeWay, () => this.whole()]];
    for (const [text, title, onclick] of acts) {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: text, title, onclick });
      button.setAttribute("aria-label", title);
      row.append(button);
    }
    return row;
  }

  pan(dx, dy) {
    const world = TILE * 2 ** this.zoom;
    this.centre = [this.centre[0] + dx / world, this.centre[1] + dy / world];
    this.moved = true;
    this.draw();
  }

  near(by) {
    this.zoom = Math.max(1, Math.min(NEAREST, this.zoom + by));
    this.moved = true;
    this.draw();
  }

  whole() {
    this.moved = false;
    this.draw();
  }

  fit(width, height) {
    const [[west, east], [north, south]] = [0, 1].map((at) => ends(this.points.map((point) => point[at])));
    const room = Math.min(((width - BUTTONS_PX) * MARGIN) / (east - west || 1e-9), (height * MARGIN) / (south - north || 1e-9));
    const zoom = Math.max(1, Math.min(NEAREST, Math.log2(room / TILE)));
    this.zoom = this.tiles ? Math.floor(zoom) : zoom;
    this.centre = [(west + east) / 2 + BUTTONS_PX / 2 / (TILE * 2 ** this.zoom), (north + south) / 2];
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.svg;
    if (!this.points.length || !width) return;
    if (!this.moved) this.fit(width, height);
    const world = TILE * 2 ** this.zoom;
    const [left, top] = [this.centre[0] * world - width / 2, this.centre[1] * world - height / 2];
    const pixels = this.points.map(([x, y]) => [x * world - left, y * world - top]);
    const way = element("polyline", { class: "way", points: pixels.map((pixel) => pixel.map((one) => one.toFixed(1)).join()).join(" ") });
    const under = this.tiles ? this.tiled(left, top, width, height) : this.lined(left, top, width, height, world);
    this.svg.replaceChildren(...under, way, here(pixels.at(-1), this.heading));
  }

  tiled(left, top, width, height) {
    const [all, found] = [2 ** this.zoom, []];
    for (let x = Math.floor(left / TILE); x * TILE < left + width; x++)
      for (let y = Math.max(0, Math.floor(top / TILE)); y * TILE < top + height && y < all; y++) {
        const href = this.tiles.url.replace("{z}", this.zoom).replace("{x}", ((x % all) + all) % all).replace("{y}", y);
        found.push(element("image", { href, x: x * TILE - left, y: y * TILE - top, width: TILE, height: TILE }));
      }
    return found;
  }

  lined(left, top, width, height, world) {
    const pixel_m = (AROUND_M * Math.cos((this.latitude * Math.PI) / 180)) / world;
    const power = 10 ** Math.floor(Math.log10((pixel_m * width) / 3));
    const cell_m = power * [5, 2, 1].find((times) => times * power * 3 <= pixel_m * width);
    const cell = cell_m / pixel_m;
    let d = "";
    for (let x = -(left % cell); x < width; x += cell) d += `M${x} 0V${height}`;
    for (let y = -(top % cell); y < height; y += cell) d += `M0 ${y}H${width}`;
    const text = element("text", { x: 14, y: height - 14 });
    text.textContent = `□ ${cell_m >= 1000 ? `${cell_m / 1000} km` : `${cell_m} m`}`;
    return [element("path", { d, class: "lines" }), text];
  }
}

/** Where the vehicle is, with an arrow where it is known which way it goes. */
function here([x, y], heading) {
  const mark = element("g", { class: "here", transform: `translate(${x} ${y}) rotate(${heading ?? 0})` });
  if (heading !== null && heading !== undefined) mark.append(element("path", { d: "M0-24L9-8-9-8Z" }));
  mark.append(element("circle", { r: 10 }));
  return mark;
}

function mercator(lat, lon) {
  const sine = Math.sin((Math.max(-85, Math.min(85, lat)) * Math.PI) / 180);
  return [(lon + 180) / 360, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)];
}

const ends = (numbers) => numbers.reduce(([low, high], one) => [Math.min(low, one), Math.max(high, one)], [Infinity, -Infinity]);

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
