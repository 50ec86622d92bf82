// What pages share that follow something: telling what is wrong, asking back, one round after the other.
import { $, el } from "./draw.js";

export class Refused extends Error {}

export function alarm(text) {
  $("alarm").textContent = text;
  $("alarm").hidden = !text;
}

// What was refused says why; all else is that `nobody` answers.
export const reason = (problem, nobody) => (problem instanceof Refused ? problem.message : nobody);

export function sure(question, then) {
  const asked = el("dialog", {},
    el("form", { method: "dialog" },
      el("p", {}, question),
      el("div", { class: "actions" },
        el("button", { value: "no", autofocus: true }, "Keep it"),
        el("button", { value: "yes", class: "danger" }, "Do it"))));
  asked.addEventListener("close", () => {
    asked.remove();
    if (asked.returnValue === "yes") then();
  });
  document.body.append(asked);
  asked.showModal();
}

export const tiles = (into, figures) =>
  into.replaceChildren(...Object.entries(figures).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, String(value)))));

// Answers may overtake each other: only that to the last question is shown.
export function newest(read, show) {
  let asked = 0;
  return async () => {
    const mine = ++asked;
    const found = await read();
    if (mine === asked) show(found);
  };
}

// Shows again and again, but not while nobody looks. `judge` is told what went wrong, or nothing.
export async function keep(show, everyMs, judge = () => {}, isPaused = () => false) {
  for (;;) {
    if (!document.hidden && !isPaused()) {
      try {
        await show();
        judge();
      } catch (problem) {
        judge(problem);
      }
    }
    await new Promise((done) => setTimeout(done, everyMs));
  }
}
