// One worker: what it is, its files of models, and what its engines write, as it comes.
import { $, duration, el, pill, table } from "/dashboard/files/draw.js";
import { ask, read } from "/dashboard/files/hub.js";
import { alarm, reason } from "/dashboard/files/live.js";

const PAGE = 25;
const LINES = 1000;
const AGAIN_MS = 2000;

let leave = () => {}; // the worker that is shown
let files = [];
let page = 0;

export async function openWorker(id) {
  let worker;
  try {
    ({ worker } = await read(`/workers/${encodeURIComponent(id)}`));
  } catch (problem) {
    alarm(reason(problem, "The hub does not answer."));
    return;
  }
  $("worker-title").textContent = id;
  $("worker-state").replaceChildren(pill(worker.status));
  showFacts(worker);
  files = worker.model_files.map(parted);
  $("models-search").value = "";
  turn(0);
  $("worker").showModal();
  const gone = new AbortController();
  leave();
  leave = () => gone.abort();
  followLog(id, gone.signal);
}

function showFacts({ capabilities, ...worker }) {
  const { hardware, location, labels, engines } = capabilities;
  const gb = (value) => (value ? `${value} GB` : null);
  const facts = {
    "Connected": worker.gone_at ? null : `for ${duration((Date.now() - worker.connected_at) / 1000)}`,
    "Offline": worker.gone_at ? `for ${duration((Date.now() - worker.gone_at) / 1000)}` : null,
    "Services": capabilities.services.join(", "),
    "Engines": engines.map(({ name, version }) => [name, version].filter(Boolean).join(" ")).join(", "),
    "GPU": hardware.gpu_model ? `${hardware.gpu_count || 1} × ${hardware.gpu_model}` : null,
    "GPU memory": gb(hardware.gpu_memory_gb),
    "Memory": gb(hardware.ram_gb),
    "Region": location.region,
    "Jobs": `${worker.current_jobs.length} of ${worker.slots}`,
    "Running": worker.current_jobs.join(", "),
    "Labels": Object.entries(labels).map(([name, value]) => `${name}=${value}`).join(", "),
    "Note": worker.system?.note,
  };
  $("worker-facts").replaceChildren(...Object.entries(facts)
    .filter(([, value]) => value)
    .map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

// comfyui/checkpoints/sdxl/a.safetensors: the kind is the folder below that of the connector.
function parted(file) {
  const [connector, kind, ...rest] = file.name.split("/");
  const parts = rest.length ? { kind, name: rest.join("/") } : { kind: connector, name: kind ?? connector };
  return { ...file, ...parts, sought: `${file.name} ${file.sha256 ?? ""}`.toLowerCase() };
}

function size(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (bytes >= 1000 && unit < units.length - 1) { bytes /= 1000; unit += 1; }
  return `${unit && bytes < 100 ? bytes.toFixed(1) : Math.round(bytes)} ${units[unit]}`;
}

function turn(to) {
  const words = $("models-search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = files.filter((file) => words.every((word) => file.sought.includes(word)));
  const pages = Math.max(1, Math.ceil(found.length / PAGE));
  page = Math.min(Math.max(0, to), pages - 1);
  const shown = found.slice(page * PAGE, (page + 1) * PAGE);
  table($("models"), [
    ["Name", (file) => file.name],
    ["Kind", (file) => file.kind],
    ["Size", (file) => size(file.size_bytes), "number"],
    ["SHA-256", (file) => (file.sha256 ? el("code", { title: file.sha256 }, file.sha256.slice(0, 12)) : null), "number"],
  ], shown, files.length ? "No file is called so." : "No files of models are known.");
  const count = found.length === files.length ? `${files.length}` : `${found.length} of ${files.length}`;
  $("models-count").textContent = files.length ? count : "";
  $("models-page").textContent = `${page + 1} of ${pages}`;
  $("models-pages").hidden = pages === 1;
  $("models-before").disabled = page === 0;
  $("models-next").disabled = page === pages - 1;
}

const kept = [];

async function followLog(id, signal) {
  let last = null;
  kept.length = 0;
  $("worker-log").textContent = "";
  tell("…");
  while (!signal.aborted) {
    try {
      const headers = last ? { "Last-Event-ID": last } : {};
      const answer = await ask(`/workers/${encodeURIComponent(id)}/logs?follow=true&lines=200`, { headers, signal });
      tell("live");
      for await (const { id: mark, event, data } of events(answer.body)) {
        if (event === "offline") return tell(data.message);
        last = mark;
        add(data);
      }
    } catch (problem) {
      if (signal.aborted) return;
      tell(reason(problem, "The hub does not answer; trying again."));
    }
    await new Promise((done) => setTimeout(done, AGAIN_MS));
  }
}

function tell(state) {
  $("log-state").replaceChildren(pill(state));
}

function add({ lines, skipped }) {
  const log = $("worker-log");
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 30;
  if (skipped === null) kept.push("… the agent was started anew …");
  else if (skipped) kept.push(`… ${skipped} lines are left out …`);
  kept.push(...lines);
  kept.splice(0, kept.length - LINES);
  log.textContent = kept.join("\n");
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}

// Server-Sent Events of an answer; EventSource sends no key.
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
      if (fields.event) yield { id: fields.id, event: fields.event, data: JSON.parse(fields.data) };
    }
  }
}

$("worker").addEventListener("close", () => leave());
$("models-search").addEventListener("input", () => turn(0));
$("models-before").addEventListener("click", () => turn(page - 1));
$("models-next").addEventListener("click", () => turn(page + 1));
