// The lab: puts the parts together, and keeps the address and the picture in step with the state.

import { bestConstantLoss, classes, forward, measuredRedundancy, ACTIVATIONS } from "./engine.js";
import { ChallengeList, pageLink } from "./challenges.js";
import { Controls, Transport } from "./controls.js";
import { h, say, words } from "./dom.js";
import { FunctionPlot } from "./function-plot.js";
import { Layers } from "./layers.js";
import { Graph, LossPlot } from "./drawings.js";
import { Editor, Matrices } from "./matrix.js";
import { PRESETS } from "./presets.js";
import {
  DEFAULTS, LIMITS, cellsOf, dataSizes, holdsState, hueOf, layerSizes, readAddress, settle, specOf, twoClasses, writeAddress,
} from "./state.js";
import { Player, Timeline } from "./timeline.js";
import { verdict } from "./verdict.js";

/** @typedef {import("./state.js").State} State */

class Lab {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    /** @type {State} */
    this.state = DEFAULTS;
    this.timeline = new Timeline(specOf(DEFAULTS));
    this.predicted = classes(this.timeline.spec);
    this.best = 0;
    /** @type {number[]} */
    this.ghost = [];
    /** @type {string | undefined} */
    this.address = undefined;
    this.written = "";
    this.topic = "";
    this.frames = 0;
    const boxes = ["controls", "transport", "graph-box", "matrix-box", "layers", "plot", "plot", "challenges"].map((name) => h("div", { class: `lab-${name}` }));
    const [controls, transport, graph, matrices, layers, loss, fn, challenges] = boxes;
    this.sentence = h("p", { class: "lab-verdict" });
    this.watch = h("p", { class: "lab-watch" });
    this.live = h("p", { class: "lab-hidden", "aria-live": "polite" });
    this.notice = h("p", { class: "lab-problem lab-notice", role: "alert" });
    this.controls = new Controls(controls, { state: () => this.state, change: (change, topic) => this.change(change, topic) });
    this.player = new Player({ timeline: () => this.timeline, draw: (last) => this.draw(last), limit: LIMITS.at[1] });
    this.transport = new Transport(transport, {
      toggle: () => this.toggle(), step: () => this.goTo(this.timeline.update + 1, true), rewind: () => this.goTo(0, true),
      reseed: () => this.change({ seed: (this.state.seed % LIMITS.seed[1]) + 1 }, "seed"), scrub: (update) => this.goTo(update, false),
    });
    this.graph = new Graph(graph, (cell) => this.matrices.focus(cell));
    this.matrices = new Matrices(matrices, { select: (cell) => this.select(cell), key: (event) => this.editor.onCellKey(event) });
    this.editor = new Editor(matrices, { network: () => this.timeline.network, write: (edits, said) => this.write(edits, said), focus: (cell) => this.matrices.focus(cell), run: () => this.toggle() });
    this.layers = new Layers(layers);
    this.loss = new LossPlot(loss);
    this.fn = new FunctionPlot(fn, (point) => this.addPoint(point));
    this.challenges = new ChallengeList(challenges, (address, task) => this.begin(address, task));
    this.question = this.questions();
    this.layOut(boxes);
    this.load(location.hash);
    // links and the buttons of the browser: one of the two comes, or both
    addEventListener("popstate", () => this.load(location.hash));
    addEventListener("hashchange", () => this.load(location.hash));
  }

  /** Puts the parts on the page. @param {HTMLElement[]} boxes */
  layOut([controls, transport, graph, matrices, layers, loss, fn, challenges]) {
    const box = (/** @type {string} */ name, /** @type {HTMLElement[]} */ ...children) => h("div", { class: `lab-${name}` }, ...children);
    const panel = (/** @type {string} */ name, /** @type {string} */ title, /** @type {HTMLElement} */ body) =>
      h("section", { class: `lab-panel lab-at-${name}`, "aria-label": title }, h("h2", {}, title), body);
    const desk = box("desk",
      box("bar", this.question, transport, this.sentence),
      box("said", this.notice, this.watch, this.live), controls,
      box("middle", panel("graph", "Network", graph), panel("matrices", "Weights and biases", matrices), panel("layers", "Layer by layer", layers)),
      box("side", panel("loss", "Loss", loss), panel("function", "Function", fn)));
    this.root.replaceChildren(desk, challenges);
    this.root.classList.add("lab-ready");
  }

  /** A start for each question of the thread. */
  questions() {
    const field = h("select", { "aria-label": "Start from a question", class: "lab-questions", change: () => {
      const preset = PRESETS.find(({ name }) => name === field.value);
      if (preset) this.open(`#${preset.name}`);
    } }, h("option", { value: "" }, "Start from a question …"), ...PRESETS.map(({ name, question }) => h("option", { value: name }, question)));
    return field;
  }

  /** Goes to an address, as a link does. @param {string} address */
  open(address) {
    history.pushState(null, "", address);
    this.topic = "";
    this.load(address, true);
  }

  /** Takes the reader from a challenge to the lab, where it begins. @param {string} address @param {string} task */
  begin(address, task) {
    this.open(address);
    this.watch.textContent = task;
    this.announce();
    this.transport.run.focus({ preventScroll: true });
    this.root.scrollIntoView();
  }

  /**
   * Shows the state of an address, or the preset of that name; what is wrong with it is said, and keeps
   * its default. Other anchors of the page are none of the lab's business.
   *
   * @param {string} hash
   * @param {boolean} [anew] Though it is there already.
   */
  load(hash, anew = false) {
    const preset = PRESETS.find(({ name }) => `#${name}` === hash);
    const ours = preset || holdsState(hash) || hash === "" || this.address === undefined;
    if (!ours || (hash === this.address && !anew)) return;
    const { state, problems } = readAddress(preset ? preset.address : holdsState(hash) ? hash : "");
    this.notice.textContent = problems.join(" ");
    this.player.pause();
    this.address = hash;
    this.show(state);
    this.explain(preset);
    this.written = writeAddress(state);
    if (state.at) this.goTo(state.at, false);
  }

  /** What to see in a preset, until the reader changes it. @param {import("./presets.js").Preset} [preset] */
  explain(preset) {
    this.question.value = preset?.name ?? "";
    this.watch.replaceChildren();
    delete this.sentence.dataset.solved;
    if (!preset) return;
    this.watch.append(`${preset.watch} `, h("a", { href: pageLink(preset.page) }, "Why"));
  }

  /** Draws everything for a state, at its start. @param {State} state */
  show(state) {
    const before = this.timeline;
    const spec = specOf(state);
    const timeline = new Timeline(spec); // an impossible state throws here, and the last one stays
    this.ghost = before && before.reached > 0 && sameTask(this.state, state) ? before.losses : sameTask(this.state, state) ? this.ghost : [];
    Object.assign(this, { state, timeline });
    this.best = bestConstantLoss(state.loss, spec.targets);
    this.predicted = classes(spec);
    const sizes = layerSizes(state);
    if (sizes.join() !== this.matrices.sizes.join()) {
      this.graph.build(sizes);
      this.matrices.build(sizes);
      this.layers.build(sizes.length - 1);
      this.select(this.inside(this.editor.cell, sizes));
    }
    this.graph.classes(this.predicted);
    this.matrices.classes(this.predicted);
    this.fn.build(spec, { classes: twoClasses(state) });
    this.player.reset();
    this.controls.refresh();
    this.draw(true);
  }

  /** The nearest cell that there is. @param {import("./matrix.js").Cell} cell @param {number[]} sizes */
  inside({ layer, unit, input }, sizes) {
    const at = Math.min(layer, sizes.length - 2);
    return { layer: at, unit: Math.min(unit, sizes[at + 1] - 1), input: Math.min(input, sizes[at] - 1) };
  }

  /**
   * Takes a change of the reader's. Returns what of it could not be.
   *
   * @param {Partial<State>} change
   * @param {string} topic What is changed: changes of one thing in a row are one step of the history.
   */
  change(change, topic) {
    const next = { ...this.state, at: 0, ...change };
    if (!change.cells) next.cells = keptCells(this.state, next);
    const { state, problems } = settle(next);
    this.player.pause();
    this.notice.textContent = "";
    this.show(state);
    this.explain();
    this.keepAddress(topic);
    this.announce();
    return problems;
  }

  /** Numbers that the reader writes: over the network as it is now, which becomes the start. @param {import("./matrix.js").Edits} edits @param {string} said */
  write(edits, said) {
    const { weights, biases } = this.timeline.network;
    const edited = { weights: weights.map((matrix) => matrix.map((row) => [...row])), biases: biases.map((row) => [...row]) };
    for (const { cell: { layer, unit, input }, value } of edits) {
      if (input < 0) edited.biases[layer][unit] = value;
      else edited.weights[layer][unit][input] = value;
    }
    const { layer, unit, input } = edits[0].cell;
    this.change({ cells: cellsOf(this.state, edited) }, `cell ${layer} ${unit} ${input} ${edits.length}`);
    this.announce(said);
  }

  /** @param {number[]} point In the plane of the function. */
  addPoint(point) {
    if (this.state.data !== "points") return;
    const { points } = this.state;
    if (points.length >= LIMITS.points[1]) return;
    const added = points[0].length === 2 ? point : [...point, 1];
    this.change({ points: [...points, added] }, "points");
  }

  /** Writes the state into the address. @param {string} topic */
  keepAddress(topic) {
    const address = writeAddress(this.state);
    if (address === this.written) return;
    const again = topic !== "" && topic === this.topic;
    history[again ? "replaceState" : "pushState"](null, "", address);
    [this.address, this.topic] = [address, topic];
    this.written = address;
  }

  toggle() {
    if (this.player.running) this.player.pause();
    else this.player.run();
    this.draw(!this.player.running);
  }

  /** Goes to an update; further than before, it computes on. @param {number} update @param {boolean} say */
  goTo(update, say) {
    this.player.pause();
    this.timeline.goTo(Math.min(update, LIMITS.at[1]));
    this.player.reach(this.timeline.update);
    this.draw(true);
    if (say) this.announce();
  }

  /** Writes the update into the address, without a step of the history. */
  keepUpdate() {
    const address = writeAddress(this.state);
    if (address !== this.written) history.replaceState(null, "", (this.address = this.written = address));
  }

  /** @param {import("./matrix.js").Cell} cell */
  select(cell) {
    this.matrices.mark(cell);
    this.graph.mark(cell);
    if (this.timeline) this.editor.show(cell);
  }

  /** Draws the present update. @param {boolean} last Whether it stays for a while. */
  draw(last) {
    const { timeline, state } = this;
    const { update, reached } = timeline;
    const { weights, biases } = timeline.network;
    const { horizon, running } = this.player;
    const ended = timeline.training.diverged !== null || update >= LIMITS.at[1];
    this.transport.update({ update, reached, horizon, running, ended });
    this.graph.update(weights);
    this.editor.refresh();
    this.loss.update({ losses: timeline.losses, ghost: this.ghost, best: this.best, update, horizon: Math.max(horizon, reached), hue: hueOf(state) });
    this.layers.ratios(timeline.gradients[update].ratios);
    // what takes long takes turns
    const turn = this.frames++ % 4;
    if (last || turn % 2) this.matrices.update(weights, biases);
    if (last || turn === 0) this.fn.update(timeline.network);
    if (last || turn === 2) this.layers.classes(this.predicted, measuredRedundancy(timeline.network, timeline.spec.inputs));
    this.judge();
    if (last) this.settleDown();
  }

  /** What is done only when nothing moves: names for who listens, the update in the address. */
  settleDown() {
    const { timeline } = this;
    this.matrices.name();
    this.state = { ...this.state, at: timeline.update };
    if (timeline.update) this.keepUpdate();
    // what a preset shows as it is, nobody has solved
    const solved = this.question.value ? [] : this.challenges.check(timeline);
    if (solved.length) {
      this.sentence.dataset.solved = "";
      this.watch.textContent = `Challenge solved ✓ ${solved.join(", ")}`;
    }
    this.announce();
  }

  judge() {
    const { timeline } = this;
    const { update } = timeline;
    const shares = saturation(timeline.network, timeline.spec.inputs);
    const { text, word } = verdict({
      update, diverged: timeline.training.diverged, norms: timeline.gradients[update].norms, firstMoves: timeline.firstMoves,
      loss: timeline.losses[update], best: this.best,
      layers: this.predicted.map((layer, i) => ({ ...layer, saturated: shares[i] })),
    });
    say(this.sentence, text);
    this.sentence.dataset.word = word;
  }

  /** Says in words what has changed, once nothing moves. @param {string} [said] */
  announce(said = "") {
    if (this.player.running) return;
    const { update, losses } = this.timeline;
    say(this.live, `${said && said + ". "}Update ${update}, loss ${words(losses[update])}. ${this.sentence.textContent} ${this.watch.textContent}`);
  }
}

