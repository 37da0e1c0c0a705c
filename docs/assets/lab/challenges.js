// Challenges that the lab checks. Each is a predicate of what the reader started, what happened, and the
// network as it stands.

import { bestConstantLoss, classes, gradients, measuredRedundancy } from "./engine.js";
import { button, h } from "./dom.js";

/** @typedef {import("./engine.js").Spec} Spec */
/** @typedef {import("./engine.js").Network} Network */
/** @typedef {import("./passes.js").Vector} Vector */
/** @typedef {import("./partition.js").Classes} Classes */

/**
 * @typedef {object} Challenge
 * @property {string} name
 * @property {string} title
 * @property {string} task
 * @property {string} hint
 * @property {string} page The page that explains it, as its Markdown file without the extension.
 * @property {string} address Where to begin, as the part of the lab's address after `#`.
 * @property {(start: Spec, losses: number[], network: Network) => boolean} passed Of the network before
 *   the first update with its data and training, the losses from there on, and the network after as many
 *   updates.
 */

/** Updates after which units that can separate have done so. */
const SOME = 20;
const MANY = 200;

/** @param {number[]} losses @param {number} updates */
const ran = (losses, updates) => losses.length > updates;

/** @param {Vector} numbers */
const isZero = (numbers) => numbers.every((x) => x === 0);

/** Whether numbers differ by more than rounding. @param {Vector} one @param {Vector} other */
const differ = (one, other) => one.some((x, j) => Math.abs(x - other[j]) > 1e-3);

/** @param {Vector} one @param {Vector} other */
const same = (one, other) => one.every((x, j) => x === other[j]);

/** The loss relative to that of the best constant. @param {Spec} start @param {number} loss */
const relative = ({ loss: name, targets }, loss) => loss / bestConstantLoss(name, targets);

/** @param {Spec} start @param {number[]} losses */
const learned = (start, losses) => relative(start, losses[losses.length - 1]) < 0.5;

/** @param {Classes} layer Whether every unit is alone and heard. */
const allDiffer = ({ labels, signs }) => new Set(labels).size === labels.length && !signs.includes(0);

/** Gradients of the weights at the start, from all the examples. @param {Spec} start */
const firstGradients = (start) =>
  gradients(start, start.inputs, start.targets, start.loss).gradients.weights;

/**
 * Whether two units share a class for ever, with equal outputs or opposite ones, and their rows pass
 * the test.
 *
 * @param {Spec} start
 * @param {Network} network
 * @param {number} sign
 * @param {(one: Vector, other: Vector) => boolean} test
 */
function paired(start, network, sign, test) {
  const measured = measuredRedundancy(network, start.inputs);
  return classes(start).some((predicted, layer) =>
    start.weights[layer].some((one, i) =>
      start.weights[layer].some((other, j) => {
        const together = [predicted, measured[layer]].every(
          ({ labels, signs }) => labels[i] === labels[j] && signs[i] * signs[j] === sign,
        );
        return i < j && together && test(one, other);
      }),
    ),
  );
}

/** How many numbers are not the most frequent one. @param {Vector} numbers */
function exceptions(numbers) {
  const counts = new Map();
  for (const x of numbers) counts.set(x, (counts.get(x) ?? 0) + 1);
  return numbers.length - Math.max(...counts.values());
}

