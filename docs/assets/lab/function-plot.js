// The function that the network computes: a curve for one input, a map for two, and for more inputs
// what it answers against what it should.

import { forward } from "./engine.js";
import { clamp, h, set, svg } from "./dom.js";

const GRID = 36;
const CURVE = 121;
const PAD = 8;

export class FunctionPlot {
  /**
   * @param {HTMLElement} box
   * @param {(point: number[]) => void} click With the place in the units of the data.
   */
  constructor(box, click) {
    this.box = box;
    /** @type {import("./seeded.js").Data} */
    this.data = { inputs: [], targets: [] };
    this.names = { classes: false };
    this.features = 0;
    this.outputs = 0;
    /** @type {Panel[]} */
    this.panels = [];
    /** @type {SVGElement[]} */
    this.dots = [];
    /** @type {import("./engine.js").Network | undefined} */
    this.network = undefined;
    this.maps = [0, 1].map(() => h("canvas", { width: GRID, height: GRID, "aria-hidden": "true" }));
    this.svg = svg("svg", { role: "img" });
    this.svg.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      const point = this.place(event);
      if (point) click(point);
    });
    this.marks = svg("g");
    this.curves = [0, 1].map((i) => svg("path", { class: `lab-curve lab-curve-${i}` }));
    this.svg.append(...this.curves, this.marks);
    box.append(...this.maps, this.svg);
    new ResizeObserver(() => this.resize()).observe(box);
    // colours of the map are pixels: they do not follow the palette by themselves
    new MutationObserver(() => this.network && this.update(this.network)).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
  }

  /**
   * @param {import("./seeded.js").Data} data
   * @param {{classes: boolean}} names Whether targets are the classes 0 and 1.
   */
  build(data, names) {
    this.data = data;
    this.names = names;
    this.network = undefined;
    this.features = data.inputs[0].length;
    this.outputs = data.targets[0].length;
    const { clientWidth: width, clientHeight: height } = this.box;
    if (!width || !height) return;
    set(this.svg, "viewBox", `0 0 ${width} ${height}`);
    this.panels = this.layOut(width, height);
    this.maps.forEach((map, i) => {
      const panel = this.features === 2 ? this.panels[i] : null;
      map.hidden = !panel;
      if (panel) Object.assign(map.style, { left: `${panel.left}px`, top: `${panel.top}px`, width: `${panel.width}px`, height: `${panel.height}px` });
    });
    this.curves.forEach((curve) => set(curve, "d", ""));
    this.marks.replaceChildren(...this.panels.flatMap((panel, output) => this.drawPoints(panel, output)));
    set(this.svg, "aria-label", this.features > 2 ? "What the network answers for each example, against its target." : `What the network answers, for ${this.features === 1 ? "each input" : "all pairs of inputs"}, with the data.`);
  }

  resize() {
    const { data, network } = this;
    if (this.features) this.build(data, this.names);
    if (network) this.update(network);
  }

  /** Where the panels are, and their ranges. @param {number} width @param {number} height */
  layOut(width, height) {
    const { inputs, targets } = this.data;
    const count = this.features === 2 ? this.outputs : 1;
    const flatTargets = targets.flat();
    const xs = inputs.map((row) => row[0]);
    const all = range(flatTargets, 0.25);
    const ranges = this.features === 1
      ? [range(xs, 0.08), all]
      : this.features === 2 ? [range(xs, 0.15), range(inputs.map((row) => row[1]), 0.15)] : [all, all];
    const each = (width - 2 * PAD - (count - 1) * 12) / count;
    return Array.from({ length: count }, (_, i) => {
      const panel = { left: PAD + i * (each + 12), top: 4, width: each, height: height - 8, ranges };
      return this.features === 2 ? squared(panel) : panel;
    });
  }

  /** @param {Panel} panel @param {number} output */
  drawPoints(panel, output) {
    const { inputs, targets } = this.data;
    const { left, top, width, height } = panel;
    const frame = svg("rect", { x: left, y: top, width, height, class: "lab-frame" });
    if (this.features > 2) {
      this.dots = targets.flatMap((row, e) => row.map((_, k) => svg("circle", { r: 2.5, class: `lab-point lab-point-${k}`, "data-e": e })));
      return [frame, svg("path", { class: "lab-diagonal", d: diagonal(panel) }),
        svg("text", { class: "lab-label", x: left + width - 4, y: top + height - 6, "text-anchor": "end" }, "target"),
        svg("text", { class: "lab-label", x: left + 4, y: top + 13 }, "output"), ...this.dots];
    }
    const points = inputs.flatMap((row, e) =>
      this.features === 2
        ? [this.mapPoint(panel, row, targets[e][output])]
        : targets[e].map((y, k) => svg("circle", { r: 2.5, class: `lab-point lab-point-${k}`, cx: toX(panel, row[0]), cy: toY(panel, y) })));
    const name = this.outputs > 1 && this.features === 2 ? [svg("text", { class: "lab-label", x: left + 4, y: top + 13 }, `y${output ? "₂" : "₁"}`)] : [];
    return [frame, ...points, ...name];
  }

  /** Class 1 is a filled dot, class 0 a ring; a number has the colour of its sign. @param {Panel} panel @param {number[]} row @param {number} target */
  mapPoint(panel, row, target) {
    const kind = this.names.classes ? `lab-class-${target}` : target > 0 ? "lab-above" : "lab-below";
    return svg("circle", { r: 3, class: `lab-point ${kind}`, cx: toX(panel, row[0]), cy: toY(panel, row[1]) });
  }

  /** @param {import("./engine.js").Network} network */
  update(network) {
    this.network = network;
    if (!this.panels.length) return;
    if (this.features === 1) this.drawCurves(network);
    else if (this.features === 2) this.drawMaps(network);
    else this.drawAnswers(network);
  }

  /** @param {import("./engine.js").Network} network */
  drawCurves(network) {
    const [panel] = this.panels;
    const [low, high] = panel.ranges[0];
    const xs = Array.from({ length: CURVE }, (_, i) => low + ((high - low) * i) / (CURVE - 1));
    const { outputs } = forward(network, xs.map((x) => [x]));
    outputs[0].forEach((_, k) => {
      const points = outputs.map((row, i) => `${toX(panel, xs[i]).toFixed(1)} ${clamp(toY(panel, row[k]), -1e4, 1e4).toFixed(1)}`);
      set(this.curves[k], "d", `M${points.join("L")}`);
    });
  }

  /** @param {import("./engine.js").Network} network */
  drawMaps(network) {
    const { panels } = this;
    const [[x0, x1], [y0, y1]] = panels[0].ranges;
    const rows = [];
    for (let i = 0; i < GRID; i++) {
      const y = y1 - ((y1 - y0) * (i + 0.5)) / GRID;
      for (let j = 0; j < GRID; j++) rows.push([x0 + ((x1 - x0) * (j + 0.5)) / GRID, y]);
    }
    const { outputs } = forward(network, rows);
    const ends = mapColours(this.box);
    panels.forEach((_, k) => paintMap(this.maps[k], outputs.map((row) => row[k]), ends));
  }

  /** @param {import("./engine.js").Network} network */
  drawAnswers(network) {
    const [panel] = this.panels;
    const { outputs } = forward(network, this.data.inputs);
    const numbers = outputs.flat();
    const targets = this.data.targets.flat();
    this.dots.forEach((dot, i) => {
      set(dot, "cx", toX(panel, targets[i]).toFixed(1));
      set(dot, "cy", clamp(toY(panel, numbers[i]), panel.top, panel.top + panel.height).toFixed(1));
    });
  }

  /** Where a click is, in the units of the data. @param {MouseEvent} event */
  place(event) {
    const [panel] = this.panels;
    if (!panel || this.features > 2) return null;
    const box = this.svg.getBoundingClientRect();
    const [[x0, x1], [y0, y1]] = panel.ranges;
    const [right, down] = [(event.clientX - box.left - panel.left) / panel.width, (event.clientY - box.top - panel.top) / panel.height];
    if (right < 0 || right > 1 || down < 0 || down > 1) return null;
    return [x0 + (x1 - x0) * right, y1 - (y1 - y0) * down].map((x) => Number(x.toFixed(2)));
  }
}

