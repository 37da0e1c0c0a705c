// Starts of a network, from a seed.

import { STREAMS, generator } from "./random.js";
import { lookup } from "./tables.js";

/** @typedef {import("./random.js").Generator} Generator */

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
