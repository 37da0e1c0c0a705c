// Which hidden units are redundant: predicted from the parameters, measured on data.
//
// Predicted: the coarsest equitable partition, as in `initexplain.signed_redundancy_classes`. All units
// of a layer start in one class, inputs and outputs each alone. Classes are split until their units agree
// on the bias and on the sums of weights from each class of the layer below and to each of the layer
// above. Where f is odd, a unit may be the mirror image of another: it counts with its sign. Where
// f(0) = 0, a class may be silent: sign 0, and nobody counts it.

import { flat, runForward } from "./passes.js";
import { ACTIVATIONS, checkNetwork, checkRows } from "./tables.js";

/** @typedef {import("./passes.js").Vector} Vector */
/** @typedef {import("./passes.js").Matrix} Matrix */
/** @typedef {import("./passes.js").Network} Network */

/**
 * Of the units of a layer: labels, numbered by first appearance, and signs. The output of a unit is its
 * sign times that of the first unit of its class; silent ones have sign 0.
 *
 * @typedef {{labels: number[], signs: number[]}} Classes
 */

// relative to the largest number they are taken from, numbers count as equal that differ by less
const TOLERANCE = 1e-9;

/**
 * Which hidden units are equal up to sign for ever, on generic data, from the parameters alone.
 *
 * @param {Network} network
 * @returns {Classes[]} Of each hidden layer.
 */
export function classes(network) {
  checkNetwork(network);
  const { weights, activation } = network;
  const { odd } = ACTIVATIONS[activation];
  const layers = splitByBias(network);
  for (let before = -1; before !== fineness(layers); ) {
    before = fineness(layers);
    weights.forEach((w, i) => {
      if (i + 1 < weights.length) refine(layers[i + 1], ...classSums(w, layers[i]), odd);
      if (i) refine(layers[i], ...classSums(transposed(w), layers[i + 1]), odd);
    });
  }
  return layers.slice(1, -1).map(numbered);
}

/**
 * Which hidden units are equal up to sign on these inputs now; sign 0 is 0 on all of them.
 *
 * @param {Network} network
 * @param {Matrix} inputs
 * @returns {Classes[]} Of each hidden layer.
 */
export function measuredRedundancy(network, inputs) {
  checkNetwork(network);
  checkRows(inputs, "inputs", network.weights[0][0].length);
  const { weights, activation } = network;
  const { value, odd } = ACTIVATIONS[activation];
  const data = flat(inputs);
  const layers = [data.numbers, ...runForward(network, data)];
  return weights.slice(0, -1).map((w, i) => {
    const units = w.length;
    // where sums cancel, activations are rounding errors of numbers of the size that is possible
    const possible = Math.sqrt(w[0].length) * largest([layers[i]]) * largest(w);
    const size = largest([layers[i + 1], [value(possible), value(-possible)]]);
    const columns = Array.from(inputs, (_, e) => layers[i + 1].slice(e * units, (e + 1) * units));
    const layer = { labels: Array(units).fill(0), signs: Array(units).fill(0) };
    refine(layer, columns, Array(inputs.length).fill(TOLERANCE * size), odd);
    return numbered(layer);
  });
}

/** The number of classes plus that of units that are not silent: every split adds to it. @param {Classes[]} layers */
const fineness = (layers) =>
  layers.reduce((sum, { labels, signs }) => sum + Math.max(...labels) + signs.filter(Boolean).length, 0);

/**
 * The first partition: inputs and outputs each alone, hidden units split by their biases.
 *
 * @param {Network} network
 * @returns {Classes[]} Of inputs, hidden layers and outputs.
 */
function splitByBias({ weights, biases, activation }) {
  const { value, odd } = ACTIVATIONS[activation];
  const layers = [alone(weights[0][0].length)];
  weights.slice(0, -1).forEach((w, i) => {
    const units = w.length;
    const layer = { labels: Array(units).fill(0), signs: Array(units).fill(value(0) === 0 ? 0 : 1) };
    refine(layer, [ranks(biases[i], largest(w))], [0], odd);
    layers.push(layer);
  });
  return [...layers, alone(weights[weights.length - 1].length)];
}

