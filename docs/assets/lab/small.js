// The lab in small, for the front page: two switches, a run, the loss, and the verdict in a word.

import { bestConstantLoss, classes } from "./engine.js";
import { button, h } from "./dom.js";
import { Graph, LossPlot } from "./drawings.js";
import { DEFAULTS, hueOf, layerSizes, settle, specOf, writeAddress } from "./state.js";
import { Player, Timeline } from "./timeline.js";
import { verdict } from "./verdict.js";

const HORIZON = 300;
/** The question of the site. */
const FIRST = { weights: "zero", biases: "random" };
const HIDDEN = [6, 6, 6];
/** @type {Record<"weights" | "biases", string[]>} */
const SWITCHES = { weights: ["zero", "equal", "random"], biases: ["zero", "random"] };

class SmallLab {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.choice = { ...FIRST };
    /** @type {import("./state.js").State} */
    this.state = DEFAULTS;
    this.timeline = new Timeline(specOf(DEFAULTS));
    this.predicted = classes(this.timeline.spec);
    this.best = 0;
    const [graph, plot] = ["lab-graph-box", "lab-plot"].map((name) => h("div", { class: name }));
    this.word = h("strong");
    this.told = h("span");
    this.live = h("p", { class: "lab-hidden", "aria-live": "polite" });
    this.link = h("a", {}, "Look closer in the lab");
    this.run = button("", () => this.toggle(), { class: "lab-run" });
    root.replaceChildren(
      h("div", { class: "lab-switches" }, this.switches("weights", "Weights"), this.switches("biases", "Biases"), this.run),
      h("p", { class: "lab-verdict" }, this.word, " ", this.told), this.live,
      h("div", { class: "lab-pictures" }, graph, plot), h("p", { class: "lab-watch" }, this.link));
    root.classList.add("lab-ready");
    this.graph = new Graph(graph);
    this.plot = new LossPlot(plot);
    this.player = new Player({ timeline: () => this.timeline, draw: (last) => this.draw(last), limit: HORIZON });
    /** @type {number[]} */
    this.ghost = [];
    this.show();
  }

  /** @param {"weights" | "biases"} key @param {string} label */
  switches(key, label) {
    const pairs = SWITCHES[key].map((name) => {
      const radio = h("input", { type: "radio", name: `small-${key}`, id: `small-${key}-${name}`, checked: this.choice[key] === name, change: () => this.choose(key, name) });
      return h("span", {}, radio, h("label", { for: radio.id }, name));
    });
    return h("div", { class: "lab-choices", role: "radiogroup", "aria-label": label }, h("span", { class: "lab-key" }, label), ...pairs);
  }

  /** @param {"weights" | "biases"} key @param {string} name */
  choose(key, name) {
    this.player.pause();
    this.choice[key] = name;
    if (this.timeline.reached) this.ghost = this.timeline.losses;
    this.show();
  }

  show() {
    const { state } = settle({ ...DEFAULTS, hidden: HIDDEN, ...this.choice });
    const spec = specOf(state);
    Object.assign(this, { state, timeline: new Timeline(spec), predicted: classes(spec) });
    this.best = bestConstantLoss(spec.loss, spec.targets);
    if (!this.graph.sizes.length) this.graph.build(layerSizes(state));
    this.graph.classes(this.predicted);
    this.link.href = `lab/${writeAddress(state)}`;
    this.draw(true);
  }

  toggle() {
    if (this.player.running) return this.player.pause();
    if (this.timeline.update >= HORIZON) this.timeline.goTo(0);
    this.player.run();
    this.draw(false);
  }

  /** @param {boolean} last */
  draw(last) {
    const { timeline, best } = this;
    const { update, losses } = timeline;
    this.graph.update(timeline.network.weights);
    this.plot.update({ losses: losses.slice(0, update + 1), ghost: this.ghost, best, update, horizon: HORIZON, hue: hueOf(this.state) });
    const { word, text } = verdict({
      update, best, diverged: null, loss: losses[update], norms: timeline.gradients[update].norms, firstMoves: timeline.firstMoves,
      layers: this.predicted.map((layer) => ({ ...layer, saturated: 0 })),
    });
    this.word.textContent = word[0].toUpperCase() + word.slice(1);
    this.told.textContent = text;
    this.run.textContent = this.player.running ? "❚❚ Pause" : update >= HORIZON ? "▶ Again" : "▶ Run";
    if (last) this.live.textContent = `${word}. ${text}`;
  }
}

const root = document.getElementById("small-lab");
if (root) new SmallLab(root);
