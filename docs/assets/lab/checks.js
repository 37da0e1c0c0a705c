// Checks of what is handed to the engine: a RangeError says what does not fit.

import { ACTIVATIONS, LOSSES, OPTIMIZERS, lookup } from "./tables.js";

/** @typedef {import("./passes.js").Vector} Vector */
/** @typedef {import("./passes.js").Matrix} Matrix */

/**
 * Rows of finite numbers, all of the same length.
 *
 * @param {Matrix} rows
 * @param {string} name
 * @param {number} columns
 */
export function checkRows(rows, name, columns) {
  if (!rows.length) throw new RangeError(`${name}: there are none`);
  rows.forEach((row, i) => {
    if (row.length !== columns) {
      throw new RangeError(`${name}: ${row.length} numbers in row ${i}, expected ${columns}`);
    }
    const bad = [...row].findIndex((x) => !Number.isFinite(x));
    if (bad >= 0) throw new RangeError(`${name}: ${row[bad]} in row ${i} is not a finite number`);
  });
}

/** @param {import("./passes.js").Network} network */
export function checkNetwork({ weights, biases, activation }) {
  lookup(ACTIVATIONS, activation, "activation");
  if (!weights.length || weights.length !== biases.length) {
    throw new RangeError(`${weights.length} weight matrices and ${biases.length} bias vectors`);
  }
  weights.forEach((w, layer) => {
    const fanIn = layer ? weights[layer - 1].length : (w[0] ?? []).length;
    checkRows(w, `weights of layer ${layer + 1}`, fanIn);
    checkRows([biases[layer]], `biases of layer ${layer + 1}`, w.length);
  });
}

/**
 * Data that fit the network and the loss.
 *
 * @param {import("./passes.js").Network} network
 * @param {{inputs: Matrix, targets: Matrix, loss: string}} data
 */
export function checkData({ weights }, { inputs, targets, loss }) {
  const { takes } = lookup(LOSSES, loss, "loss");
  checkRows(inputs, "inputs", weights[0][0].length);
  checkRows(targets, "targets", weights[weights.length - 1].length);
  if (inputs.length !== targets.length) {
    throw new RangeError(`${inputs.length} inputs and ${targets.length} targets`);
  }
  if (!targets.every((row) => row.every(takes))) {
    throw new RangeError(`targets: the ${loss} loss takes numbers from 0 to 1`);
  }
}

/** @param {import("./engine.js").Settings} settings */
export function checkSettings({ optimizer, learningRate, batchSize, batches, inputs }) {
  lookup(OPTIMIZERS, optimizer, "optimizer");
  if (!(Number.isFinite(learningRate) && learningRate >= 0)) {
    throw new RangeError(`learning rate: ${learningRate}, expected a finite number, 0 or more`);
  }
  const size = batchSize ?? inputs.length;
  if (!(Number.isInteger(size) && size >= 1 && size <= inputs.length)) {
    throw new RangeError(`batch size: ${size}, expected a whole number from 1 to ${inputs.length}`);
  }
  if (batches && !batches.flat().every((e) => e in inputs)) {
    throw new RangeError(`batches: examples are numbered from 0 to ${inputs.length - 1}`);
  }
}
