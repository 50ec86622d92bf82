// The dashboard: reads the hub's own API again and again, and shows what it says.
import { $, duration, el, graph, pill, table } from "/dashboard/files/draw.js";
import { KEY, ask, read } from "/dashboard/files/hub.js";
import { alarm, keep, newest, reason, sure, tiles } from "/dashboard/files/live.js";
import { openWorker } from "/dashboard/files/worker.js";

const ENDED = 20;
const SAMPLES = 150;

// Pictures need the key as well, which an <img> does not send: they are fetched, and kept for a while.
const pictures = new Map();
const KEPT = 200;

function picture(path, version, alt) {
  const kept = pictures.get(path);
  const image = el("img", { alt, src: kept?.url ?? "data:," });
  keepPicture(path, { version, url: kept?.url });
  if (kept?.version !== version) {
    ask(path).then((answer) => answer.blob()).then((blob) => {
      if (kept?.url) URL.revokeObjectURL(kept.url);
      image.src = URL.createObjectURL(blob);
      keepPicture(path, { version, url: image.src });
    }).catch(() => image.remove()); // no picture is no fault of the page
  }
  return image;
}

// The one that was not shown for longest goes first.
function keepPicture(path, about) {
  pictures.delete(path);
  pictures.set(path, about);
  if (pictures.size <= KEPT) return;
  const [oldest, { url }] = pictures.entries().next().value;
  pictures.delete(oldest);
  if (url) URL.revokeObjectURL(url);
}

const samples = [];
async function showFigures() {
  const { jobs, workers, system } = await read("/dashboard/api/metrics");
  tiles($("tiles"), {
    Waiting: jobs.queued, Running: jobs.active, Completed: jobs.completed, Failed: jobs.failed,
    Cancelled: jobs.cancelled, "Workers idle": workers.idle, "Workers busy": workers.busy,
    "Slots used": `${workers.used} of ${workers.slots}`,
  });
  samples.push({ waiting: jobs.queued, running: jobs.active, used: 100 * system.worker_utilization });
  if (samples.length > SAMPLES) samples.shift();
  $("graphs").replaceChildren(
    graph("Jobs waiting", samples.map((each) => each.waiting), ""),
    graph("Jobs running", samples.map((each) => each.running), ""),
    graph("Slots in use", samples.map((each) => each.used), "%", 100));
  $("hub").textContent = `${location.host} · up ${duration(system.uptime_s)} · ${system.memory_mb} MB`;
  $("state").replaceWith(Object.assign(pill("connected"), { id: "state", role: "status" }));
  $("forget").hidden = !sessionStorage.getItem(KEY);
}

const jobsIn = async (status, limit) => (await read(`/dashboard/api/jobs?status=${status}&limit=${limit}`)).jobs;
const ago = (ms) => (ms ? `${duration((Date.now() - ms) / 1000)} ago` : "–");

const showRunning = newest(() => jobsIn("active", 50), (jobs) => {
  const held = document.activeElement?.dataset?.job;
  $("running-count").textContent = jobs.length ? String(jobs.length) : "";
  $("running").replaceChildren(...(jobs.length ? jobs.map(running) : [el("p", { class: "quiet" }, "No job runs.")]));
  if (held) document.querySelector(`[data-job="${CSS.escape(held)}"]`)?.focus();
});

function running(job) {
  const started = job.started_at ?? job.assigned_at;
  const image = job.preview ? picture(job.preview, job.progress, `preview of job ${job.id}`) : null;
  return el("article", { class: `card job ${image ? "pictured" : ""}` }, image,
    el("div", { class: "body" },
      el("header", {}, el("h3", {}, el("code", {}, job.id)), cancelButton(job)),
      el("p", { class: "quiet" }, `${job.type} on ${job.worker_id} · attempt ${job.attempt} · priority ${job.priority} · for ${duration((Date.now() - started) / 1000)}`),
      el("progress", { max: 100, value: job.progress, "aria-label": "progress" }),
      el("p", {}, `${Math.round(job.progress)} %`, job.progress_message ? ` · ${job.progress_message}` : "")));
}

const cancelButton = (job) => el("button", {
  type: "button", class: "danger", "data-job": job.id,
  onclick: () => sure(`Cancel job ${job.id}?`, () => cancel(job.id)),
}, "Cancel");

async function cancel(id) {
  try {
    await ask(`/jobs/${id}/cancel`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ reason: "cancelled from the dashboard" }) });
    alarm("");
  } catch (problem) {
    alarm(reason(problem, "The hub does not answer."));
  }
  await Promise.all([showRunning(), showWaiting(), showEnded()].map((each) => each.catch(() => {})));
}

