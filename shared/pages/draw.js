// Makes elements. Text is always text: what engines and jobs say is never read as HTML.

export const $ = (id) => document.getElementById(id);

export function el(name, about = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(about)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key in made && typeof value === "boolean") made[key] = value;
    else if (value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((each) => each !== null && each !== undefined && each !== ""));
  return made;
}

const KINDS = {
  idle: "good", ready: "good", completed: "good", connected: "good", live: "good", busy: "accent", running: "accent",
  paused: "warn", draining: "warn", initializing: "warn", starting: "warn", waiting: "warn",
  cancelled: "warn", stopped: "warn", failed: "bad", error: "bad", "not ready": "bad",
};

export const pill = (word) => el("span", { class: `pill ${KINDS[word] ?? ""}` }, word);

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return minutes < 2880 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${Math.floor(minutes / 1440)} d`;
}

export const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString();

// A table of rows; each column is [name, cell of a row]. On a phone the name stands before its cell.
export function table(into, columns, rows, empty) {
  if (!rows.length) {
    into.replaceChildren(el("tbody", {}, el("tr", {}, el("td", { class: "quiet" }, empty))));
    return;
  }
  const head = el("thead", {}, el("tr", {}, ...columns.map(([name]) => el("th", { scope: "col" }, name))));
  const body = rows.map((row) =>
    el("tr", {}, ...columns.map(([name, cell, kind]) => el("td", { "data-name": name, class: kind }, el("div", {}, ...[cell(row)].flat().map((part) => part ?? "–"))))));
  into.replaceChildren(head, el("tbody", {}, ...body));
}

const SVG = "http://www.w3.org/2000/svg";

function svg(name, about) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(about)) made.setAttribute(key, value);
  return made;
}

// A curve of numbers from 0 to `top`; without `top` the largest one is it.
export function graph(title, values, unit, top) {
  const known = values.filter((each) => each !== undefined && each !== null);
  const last = known.at(-1);
  const high = top ?? Math.max(1, ...known);
  const picture = svg("svg", { viewBox: "0 0 100 40", preserveAspectRatio: "none", role: "img", "aria-label": `${title}: ${last ?? "nothing"} ${unit}` });
  for (const y of [0.5, 20, 39.5]) picture.append(svg("line", { x1: 0, x2: 100, y1: y, y2: y }));
  if (known.length) {
    const step = 100 / Math.max(1, known.length - 1);
    const points = known.map((each, at) => `${(at * step).toFixed(2)},${(39 - (38 * Math.min(each, high)) / high).toFixed(2)}`);
    if (points.length === 1) points.push(`100,${points[0].split(",")[1]}`);
    picture.append(svg("polygon", { points: `0,40 ${points.join(" ")} 100,40` }));
    picture.append(svg("polyline", { points: points.join(" ") }));
  }
  const shown = last === undefined ? "–" : `${Math.round(last * 10) / 10} ${unit}`;
  return el("figure", {}, el("figcaption", {}, title, el("b", {}, shown)), picture);
}
