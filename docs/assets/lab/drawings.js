// The drawings that both labs have. The network as a graph: inputs at the left, units in the hue of their
// class, weights as lines. The loss of every update on a logarithmic axis, with the best constant's and the
// run before.

import { clamp, hueClass, letters, set, sub, svg, words } from "./dom.js";

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

const LEFT = 42;
const BOTTOM = 20;
const TOP = 10;
const RIGHT = 14;
/** What a hundredth of the least loss would add to the axis, nobody looks at. */
const LEAST = 1e-12;

export class LossPlot {
  /** @param {HTMLElement} box */
  constructor(box) {
    this.box = box;
    this.gridKey = "";
    this.grid = svg("g", { class: "lab-ticks" });
    this.best = svg("line", { class: "lab-best" });
    this.bestLabel = svg("text", { class: "lab-label" }, "best constant");
    this.ghost = svg("path", { class: "lab-ghost" });
    this.ghostLabel = svg("text", { class: "lab-label lab-ghost-label" }, "run before");
    this.line = svg("path", { class: "lab-line" });
    this.dot = svg("circle", { class: "lab-dot", r: 4 });
    this.value = svg("text", { class: "lab-label lab-strong" });
    this.svg = svg("svg", { role: "img" }, this.grid, this.ghost, this.ghostLabel, this.best, this.bestLabel, this.line, this.dot, this.value);
    box.append(this.svg);
    // measured when it changes, and not in every frame, which would make the browser lay out twice
    this.width = this.height = 0;
    new ResizeObserver(() => {
      this.measure();
      if (this.shown) this.update(this.shown);
    }).observe(box);
  }

  measure() {
    ({ clientWidth: this.width, clientHeight: this.height } = this.box);
  }

  /**
   * @param {object} shown
   * @param {number[]} shown.losses
   * @param {number[]} shown.ghost
   * @param {number} shown.best
   * @param {number} shown.update
   * @param {number} shown.horizon
   * @param {string} shown.hue A CSS colour: that of the start.
   */
  update(shown) {
    this.shown = shown;
    const { losses, ghost, best, update, horizon, hue } = shown;
    if (!this.width) this.measure();
    const { width, height } = this;
    if (!width || !height) return;
    set(this.svg, "viewBox", `0 0 ${width} ${height}`);
    const scale = this.scale(losses, ghost, best, horizon, width, height);
    this.drawGrid(scale, horizon, width, height);
    set(this.line, "d", path(losses, scale));
    this.line.style.stroke = hue;
    set(this.ghost, "d", path(ghost, scale));
    const level = scale.y(best);
    Object.entries({ x1: LEFT, x2: width - RIGHT, y1: level, y2: level }).forEach(([name, x]) => set(this.best, name, x.toFixed(1)));
    place(this.bestLabel, width - RIGHT, level - 5, "end");
    this.labelGhost(ghost, scale, width);
    const loss = losses[update];
    const [x, y] = [scale.x(update), scale.y(loss)];
    set(this.dot, "cx", x.toFixed(1));
    set(this.dot, "cy", y.toFixed(1));
    this.dot.style.fill = hue;
    const left = x > width / 2;
    place(this.value, x + (left ? -8 : 8), y + (y < TOP + 26 || y > level ? 16 : -9), left ? "end" : "start");
    this.value.textContent = words(loss);
    set(this.svg, "aria-label", `Loss ${words(loss)} at update ${update}; the best constant's is ${words(best)}.`);
  }

  /** @param {number[]} losses @param {number[]} ghost @param {number} best @param {number} horizon @param {number} width @param {number} height */
  scale(losses, ghost, best, horizon, width, height) {
    // the best constant has no loss where all targets are equal
    let [low, high] = [Math.max(best, LEAST), Math.max(best, LEAST)];
    for (const loss of [...losses, ...ghost]) {
      if (!Number.isFinite(loss)) continue;
      low = Math.min(low, Math.max(loss, LEAST));
      high = Math.max(high, loss);
    }
    const [bottom, top] = [Math.log10(low / 1.4), Math.log10(high * 1.4)];
    const [inner, tall] = [width - LEFT - RIGHT, height - TOP - BOTTOM];
    return {
      bottom,
      top,
      /** @param {number} update */
      x: (update) => LEFT + (inner * update) / Math.max(1, horizon),
      /** @param {number} loss */
      y: (loss) => TOP + (tall * (top - Math.log10(Math.max(loss, LEAST)))) / (top - bottom),
    };
  }

  /** @param {ReturnType<LossPlot["scale"]>} scale @param {number} horizon @param {number} width @param {number} height */
  drawGrid({ bottom, top, x, y }, horizon, width, height) {
    const key = [bottom.toFixed(3), top.toFixed(3), horizon, width, height].join();
    if (key === this.gridKey) return;
    this.gridKey = key;
    const marks = [];
    for (const level of levels(bottom, top)) {
      const at = y(level);
      marks.push(svg("line", { x1: LEFT, x2: width - RIGHT, y1: at, y2: at }));
      marks.push(svg("text", { x: LEFT - 6, y: at, dy: "0.35em", "text-anchor": "end" }, words(level)));
    }
    for (const update of [0, horizon / 2, horizon]) {
      marks.push(svg("text", { x: x(update), y: height - 5, "text-anchor": update ? (update === horizon ? "end" : "middle") : "start" },
        update === horizon ? `${update} updates` : String(Math.round(update))));
    }
    this.grid.replaceChildren(...marks);
  }

  /** @param {number[]} ghost @param {ReturnType<LossPlot["scale"]>} scale @param {number} width */
  labelGhost(ghost, scale, width) {
    this.ghostLabel.style.display = ghost.length > 1 ? "" : "none";
    const at = Math.floor((ghost.length - 1) * 0.6);
    if (ghost.length > 1) place(this.ghostLabel, Math.min(scale.x(at), width - 70), scale.y(ghost[at]) + 14, "start");
  }
}

/** Levels to mark: powers of ten, or where there are few, 2 and 5 between. @param {number} bottom @param {number} top */
function levels(bottom, top) {
  const decades = top - bottom;
  const steps = decades > 2 ? [1] : decades > 0.9 ? [1, 3] : [1, 1.5, 2, 3, 5, 7];
  const every = Math.max(1, Math.ceil(decades / 6));
  const found = [];
  for (let power = Math.floor(bottom); power <= Math.ceil(top); power++) {
    if (power % every) continue;
    for (const step of steps) {
      const level = step * 10 ** power;
      if (Math.log10(level) >= bottom && Math.log10(level) <= top) found.push(Number(level.toPrecision(3)));
    }
  }
  return found;
}

/** A path through at most some hundred points. @param {number[]} losses @param {{x: (u: number) => number, y: (l: number) => number}} scale */
function path(losses, { x, y }) {
  const step = Math.max(1, Math.floor(losses.length / 400));
  let d = "";
  for (let update = 0; update < losses.length; update += step) {
    if (!Number.isFinite(losses[update])) break;
    d += `${d ? "L" : "M"}${x(update).toFixed(1)} ${y(losses[update]).toFixed(1)}`;
  }
  return d;
}

/** @param {SVGElement} text @param {number} x @param {number} y @param {string} anchor */
function place(text, x, y, anchor) {
  set(text, "x", x.toFixed(1));
  set(text, "y", y.toFixed(1));
  set(text, "text-anchor", anchor);
}
