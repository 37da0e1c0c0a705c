// Toy data from a generator, those of `initexplain.datasets`: rows of inputs and rows of targets.

import { STREAMS, generator } from "./random.js";
import { lookup } from "./tables.js";

/** @typedef {import("./random.js").Generator} Generator */
/** @typedef {{inputs: number[][], targets: number[][]}} Data */
/** @typedef {{examples?: number, noise?: number, features?: number, outputs?: number, units?: number}} Options */

/** From `start` to `stop`, both included. @param {number} start @param {number} stop @param {number} count */
const evenly = (start, stop, count) =>
  Array.from({ length: count }, (_, k) => start + ((stop - start) * k) / Math.max(count - 1, 1));

/**
 * Normal inputs, and the answers of a random tanh network with one hidden layer.
 *
 * @param {Generator} rng
 * @param {Options} [options]
 * @returns {Data}
 */
export function teacher(rng, { examples = 64, features = 4, outputs = 2, units = 8 } = {}) {
  /** @param {number} rows @param {number} columns */
  const normal = (rows, columns) =>
    Array.from({ length: rows }, () => Array.from({ length: columns }, rng.normal));
  /** @param {number[][]} a @param {number[][]} b */
  const product = (a, b) =>
    a.map((row) => b[0].map((_, j) => row.reduce((sum, x, i) => sum + x * b[i][j], 0)));
  const inputs = normal(examples, features);
  const hidden = product(inputs, normal(features, units)).map((row) =>
    row.map((z) => Math.tanh((2 * z) / Math.sqrt(features))),
  );
  const targets = product(hidden, normal(units, outputs)).map((row) =>
    row.map((y) => y / Math.sqrt(units / 2)),
  );
  return { inputs, targets };
}

/**
 * One feature on an even grid of [-2, 2], one output: a sine and a half, with normal noise.
 *
 * @param {Generator} rng
 * @param {Options} [options]
 * @returns {Data}
 */
export function noisySine(rng, { examples = 64, noise = 0.1 } = {}) {
  const inputs = evenly(-2, 2, examples).map((x) => [x]);
  const targets = inputs.map(([x]) => [Math.sin(0.75 * Math.PI * x) + noise * rng.normal()]);
  return { inputs, targets };
}

/**
 * Two interleaved half circles of radius 1: classes 0 (the first half) and 1, as one column of targets.
 *
 * @param {Generator} rng
 * @param {Options} [options]
 * @returns {Data}
 */
export function twoMoons(rng, { examples = 100, noise = 0.1 } = {}) {
  const first = Math.floor(examples / 2);
  const angles = [...evenly(0, Math.PI, first), ...evenly(0, Math.PI, examples - first)];
  const targets = angles.map((_, k) => [Number(k >= first)]);
  const exact = angles.map((angle, k) => {
    const [label] = targets[k];
    const side = 1 - 2 * label;
    return [side * Math.cos(angle) + label, side * Math.sin(angle) + label / 2];
  });
  const centre = [0, 1].map((j) => exact.reduce((sum, row) => sum + row[j], 0) / examples);
  const inputs = exact.map((row) => row.map((x, j) => x - centre[j] + noise * rng.normal()));
  return { inputs, targets };
}

/**
 * The data sets by name: how to draw one, and for what networks and losses it is.
 *
 * @type {Record<string, {draw: (rng: Generator, options?: Options) => Data, features: number[],
 *   outputs: number[], losses: string[]}>}
 */
export const DATASETS = {
  two_moons: { draw: twoMoons, features: [2], outputs: [1], losses: ["logistic", "squared_error"] },
  noisy_sine: { draw: noisySine, features: [1], outputs: [1], losses: ["squared_error"] },
  teacher: { draw: teacher, features: [1, 2, 3, 4], outputs: [1, 2], losses: ["squared_error"] },
};

/**
 * A data set by name, from a seed. It does not depend on how weights and biases of that seed start.
 *
 * @param {string} name
 * @param {Options & {seed: number}} options
 */
export const dataset = (name, { seed, ...options }) =>
  lookup(DATASETS, name, "data set").draw(generator(seed, STREAMS.data), options);
