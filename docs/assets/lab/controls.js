// The settings at the left: the start first, then the network, the data and the training.

import { button, h, symbolButton, say } from "./dom.js";
import { ACTIVATION_NAMES, BIASES, DATA, LIMITS, LOSS_NAMES, OPTIMIZER_NAMES, SCALES, WEIGHTS, layerSizes, readPart, writePoints } from "./state.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./state.js").Key} Key */

/** @type {Record<string, string>} */
const NAMES = {
  zero: "zero", equal: "equal", random: "random", copied: "copied rows", mirrored: "mirrored rows",
  torch: "torch", lecun: "LeCun", glorot: "Glorot", he: "He",
  tanh: "tanh", lecun_tanh: "LeCun’s tanh", logistic: "logistic", relu: "ReLU", leaky_relu: "leaky ReLU", identity: "identity",
  two_moons: "two moons", noisy_sine: "noisy sine", teacher: "a teacher’s answers", points: "points of your own",
  squared_error: "squared error", sgd: "gradient descent", momentum: "momentum", adam: "Adam",
};

/** What a recipe's standard deviation is, times the root of the fan-in, where all layers are as wide. @type {Record<string, number>} */
const MARKS = { torch: 1 / Math.sqrt(3), lecun: 1, glorot: 1, he: Math.SQRT2 };
/** Ends of the sliders, as powers of ten. */
const RANGE = [-2, 1];
const POINTS_OF_OWN = [[-1.5, -1], [-0.5, 0.8], [0.5, -0.6], [1.5, 1]];

export class Controls {
  /**
   * @param {HTMLElement} box
   * @param {object} lab
   * @param {() => State} lab.state
   * @param {(change: Partial<State>, topic: string) => string[]} lab.change Returns what it had to give up.
   */
  constructor(box, lab) {
    this.lab = lab;
    /** @type {(() => void)[]} Each brings one control to the present state. */
    this.refreshers = [];
    const narrow = matchMedia("(max-width: 59.99em)");
    const more = h("details", { class: "lab-more" }, h("summary", {}, "Network, data, training"), this.network(), this.data(), this.training());
    const open = () => (more.open = !narrow.matches);
    narrow.addEventListener("change", open);
    open();
    box.append(this.start(), more);
  }

  refresh() {
    for (const refresh of this.refreshers) refresh();
  }

  start() {
    const scale = h("div", { class: "lab-field" }, this.chips("scale", "Scale", SCALES), this.slider("scale", "Scale of the weights"));
    const value = this.text("scale", "Value");
    const spread = this.text("spread", "Spread");
    this.refreshers.push(() => {
      const { weights, biases } = this.lab.state();
      scale.hidden = weights === "zero" || weights === "equal";
      value.hidden = weights !== "equal";
      spread.hidden = biases === "zero";
      spread.querySelector("label").textContent = biases === "equal" ? "Value" : "Standard deviation";
    });
    return this.section("Start", this.chips("weights", "Weights", WEIGHTS), scale, value,
      this.chips("biases", "Biases", BIASES), spread, this.edited());
  }

  /** Says how many numbers are the reader's own. */
  edited() {
    const count = h("span");
    const box = h("p", { class: "lab-edited" }, count,
      button("as drawn", () => this.lab.change({ cells: new Map() }, "cells")));
    this.refreshers.push(() => {
      const { size } = this.lab.state().cells;
      box.hidden = size === 0;
      count.textContent = `${size} number${size === 1 ? "" : "s"} edited `;
    });
    return box;
  }

  network() {
    const units = h("span", { class: "lab-units" });
    const problem = h("span", { class: "lab-problem", role: "alert" });
    const hidden = () => this.lab.state().hidden;
    const take = (/** @type {number[]} */ next) => this.lab.change({ hidden: next }, "hidden");
    const fewer = symbolButton("−", "One hidden layer fewer", () => take(hidden().slice(0, -1)));
    const further = symbolButton("+", "One hidden layer more", () => take([...hidden(), hidden()[hidden().length - 1]]));
    this.refreshers.push(() => {
      fewer.disabled = hidden().length === LIMITS.layers[0];
      further.disabled = hidden().length === LIMITS.layers[1];
      if (units.childElementCount !== hidden().length) {
        units.replaceChildren(...hidden().map((_, layer) => this.unitField(layer, problem)));
      }
      [...units.children].forEach((field, layer) => {
        if (field !== document.activeElement) field.value = String(hidden()[layer]);
      });
    });
    const row = h("div", { class: "lab-field lab-line", role: "group", "aria-label": "Units of each hidden layer" },
      h("span", { class: "lab-key lab-above-line" }, "Units of each hidden layer"), units, fewer, further, problem);
    return this.section("Network", row, this.choice("activation", "Activation", ACTIVATION_NAMES));
  }

