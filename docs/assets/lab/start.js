// From the reader's choices to the numbers: the start of the network, its data, its training.

import { dataset } from "./datasets.js";
import { initialize } from "./starts.js";
import { layerSizes } from "./state.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./datasets.js").Data} Data */

/** An odd number: of the moons one has an example more, so that the best constant is not 0. */
const EXAMPLES = 75;

/** @param {State} state @returns {Data} */
export function drawData({ data, points, seed, inputs, outputs }) {
  if (data !== "points") return dataset(data, { seed, examples: EXAMPLES, features: inputs, outputs });
  return { inputs: points.map((point) => point.slice(0, -1)), targets: points.map((point) => point.slice(-1)) };
}

/** As many digits of a number are drawn: what a reader sees of it is all of it. */
const DIGITS = 4;
const rounded = (/** @type {number} */ x) => Number(x.toPrecision(DIGITS));

/** The parameters as drawn, with the reader's own numbers over them. @param {State} state */
export function drawStart(state) {
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
