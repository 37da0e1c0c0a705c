// Layer by layer: which units are copies, predicted and measured, and how large the gradient is
// beside the weights.

import { clamp, h, hueClass, letters, say, set, words } from "./dom.js";

/** @typedef {import("./partition.js").Classes} Classes */

const [LOWEST, HIGHEST] = [-16, 2];
/** Where the axis begins and ends, in percent: before it stands 0, after it infinity. */
const [FROM, TO] = [16, 90];
const [ZERO, INFINITE] = [4, 98];

export class Layers {
  /** @param {HTMLElement} box */
  constructor(box) {
    this.box = box;
    /** @type {{predicted: HTMLElement, measured: HTMLElement, agree: HTMLElement, dot: HTMLElement, ratio: HTMLElement}[]} */
    this.rows = [];
  }

  /** @param {number} layers Matrices. */
  build(layers) {
    this.rows = Array.from({ length: layers }, () => ({
      predicted: h("td", { class: "lab-chips" }), measured: h("td", { class: "lab-chips" }),
      agree: h("td", { class: "lab-agree" }), dot: h("span", { class: "lab-ratio-dot" }), ratio: h("span", { class: "lab-ratio-value" }),
    }));
    const name = (/** @type {number} */ layer) => h("th", { scope: "row" }, layer < layers - 1 ? `layer ${layer + 1}` : "output");
    const head = (/** @type {string} */ text, /** @type {string} */ where) => h("th", { scope: "col" }, text, " ", h("small", {}, where));
    const hidden = this.rows.slice(0, -1);
    this.box.replaceChildren(
      table("Classes of the units", [h("td"), head("predicted", "for generic data"), head("measured", "on these, now"), h("th", { scope: "col", class: "lab-agree" }, "agree")],
        hidden.map(({ predicted, measured, agree }, layer) => [name(layer), predicted, measured, agree])),
      table("Gradients", [h("td"), h("th", { scope: "col", class: "lab-strip" }, "gradient / weight", axis())],
        this.rows.map(({ dot, ratio }, layer) => [name(layer), h("td", { class: "lab-strip" }, dot, ratio)])));
  }

  /**
   * @param {Classes[]} predicted From the parameters of the start.
   * @param {Classes[]} measured On the data, now.
   */
  classes(predicted, measured) {
    predicted.forEach((expected, layer) => {
      const row = this.rows[layer];
      fillChips(row.predicted, expected);
      fillChips(row.measured, measured[layer]);
      const agree = same(expected, measured[layer]);
      say(row.agree, agree ? "✓ yes" : "not now");
    });
  }

  /** @param {number[]} ratios Of the gradient to the weights. */
  ratios(ratios) {
    ratios.forEach((ratio, layer) => {
      const { dot, ratio: value } = this.rows[layer];
      const at = position(ratio);
      set(dot, "data-kind", ratio === 0 ? "zero" : Number.isFinite(ratio) ? "number" : "infinite");
      dot.style.left = `${at.toFixed(1)}%`;
      say(value, ratio === 0 ? "exactly 0" : Number.isFinite(ratio) ? words(Number(ratio.toPrecision(2))) : "∞ (weights are 0)");
      const right = at > 55;
      value.style.left = right ? "" : `calc(${at.toFixed(1)}% + 10px)`;
      value.style.right = right ? `calc(${(100 - at).toFixed(1)}% + 10px)` : "";
    });
  }
}

/** @param {string} caption @param {HTMLElement[]} head @param {HTMLElement[][]} rows */
function table(caption, head, rows) {
  return h("table", { class: "lab-table" }, h("caption", { class: "lab-hidden" }, caption), h("thead", {}, h("tr", {}, ...head)),
    h("tbody", {}, ...rows.map((cells) => h("tr", {}, ...cells))));
}

/** @param {number} ratio */
function position(ratio) {
  if (ratio === 0) return ZERO;
  if (!Number.isFinite(ratio)) return INFINITE;
  const share = (Math.log10(ratio) - LOWEST) / (HIGHEST - LOWEST);
  return FROM + (TO - FROM) * clamp(share, 0, 1);
}

function axis() {
  const marks = [[ZERO, "0"], ...[-15, -10, -5, 0].map((power) => /** @type {const} */ ([position(10 ** power), power ? `1e−${-power}` : "1"])), [INFINITE, "∞"]];
  return h("span", { class: "lab-axis", "aria-hidden": "true" },
    ...marks.map(([at, text]) => h("span", { style: `left:${at}%` }, String(text))));
}

/** Whether two partitions of the units of a layer are the same, with mirrored units and silent ones. @param {Classes} one @param {Classes} other */
function same(one, other) {
  const related = (/** @type {Classes} */ { labels, signs }, /** @type {number} */ i, /** @type {number} */ j) =>
    labels[i] === labels[j] ? signs[i] * signs[j] : 2;
  const units = [...one.labels.keys()];
  return units.every((i) => units.every((j) => related(one, i, j) === related(other, i, j)));
}

/** @param {HTMLElement} box @param {Classes} classes */
function fillChips(box, classes) {
  const names = letters(classes);
  const text = names.join(" ");
  if (box.dataset.shown === text) return;
  box.dataset.shown = text;
  box.replaceChildren(h("span", {}, ...names.flatMap((name, unit) => [
    h("span", { class: "lab-chip", "data-class": hueClass(classes, unit) }, name), " ",
  ])));
}
