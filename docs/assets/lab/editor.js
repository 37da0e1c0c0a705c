// What acts on the selected cell: a field, steps, zeros, and copies of rows and columns.

import { h } from "./dom.js";
import { cellName } from "./matrix.js";
import { LIMITS, readNumber } from "./state.js";

/** @typedef {import("./matrix.js").Cell} Cell */
/** @typedef {{cell: Cell, value: number}[]} Edits */

const STEP = 0.1;

export class Editor {
  /**
   * @param {HTMLElement} box
   * @param {object} lab
   * @param {() => import("./engine.js").Network} lab.network
   * @param {(edits: Edits, words: string) => void} lab.write
   * @param {(cell: Cell) => void} lab.focus
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
      row: this.button("paste", "Paste the copied row over this one", () => this.pasteOver("row")),
      column: this.button("paste", "Paste the copied column over this one", () => this.pasteOver("column")),
    };
    box.append(h("div", { class: "lab-editor", role: "group", "aria-label": "Selected number" },
      h("span", { class: "lab-value" }, this.label, this.field,
        this.button("−", "Subtract 0.1", () => this.step(-1)), this.button("+", "Add 0.1", () => this.step(1)),
        this.button("0", "Set to zero", () => this.zero("number"))),
      this.group("row", this.paste.row), this.group("column", this.paste.column),
      h("span", { class: "lab-group" }, "matrix", this.button("0", "Set the matrix to zero", () => this.zero("matrix")))),
      this.problem);
    this.offerPaste();
  }

  /** @param {string} text @param {string} title @param {() => void} click */
  button(text, title, click) {
    return h("button", { type: "button", title, "aria-label": title, click }, text);
  }

  /** @param {"row" | "column"} kind @param {Element} paste */
  group(kind, paste) {
    return h("span", { class: "lab-group" }, kind,
      this.button("0", `Set the ${kind} to zero`, () => this.zero(kind)),
      this.button("copy", `Copy the ${kind}`, () => this.copy(kind)), paste);
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

  /** @param {Cell} cell @returns {number} */
  valueOf({ layer, unit, input }) {
    const { weights, biases } = this.lab.network();
    return input < 0 ? biases[layer][unit] : weights[layer][unit][input];
  }

  /** @param {string} message */
  complain(message) {
    if (this.problem.textContent !== message) this.problem.textContent = message;
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
    this.lab.write([{ cell: this.cell, value: Math.max(low, Math.min(high, value)) }], `${cellName(this.cell)} is ${value}`);
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
