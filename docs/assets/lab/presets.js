// Starts to look at: one for each question that the thread leaves open, and one for each page that
// sends readers here.

/**
 * @typedef {object} Preset
 * @property {string} name
 * @property {string} question
 * @property {string} watch What to see there.
 * @property {string} page The page that explains it, as its Markdown file without the extension.
 * @property {string} address The part of the lab's address after `#`.
 */

/** The network on paper of the page on redundancy: logistic units, whole weights. */
const ON_PAPER = [
  [[1, 2], [1, 2], [1, 2], [3, -1]],
  [[2, 0, 5, 1], [0, 2, 5, 1], [3, 3, 0, -1]],
  [[1, 1, 2]],
];

/** Matrices as cells of an address. @param {number[][][]} weights */
const cells = (weights) =>
  weights
    .flatMap((w, l) => w.flatMap((row, i) => row.map((x, j) => `${l + 1}.${i + 1}.${j + 1}:${x}`)))
    .join("_");

/** @type {Preset[]} */
export const PRESETS = [
  {
    name: "zero-weights",
    question: "Why not zero weights?",
    watch: "No weight has a gradient, so none ever moves: the tanh units are frozen.",
    page: "symmetry/freeze-or-clone",
    address: "weights=zero",
  },
  {
    name: "clones",
    question: "Do zero weights always freeze?",
    watch: "Logistic units do learn from zero, but all alike: the network is as good as one unit.",
    page: "symmetry/freeze-or-clone",
    address: "weights=zero&activation=logistic&hidden=6&rate=3",
  },
  {
    name: "equal-weights",
    question: "And weights that are equal, but not zero?",
    watch: "They learn and stay one class in each layer.",
    page: "symmetry/row-symmetry",
    address: "weights=equal&scale=0.5",
  },
  {
    name: "zero-biases",
    question: "Why are zero biases safe?",
    watch: "Random weights make every error different, so every bias gets a gradient of its own.",
    page: "biases/zero-biases",
    address: "weights=random",
  },
  {
    name: "swap",
    question: "Why not random biases and zero weights?",
    watch: "All units differ, and the layers begin one after the other, from the last: layer 1 waits for update 3.",
    page: "biases/the-swap",
    address: "weights=zero&biases=random",
  },
  {
    name: "deep-swap",
    question: "The same with three hidden layers?",
    watch: "All units differ here too, but under gradient descent on all the examples the loss stays that of the best constant.",
    page: "biases/the-swap",
    address: "weights=zero&biases=random&hidden=6.6.6",
  },
  {
    name: "equal-biases",
    question: "Is a vector free of symmetry?",
    watch: "Equal biases are a symmetry as well. Random rows break it.",
    page: "biases/zero-biases",
    address: "biases=equal",
  },
  {
    name: "equal-rows",
    question: "Does each layer stand for itself?",
    watch: "Every second row is a copy at the start. After one update all differ, because their outgoing weights do.",
    page: "symmetry/breaking-symmetry",
    address: "weights=copied",
  },
  {
    name: "redundancy",
    question: "Is it about the rows of one matrix?",
    watch: "Units 1 and 2 of layer 2 have different rows, and agree for ever: their sums over each class are equal.",
    page: "symmetry/redundancy",
    address: `activation=logistic&hidden=4.3&cells=${cells(ON_PAPER)}`,
  },
  {
    name: "equal-columns",
    question: "Do equal columns disturb training?",
    watch: "Both columns of layer 1 are equal at the start. The inputs differ, so the columns part at once and the units learn.",
    page: "symmetry/redundancy",
    address: `cells=${cells([[[0.5, 0.5], [-0.9, -0.9], [0.3, 0.3], [1.2, 1.2], [-0.4, -0.4], [0.8, 0.8]]])}`,
  },
  {
    name: "near-clones",
    question: "How much noise breaks the symmetry?",
    watch: "One weight of a network of clones is off by 0.01. For hundreds of updates the loss is that of clones, then the units part and it falls.",
    page: "symmetry/breaking-symmetry",
    address: "weights=equal&scale=0.5&optimizer=adam&rate=0.01&cells=2.1.1:0.51",
  },
  {
    name: "too-large",
    question: "Do random weights guarantee the linear region?",
    watch: "It is not randomness, it is scale: these weights are random, a hundred times too large, and the units saturate.",
    page: "scale/linear-region",
    address: "scale=100",
  },
  {
    name: "too-small",
    question: "Is the gradient big enough, relative to the weights?",
    watch: "A tenth of LeCun's scale in four layers: all units differ and every matrix has a gradient, but for a thousand updates the loss is that of the best constant.",
    page: "scale/gradient-ratio",
    address: "scale=0.1&hidden=6.6.6.6",
  },
  {
    name: "linear-region",
    question: "What does the right scale do?",
    watch: "The units start in their linear region, and every layer has a gradient of a fair size beside its weights.",
    page: "scale/linear-region",
    address: "scale=lecun&activation=lecun_tanh",
  },
  {
    name: "kinks",
    question: "So do we need no biases?",
    watch: "All kinks of these ReLU units start at zero, and the biases move them: a bias that starts at zero still learns.",
    page: "biases/nonzero-biases",
    address:
      "data=noisy_sine&loss=squared_error&activation=relu&hidden=8&scale=he&rate=0.1",
  },
];
