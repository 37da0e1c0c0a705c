// The matrices as cells: a row is a unit, its bias stands apart at the right. One cell is selected;
// arrow keys move, typing writes, and the editor below acts on it.

import { h, letter, set, sub, words } from "./dom.js";
import { largest, signedColour } from "./graph.js";

/** @typedef {{layer: number, unit: number, input: number}} Cell `input` is -1 for the bias. */

const HEAD = 18;
const GAP = 6;
const APART = 18;
/** Narrower cells show their colour alone. */
const FOR_NUMBERS = 27;
/** Cells with numbers are pale: the numbers are what counts. */
const PALE = 3;

/** A number in a few characters. @param {number} x */
export function tiny(x) {
  const size = Math.abs(x);
  if (size === 0) return "0";
  const digits = size >= 1e4 || size < 0.005 ? x.toExponential(0) : x.toFixed(size >= 9.95 ? 0 : size >= 0.995 ? 1 : 2);
  return digits.replace("+", "").replace(/^(-?)0\./, "$1.").replaceAll("-", "−");
}

/** What a cell is called. @param {Cell} cell */
export function cellName({ layer, unit, input }) {
  const where = `layer ${layer + 1}, unit ${unit + 1}`;
  return input < 0 ? `${where}, bias` : `${where}, weight ${input + 1}`;
}

export class Matrices {
  /**
   * @param {HTMLElement} box
   * @param {{select: (cell: Cell) => void, key: (event: KeyboardEvent, cell: Cell) => void}} actions
   */
  constructor(box, actions) {
    this.box = box;
    this.actions = actions;
    /** @type {HTMLElement} */
    this.row = h("div", { class: "lab-matrices" });
    box.append(this.row);
    /** @type {number[]} */
    this.sizes = [];
    /** @type {{element: HTMLElement, drawn: string, cell: Cell}[]} */
    this.cells = [];
    this.numbers = true;
    /** @type {Cell | null} */
    this.selected = null;
    new ResizeObserver(() => this.layOut()).observe(box);
  }

  /** @param {number[]} sizes */
  build(sizes) {
    this.sizes = sizes;
    this.cells = [];
    this.shown = undefined;
    this.row.replaceChildren(...sizes.slice(1).map((fanOut, layer) => this.matrix(layer, fanOut, sizes[layer])));
    this.layOut();
  }

  /** @param {number} layer @param {number} fanOut @param {number} fanIn */
  matrix(layer, fanOut, fanIn) {
    const name = `W${sub(layer + 1)} b${sub(layer + 1)}`;
    const inputs = [...Array(fanIn).keys()];
    const heads = inputs.map(() => h("span", { role: "columnheader", class: "lab-head lab-over" }));
    const top = h("div", { role: "row" }, h("span", { role: "none" }), ...heads,
      h("span", { class: "lab-gap", role: "none" }), h("span", { role: "columnheader", class: "lab-head lab-over" }, "b"));
    const rows = Array.from({ length: fanOut }, (_, unit) =>
      h("div", { role: "row" }, h("span", { role: "rowheader", class: "lab-head" }),
        ...inputs.map((input) => this.cell({ layer, unit, input })),
        h("span", { class: "lab-gap", role: "none" }), this.cell({ layer, unit, input: -1 })));
    const grid = h("div", { role: "grid", class: "lab-grid", "aria-label": `Weights and biases of layer ${layer + 1}` }, top, ...rows);
    return h("div", { class: "lab-matrix" }, h("div", { class: "lab-name" }, name, h("span", {}, ` ${fanOut} × ${fanIn}`)), grid);
  }

  /** @param {Cell} cell */
  cell(cell) {
    const element = h("div", {
      role: "gridcell",
      class: "lab-cell",
      tabindex: -1,
      focus: () => this.actions.select(cell),
      click: () => element.focus(),
      keydown: (/** @type {KeyboardEvent} */ event) => this.onKey(event, cell),
    });
    this.cells.push({ element, drawn: "", cell });
    return element;
  }

  /** Arrows move; the rest is for whoever edits. @param {KeyboardEvent} event @param {Cell} cell */
  onKey(event, cell) {
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return this.actions.key(event, cell);
    event.preventDefault();
    this.focus(this.neighbour(cell, move[0], move[1]));
  }

  /** The cell beside: right of a bias comes the next matrix. @param {Cell} cell @param {number} down @param {number} right @returns {Cell} */
  neighbour({ layer, unit, input }, down, right) {
    const column = (input < 0 ? this.sizes[layer] : input) + right;
    let [nextLayer, nextColumn] = [layer, column];
    if (column < 0 && layer > 0) [nextLayer, nextColumn] = [layer - 1, this.sizes[layer - 1]];
    if (column > this.sizes[layer] && layer < this.sizes.length - 2) [nextLayer, nextColumn] = [layer + 1, 0];
    const last = this.sizes[nextLayer];
    nextColumn = Math.max(0, Math.min(last, nextColumn));
    const nextUnit = Math.max(0, Math.min(this.sizes[nextLayer + 1] - 1, unit + down));
    return { layer: nextLayer, unit: nextUnit, input: nextColumn === last ? -1 : nextColumn };
  }

