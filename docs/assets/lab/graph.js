// The network as a graph: inputs at the left, units in the hue of their class, weights as lines.

import { clamp, hueClass, letters, set, sub, svg } from "./dom.js";

const RADIUS = 12;
const WIDEST = 3.5;
const STEPS = 10;

/**
 * A colour of the signed map: 0 has the middle one, a magnitude of `limit` an end.
 *
 * @param {number} value
 * @param {number} limit
 */
export function signedColour(value, limit) {
  if (value === 0 || limit === 0) return "var(--ie-middle)";
  const step = clamp(Math.ceil((Math.abs(value) / limit) * STEPS), 1, STEPS);
  const end = value > 0 ? "positive" : "negative";
  return step === STEPS ? `var(--ie-${end})` : `var(--ie-${end}-${step})`;
}

/** @param {import("./engine.js").Matrix[]} weights @param {import("./engine.js").Vector[]} [biases] */
export function largest(weights, biases = []) {
  let most = 0;
  for (const row of [...weights.flat(), ...biases]) for (const x of row) most = Math.max(most, Math.abs(x));
  return most;
}

export class Graph {
  /**
   * @param {HTMLElement} box
   * @param {(cell: {layer: number, unit: number, input: number}) => void} [select] Where what is drawn
   *   can be chosen.
   */
  constructor(box, select) {
    this.box = box;
    this.select = select;
    this.svg = svg("svg", { role: "img", class: "lab-graph" });
    box.append(this.svg);
    /** @type {number[]} */
    this.sizes = [];
    /** @type {ReturnType<Graph["edge"]>[][][]} */
    this.edges = [];
    /** @type {ReturnType<Graph["node"]>[][]} */
    this.nodes = [];
    /** @type {SVGElement[]} */
    this.titles = [];
    new ResizeObserver(() => this.sizes.length && this.layOut()).observe(box);
  }

  /** Draws a network of these sizes anew. @param {number[]} sizes */
  build(sizes) {
    this.sizes = sizes;
    this.edges = sizes.slice(1).map((fanOut, layer) =>
      Array.from({ length: fanOut }, (_, unit) =>
        Array.from({ length: sizes[layer] }, (_, input) => this.edge({ layer, unit, input })),
      ),
    );
    this.nodes = sizes.map((count, column) =>
      Array.from({ length: count }, (_, unit) => this.node(column, unit)),
    );
    this.titles = sizes.map((_, column) => svg("text", { class: "lab-column" }, this.columnName(column)));
    const lines = this.edges.flat(2);
    this.svg.replaceChildren(
      ...lines.map(({ line }) => line),
      ...lines.map(({ hit }) => hit),
      ...this.nodes.flat().map(({ group }) => group),
      ...this.titles,
    );
    this.layOut();
  }

  /** @param {number} column */
  columnName(column) {
    if (column === 0) return this.sizes[0] > 1 ? "inputs" : "input";
    if (column === this.sizes.length - 1) return this.sizes[column] > 1 ? "outputs" : "output";
    return `layer ${column}`;
  }

  /** @param {{layer: number, unit: number, input: number}} cell */
  edge(cell) {
    const line = svg("line", { class: "lab-edge" });
    // what the pointer may hit is wider than what is drawn
    const hit = svg("line", this.select ? { class: "lab-edge-hit", click: () => this.select?.(cell) } : {});
    return { line, hit, drawn: "" };
  }

  /** @param {number} column @param {number} unit */
  node(column, unit) {
    const outer = column === 0 || column === this.sizes.length - 1;
    const shape = svg("circle", { r: outer ? RADIUS - 2 : RADIUS });
    const text = svg("text", { dy: "0.35em" }, outer ? (column ? "y" : "x") + sub(unit + 1) : "");
    const group = svg("g", { class: "lab-node" }, shape, text);
    if (column > 0 && this.select) {
      group.classList.add("lab-can");
      group.addEventListener("click", () => this.select?.({ layer: column - 1, unit, input: 0 }));
    }
    return { group, shape, text };
  }

  layOut() {
    const { clientWidth: width, clientHeight: height } = this.box;
    if (!width || !height) return;
    set(this.svg, "viewBox", `0 0 ${width} ${height}`);
    const top = 20;
    const most = Math.max(...this.sizes);
    const pitch = Math.min(52, (height - top - 2) / most);
    const edge = 30;
    const apart = (width - 2 * edge) / (this.sizes.length - 1);
    const middle = top + (height - top) / 2;
    /** @param {number} column @param {number} unit */
    const place = (column, unit) => [edge + column * apart, middle + (unit - (this.sizes[column] - 1) / 2) * pitch];
    const radius = Math.min(RADIUS, pitch / 2 - 1.5);
    this.nodes.forEach((nodes, column) =>
      nodes.forEach(({ group, shape }, unit) => {
        set(group, "transform", `translate(${place(column, unit).join(" ")})`);
        set(shape, "r", radius);
      }),
    );
    this.titles.forEach((title, column) => {
      set(title, "x", place(column, 0)[0]);
      set(title, "y", 12);
    });
    this.edges.forEach((rows, layer) =>
      rows.forEach((row, unit) =>
        row.forEach(({ line, hit }, input) => {
          const [[x1, y1], [x2, y2]] = [place(layer, input), place(layer + 1, unit)];
          for (const part of [line, hit]) {
            Object.entries({ x1, y1, x2, y2 }).forEach(([name, value]) => set(part, name, value.toFixed(1)));
          }
        }),
      ),
    );
  }

  /** Shows the present weights. @param {import("./engine.js").Matrix[]} weights */
  update(weights) {
    const limit = largest(weights);
    this.edges.forEach((rows, layer) =>
      rows.forEach((row, unit) => row.forEach((edge, input) => paint(edge, weights[layer][unit][input], limit))),
    );
  }

  /**
   * Shows the classes of the hidden units.
   *
   * @param {import("./partition.js").Classes[]} classes
   */
  classes(classes) {
    const names = classes.map(letters);
    names.forEach((of, layer) =>
      of.forEach((name, unit) => {
        const { group, text } = this.nodes[layer + 1][unit];
        set(group, "data-class", hueClass(classes[layer], unit));
        text.textContent = name;
      }),
    );
    const told = names.map((of, i) => `layer ${i + 1}: ${of.join(" ")}`);
    set(this.svg, "aria-label", `The network as a graph. Classes of the units in ${told.join("; ")}.`);
  }

  /** Marks what is selected. @param {{layer: number, unit: number, input: number} | null} cell */
  mark(cell) {
    for (const marked of this.svg.querySelectorAll(".lab-marked")) marked.classList.remove("lab-marked");
    if (!cell) return;
    this.nodes[cell.layer + 1][cell.unit].group.classList.add("lab-marked");
    this.edges[cell.layer][cell.unit][cell.input]?.line.classList.add("lab-marked");
  }
}

/**
 * An edge in the colour and width of its weight; nothing is written where nothing changes to the eye.
 *
 * @param {{line: SVGElement, drawn: string}} edge
 * @param {number} weight
 * @param {number} limit
 */
function paint(edge, weight, limit) {
  const width = weight && limit ? 0.5 + Math.round((Math.abs(weight) / limit) * WIDEST * 4) / 4 : 0;
  const colour = signedColour(weight, limit);
  const drawn = `${colour} ${width}`;
  if (drawn === edge.drawn) return;
  edge.drawn = drawn;
  edge.line.style.stroke = colour;
  edge.line.style.strokeWidth = String(width);
  edge.line.style.strokeDasharray = weight < 0 ? `${3 + width} ${2 + width}` : "none";
}
