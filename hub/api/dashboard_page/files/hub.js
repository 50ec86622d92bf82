// Asks the hub, with the key that this tab has been given.
import { $ } from "/dashboard/files/draw.js";
import { Refused } from "/dashboard/files/live.js";

export const KEY = "emp-api-key";

export async function ask(path, options = {}) {
  const key = sessionStorage.getItem(KEY);
  const answer = await fetch(path, { ...options, headers: key ? { authorization: `Bearer ${key}`, ...options.headers } : options.headers });
  if (answer.ok) return answer;
  const why = await told(answer);
  if (answer.status === 401 || answer.status === 403) askKey(key ? why : "");
  throw new Refused(why);
}
export const read = async (path) => (await ask(path)).json();

async function told(answer) {
  try {
    const { error, detail } = await answer.json();
    return error ?? detail ?? `the hub answers ${answer.status}`;
  } catch {
    return `the hub answers ${answer.status}`;
  }
}

function askKey(problem) {
  $("forget").hidden = true;
  $("key-problem").textContent = problem;
  if (!$("ask-key").open) $("ask-key").showModal();
}
