// Networks and their training, in float64. Tested against the package `initexplain`.
//
// `weights[layer][unit][input]`: a row is a unit. Hidden layers use the activation, the last is linear.
// Data are rows, one per example. What does not fit or is not finite throws a RangeError.

import { flat, pack, plain, runBackward, runForward, take, unflat } from "./passes.js";
import { STREAMS, generator, permutation } from "./seeded.js";
import { ACTIVATIONS, LOSSES, OPTIMIZERS, checkData, checkNetwork, checkRows, checkSettings, lookup } from "./tables.js";

export { classes, measuredRedundancy } from "./partition.js";
export { ACTIVATIONS, LOSSES, OPTIMIZERS };

/** @typedef {import("./passes.js").Vector} Vector */
/** @typedef {import("./passes.js").Matrix} Matrix */
/** @typedef {import("./passes.js").Parameters} Parameters */
/** @typedef {import("./passes.js").Network} Network */

/**
 * @typedef {object} Settings
 * @property {Matrix} inputs
 * @property {Matrix} targets
 * @property {string} loss
 * @property {string} optimizer
 * @property {number} learningRate
 * @property {number} [batchSize] Mini-batches of this size, drawn anew for every epoch.
 * @property {number} [seed] Of the mini-batches.
 * @property {number[][]} [batches] The examples of each update instead; from the first again, if
 *   there are more updates.
 */
/** @typedef {Network & Settings} Spec */

/** @typedef {{update: number, diverged: number | null, values: Float64Array, slots: Float64Array[]}} Snapshot */

/**
 * What the layers compute: `activations[layer][example][unit]` of the hidden layers, and
 * `outputs[example][unit]`.
 *
 * @param {Network} network
 * @param {Matrix} inputs
 */
export function forward(network, inputs) {
  checkNetwork(network);
  checkRows(inputs, "inputs", network.weights[0][0].length);
  const layers = runForward(network, flat(inputs));
  const rows = layers.map((numbers, i) => unflat(numbers, network.biases[i].length));
  return { activations: rows.slice(0, -1), outputs: rows[rows.length - 1] };
}

/**
 * The loss and its gradients.
 *
 * @param {Network} network
 * @param {Matrix} inputs
 * @param {Matrix} targets
 * @param {string} loss
 */
export function gradients(network, inputs, targets, loss) {
  checkNetwork(network);
  checkData(network, { inputs, targets, loss });
  const packed = pack(network);
  const data = { inputs: flat(inputs), targets: flat(targets) };
  const value = runBackward(network, data, loss, packed);
  return { loss: value, gradients: plain(packed) };
}

/**
 * Trains and returns what comes of it, as plain arrays; `losses` are those on all the examples,
 * before the first update and after each, NaN from the update at which they diverged.
 *
 * @param {Spec & {steps: number}} spec
 */
export function train(spec) {
  const training = createTraining(spec);
  const losses = [training.loss];
  for (let step = 0; step < spec.steps; step++) {
    training.step();
    losses.push(training.loss);
  }
  return { ...plain(training), losses, diverged: training.diverged };
}

/** A training that is run update by update. @param {Spec} spec */
export function createTraining(spec) {
  return new Training(spec);
}

/** The state of a training: after `update` updates, before the next one. */
export class Training {
  /** @param {Spec} spec */
  constructor(spec) {
    checkNetwork(spec);
    checkData(spec, spec);
    checkSettings(spec);
    this.activation = spec.activation;
    this.loss = NaN;
    this.update = 0;
    /** The update after which a loss or a parameter was not finite; it is taken back. @type {number | null} */
    this.diverged = null;
    this.optimizer = lookup(OPTIMIZERS, spec.optimizer, "optimizer");
    this.learningRate = spec.learningRate;
    this.lossName = spec.loss;
    this.data = { inputs: flat(spec.inputs), targets: flat(spec.targets) };
    this.batch = batching(spec);
    this.packed = pack(spec);
    this.packedGradients = pack(spec);
    this.slots = Array.from(
      { length: this.optimizer.slots },
      () => new Float64Array(this.packed.values.length),
    );
    this.evaluate();
  }

  /** Live views of the parameters. */
  get weights() {
    return this.packed.weights;
  }

  get biases() {
    return this.packed.biases;
  }

  /** Those of the next update, live views. @returns {Parameters} */
  get gradients() {
    return this.packedGradients;
  }

  /** One update; false if the training has diverged, then nothing changes any more. */
  step() {
    if (this.diverged !== null) return false;
    const { values } = this.packed;
    const before = values.slice();
    this.update++;
    const move = this.optimizer.direction(this.packedGradients.values, this.slots, this.update);
    for (let k = 0; k < values.length; k++) values[k] -= this.learningRate * move[k];
    this.evaluate();
    if (Number.isFinite(this.loss) && values.every(Number.isFinite)) return true;
    this.diverged = this.update;
    values.set(before);
    this.evaluate();
    return false;
  }

  /** The loss on all the examples, and the gradients of the next update. */
  evaluate() {
    const batch = this.batch(this.update);
    this.loss = runBackward(this, this.data, this.lossName, this.packedGradients);
    if (batch) runBackward(this, take(this.data, batch), this.lossName, this.packedGradients);
    if (this.diverged !== null) this.loss = NaN;
  }

  /** All that changes in a training. @returns {Snapshot} */
  snapshot() {
    const { update, diverged, packed, slots } = this;
    return { update, diverged, values: packed.values.slice(), slots: slots.map((s) => s.slice()) };
  }

  /** Goes back to a snapshot of this training; what follows is the same again. @param {Snapshot} snapshot */
  restore({ update, diverged, values, slots }) {
    Object.assign(this, { update, diverged });
    this.packed.values.set(values);
    slots.forEach((slot, i) => this.slots[i].set(slot));
    this.evaluate();
  }
}

/**
 * The loss of the best output that ignores its input.
 *
 * @param {string} loss
 * @param {Matrix} targets
 */
export function bestConstantLoss(loss, targets) {
  const { bestConstant } = lookup(LOSSES, loss, "loss");
  const columns = Array.from(targets[0], (_, output) => targets.map((row) => row[output]));
  return columns.reduce((sum, column) => sum + bestConstant(column), 0);
}

/** The root of the sum of squares. @param {Matrix} matrix */
export const norm = (matrix) => Math.hypot(...matrix.map((row) => Math.hypot(...row)));

/**
 * `|dL/dW| / |W|` of every layer: 0 for a gradient of 0, infinite for another one of zero weights.
 *
 * @param {Matrix[]} weights
 * @param {Matrix[]} byWeights
 */
export function gradientToWeight(weights, byWeights) {
  return weights.map((w, layer) => {
    const gradient = norm(byWeights[layer]);
    return gradient === 0 ? 0 : gradient / norm(w);
  });
}

/**
 * The examples of each update: a function of its number alone, undefined for all of them.
 *
 * @param {Settings} settings
 * @returns {(update: number) => number[] | undefined}
 */
function batching({ batches, batchSize, seed = 0, inputs }) {
  if (batches) return (update) => batches[update % batches.length];
  if (batchSize === undefined || batchSize === inputs.length) return () => undefined;
  const perEpoch = Math.ceil(inputs.length / batchSize);
  let [epoch, order] = [-1, [0]];
  return (update) => {
    const now = Math.floor(update / perEpoch);
    if (now !== epoch) {
      epoch = now;
      order = permutation(generator(seed, STREAMS.batches + epoch), inputs.length);
    }
    const start = (update % perEpoch) * batchSize;
    return order.slice(start, start + batchSize);
  };
}