/** @param {number} units @returns {Classes} */
const alone = (units) => ({ labels: [...Array(units).keys()], signs: Array(units).fill(1) });

/**
 * Whole numbers, equal for equal biases, opposite for opposite ones, 0 for zeros.
 *
 * @param {Vector} biases
 * @param {number} weight The largest weight beside them.
 */
function ranks(biases, weight) {
  const sizes = [...new Set(Array.from(biases, Math.abs))].sort((a, b) => a - b);
  /** @type {Map<number, number>} */
  const ranked = new Map();
  let [rank, last] = [0, 0];
  for (const size of sizes) {
    if (size - last > TOLERANCE * Math.max(size, weight)) rank++;
    ranked.set(size, rank);
    last = size;
  }
  return Array.from(biases, (b) => Math.sign(b) * (ranked.get(Math.abs(b)) ?? 0));
}

/**
 * Sums of each row over each class of columns that is not silent, and how far they may differ.
 *
 * @param {Matrix} matrix
 * @param {Classes} columns
 * @returns {[Vector[], number[]]} Sums `[class][row]`, differences `[class]`.
 */
function classSums(matrix, { labels, signs }) {
  /** @type {[Vector[], number[]]} */
  const [sums, gaps] = [[], []];
  const unit = TOLERANCE * largest(matrix);
  for (const label of new Set(labels)) {
    const members = [...labels.keys()].filter((j) => labels[j] === label && signs[j]);
    sums.push(matrix.map((row) => members.reduce((sum, j) => sum + signs[j] * row[j], 0)));
    gaps.push(unit * Math.sqrt(members.length));
  }
  return [sums, gaps];
}

/**
 * Splits the classes of a layer until they agree on the values, `[value][unit]`, as well.
 *
 * @param {Classes} layer Changed in place.
 * @param {Vector[]} values
 * @param {number[]} gaps Up to which the values count as equal.
 * @param {boolean} odd
 */
function refine(layer, values, gaps, odd) {
  layer.signs = layer.signs.map((sign, unit) => {
    if (sign) return sign;
    // one that is heard is not silent; the first value of mirrored ones is made positive
    const heard = values.findIndex((of, k) => Math.abs(of[unit]) > gaps[k]);
    if (heard < 0) return 0;
    return odd ? Math.sign(values[heard][unit]) : 1;
  });
  for (let count = -1; count !== Math.max(...layer.labels); ) {
    // again after a split, since to split by one value can open a gap in another
    count = Math.max(...layer.labels);
    values.forEach((of, k) => split(layer, of, gaps[k]));
  }
}

/**
 * Splits classes wherever, in sorted order, the values of their units jump by more than the gap.
 *
 * @param {Classes} layer Changed in place.
 * @param {Vector} values
 * @param {number} gap
 */
function split(layer, values, gap) {
  const { labels, signs } = layer;
  /** @param {number} unit */
  const signed = (unit) => values[unit] * signs[unit];
  const order = [...labels.keys()].sort((i, j) => labels[i] - labels[j] || signed(i) - signed(j));
  const split = Array(labels.length).fill(0);
  order.forEach((unit, k) => {
    if (k === 0) return;
    const before = order[k - 1];
    const apart = labels[unit] !== labels[before] || signed(unit) - signed(before) > gap;
    split[unit] = split[before] + Number(apart);
  });
  layer.labels = split;
}

/** Labels by first appearance, signs relative to the first of the class. @param {Classes} layer */
function numbered({ labels, signs }) {
  const first = labels.map((label) => labels.indexOf(label));
  const order = [...new Set(first)];
  return {
    labels: first.map((unit) => order.indexOf(unit)),
    // + 0, since 0 times -1 is -0
    signs: signs.map((sign, unit) => sign * signs[first[unit]] + 0),
  };
}

/** @param {Matrix} matrix @returns {Matrix} */
const transposed = (matrix) => Array.from(matrix[0], (_, j) => matrix.map((row) => row[j]));

/** @param {Matrix} matrix */
const largest = (matrix) =>
  matrix.reduce((most, row) => Math.max(most, ...Array.from(row, Math.abs)), 0);
