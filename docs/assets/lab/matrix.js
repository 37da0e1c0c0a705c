// The matrices as cells: a row is a unit, its bias stands apart at the right. One cell is selected;
// arrow keys move, typing writes, and the editor below acts on it.

import { clamp, h, hueClass, letters, symbolButton, say, set, sub, words } from "./dom.js";
import { largest, signedColour } from "./drawings.js";
import { LIMITS, readNumber } from "./state.js";

/** @typedef {import("./partition.js").Classes} Classes */
/** @typedef {{layer: number, unit: number, input: number}} Cell `input` is -1 for the bias. */

const HEAD = 18;
const GAP = 6;
const APART = 18;
/** Narrower cells show their colour alone. */
const FOR_NUMBERS = 27;
/** Cells with numbers are pale: the numbers are what counts. */
const PALE = 3;

/** A number in a few characters. @param {number} x */
function tiny(x) {
  const size = Math.abs(x);
  if (size === 0) return "0";
  const digits = size >= 1e4 || size < 0.005 ? x.toExponential(0) : x.toFixed(size >= 9.95 ? 0 : size >= 0.995 ? 1 : 2);
  return digits.replace("+", "").replace(/^(-?)0\./, "$1.").replaceAll("-", "−");
}

/** The number in a cell. @param {import("./engine.js").Parameters} network @param {Cell} cell */
const numberIn = ({ weights, biases }, { layer, unit, input }) => (input < 0 ? biases[layer][unit] : weights[layer][unit][input]);

/** What a cell is called. @param {Cell} cell */
function cellName({ layer, unit, input }) {
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
    nextColumn = clamp(nextColumn, 0, last);
    const nextUnit = clamp(unit + down, 0, this.sizes[nextLayer + 1] - 1);
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
    const size = clamp(Math.floor(fit), stacked ? 24 : 10, 44);
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
      const value = numberIn(this.shown, entry.cell);
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
    for (const { element, cell } of this.cells) set(element, "aria-label", `${cellName(cell)}: ${words(numberIn(this.shown, cell))}`);
  }

  /** Writes the classes beside rows and above columns. @param {Classes[]} classes */
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
 * @param {Classes | null} classes
 * @param {number} unit
 * @param {string} outside
 */
function chip(element, classes, unit, outside) {
  element.textContent = classes ? letters(classes)[unit] : outside + sub(unit + 1);
  if (classes) set(element, "data-class", hueClass(classes, unit));
  else element.removeAttribute("data-class");
}

/** @typedef {{cell: Cell, value: number}[]} Edits */

const STEP = 0.1;

export class Editor {
  /**
   * @param {HTMLElement} box
   * @param {object} lab
   * @param {() => import("./engine.js").Network} lab.network
   * @param {(edits: Edits, words: string) => void} lab.write
   * @param {(cell: Cell) => void} lab.focus
   * @param {() => void} lab.run
   */
  constructor(box, lab) {
    this.lab = lab;
    /** @type {Cell} */
    this.cell = { layer: 0, unit: 0, input: 0 };
    /** @type {{kind: string, values: number[]} | null} */
    this.copied = null;
    this.label = h("label", { for: "lab-value" });
    this.field = h("input", {
      id: "lab-value", autocomplete: "off", spellcheck: "false", "aria-describedby": "lab-value-problem",
      change: () => this.commit(),
      keydown: (/** @type {KeyboardEvent} */ event) => this.onFieldKey(event),
    });
    this.problem = h("span", { id: "lab-value-problem", class: "lab-problem", role: "alert" });
    this.paste = {
      row: symbolButton("paste", "Paste the copied row over this one", () => this.pasteOver("row")),
      column: symbolButton("paste", "Paste the copied column over this one", () => this.pasteOver("column")),
    };
    box.append(h("div", { class: "lab-editor", role: "group", "aria-label": "Selected number" },
      h("span", { class: "lab-value" }, this.label, this.field,
        symbolButton("−", "Subtract 0.1", () => this.step(-1)), symbolButton("+", "Add 0.1", () => this.step(1)),
        symbolButton("0", "Set to zero", () => this.zero("number"))),
      this.group("row", this.paste.row), this.group("column", this.paste.column),
      h("span", { class: "lab-group" }, "matrix", symbolButton("0", "Set the matrix to zero", () => this.zero("matrix")))),
      this.problem);
    this.offerPaste();
  }

  /** @param {"row" | "column"} kind @param {Element} paste */
  group(kind, paste) {
    return h("span", { class: "lab-group" }, kind,
      symbolButton("0", `Set the ${kind} to zero`, () => this.zero(kind)),
      symbolButton("copy", `Copy the ${kind}`, () => this.copy(kind)), paste);
  }

