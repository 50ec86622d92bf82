// The status page: reads the agent's state again and again, and shows what it says.
import { $, clock, duration, el, graph, pill, table } from "/draw.js";
import { Refused, alarm, keep, newest, reason, sure, tiles } from "/live.js";

async function ask(path, method = "GET") {
  const answer = await fetch(path, { method });
  if (!answer.ok) throw new Refused((await answer.json()).error);
  return answer;
}
const read = async (path) => (await ask(path)).json();

async function command(button, path) {
  button.disabled = true;
  try {
    await ask(path, "POST");
    alarm("");
  } catch (problem) {
    alarm(reason(problem, "The agent does not answer."));
  }
  button.disabled = false;
  await Promise.all([showStatus(), showCurrent(), showHistory()].map((each) => each.catch(() => {})));
}

const showStatus = newest(() => read("/api/status"), (status) => {
  document.title = `${status.workers[0]?.worker_id ?? "emp-agent"} · emp-agent`;
  $("version").textContent = status.version;
  $("hub").textContent = `${status.connected ? "connected to" : "no connection to"} ${status.hub_url} · up ${duration(status.uptime_s)}`;
  const word = status.leaving ? "draining" : status.paused ? "paused" : status.connected ? "connected" : "not connected";
  $("state").replaceWith(Object.assign(pill(word), { id: "state", role: "status" }));
  $("pause").hidden = status.paused || status.leaving;
  $("resume").hidden = !status.paused || status.leaving;
  $("workers").replaceChildren(...status.workers.map(worker));
  $("engines-part").hidden = !status.engines.length;
  $("engines").replaceChildren(...status.engines.map(engine));
});

const worker = (each) =>
  el("article", { class: "card" },
    el("header", {}, el("h3", {}, each.worker_id), pill(each.status)),
    el("p", { class: "quiet" }, [
      each.gpu ? `${each.gpu.name}, ${each.gpu.memory_gb} GB` : "no GPU",
      `${each.used} of ${each.slots} slots used`,
      each.services.join(", ") || "no services",
    ].join(" · ")),
    each.note ? el("p", { class: "note" }, each.note) : null);

const engine = (each) =>
  el("article", { class: "card" },
    el("header", {}, el("h3", {}, `${each.name} of ${each.worker_id}`), pill(each.state)),
    el("p", { class: "quiet" }, [each.url, each.pid && `process ${each.pid}`, `started ${each.starts} times`].filter(Boolean).join(" · ")),
    each.problem ? el("p", { class: "note" }, each.problem) : null,
    el("div", { class: "actions" },
      el("button", { type: "button", onclick: () => showLog(each) }, "Log"),
      el("button", {
        type: "button", class: "danger",
        onclick: (event) => sure(`Start ${each.name} anew? A job that runs is finished first.`,
          () => command(event.target, `/api/control/restart-engine?engine=${each.number}`)),
      }, "Restart")));

async function showLog(each) {
  $("log-of").textContent = `of ${each.name} of ${each.worker_id}`;
  $("log").textContent = (await (await ask(`/api/logs?engine=${each.number}&lines=200`)).text()) || "nothing yet";
  $("log-part").open = true;
  $("log").scrollTop = $("log").scrollHeight;
}

const showCurrent = newest(() => read("/api/jobs/current"), ({ jobs }) => {
  const held = document.activeElement?.dataset?.job;
  $("current").replaceChildren(...(jobs.length ? jobs.map(running) : [el("p", { class: "empty" }, "No job runs.")]));
  if (held) document.querySelector(`[data-job="${CSS.escape(held)}"]`)?.focus();
});

function running(job) {
  const place = [job.node_title ?? job.node, job.steps ? `step ${job.step ?? 0} of ${job.steps}` : null, job.message].filter(Boolean).join(" · ");
  return el("article", { class: `card job ${job.preview ? "pictured" : ""}` },
    job.preview ? el("img", { src: job.preview, alt: `preview of job ${job.job_id}` }) : null,
    el("div", { class: "body" },
      el("header", {}, el("h3", {}, el("code", {}, job.job_id)),
        el("button", {
          type: "button", class: "danger", "data-job": job.job_id,
          onclick: (event) => sure(`Cancel job ${job.job_id}? It fails, and is not tried again.`,
            () => command(event.target, `/api/control/cancel-job/${encodeURIComponent(job.job_id)}`)),
        }, "Cancel")),
      el("p", { class: "quiet" }, `${job.type} on ${job.worker_id} · attempt ${job.attempt} · priority ${job.priority} · ${duration(job.seconds)}`),
      el("progress", { max: 100, value: job.percent, "aria-label": "progress" }),
      el("p", {}, `${Math.round(job.percent)} %`, place ? ` · ${place}` : "")));
}

