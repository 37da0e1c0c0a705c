// A training that can be taken back to any of its updates: what is kept are the losses and gradients
// of every update, and all of the state at some of them; the updates between are computed again.

import { clamp } from "./dom.js";
import { createTraining, gradientToWeight, norm } from "./engine.js";

const KEYFRAMES = 256;

export class Timeline {
  /** @param {import("./engine.js").Spec} spec */
  constructor(spec) {
    this.spec = spec;
    this.training = createTraining(spec);
    this.firstMoves = firstMoves(spec);
    /** @type {number[]} */
    this.losses = [];
    /** @type {{norms: number[], ratios: number[]}[]} Of the gradient of every layer. */
    this.gradients = [];
    /** @type {import("./engine.js").Snapshot[]} */
    this.keyframes = [];
    this.spacing = 1;
    this.record();
  }

  /** Where the picture is: after a divergence, at the last update that was finite. */
  get update() {
    return Math.min(this.training.update, this.reached);
  }

  /** The last update that was computed. */
  get reached() {
    return this.losses.length - 1;
  }

  /** The network as it is now: live views. @returns {import("./engine.js").Network} */
  get network() {
    const { weights, biases } = this.training;
    return { weights, biases, activation: this.spec.activation };
  }

  /** One update; false if training has diverged. */
  step() {
    const went = this.training.step();
    if (went) this.record();
    return went;
  }

  /** Notes the present update. */
  record() {
    const { update, loss, weights, gradients } = this.training;
    this.losses[update] = loss;
    this.gradients[update] = {
      norms: gradients.weights.map(norm),
      ratios: gradientToWeight(weights, gradients.weights),
    };
    if (update % this.spacing === 0) this.keyframes[update / this.spacing] = this.training.snapshot();
    if (this.keyframes.length > KEYFRAMES) {
      this.keyframes = this.keyframes.filter((_, i) => i % 2 === 0);
      this.spacing *= 2;
    }
  }

  /** Goes to an update, back or forth. @param {number} update */
  goTo(update) {
    const known = Math.min(update, this.reached);
    const key = Math.floor(known / this.spacing);
    // onwards from here, unless there is a shorter way
    if (known < this.update || key * this.spacing > this.update) {
      this.training.restore(this.keyframes[Math.min(key, this.keyframes.length - 1)]);
    }
    while (this.update < update && this.step());
  }
}

/**
 * The update at which the weights of each layer first move, from 1; infinite where none has in one
 * update more than there are layers. Found by running these updates.
 *
 * @param {import("./engine.js").Spec} spec
 */
export function firstMoves(spec) {
  const training = createTraining(spec);
  const first = spec.weights.map(() => Infinity);
  for (let update = 1; update <= first.length + 1; update++) {
    training.gradients.weights.forEach((gradient, layer) => {
      if (norm(gradient) > 0) first[layer] = Math.min(first[layer], update);
    });
    training.step();
  }
  return first;
}

/** Updates per second: the first number, and what each update adds. */
const PACE = [3, 1.6];
/** Milliseconds of a frame that updates may take; drawing needs the rest. */
const SHARE = 7;
/** With reduced motion the picture changes this seldom, in milliseconds. */
const SELDOM = 600;
const FIRST_HORIZON = 300;

export class Player {
  /**
   * @param {object} lab
   * @param {() => Timeline} lab.timeline
   * @param {(last: boolean) => void} lab.draw
   * @param {number} lab.limit The last update that there is.
   */
  constructor(lab) {
    this.lab = lab;
    this.frame = 0;
    /** When the frame before was. */
    this.before = 0;
    /** Updates that are due. */
    this.owed = 0;
    /** When the picture last changed. */
    this.drawn = 0;
    this.horizon = FIRST_HORIZON;
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
  }

  get running() {
    return this.frame !== 0;
  }

  /** Runs up to the horizon; from there to twice as far. Running already, it does nothing. */
  run() {
    const timeline = this.lab.timeline();
    if (this.running || timeline.training.diverged !== null || timeline.update >= this.lab.limit) return;
    while (this.horizon <= timeline.update) this.horizon *= 2;
    this.horizon = Math.min(this.horizon, this.lab.limit);
    [this.before, this.owed, this.drawn] = [performance.now(), 0, 0];
    this.frame = requestAnimationFrame((now) => this.tick(now));
  }

  /** Stops, if it runs. */
  pause() {
    if (!this.running) return;
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.lab.draw(true);
  }

  /** Makes room for an update that somebody goes to. @param {number} update */
  reach(update) {
    while (this.horizon < update) this.horizon *= 2;
    this.horizon = Math.min(this.horizon, this.lab.limit);
  }

  reset() {
    this.horizon = FIRST_HORIZON;
  }

  /** @param {number} now */
  tick(now) {
    const timeline = this.lab.timeline();
    // a tab that was hidden does not make up for it
    const seconds = clamp((now - this.before) / 1000, 0, 0.1);
    this.before = now;
    this.owed += seconds * (PACE[0] + PACE[1] * timeline.update);
    if (this.still.matches) this.owed = Infinity;
    const end = performance.now() + SHARE;
    let going = true;
    while (this.owed >= 1 && going && timeline.update < this.horizon && performance.now() < end) {
      going = timeline.step();
      this.owed--;
    }
    this.owed = Math.min(this.owed, 1e4);
    if (!going || timeline.update >= this.horizon) return this.pause();
    if (!this.still.matches || now - this.drawn > SELDOM) {
      this.lab.draw(false);
      this.drawn = now;
    }
    this.frame = requestAnimationFrame((next) => this.tick(next));
  }
}