const showWaiting = newest(() => jobsIn("pending", 50), (jobs) => {
  table($("waiting"), [
    ["Job", (job) => el("code", {}, job.id)],
    ["Type", (job) => job.type],
    ["Priority", (job) => String(job.priority), "number"],
    ["Submitted", (job) => ago(job.created_at), "number"],
    ["State", (job) => [pill(job.status === "pending" ? "waiting" : job.status), job.error ? el("span", { class: "error" }, job.error) : ""]],
    ["", (job) => [el("button", { type: "button", onclick: () => why(job.id) }, "Why?"), " ", cancelButton(job)]],
  ], jobs, "No job waits.");
});

async function why(id) {
  try {
    const told = await read(`/jobs/${id}/explain`);
    $("why-title").textContent = `Why does ${id} wait?`;
    $("why-words").textContent = told.words;
    table($("why-workers"), [
      ["Worker", (each) => each.worker_id],
      ["", (each) => pill(each.verdict)],
      ["Why", (each) => each.words],
    ], told.workers ?? [], "No worker is connected.");
    $("why").showModal();
  } catch (problem) {
    alarm(problem.message);
  }
}

const filesOf = (job) => (Array.isArray(job.result?.files) ? job.result.files.filter((file) => file?.sha256 && file.mime_type?.startsWith("image/")) : []);

const showEnded = newest(() => jobsIn($("f-status").value, ENDED), (jobs) => {
  jobs.sort((one, other) => other.finished_at - one.finished_at);
  table($("ended"), [
    ["Result", (job) => filesOf(job).slice(0, 3).map((file) => picture(`/artifacts/${file.sha256}/thumbnail?size=128`, 1, file.filename ?? "result"))],
    ["Job", (job) => el("code", {}, job.id)],
    ["Type", (job) => job.type],
    ["Worker", (job) => job.worker_id],
    ["Ended", (job) => ago(job.finished_at), "number"],
    ["Took", (job) => duration(job.started_at ? (job.finished_at - job.started_at) / 1000 : null), "number"],
    ["Outcome", (job) => [pill(job.status), job.error ? el("span", { class: "error" }, job.error_class ? `${job.error_class}: ${job.error}` : job.error) : ""]],
  ], jobs, "No job has ended.");
});

async function showWorkers() {
  const { workers } = await read("/dashboard/api/workers");
  const held = document.activeElement?.dataset?.worker;
  table($("workers"), [
    ["Worker", (each) => el("button", { type: "button", "data-worker": each.worker_id, onclick: () => openWorker(each.worker_id) }, each.worker_id)],
    ["State", (each) => pill(each.status)],
    ["Services", (each) => each.capabilities?.services?.join(", ")],
    ["GPU", (each) => each.capabilities?.hardware?.gpu_model || null],
    ["Memory", (each) => (each.capabilities?.hardware?.gpu_memory_gb ? `${each.capabilities.hardware.gpu_memory_gb} GB` : null), "number"],
    ["Jobs", (each) => `${each.current_jobs.length} of ${each.slots}`, "number"],
    ["Models", (each) => (each.model_counts ? String(Object.values(each.model_counts).reduce((sum, count) => sum + count, 0)) : null), "number"],
  ], workers, "No worker has been here.");
  if (held) document.querySelector(`[data-worker="${CSS.escape(held)}"]`)?.focus();
}

function judge(problem) {
  if (problem) $("state").replaceWith(Object.assign(pill("error"), { id: "state", role: "status" }));
  alarm(problem ? reason(problem, "The hub does not answer. What is shown is old.") : "");
}
const isAsked = () => $("ask-key").open;

$("key-form").addEventListener("submit", () => {
  sessionStorage.setItem(KEY, $("key").value);
  $("key").value = "";
  alarm("");
});
$("ask-key").addEventListener("cancel", (event) => event.preventDefault());
$("forget").addEventListener("click", () => {
  sessionStorage.removeItem(KEY);
  location.reload();
});
$("filter").addEventListener("input", () => showEnded());
$("filter").addEventListener("submit", (event) => event.preventDefault());

keep(showFigures, 2000, judge, isAsked);
keep(showRunning, 1000, undefined, isAsked);
keep(showWaiting, 2000, undefined, isAsked);
keep(showEnded, 3000, undefined, isAsked);
keep(showWorkers, 3000, undefined, isAsked);
