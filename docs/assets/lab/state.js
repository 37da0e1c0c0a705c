// What the reader has chosen, and how it stands in the address. An address holds only what differs
// from `DEFAULTS`, and `cells` only the numbers that the reader wrote over the start:
//
//   #weights=zero&biases=random&hidden=6.6.6&data=teacher&cells=1.2.3:0.5_2.1.b:-1&at=40
//
// A cell is layer.unit.input, counted from 1, with `b` for the bias; `at` is the update to show.

import { BIAS_STARTS, DATASETS, RECIPES, WEIGHT_STARTS, dataset, initialize } from "./seeded.js";

/**
 * @typedef {object} State
 * @property {string} weights A kind of start: one of `WEIGHTS`.
 * @property {string | number} scale Of random weights: a recipe of `SCALES`, or their standard
 *   deviation times the square root of the fan-in; of equal ones, their value.
 * @property {string} biases One of `BIASES`.
 * @property {number} spread Standard deviation of random biases; value of equal ones.
 * @property {number} seed Of the start, the data and the mini-batches.
 * @property {number[]} hidden Units of each hidden layer.
 * @property {string} activation
 * @property {string} data One of `DATA`.
 * @property {number} inputs Features and
 * @property {number} outputs outputs: a choice where the data are a teacher's.
 * @property {number[][]} points The reader's own: x and y, or x1, x2 and y.
 * @property {string} loss
 * @property {string} optimizer
 * @property {number} rate
 * @property {number} batch Examples per update, 0 for all of them.
 * @property {Map<string, number>} cells Numbers written over the start.
 * @property {number} at
 */

export const [WEIGHTS, BIASES, SCALES] = [WEIGHT_STARTS, BIAS_STARTS, RECIPES].map(Object.keys);
export const DATA = [...Object.keys(DATASETS), "points"];
export const ACTIVATION_NAMES = ["tanh", "lecun_tanh", "logistic", "relu", "leaky_relu", "identity"];
export const LOSS_NAMES = ["logistic", "squared_error"];
export const OPTIMIZER_NAMES = ["sgd", "momentum", "adam"];
export const LIMITS = {
  layers: [1, 4],
  units: [1, 8],
  inputs: [1, 4],
  outputs: [1, 2],
  points: [2, 200],
  scale: [0.001, 100],
  spread: [-100, 100],
  rate: [0.0001, 100],
  batch: [0, 200],
  seed: [0, 999999],
  cell: [-1e6, 1e6],
  at: [0, 20000],
};

/** An odd number: of the moons one has an example more, so that the best constant is not 0. */
const EXAMPLES = 75;

/** What equal weights are, unless the reader says. */
const EQUAL = 0.5;

/** @type {State} These never change: old links rely on them. */
export const DEFAULTS = {
  weights: "random",
  scale: "lecun",
  biases: "zero",
  spread: 0.5,
  seed: 1,
  hidden: [6, 6],
  activation: "tanh",
  data: "two_moons",
  inputs: 2,
  outputs: 1,
  points: [],
  loss: "logistic",
  optimizer: "sgd",
  rate: 0.5,
  batch: 0,
  cells: new Map(),
  at: 0,
};

/**
 * A whole or decimal number inside its limits; else an error that says what to write.
 *
 * @param {string} text
 * @param {string} what
 * @param {number[]} limits
 * @param {boolean} [whole]
 */
export function readNumber(text, what, [low, high], whole = false) {
  const trimmed = text.trim().replace("−", "-");
  const value = trimmed === "" ? NaN : Number(trimmed);
  if (!Number.isFinite(value) || (whole && !Number.isInteger(value)) || value < low || value > high) {
    const kind = whole ? "a whole number" : "a number";
    throw new RangeError(`${what}: write ${kind} from ${low} to ${high}, not “${shorten(text)}”.`);
  }
  return value === 0 ? 0 : value; // no -0
}

/** @param {string} text */
const shorten = (text) => (text.length > 24 ? `${text.slice(0, 24)}…` : text);

/** @param {string} text @param {string} what @param {string[]} names */
function readName(text, what, names) {
  if (names.includes(text)) return text;
  throw new RangeError(`${what}: “${shorten(text)}” is not one of ${names.join(", ")}.`);
}

/** Points from text: numbers apart by commas, points by semicolons or lines. @param {string} text */
function readPoints(text) {
  const rows = text.split(/[;\n]/).filter((row) => row.trim());
  const points = rows.map((row, i) =>
    row.split(",").map((part) => readNumber(part, `Point ${i + 1}`, [-10, 10])),
  );
  const [low, high] = LIMITS.points;
  if (points.length < low || points.length > high) {
    throw new RangeError(`Points: give ${low} to ${high}, not ${points.length}.`);
  }
  const columns = points[0].length;
  const odd = points.findIndex((point) => point.length !== columns);
  if (odd >= 0) throw new RangeError(`Point ${odd + 1} has another count of numbers than point 1.`);
  if (columns !== 2 && columns !== 3) {
    throw new RangeError("Points: write x, y for one input, or x1, x2, y for two.");
  }
  return points;
}