async function showStats() {
  const stats = await read("/api/stats");
  tiles($("tiles"), {
    Completed: stats.jobs.completed, Failed: stats.jobs.failed, Cancelled: stats.jobs.cancelled,
    Stopped: stats.jobs.stopped, "Per hour": stats.per_hour, "Mean time": duration(stats.mean_s),
    "Success rate": stats.success_rate === null ? "–" : `${Math.round(stats.success_rate * 100)} %`,
  });
  const { samples } = stats;
  const of = (take) => samples.map(take);
  const gpus = Object.keys(samples.at(-1)?.gpus ?? {});
  const named = (id, name) => (gpus.length > 1 ? `${id}: ${name}` : name);
  $("graphs").replaceChildren(
    graph("Jobs running", of((each) => each.used), ""),
    graph("Processors", of((each) => each.cpu), "%", 100),
    graph("Memory", of((each) => each.memory), "%", 100),
    ...gpus.flatMap((id) => [
      graph(named(id, "GPU"), of((each) => each.gpus[id]?.gpu_usage), "%", 100),
      graph(named(id, "GPU memory"), of((each) => each.gpus[id]?.gpu_memory_usage), "%", 100),
      graph(named(id, "GPU heat"), of((each) => each.gpus[id]?.gpu_temperature), "°C", 100),
      graph(named(id, "GPU power"), of((each) => each.gpus[id]?.gpu_power_w), "W"),
    ]));
}

let limit = 20;
function readHistory() {
  const query = new URLSearchParams({ status: $("f-status").value, q: $("f-q").value, limit });
  for (const name of ["status", "q"]) if (!query.get(name)) query.delete(name);
  return read(`/api/jobs/history?${query}`);
}

const showHistory = newest(readHistory, ({ jobs, total_count }) => {
  $("history-count").textContent = total_count > jobs.length ? `${jobs.length} of ${total_count}` : String(total_count);
  $("more").hidden = total_count <= jobs.length || limit === 200;
  table($("history"), [
    ["Ended", (each) => clock(each.ended_at), "number"],
    ["Job", (each) => el("code", {}, each.job_id)],
    ["Type", (each) => each.type],
    ["Worker", (each) => each.worker_id],
    ["Outcome", (each) => [pill(each.status), each.error ? el("span", { class: "error" }, each.error_class ? `${each.error_class}: ${each.error}` : each.error) : ""]],
    ["Took", (each) => duration(each.seconds), "number"],
  ], jobs, "No job has ended that fits.");
});

async function showConnectors() {
  const { connectors } = await read("/api/connectors");
  table($("connectors"), [
    ["Connector", (each) => each.name],
    ["Worker", (each) => each.worker_id],
    ["State", (each) => [pill(each.ready ? "ready" : "not ready"), each.problem ? el("span", { class: "error" }, each.problem) : ""]],
    ["Services", (each) => each.services?.join(", ")],
    ["Version", (each) => each.version],
    ["Models", (each) => each.models?.toString()],
    ["Nodes", (each) => each.custom_nodes?.toString()],
    ["Slots", (each) => each.slots?.toString(), "number"],
  ], connectors, "There are no connectors.");
}

let settings = [];
async function showSystem() {
  const found = await read("/api/system");
  const facts = {
    Host: found.hostname, System: found.platform, Processors: `${found.cpu_cores}, ${found.cpu_usage} % busy`,
    Memory: `${found.ram_gb} GB, ${found.memory_usage} % used`, Disk: `${found.storage_gb} GB free`,
    ...Object.fromEntries(found.gpus.map((gpu) => [`GPU of ${gpu.worker_id}`, `${gpu.name}, ${gpu.memory_gb} GB`])),
  };
  $("system").replaceChildren(...Object.entries(facts).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
  settings = found.settings;
  showSettings();
}

function showSettings() {
  const words = $("s-q").value.toLowerCase();
  table($("settings"), [
    ["Setting", (each) => el("code", {}, each.name)],
    ["Value", (each) => el("code", {}, each.value)],
    ["Source", (each) => each.source],
  ], settings.filter((each) => `${each.name} ${each.value}`.toLowerCase().includes(words)), "No setting fits.");
}

function judge(problem) {
  alarm(problem ? reason(problem, "The agent does not answer: it has ended, or the way to it is gone. What is shown is old.") : "");
}

$("pause").addEventListener("click", (event) => command(event.target, "/api/control/pause"));
$("resume").addEventListener("click", (event) => command(event.target, "/api/control/resume"));
$("more").addEventListener("click", () => {
  limit = Math.min(200, limit * 2);
  showHistory();
});
$("filter").addEventListener("input", () => showHistory());
$("s-q").addEventListener("input", showSettings);
for (const form of document.querySelectorAll("form.filter")) form.addEventListener("submit", (event) => event.preventDefault());

keep(showStatus, 1000, judge);
keep(showCurrent, 1000);
keep(showHistory, 3000);
keep(showStats, 5000);
keep(showConnectors, 10000);
keep(showSystem, 30000);