  /** @param {Cell} wanted */
  find(wanted) {
    return this.cells.find(({ cell: { layer, unit, input } }) =>
      layer === wanted.layer && unit === wanted.unit && input === wanted.input);
  }

  /** @param {Cell} cell */
  focus(cell) {
    this.find(cell)?.element.focus();
  }

  /** Marks the selected cell, the only one that the tab key reaches. @param {Cell} cell */
  mark(cell) {
    if (this.selected) {
      const before = this.find(this.selected)?.element;
      before?.setAttribute("tabindex", "-1");
      before?.setAttribute("aria-selected", "false");
    }
    this.selected = cell;
    const now = this.find(cell)?.element;
    now?.setAttribute("tabindex", "0");
    now?.setAttribute("aria-selected", "true");
  }

  /** Cells as wide as fit: all matrices side by side, or on a narrow screen below each other. */
  layOut() {
    const width = this.box.clientWidth;
    if (!width || !this.sizes.length) return;
    const fanIns = this.sizes.slice(0, -1);
    const beside = fanIns.reduce((sum, fanIn) => sum + fanIn + 1, 0);
    const fixed = fanIns.length * (HEAD + GAP) + (fanIns.length - 1) * APART;
    const stacked = width < 480;
    const fit = stacked
      ? (width - HEAD - GAP) / (Math.max(...fanIns) + 1)
      : (width - fixed - 2) / beside;
    const size = Math.max(stacked ? 24 : 10, Math.min(44, Math.floor(fit)));
    this.row.style.setProperty("--cell", `${size}px`);
    this.row.classList.toggle("lab-stacked", stacked);
    this.numbers = size >= FOR_NUMBERS;
    this.fanIns(fanIns);
    for (const cell of this.cells) cell.drawn = "";
    if (this.shown) this.update(this.shown.weights, this.shown.biases);
  }

  /** @param {number[]} fanIns */
  fanIns(fanIns) {
    this.row.querySelectorAll(".lab-grid").forEach((grid, layer) => {
      /** @type {HTMLElement} */ (grid).style.gridTemplateColumns = `${HEAD}px repeat(${fanIns[layer]}, var(--cell)) ${GAP}px var(--cell)`;
    });
  }

  /**
   * Shows the present numbers.
   *
   * @param {import("./engine.js").Matrix[]} weights
   * @param {import("./engine.js").Vector[]} biases
   */
  update(weights, biases) {
    this.shown = { weights, biases };
    const limit = largest(weights, biases) * (this.numbers ? PALE : 1);
    for (const entry of this.cells) {
      const { layer, unit, input } = entry.cell;
      const value = input < 0 ? biases[layer][unit] : weights[layer][unit][input];
      const colour = signedColour(value, limit);
      const text = this.numbers ? tiny(value) : "";
      const drawn = colour + text;
      if (drawn === entry.drawn) continue;
      entry.drawn = drawn;
      entry.element.style.backgroundColor = colour;
      entry.element.textContent = text;
    }
  }

  /** Names of all cells, for who does not see them: not while they change sixty times a second. */
  name() {
    if (!this.shown) return;
    const { weights, biases } = this.shown;
    for (const { element, cell } of this.cells) {
      const { layer, unit, input } = cell;
      const value = input < 0 ? biases[layer][unit] : weights[layer][unit][input];
      set(element, "aria-label", `${cellName(cell)}: ${words(value)}`);
    }
  }

  /** Writes the classes beside rows and above columns. @param {{labels: number[], signs: number[]}[]} classes */
  classes(classes) {
    const depth = this.sizes.length - 1;
    this.row.querySelectorAll(".lab-grid").forEach((grid, layer) => {
      const rows = grid.querySelectorAll("[role=rowheader]");
      rows.forEach((head, unit) => chip(head, layer < depth - 1 ? classes[layer] : null, unit, "y"));
      const columns = [...grid.querySelectorAll(".lab-over")].slice(0, this.sizes[layer]);
      columns.forEach((head, unit) => chip(head, layer > 0 ? classes[layer - 1] : null, unit, "x"));
    });
  }
}

/**
 * A class as a letter on its hue; units of the outside have names.
 *
 * @param {Element} element
 * @param {{labels: number[], signs: number[]} | null} classes
 * @param {number} unit
 * @param {string} outside
 */
function chip(element, classes, unit, outside) {
  element.textContent = classes ? letter(classes.labels[unit], classes.signs[unit]) : outside + sub(unit + 1);
  if (!classes) return element.removeAttribute("data-class");
  set(element, "data-class", classes.signs[unit] === 0 ? "silent" : classes.labels[unit] % 8);
}