/** @typedef {{left: number, top: number, width: number, height: number, ranges: number[][]}} Panel */

/** @param {number[]} values @param {number} margin */
function range(values, margin) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low || 2) * margin;
  return [low - room, high + room];
}

/** As much of the panel as keeps a unit as high as it is wide: the range grows to fill it. @param {Panel} panel @returns {Panel} */
function squared(panel) {
  const { width, height, ranges: [[x0, x1], [y0, y1]] } = panel;
  const unit = Math.min(width / (x1 - x0), height / (y1 - y0));
  /** @param {number} low @param {number} high @param {number} pixels */
  const grown = (low, high, pixels) => {
    const half = pixels / unit / 2;
    return [(low + high) / 2 - half, (low + high) / 2 + half];
  };
  return { ...panel, ranges: [grown(x0, x1, width), grown(y0, y1, height)] };
}

/** @param {Panel} panel @param {number} x */
const toX = ({ left, width, ranges: [[low, high]] }, x) => left + (width * (x - low)) / (high - low);
/** @param {Panel} panel @param {number} y */
const toY = ({ top, height, ranges: [, [low, high]] }, y) => top + (height * (high - y)) / (high - low);

/** @param {Panel} panel */
const diagonal = ({ left, top, width, height }) => `M${left} ${top + height}L${left + width} ${top}`;

/** Both ends of the signed map and its middle, as the palette has them. @param {Element} box */
function mapColours(box) {
  const style = getComputedStyle(box);
  return ["--ie-negative", "--ie-middle", "--ie-positive"].map((name) => {
    const hex = style.getPropertyValue(name).trim();
    return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  });
}

/** @param {HTMLCanvasElement} map @param {number[]} values @param {number[][]} ends */
function paintMap(map, values, [negative, middle, positive]) {
  const context = /** @type {CanvasRenderingContext2D} */ (map.getContext("2d"));
  const image = context.createImageData(GRID, GRID);
  values.forEach((value, i) => {
    // full colour at 2: a logit of 2 is a chance of 88 %
    const share = 0.75 * Math.min(1, Math.abs(value) / 2);
    const end = value < 0 ? negative : positive;
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = middle[c] + share * (end[c] - middle[c]);
    image.data[4 * i + 3] = 255;
  });
  context.putImageData(image, 0, 0);
}