  /** @param {Cell} cell */
  show(cell) {
    this.cell = cell;
    const { layer, unit, input } = cell;
    this.label.textContent = input < 0 ? `b${layer + 1}[${unit + 1}]` : `W${layer + 1}[${unit + 1}, ${input + 1}]`;
    this.label.title = cellName(cell);
    this.refresh();
    this.offerPaste();
  }

  /** Shows the present value, unless somebody writes there. */
  refresh() {
    if (document.activeElement === this.field) return;
    this.field.value = this.text();
    this.complain("");
  }

  text() {
    return String(this.valueOf(this.cell));
  }

  /** @param {Cell} cell */
  valueOf(cell) {
    return numberIn(this.lab.network(), cell);
  }

  /** @param {string} message */
  complain(message) {
    say(this.problem, message);
    this.field.setAttribute("aria-invalid", String(Boolean(message)));
  }

  /** Takes what stands in the field; what is no number stays there with a message. */
  commit() {
    if (this.field.value === this.text()) return true;
    try {
      const value = readNumber(this.field.value, "This number", LIMITS.cell);
      this.complain("");
      this.lab.write([{ cell: this.cell, value }], `${cellName(this.cell)} is ${value}`);
      return true;
    } catch (error) {
      this.complain(/** @type {Error} */ (error).message);
      return false;
    }
  }

  /** @param {KeyboardEvent} event */
  onFieldKey(event) {
    if (event.key === "Escape") {
      this.field.value = this.text();
      this.complain("");
      this.lab.focus(this.cell);
    } else if (event.key === "Enter" && this.commit()) {
      this.lab.focus(this.cell);
    } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      event.preventDefault();
      if (this.commit()) this.step(event.key === "ArrowUp" ? 1 : -1);
    }
  }

  /** Keys on a cell. @param {KeyboardEvent} event */
  onCellKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    /** @type {Record<string, () => void>} */
    const acts = {
      Delete: () => this.zero("number"), Backspace: () => this.zero("number"),
      PageUp: () => this.step(1), PageDown: () => this.step(-1),
      c: () => this.copy("row"), v: () => this.pasteOver("row"),
      C: () => this.copy("column"), V: () => this.pasteOver("column"),
      r: () => this.lab.run(),
      Enter: () => this.field.select(), F2: () => this.field.select(),
    };
    if (Object.hasOwn(acts, key)) acts[key]();
    else if (/^[-−+.\d]$/.test(key)) {
      this.field.focus();
      this.field.value = key;
    } else return;
    event.preventDefault();
  }

  /** @param {number} direction */
  step(direction) {
    const value = Number((this.valueOf(this.cell) + direction * STEP).toPrecision(12));
    const [low, high] = LIMITS.cell;
    this.lab.write([{ cell: this.cell, value: clamp(value, low, high) }], `${cellName(this.cell)} is ${value}`);
    this.field.value = this.text();
  }

  /** The cells of the selected row (with its bias), column, matrix (without biases) or the one. @param {string} kind @returns {Cell[]} */
  cells(kind) {
    const { layer, unit, input } = this.cell;
    const matrix = this.lab.network().weights[layer];
    const inputs = [...matrix[0].keys()];
    if (kind === "number") return [this.cell];
    if (kind === "row") return [...inputs, -1].map((j) => ({ layer, unit, input: j }));
    if (kind === "column") return matrix.map((_, i) => ({ layer, unit: i, input }));
    return matrix.flatMap((_, i) => inputs.map((j) => ({ layer, unit: i, input: j })));
  }

  /** @param {string} kind */
  zero(kind) {
    const what = kind === "number" ? cellName(this.cell) : `the ${kind} of layer ${this.cell.layer + 1}`;
    this.lab.write(this.cells(kind).map((cell) => ({ cell, value: 0 })), `${what} is zero`);
    this.field.value = this.text();
  }

  /** @param {"row" | "column"} kind */
  copy(kind) {
    this.copied = { kind, values: this.cells(kind).map((cell) => this.valueOf(cell)) };
    this.offerPaste();
  }

  /** @param {"row" | "column"} kind */
  pasteOver(kind) {
    const cells = this.cells(kind);
    if (!this.copied || this.copied.kind !== kind || this.copied.values.length !== cells.length) return;
    const { values } = this.copied;
    this.lab.write(cells.map((cell, i) => ({ cell, value: values[i] })), `${kind} pasted over ${cellName(this.cell)}`);
    this.field.value = this.text();
  }

  /** Pasting is possible where the copy fits. */
  offerPaste() {
    for (const kind of /** @type {const} */ (["row", "column"])) {
      const fits = this.copied?.kind === kind && this.copied.values.length === this.cells(kind).length;
      this.paste[kind].disabled = !fits;
    }
  }
}
