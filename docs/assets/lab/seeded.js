// Random numbers from a seed, the same in every browser, today and in ten years; and what is drawn
// with them: the start of a network, and toy data, those of `initexplain.datasets`.

import { lookup } from "./tables.js";

/**
 * @typedef {object} Generator
 * @property {() => number} uniform From [0, 1).
 * @property {() => number} normal From N(0, 1).
 */

/** What draws from a seed, each from a stream of its own; mini-batches from one for every epoch. */
export const STREAMS = { weights: 0, biases: 1, data: 2, batches: 3 };

/** Mixes the bits of a 32-bit number (the finalizer of MurmurHash3). @param {number} x */
function mix(x) {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/**
 * A generator of its own for each stream of a seed: the algorithm mulberry32.
 *
 * @param {number} seed A whole number.
 * @param {number} [stream]
 * @returns {Generator}
 */
export function generator(seed, stream = 0) {
  let state = mix(mix(seed) + stream);
  const bits = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return (t ^ (t >>> 14)) >>> 0;
  };
  // 53 random bits, as many as a float64 holds
  const uniform = () => ((bits() >>> 5) * 2 ** 26 + (bits() >>> 6)) / 2 ** 53;
  // Box and Muller; 1 - u is never 0
  const normal = () =>
    Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal };
}

/**
 * The numbers 0 to `count - 1` in random order (Fisher and Yates).
 *
 * @param {Generator} rng
 * @param {number} count
 */
export function permutation(rng, count) {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(rng.uniform() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/**
 * Standard deviations of named recipes, by fan-in and fan-out; entries are normal whatever the recipe's
 * own distribution.
 *
 * @type {Record<string, (fanIn: number, fanOut: number) => number>}
 */
export const RECIPES = {
  torch: (fanIn) => 1 / Math.sqrt(3 * fanIn),
  lecun: (fanIn) => 1 / Math.sqrt(fanIn),
  glorot: (fanIn, fanOut) => Math.sqrt(2 / (fanIn + fanOut)),
  he: (fanIn) => Math.sqrt(2 / fanIn),
};

/**
 * A matrix of normal weights: of the recipe's standard deviation, or `scale / sqrt(fan_in)`.
 *
 * @param {Generator} rng
 * @param {number} fanOut
 * @param {number} fanIn
 * @param {number | string} scale
 */
function random(rng, fanOut, fanIn, scale) {
  const std =
    typeof scale === "string"
      ? lookup(RECIPES, scale, "recipe")(fanIn, fanOut)
      : scale / Math.sqrt(fanIn);
  return matrix(fanOut, fanIn, () => std * rng.normal());
}

/** @param {number} rows @param {number} columns @param {() => number} entry */
const matrix = (rows, columns, entry) =>
  Array.from({ length: rows }, () => Array.from({ length: columns }, entry));

/** Every second row is the one before it, times the factor. @param {number[][]} rows @param {number} factor */
const paired = (rows, factor) =>
  rows.map((row, i) => (i % 2 ? rows[i - 1].map((x) => factor * x) : row));

/**
 * The weights of a layer. Copied and mirrored rows are those of hidden layers: weights to the outputs are
 * random.
 *
 * @type {Record<string, (rng: Generator, fanOut: number, fanIn: number, scale: number | string,
 *   hidden: boolean) => number[][]>}
 */
export const WEIGHT_STARTS = {
  zero: (_, fanOut, fanIn) => matrix(fanOut, fanIn, () => 0),
  equal: (_, fanOut, fanIn, scale) => matrix(fanOut, fanIn, () => Number(scale)),
  random,
  copied: (rng, fanOut, fanIn, scale, hidden) => {
    const rows = random(rng, fanOut, fanIn, scale);
    return hidden ? paired(rows, 1) : rows;
  },
  mirrored: (rng, fanOut, fanIn, scale, hidden) => {
    const rows = random(rng, fanOut, fanIn, scale);
    return hidden ? paired(rows, -1) : rows;
  },
};

/** The bias of a unit. @type {Record<string, (rng: Generator, scale: number) => number>} */
export const BIAS_STARTS = {
  zero: () => 0,
  equal: (_, scale) => scale,
  random: (rng, scale) => scale * rng.normal(),
};

/**
 * The parameters of a network. Weights do not depend on how biases start, nor the other way round.
 *
 * @param {object} start
 * @param {number[]} start.sizes Units per layer, the inputs first.
 * @param {{kind: string, scale?: number | string}} start.weights A kind of `WEIGHT_STARTS`. The scale is
 *   the value of equal weights; of random ones a recipe, or the standard deviation times the root of
 *   fan-in.
 * @param {{kind: string, scale?: number}} start.biases A kind of `BIAS_STARTS`, with the value or the
 *   standard deviation.
 * @param {number} start.seed
 */
export function initialize({ sizes, weights, biases, seed }) {
  const drawWeights = lookup(WEIGHT_STARTS, weights.kind, "start of weights");
  const drawBias = lookup(BIAS_STARTS, biases.kind, "start of biases");
  const [forWeights, forBiases] = [STREAMS.weights, STREAMS.biases].map((s) => generator(seed, s));
  const layers = sizes.slice(1).map((fanOut, layer) => ({ fanOut, fanIn: sizes[layer], layer }));
  return {
    weights: layers.map(({ fanOut, fanIn, layer }) =>
      drawWeights(forWeights, fanOut, fanIn, weights.scale ?? 1, layer + 2 < sizes.length),
    ),
    biases: layers.map(({ fanOut }) =>
      Array.from({ length: fanOut }, () => drawBias(forBiases, biases.scale ?? 1)),
    ),
  };
}

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
function teacher(rng, { examples = 64, features = 4, outputs = 2, units = 8 } = {}) {
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
function noisySine(rng, { examples = 64, noise = 0.1 } = {}) {
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
function twoMoons(rng, { examples = 100, noise = 0.1 } = {}) {
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

/** The data sets by name. @type {Record<string, (rng: Generator, options?: Options) => Data>} */
export const DATASETS = { two_moons: twoMoons, noisy_sine: noisySine, teacher };

/**
 * A data set by name, from a seed. It does not depend on how weights and biases of that seed start.
 *
 * @param {string} name
 * @param {Options & {seed: number}} options
 */
export const dataset = (name, { seed, ...options }) =>
  lookup(DATASETS, name, "data set")(generator(seed, STREAMS.data), options);