/** Whether the losses of two states can be compared. @param {State} one @param {State} other */
const sameTask = (one, other) =>
  one.data === other.data && one.loss === other.loss && dataSizes(one).join() === dataSizes(other).join();

/** The reader's own numbers that a change leaves in place. @param {State} before @param {State} after */
function keptCells(before, after) {
  const changed = (/** @type {(keyof State)[]} */ ...keys) => keys.some((key) => String(before[key]) !== String(after[key]));
  if (changed("seed", "hidden") || layerSizes(after).join() !== layerSizes(before).join()) return new Map();
  const [weights, biases] = [changed("weights", "scale"), changed("biases", "spread")];
  return new Map([...before.cells].filter(([place]) => !(place.endsWith("b") ? biases : weights)));
}

/**
 * Of each hidden layer, the share of preactivations where the slope is below half of its largest.
 *
 * @param {import("./engine.js").Network} network
 * @param {import("./engine.js").Matrix} inputs
 */
function saturation(network, inputs) {
  const { value, slope } = ACTIVATIONS[network.activation];
  const bounded = ["tanh", "lecun_tanh", "logistic"].includes(network.activation);
  const half = slope(value(0)) / 2;
  return forward(network, inputs).activations.map((examples) => {
    if (!bounded) return 0;
    const numbers = examples.flat();
    return numbers.filter((a) => slope(a) < half).length / numbers.length;
  });
}

const root = document.getElementById("lab");
if (root) new Lab(root);