/** @param {number[][]} points */
export const writePoints = (points) => points.map((point) => point.join(",")).join(";");

/** @param {string} text @returns {Map<string, number>} */
function readCells(text) {
  const cells = new Map();
  for (const part of text.split("_").filter(Boolean)) {
    const [place, value] = part.split(":");
    if (!/^[1-5]\.[1-8]\.([1-8]|b)$/.test(place) || value === undefined) {
      throw new RangeError(`Cell “${shorten(part)}”: write layer.unit.input:number.`);
    }
    cells.set(place, readNumber(value, `Cell ${place}`, LIMITS.cell));
  }
  return cells;
}

/** @param {string} text */
function readHidden(text) {
  const [low, high] = LIMITS.layers;
  const sizes = text.split(".").map((part) => readNumber(part, "Units", LIMITS.units, true));
  if (sizes.length > high) {
    throw new RangeError(`Hidden layers: ${low} to ${high}, not ${sizes.length}.`);
  }
  return sizes;
}

/** How each part is read. @type {Record<keyof State, (text: string) => any>} */
const READERS = {
  weights: (text) => readName(text, "Weights", WEIGHTS),
  scale: (text) => (SCALES.includes(text) ? text : readNumber(text, "Scale", LIMITS.scale)),
  biases: (text) => readName(text, "Biases", BIASES),
  spread: (text) => readNumber(text, "Biases", LIMITS.spread),
  seed: (text) => readNumber(text, "Seed", LIMITS.seed, true),
  hidden: readHidden,
  activation: (text) => readName(text, "Activation", ACTIVATION_NAMES),
  data: (text) => readName(text, "Data", DATA),
  inputs: (text) => readNumber(text, "Inputs", LIMITS.inputs, true),
  outputs: (text) => readNumber(text, "Outputs", LIMITS.outputs, true),
  points: readPoints,
  loss: (text) => readName(text, "Loss", LOSS_NAMES),
  optimizer: (text) => readName(text, "Optimizer", OPTIMIZER_NAMES),
  rate: (text) => readNumber(text, "Rate", LIMITS.rate),
  batch: (text) => text.trim() === "all" ? 0 : readNumber(text, "Batch", LIMITS.batch, true),
  cells: readCells,
  at: (text) => readNumber(text, "Update", LIMITS.at, true),
};

/** @typedef {keyof State} Key */

/** @param {Key} key @param {string} text */
export const readPart = (key, text) => READERS[key](text);

/**
 * The state of an address, and what is wrong with it; what is wrong keeps its default.
 *
 * @param {string} hash
 * @returns {{state: State, problems: string[]}}
 */