  /** @param {number} layer @param {HTMLElement} problem */
  unitField(layer, problem) {
    const field = h("input", { inputmode: "numeric", "aria-label": `Units of layer ${layer + 1}`, autocomplete: "off",
      change: () => this.take(field, problem, () => {
        const hidden = [...this.lab.state().hidden];
        [hidden[layer]] = readPart("hidden", field.value);
        return { hidden };
      }, "hidden") });
    return field;
  }

  data() {
    const sizes = h("div", { class: "lab-field lab-line" }, this.number("inputs", "Inputs"), this.number("outputs", "Outputs"));
    const points = this.points();
    this.refreshers.push(() => {
      const { data } = this.lab.state();
      sizes.hidden = data !== "teacher";
      points.hidden = data !== "points";
    });
    return this.section("Data", this.choice("data", "Data", DATA, (data) => this.forData(data)), sizes, points, this.choice("loss", "Loss", LOSS_NAMES));
  }

  /** What comes with a choice of data: a loss that they allow, points to begin with. @param {string} data @returns {Partial<State>} */
  forData(data) {
    const { points } = this.lab.state();
    if (data === "two_moons") return { loss: "logistic" };
    if (data !== "points") return { loss: "squared_error" };
    return { loss: "squared_error", points: points.length ? points : POINTS_OF_OWN };
  }

  points() {
    const problem = h("span", { class: "lab-problem", role: "alert", id: "lab-points-problem" });
    const field = h("textarea", { id: "lab-points", rows: 3, spellcheck: "false", "aria-describedby": "lab-points-problem",
      change: () => this.take(field, problem, () => ({ points: readPart("points", field.value) }), "points") });
    this.refreshers.push(() => {
      if (field !== document.activeElement) field.value = writePoints(this.lab.state().points).replaceAll(";", "\n").replaceAll(",", ", ");
    });
    return h("div", { class: "lab-field" }, h("label", { for: "lab-points" }, "Points: x, y or x1, x2, y; a click on the function adds one"), field, problem);
  }

  training() {
    return this.section("Training", this.choice("optimizer", "Optimizer", OPTIMIZER_NAMES),
      h("div", { class: "lab-field lab-line" }, this.number("rate", "Rate"), this.number("batch", "Batch")),
      h("div", { class: "lab-field lab-line" }, this.number("seed", "Seed")));
  }

  /** @param {string} title @param {...HTMLElement} children */
  section(title, ...children) {
    return h("fieldset", {}, h("legend", {}, title), ...children);
  }

  /** Radio buttons that look like one. @param {"weights" | "biases" | "scale"} key @param {string} label @param {string[]} names */
  chips(key, label, names) {
    const radios = names.map((name) => h("input", { type: "radio", name: `lab-${key}`, id: `lab-${key}-${name}`, value: name,
      change: () => this.lab.change({ [key]: name }, key) }));
    this.refreshers.push(() => radios.forEach((radio) => (radio.checked = radio.value === this.lab.state()[key])));
    const pairs = radios.map((radio, i) => h("span", {}, radio, h("label", { for: radio.id }, NAMES[names[i]])));
    return h("div", { class: "lab-field lab-choices", role: "radiogroup", "aria-label": label, "data-key": key }, h("span", { class: "lab-key" }, label), ...pairs);
  }

  /** @param {Key} key @param {string} label @param {string[]} names @param {(name: string) => Partial<State>} [also] */
  choice(key, label, names, also = () => ({})) {
    const problem = h("span", { class: "lab-problem", role: "alert" });
    const field = h("select", { id: `lab-${key}`,
      change: () => this.take(field, problem, () => ({ [key]: field.value, ...also(field.value) }), key) },
      ...names.map((name) => h("option", { value: name }, NAMES[name])));
    this.refreshers.push(() => (field.value = String(this.lab.state()[key])));
    return h("div", { class: "lab-field lab-line" }, h("label", { for: field.id, class: "lab-key" }, label), field, problem);
  }

