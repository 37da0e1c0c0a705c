// Runs a training frame by frame: slowly at first, so that the first updates can be watched, then
// faster and faster, and never longer than a part of a frame at a time.

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
   * @param {() => import("./timeline.js").Timeline} lab.timeline
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
    const seconds = Math.min(0.1, Math.max(0, (now - this.before) / 1000));
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
