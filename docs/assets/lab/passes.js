// The passes through a network, on arrays that are known to fit.
//
// The numbers of a layer are one flat array, example after example: entry `example * units + unit`.

import { ACTIVATIONS, LOSSES, lookup } from "./tables.js";

/** @typedef {number[] | Float64Array} Vector */
/** @typedef {Vector[]} Matrix Rows. */
/** @typedef {{weights: Matrix[], biases: Vector[]}} Parameters Also their gradients. */
/** @typedef {Parameters & {activation: string}} Network */
/** @typedef {{values: Float64Array, weights: Float64Array[][], biases: Float64Array[]}} Packed */
/** @typedef {{numbers: Float64Array, examples: number}} Flat */

/**
 * The activations of the hidden layers and the outputs, flat.
 *
 * @param {Network} network
 * @param {{numbers: Float64Array, examples: number}} inputs
 */
export function runForward({ weights, biases, activation }, inputs) {
  const { value } = lookup(ACTIVATIONS, activation, "activation");
  /** @type {Float64Array[]} */
  const layers = [];
  weights.forEach((w, layer) => {
    const below = layer ? layers[layer - 1] : inputs.numbers;
    const z = affine(w, biases[layer], below, inputs.examples);
    layers.push(layer < weights.length - 1 ? z.map(value) : z);
  });
  return layers;
}

/**
 * `W a + b` for every example.
 *
 * @param {Matrix} w
 * @param {Vector} b
 * @param {Float64Array} below
 * @param {number} examples
 */
function affine(w, b, below, examples) {
  const [units, fanIn] = [w.length, w[0].length];
  const z = new Float64Array(examples * units);
  for (let i = 0; i < units; i++) {
    const row = w[i];
    for (let e = 0; e < examples; e++) {
      let sum = 0;
      for (let j = 0; j < fanIn; j++) sum += row[j] * below[e * fanIn + j];
      z[e * units + i] = sum + b[i];
    }
  }
  return z;
}

/**
 * Both passes: returns the loss, and writes its gradients over what was there.
 *
 * @param {Network} network
 * @param {{inputs: Flat, targets: Flat}} data
 * @param {string} loss
 * @param {Packed} gradient
 */
export function runBackward(network, { inputs, targets }, loss, gradient) {
  const { value, error } = lookup(LOSSES, loss, "loss");
  const { slope } = lookup(ACTIVATIONS, network.activation, "activation");
  const { examples } = inputs;
  const layers = runForward(network, inputs);
  const outputs = layers[layers.length - 1];
  let delta = outputs.map((output, k) => error(output, targets.numbers[k]) / examples);
  for (let layer = layers.length - 1; layer >= 0; layer--) {
    const below = layer ? layers[layer - 1] : inputs.numbers;
    accumulate(gradient.weights[layer], gradient.biases[layer], delta, below, examples);
    if (layer) {
      const above = delta;
      delta = backward(network.weights[layer], above, examples);
      for (let k = 0; k < delta.length; k++) delta[k] *= slope(below[k]);
    }
  }
  return outputs.reduce((sum, output, k) => sum + value(output, targets.numbers[k]), 0) / examples;
}

/**
 * `dL/dW = delta^T a` and `dL/db`, the sums of delta over examples.
 *
 * @param {Matrix} byWeights
 * @param {Vector} byBiases
 * @param {Float64Array} delta
 * @param {Float64Array} below
 * @param {number} examples
 */
function accumulate(byWeights, byBiases, delta, below, examples) {
  const [units, fanIn] = [byWeights.length, byWeights[0].length];
  for (let i = 0; i < units; i++) {
    const row = byWeights[i].fill(0);
    byBiases[i] = 0;
    for (let e = 0; e < examples; e++) {
      const error = delta[e * units + i];
      byBiases[i] += error;
      for (let j = 0; j < fanIn; j++) row[j] += error * below[e * fanIn + j];
    }
  }
}

/**
 * `W^T delta` for every example.
 *
 * @param {Matrix} w
 * @param {Float64Array} delta
 * @param {number} examples
 */
function backward(w, delta, examples) {
  const [units, fanIn] = [w.length, w[0].length];
  const below = new Float64Array(examples * fanIn);
  for (let e = 0; e < examples; e++) {
    for (let i = 0; i < units; i++) {
      const error = delta[e * units + i];
      for (let j = 0; j < fanIn; j++) below[e * fanIn + j] += error * w[i][j];
    }
  }
  return below;
}

/** @param {Matrix} rows @returns {Flat} */
export const flat = (rows) => ({
  numbers: Float64Array.from(rows.flatMap((row) => [...row])),
  examples: rows.length,
});

/** @param {Float64Array} numbers @param {number} columns */
export const unflat = (numbers, columns) =>
  Array.from({ length: numbers.length / columns }, (_, e) => [
    ...numbers.subarray(e * columns, (e + 1) * columns),
  ]);

/**
 * The data of a batch.
 *
 * @param {{inputs: Flat, targets: Flat}} data
 * @param {number[]} batch
 */
export function take({ inputs, targets }, batch) {
  /** @param {Flat} rows */
  const some = ({ numbers, examples }) => {
    const columns = numbers.length / examples;
    return flat(batch.map((e) => numbers.subarray(e * columns, (e + 1) * columns)));
  };
  return { inputs: some(inputs), targets: some(targets) };
}

/**
 * A copy of the parameters in one array, of which rows and biases are views.
 *
 * @param {Parameters} parameters
 * @returns {Packed}
 */
export function pack({ weights, biases }) {
  const parts = [...weights.flat(), ...biases];
  const values = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  /** @param {Vector} numbers */
  const view = (numbers) => {
    const part = values.subarray(at, (at += numbers.length));
    part.set(numbers);
    return part;
  };
  return { values, weights: weights.map((w) => w.map(view)), biases: biases.map(view) };
}

/** A copy of the parameters as plain arrays. @param {Parameters} parameters */
export const plain = ({ weights, biases }) => ({
  weights: weights.map((w) => w.map((row) => [...row])),
  biases: biases.map((b) => [...b]),
});