/** @type {Challenge[]} */
export const CHALLENGES = [
  {
    name: "fine-zeros",
    title: "A matrix of zeros that is fine",
    task: "Set one whole matrix to zero, keep all biases at zero, and bring the loss below half of that of the best constant.",
    hint: "The gradient of a matrix passes through those above it. Which matrix has none above?",
    page: "biases/fine-zeros",
    address: "weights=random",
    passed: (start, losses) =>
      start.weights.some((w) => w.every(isZero)) &&
      start.biases.every(isZero) &&
      learned(start, losses),
  },
  {
    name: "one-number",
    title: "Undo the clones with one number",
    task: "All weights are equal here, and each layer is one class. Change one number so that neither layer stays one class, and run 20 updates.",
    hint: "A bias or a weight of the first layer tells its units apart, but not those above. Look for a matrix that touches both layers.",
    page: "symmetry/redundancy",
    address: "weights=equal&scale=0.5&hidden=4.4",
    passed: (start, losses, network) =>
      start.weights.length > 2 &&
      [...start.weights.map((w) => w.flatMap((row) => [...row])), ...start.biases]
        .map(exceptions)
        .reduce((sum, count) => sum + count) === 1 &&
      ran(losses, SOME) &&
      [...classes(start), ...measuredRedundancy(network, start.inputs)].every(
        ({ labels }) => new Set(labels).size > 1,
      ),
  },
  {
    name: "equal-rows",
    title: "Equal rows that part",
    task: "Give three or more units, a whole hidden layer, the same row and the same bias. Run 20 updates, after which no two of them may agree.",
    hint: "What a unit is told depends on its outgoing weights.",
    page: "symmetry/breaking-symmetry",
    address: "weights=random&hidden=4",
    passed: (start, losses, network) => {
      const predicted = classes(start);
      const measured = measuredRedundancy(network, start.inputs);
      return (
        ran(losses, SOME) &&
        predicted.some((layer, l) => {
          const [rows, biases] = [start.weights[l], start.biases[l]];
          const equal = rows.every((row) => same(row, rows[0])) && exceptions(biases) === 0;
          return rows.length > 2 && equal && allDiffer(layer) && allDiffer(measured[l]);
        })
      );
    },
  },
  {
    name: "freeze",
    title: "Frozen without a zero matrix",
    task: "Find a start in which no matrix is zero and yet no weight has a gradient. Run 20 updates: no weight may move.",
    hint: "A ReLU unit that is off for every example passes nothing on, up or down. Biases can switch it off.",
    page: "symmetry/freeze-or-clone",
    address: "activation=relu&scale=he",
    passed: (start, losses, network) =>
      ran(losses, SOME) &&
      !start.weights.some((w) => w.every(isZero)) &&
      start.weights.every((w, l) => w.every((row, i) => same(row, network.weights[l][i]))),
  },
  {
    name: "starved",
    title: "No symmetry, no zero, no learning",
    task: "Make all units differ and every matrix have a gradient, with a rate of 0.1 or more, and still have the loss of the best constant after 200 updates.",
    hint: "The signal is multiplied by the weights of each layer, and so is the error. Try many layers.",
    page: "scale/gradient-ratio",
    address: "weights=random&hidden=6.6.6",
    passed: (start, losses) =>
      ran(losses, MANY) &&
      start.learningRate >= 0.1 &&
      classes(start).every(allDiffer) &&
      firstGradients(start).every((w) => !w.every(isZero)) &&
      Math.abs(relative(start, losses[losses.length - 1]) - 1) < 0.01,
  },
  {
    name: "swap",
    title: "Get the swap going",
    task: "Random biases, zero weights, three hidden layers: gradient descent on all the examples stands still here. Bring the loss below half of that of the best constant without touching a weight.",
    hint: "Averaged over all the examples, the error is gone before the lower layers move. The steps of another optimizer do not shrink with the gradient, and a mini-batch has an error of its own.",
    page: "biases/the-swap",
    address: "weights=zero&biases=random&hidden=6.6.6",
    passed: (start, losses) =>
      start.weights.length > 3 &&
      start.weights.every((w) => w.every(isZero)) &&
      learned(start, losses),
  },
  {
    name: "mirrored",
    title: "Opposite for ever",
    task: "Make two tanh units of which one is always the negative of the other, and keep them so for 20 updates.",
    hint: "Mirrored rows are half of it: what leaves the unit has to change its sign, too.",
    page: "symmetry/redundancy",
    address: "weights=mirrored&hidden=4",
    passed: (start, losses, network) =>
      ran(losses, SOME) && paired(start, network, -1, () => true),
  },
  {
    name: "sums",
    title: "Redundant, with different rows",
    task: "Make two units redundant although their rows differ, and keep them so for 20 updates.",
    hint: "Only sums over a class count. Begin with equal weights; then move some weight, within a row, from one clone below to another, and back in the next row.",
    page: "symmetry/redundancy",
    address: "weights=equal&scale=0.5&hidden=2.2",
    passed: (start, losses, network) =>
      ran(losses, SOME) && paired(start, network, 1, differ),
  },
];

const STORE = "initexplain-lab-solved";

export class ChallengeList {
  /**
   * @param {HTMLElement} box
   * @param {(address: string, what: string) => void} open Shows where a challenge begins.
   */
  constructor(box, open) {
    this.solved = new Set(remembered());
    /** @type {Map<string, HTMLElement>} */
    this.items = new Map();
    for (const challenge of CHALLENGES) this.items.set(challenge.name, this.item(challenge, open));
    this.count = h("span");
    box.append(h("h2", { id: "challenges" }, "Challenges ", this.count), h("ol", {}, ...this.items.values()));
    this.show();
  }

  /** @param {Challenge} challenge @param {(address: string, what: string) => void} open */
  item({ name, title, task, hint, page, address }, open) {
    return h("li", { id: `challenge-${name}` },
      h("h3", {}, title, h("span", { class: "lab-solved" })), h("p", {}, task),
      button("Begin", () => open(`#${address}`, `${title}: ${task}`), { "aria-label": `Begin: ${title}` }),
      h("details", {}, h("summary", {}, "Hint"), h("p", {}, hint, " ", h("a", { href: pageLink(page) }, "The page that explains it"))));
  }

  /**
   * Checks all that are not solved yet; returns the titles of those that now are.
   *
   * @param {import("./timeline.js").Timeline} timeline
   */
  check(timeline) {
    const losses = timeline.losses.slice(0, timeline.update + 1);
    const now = CHALLENGES.filter(({ name, passed }) => !this.solved.has(name) && passed(timeline.spec, losses, timeline.network));
    if (!now.length) return [];
    for (const { name } of now) this.solved.add(name);
    remember([...this.solved]);
    this.show();
    return now.map(({ title }) => title);
  }

  show() {
    for (const [name, item] of this.items) {
      const mark = /** @type {HTMLElement} */ (item.querySelector(".lab-solved"));
      mark.textContent = this.solved.has(name) ? " ✓ solved" : "";
    }
    const count = CHALLENGES.filter(({ name }) => this.solved.has(name)).length;
    this.count.textContent = `${count} of ${CHALLENGES.length} solved`;
  }
}

/** Where a page of the site is, seen from this one. @param {string} page */
export const pageLink = (page) => `../${page}/`;

/** A browser may keep nothing, or something else. @returns {string[]} */
function remembered() {
  try {
    const names = JSON.parse(localStorage.getItem(STORE) ?? "[]");
    return Array.isArray(names) ? names : [];
  } catch {
    return [];
  }
}

/** @param {string[]} names */
function remember(names) {
  try {
    localStorage.setItem(STORE, JSON.stringify(names));
  } catch {
    // then they are solved until the page is left
  }
}
