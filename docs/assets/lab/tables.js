// What a network is made of, by name: activations, losses and optimizers of the package `initexplain`,
// with its constants and formulas. And checks of what is handed to the engine.

/**
 * @typedef {object} Activation
 * @property {(z: number) => number} value `z -> f(z)`.
 * @property {(a: number) => number} slope `f(z) -> f'(z)`, at a kink that of the left side.
 * @property {boolean} odd Whether `f(-z) = -f(z)`.
 */

const LEAKY_SLOPE = 0.01;
const LECUN_GAIN = 1.7159;
const LECUN_SLOPE = 2 / 3;

/** @param {number} z */
function logistic(z) {
  // 1 / (1 + exp(-z)), written so that no exponential overflows and no tail is rounded off
  const small = Math.exp(-Math.abs(z));
  return (z >= 0 ? 1 : small) / (1 + small);
}

/** @type {Record<string, Activation>} */
export const ACTIVATIONS = {
  identity: { value: (z) => z, slope: () => 1, odd: true },
  tanh: { value: Math.tanh, slope: (a) => 1 - a * a, odd: true },
  lecun_tanh: {
    value: (z) => LECUN_GAIN * Math.tanh(LECUN_SLOPE * z),
    slope: (a) => LECUN_SLOPE * (LECUN_GAIN - (a * a) / LECUN_GAIN),
    odd: true,
  },
  logistic: { value: logistic, slope: (a) => a * (1 - a), odd: false },
  relu: { value: (z) => Math.max(z, 0), slope: (a) => (a > 0 ? 1 : 0), odd: false },
  leaky_relu: {
    value: (z) => Math.max(z, LEAKY_SLOPE * z),
    slope: (a) => (a > 0 ? 1 : LEAKY_SLOPE),
    odd: false,
  },
};

/**
 * A loss is the sum over outputs, averaged over examples, of `value(output, target)`.
 *
 * @typedef {object} Loss
 * @property {(output: number, target: number) => number} value
 * @property {(output: number, target: number) => number} error Its derivative by the output.
 * @property {(target: number) => boolean} takes Whether it is defined for such a target.
 * @property {(targets: number[]) => number} bestConstant The mean value over the targets of one
 *   output, for the best output that is the same on every example.
 */

/** @param {number[]} numbers */
const mean = (numbers) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;

/** `x log x`, which is 0 at 0. @param {number} x */
const xlogx = (x) => (x > 0 ? x * Math.log(x) : 0);

/** @type {Record<string, Loss>} */
export const LOSSES = {
  squared_error: {
    value: (output, target) => 0.5 * (output - target) ** 2,
    error: (output, target) => output - target,
    takes: () => true,
    bestConstant: (targets) => {
      const centre = mean(targets);
      return mean(targets.map((target) => 0.5 * (target - centre) ** 2));
    },
  },
  logistic: {
    // log(1 + exp(z)) - y z, without overflow
    value: (z, target) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - target * z,
    error: (z, target) => logistic(z) - target,
    takes: (target) => target >= 0 && target <= 1,
    bestConstant: (targets) => {
      const share = mean(targets);
      return -xlogx(share) - xlogx(1 - share);
    },
  },
};

/**
 * A step is `p <- p - learningRate * direction`.
 *
 * @typedef {object} Optimizer
 * @property {number} slots How many arrays of state it keeps, of the gradient's size, zero at first.
 * @property {(gradient: Float64Array, slots: Float64Array[], step: number) => Float64Array} direction
 *   Updates the slots in place; `step` counts from 1.
 */

const MOMENTUM = 0.9;
const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

/** @type {Record<string, Optimizer>} */
export const OPTIMIZERS = {
  sgd: { slots: 0, direction: (gradient) => gradient },
  momentum: {
    slots: 1,
    direction: (gradient, [velocity]) => {
      gradient.forEach((g, k) => (velocity[k] = MOMENTUM * velocity[k] + g));
      return velocity;
    },
  },
  adam: {
    slots: 2,
    direction: (gradient, [first, second], step) => {
      const [scale1, scale2] = [1 - BETA1 ** step, 1 - BETA2 ** step];
      return gradient.map((g, k) => {
        first[k] += (1 - BETA1) * (g - first[k]);
        second[k] += (1 - BETA2) * (g * g - second[k]);
        return first[k] / scale1 / (Math.sqrt(second[k] / scale2) + EPSILON);
      });
    },
  },
};

/**
 * The entry of a table; an unknown name lists those known.
 *
 * @template T
 * @param {Record<string, T>} table
 * @param {string} name
 * @param {string} kind What its entries are, for the message.
 * @returns {T}
 */
export function lookup(table, name, kind) {
  if (Object.hasOwn(table, name)) return table[name];
  throw new RangeError(`unknown ${kind} "${name}"; known: ${Object.keys(table).join(", ")}`);
}

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