  /** @param {Key} key @param {string} label */
  text(key, label) {
    return h("div", { class: "lab-field lab-line" }, ...this.input(key, label));
  }

  /** @param {Key} key @param {string} label */
  number(key, label) {
    return h("span", { class: "lab-pair" }, ...this.input(key, label));
  }

  /** A field for a number with its label and its message. @param {Key} key @param {string} label */
  input(key, label) {
    const id = `lab-${key}-${this.refreshers.length}`;
    const problem = h("span", { class: "lab-problem", role: "alert", id: `${id}-problem` });
    const field = h("input", { id, autocomplete: "off", inputmode: "decimal", "aria-describedby": problem.id,
      change: () => this.take(field, problem, () => ({ [key]: readPart(key, field.value) }), key) });
    this.refreshers.push(() => {
      if (field === document.activeElement && field.getAttribute("aria-invalid") === "true") return;
      field.value = key === "batch" && !this.lab.state().batch ? "all" : String(this.lab.state()[key]);
    });
    return [h("label", { for: id, class: "lab-key" }, label), field, problem];
  }

  /** A slider on a logarithmic scale, with the recipes as marks. @param {"scale"} key @param {string} label */
  slider(key, label) {
    const shown = h("output", { class: "lab-number" });
    const list = h("datalist", { id: "lab-marks" }, ...Object.entries(MARKS).map(([name, gain]) => h("option", { value: Math.log10(gain).toFixed(2), label: NAMES[name] })));
    const field = h("input", { type: "range", min: RANGE[0], max: RANGE[1], step: 0.02, list: "lab-marks", "aria-label": label,
      input: () => this.lab.change({ [key]: Number((10 ** Number(field.value)).toPrecision(3)) }, `slide ${key}`) });
    this.refreshers.push(() => {
      const scale = this.lab.state()[key];
      const gain = typeof scale === "string" ? MARKS[scale] : scale;
      if (field !== document.activeElement || typeof scale === "string") field.value = String(Math.log10(Math.abs(gain)));
      const sizes = layerSizes(this.lab.state());
      shown.textContent = typeof scale === "string" && scale === "glorot" && new Set(sizes).size > 1 ? "√(2/(in+out))" : `${Number(gain.toPrecision(2))}/√in`;
      field.setAttribute("aria-valuetext", shown.textContent);
    });
    return h("span", { class: "lab-slider" }, field, list, shown);
  }

  /**
   * Takes what a field says, or shows what is wrong with it and keeps the last good state.
   *
   * @param {HTMLInputElement} field
   * @param {HTMLElement} problem
   * @param {() => Partial<State>} read
   * @param {string} topic
   */
  take(field, problem, read, topic) {
    let message = "";
    try {
      field.setAttribute("aria-invalid", "false");
      message = this.lab.change(read(), topic).join(" ");
    } catch (error) {
      message = /** @type {Error} */ (error).message;
      field.setAttribute("aria-invalid", "true");
    }
    problem.textContent = message;
  }
}

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
    // without titles, which would pop up over the sentence that a reader then looks at
    this.run = button("▶ Run", lab.toggle, { class: "lab-run" });
    this.step = button("Step", lab.step);
    this.rewind = button("Rewind", lab.rewind);
    this.slider = h("input", { type: "range", min: 0, value: 0, step: 1, "aria-label": "Update", input: () => lab.scrub(Number(this.slider.value)) });
    this.label = h("output", { class: "lab-number" });
    box.append(this.run, this.step, this.rewind, button("New seed", lab.reseed),
      h("span", { class: "lab-scrub" }, this.slider, this.label));
  }

  /** @param {{update: number, reached: number, horizon: number, running: boolean, ended: boolean}} now */
  update({ update, reached, horizon, running, ended }) {
    const name = running ? "❚❚ Pause" : update && update < horizon ? "▶ Run on" : "▶ Run";
    say(this.run, name);
    this.run.disabled = ended;
    this.step.disabled = ended || running;
    this.rewind.disabled = update === 0 && reached === 0;
    this.slider.max = String(Math.max(horizon, reached));
    this.slider.value = String(update);
    this.slider.setAttribute("aria-valuetext", `update ${update}`);
    this.label.textContent = `update ${update}`;
  }
}
