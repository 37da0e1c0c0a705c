// Run, step, rewind, a new seed, and the slider that goes back to any update.

import { h } from "./dom.js";

export class Transport {
  /**
   * @param {HTMLElement} box
   * @param {object} lab
   * @param {() => void} lab.toggle
   * @param {() => void} lab.step
   * @param {() => void} lab.rewind
   * @param {() => void} lab.reseed
   * @param {(update: number) => void} lab.scrub
   */
  constructor(box, lab) {
    /** @param {string} text @param {string} title @param {() => void} click @param {string} [kind] */
    const button = (text, title, click, kind = "") => h("button", { type: "button", title, class: kind, click }, text);
    this.run = button("▶ Run", "Train up to the end of the slider", lab.toggle, "lab-run");
    this.step = button("Step", "One update", lab.step);
    this.rewind = button("Rewind", "Back to the same start", lab.rewind);
    this.slider = h("input", { type: "range", min: 0, value: 0, step: 1, "aria-label": "Update", input: () => lab.scrub(Number(this.slider.value)) });
    this.label = h("output", { class: "lab-number" });
    box.append(this.run, this.step, this.rewind, button("New seed", "Draw the start, the data and the batches anew", lab.reseed),
      h("span", { class: "lab-scrub" }, this.slider, this.label));
  }

  /** @param {{update: number, reached: number, horizon: number, running: boolean, ended: boolean}} now */
  update({ update, reached, horizon, running, ended }) {
    const name = running ? "❚❚ Pause" : update && update < horizon ? "▶ Run on" : "▶ Run";
    if (this.run.textContent !== name) this.run.textContent = name;
    this.run.disabled = ended;
    this.step.disabled = ended || running;
    this.rewind.disabled = update === 0 && reached === 0;
    this.slider.max = String(Math.max(horizon, reached));
    this.slider.value = String(update);
    this.slider.setAttribute("aria-valuetext", `update ${update}`);
    this.label.textContent = `update ${update}`;
  }
}