export function readAddress(hash) {
  const state = { ...DEFAULTS, cells: new Map() };
  const problems = [];
  for (const [key, text] of new URLSearchParams(hash.replace(/^#/, ""))) {
    if (!Object.hasOwn(READERS, key)) {
      problems.push(`“${shorten(key)}” is not a setting of the lab.`);
      continue;
    }
    try {
      Object.assign(state, { [key]: READERS[/** @type {Key} */ (key)](text) });
    } catch (error) {
      problems.push(/** @type {Error} */ (error).message);
    }
  }
  const { state: consistent, problems: more } = settle(state);
  return { state: consistent, problems: [...problems, ...more] };
}

/** Whether an address holds a state, or is empty or an anchor. @param {string} hash */
export const holdsState = (hash) => hash.includes("=");

/**
 * The state with what does not fit together mended: sizes that the data fix, a loss or a batch that the
 * data do not allow, cells outside the network. Says what it had to give up.
 *
 * @param {State} state
 * @returns {{state: State, problems: string[]}}
 */
export function settle(state) {
  const problems = [];
  const next = { ...state, cells: new Map(state.cells) };
  if (next.data === "points" && next.points.length === 0) {
    problems.push("There are no points of your own yet: the moons stand in for them.");
    next.data = "two_moons";
  }
  [next.inputs, next.outputs] = dataSizes(next);
  if (next.loss === "logistic" && !twoClasses(next)) {
    problems.push("The logistic loss needs targets 0 and 1: the loss is the squared error.");
    next.loss = "squared_error";
  }
  const examples = next.data === "points" ? next.points.length : EXAMPLES;
  if (next.batch > examples) {
    problems.push(`There are ${examples} examples: a batch is all of them.`);
    next.batch = 0;
  }
  // a recipe has no value
  if (next.weights === "equal" && typeof next.scale === "string") next.scale = EQUAL;
  const sizes = layerSizes(next);
  for (const place of [...next.cells.keys()]) {
    const [layer, unit, input] = place.split(".");
    const [fanOut, fanIn] = [sizes[Number(layer)] ?? 0, sizes[Number(layer) - 1]];
    if (Number(unit) <= fanOut && (input === "b" || Number(input) <= fanIn)) continue;
    problems.push(`There is no cell ${place} in this network.`);
    next.cells.delete(place);
  }
  return { state: next, problems };
}

/** Features and outputs of the data. @param {State} state */
export function dataSizes({ data, inputs, outputs, points }) {
  if (data === "teacher") return [inputs, outputs];
  if (data === "points") return [points[0].length - 1, 1];
  return data === "two_moons" ? [2, 1] : [1, 1];
}

/** Whether all targets are 0 or 1. @param {State} state */
export const twoClasses = ({ data, points }) =>
  data === "two_moons" || (data === "points" && points.every((point) => [0, 1].includes(point[point.length - 1])));

/** Inputs, hidden layers, outputs. @param {State} state */
export const layerSizes = (state) => [state.inputs, ...state.hidden, state.outputs];

/** What of a state differs from the defaults, as the part of an address after `#`. @param {State} state */
export function writeAddress(state) {
  const parts = [];
  const fixed = state.data === "teacher" ? [] : ["inputs", "outputs"];
  if (state.data !== "points") fixed.push("points");
  for (const key of /** @type {Key[]} */ (Object.keys(DEFAULTS))) {
    const text = writePart(key, state[key]);
    if (text !== writePart(key, DEFAULTS[key]) && !fixed.includes(key)) parts.push(`${key}=${text}`);
  }
  return parts.length ? `#${parts.join("&")}` : "#weights=random";
}

/** @param {Key} key @param {any} value */
function writePart(key, value) {
  if (key === "hidden") return value.join(".");
  if (key === "points") return writePoints(value);
  if (key === "cells") return [...value].map(([place, x]) => `${place}:${x}`).join("_");
  return String(value);
}

/** @typedef {import("./seeded.js").Data} Data */
/** @param {State} state @returns {Data} */
function drawData({ data, points, seed, inputs, outputs }) {
  if (data !== "points") return dataset(data, { seed, examples: EXAMPLES, features: inputs, outputs });
  return { inputs: points.map((point) => point.slice(0, -1)), targets: points.map((point) => point.slice(-1)) };
}

/** As many digits of a number are drawn: what a reader sees of it is all of it. */
const DIGITS = 4;
const rounded = (/** @type {number} */ x) => Number(x.toPrecision(DIGITS));

/** The parameters as drawn, with the reader's own numbers over them. @param {State} state */
function drawStart(state) {
  const drawn = initialize({
    sizes: layerSizes(state),
    weights: { kind: state.weights, scale: state.scale },
    biases: { kind: state.biases, scale: state.spread },
    seed: state.seed,
  });
  const start = { weights: drawn.weights.map((matrix) => matrix.map((row) => row.map(rounded))), biases: drawn.biases.map((row) => row.map(rounded)) };
  for (const [place, value] of state.cells) {
    const [layer, unit, input] = place.split(".");
    const [l, i] = [Number(layer) - 1, Number(unit) - 1];
    if (input === "b") start.biases[l][i] = value;
    else start.weights[l][i][Number(input) - 1] = value;
  }
  return start;
}

/** All that a training needs. @param {State} state @returns {import("./engine.js").Spec & Data} */
export function specOf(state) {
  const { activation, loss, optimizer, rate, batch, seed } = state;
  return {
    ...drawStart(state),
    ...drawData(state),
    activation,
    loss,
    optimizer,
    learningRate: rate,
    ...(batch ? { batchSize: batch, seed } : {}),
  };
}

/**
 * The cells that make this network from the start as it was drawn: those that differ.
 *
 * @param {State} state
 * @param {{weights: ArrayLike<number>[][], biases: ArrayLike<number>[]}} network
 * @returns {Map<string, number>}
 */
export function cellsOf(state, { weights, biases }) {
  const drawn = drawStart({ ...state, cells: new Map() });
  const cells = new Map();
  drawn.weights.forEach((matrix, l) =>
    matrix.forEach((row, i) => {
      row.forEach((x, j) => weights[l][i][j] !== x && cells.set(`${l + 1}.${i + 1}.${j + 1}`, weights[l][i][j]));
      if (biases[l][i] !== drawn.biases[l][i]) cells.set(`${l + 1}.${i + 1}.b`, biases[l][i]);
    }),
  );
  return cells;
}

/** How the loss is drawn: the hue of the start. @param {State} state */
export function hueOf({ weights, cells }) {
  if (cells.size) return "var(--ie-ink)";
  return { zero: "var(--ie-zero)", equal: "var(--ie-constant)" }[weights] ?? "var(--ie-random)";
}
