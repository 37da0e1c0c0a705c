// One sentence that says what is going on, and one word for it. Every part rests on something exact:
// a gradient that is 0, classes predicted from the start, the update at which a layer first moves.

import { words } from "./dom.js";

/**
 * @typedef {object} Layer A hidden layer.
 * @property {number[]} labels Predicted classes.
 * @property {number[]} signs
 * @property {number} saturated Share of preactivations outside the linear region.
 */

/**
 * @typedef {object} Facts
 * @property {number} update
 * @property {number | null} diverged
 * @property {Layer[]} layers
 * @property {number[]} norms Of the gradient of every weight matrix.
 * @property {number[]} firstMoves Update at which each matrix first moves.
 * @property {number} loss
 * @property {number} best Loss of the best output that ignores its input.
 */

/** Relative to the largest gradient: below it a layer moves by rounding errors at most. */
const HARDLY = 1e-6;
/** Below it, a layer moves by less than this in an update at a rate of 1. */
const FAINT = 1e-4;
const STILL_AFTER = 50;

/** @param {Facts} facts @returns {{word: string, text: string}} */
export function verdict(facts) {
  const { diverged, update, loss, best } = facts;
  if (diverged !== null) {
    const text = `Diverged at update ${diverged}: the loss left the finite numbers. Rewind, and lower the rate.`;
    return { word: "diverged", text };
  }
  const flow = gradientPart(facts);
  if (flow.word === "frozen") return flow;
  const copies = classPart(facts.layers);
  const outcome = outcomePart(update, loss, best);
  // slopes that are small at the end of a training that worked are no trouble
  const saturated = outcome.word === "learns" ? "" : saturatedPart(facts.layers);
  const structure = [flow.text, copies.text].filter(Boolean);
  if (!structure.length) structure.push(saturated || "No two units stay copies, and every layer has a gradient.");
  const word = flow.word || copies.word || outcome.word || (update ? "training" : "ready");
  return { word, text: [...structure, outcome.text].filter(Boolean).join(" ") };
}

/** @param {number[]} layers Counted from 0. */
function named(layers) {
  const names = layers.map((layer) => layer + 1);
  if (names.length === 1) return `Layer ${names[0]}`;
  return `Layers ${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** Which layers have no gradient, or hardly one. @param {Facts} facts */
function gradientPart({ norms, firstMoves, update }) {
  const silent = norms.flatMap((norm, layer) => (norm === 0 ? [layer] : []));
  const waiting = silent.filter((layer) => firstMoves[layer] > update && firstMoves[layer] < Infinity);
  if (silent.length === norms.length && !waiting.length) {
    return { word: "frozen", text: "No weight has a gradient: frozen. Only the output bias can learn." };
  }
  if (waiting.length) {
    const order = waiting.toReversed();
    const updates = order.map((layer) => firstMoves[layer]);
    const text =
      order.length === 1
        ? `${named(order)} waits for update ${updates[0]}.`
        : `${named(order)} wait for updates ${updates.slice(0, -1).join(", ")} and ${updates.at(-1)}.`;
    return { word: "waits", text };
  }
  if (silent.length) {
    const verb = silent.length === 1 ? "has" : "have";
    return { word: "", text: `${named(silent)} ${verb} no gradient.` };
  }
  return faintPart(norms);
}

/** The layer with a gradient far below that of another. @param {number[]} norms */
function faintPart(norms) {
  const [least, most] = [Math.min(...norms), Math.max(...norms)];
  if (most < FAINT) return { word: "", text: `No gradient is larger than ${words(most)}: hardly anything moves.` };
  if (least >= HARDLY * most) return { word: "", text: "" };
  const layer = norms.indexOf(least);
  return { word: "", text: `The gradient reaches layer ${layer + 1} with a size of ${words(least)}: it hardly moves.` };
}

/** Which layers hold copies. @param {Layer[]} layers */
function classPart(layers) {
  /** @type {string[]} */
  const texts = [];
  let word = "";
  layers.forEach(({ labels, signs }, i) => {
    const heard = labels.filter((_, unit) => signs[unit] !== 0);
    const quiet = labels.length - heard.length;
    const classes = new Set(heard).size;
    if (heard.length > 1 && classes === 1) {
      word = "clones";
      const mirrored = new Set(signs.filter(Boolean)).size > 1;
      texts.push(`Layer ${i + 1}: ${heard.length} units, one class${mirrored ? " up to sign" : ""}: clones.`);
    } else if (classes < heard.length) {
      texts.push(`Layer ${i + 1}: ${heard.length} units, ${classes} classes: some are copies.`);
    }
    if (quiet) texts.push(`Layer ${i + 1}: ${quiet} silent unit${quiet > 1 ? "s" : ""}.`);
  });
  return { word, text: merged(texts) };
}

/** Layers of which the same is to be said, said once. @param {string[]} texts */
function merged(texts) {
  /** @type {Map<string, string[]>} */
  const groups = new Map();
  for (const text of texts) {
    const [, layer, rest] = /** @type {string[]} */ (/^Layer (\d): (.*)$/.exec(text));
    groups.set(rest, [...(groups.get(rest) ?? []), layer]);
  }
  return [...groups].map(([rest, of]) => `${named(of.map((n) => Number(n) - 1))}: ${of.length > 1 ? "each " : ""}${rest}`).join(" ");
}

/** @param {Layer[]} layers */
function saturatedPart(layers) {
  const worst = layers.findIndex(({ saturated }) => saturated > 0.5);
  if (worst < 0) return "";
  const share = Math.round(100 * layers[worst].saturated);
  return `No two units stay copies, but layer ${worst + 1} saturates: ${share} % of its preactivations are outside the linear region.`;
}

/** How the loss compares with that of the best constant. @param {number} update @param {number} loss @param {number} best */
function outcomePart(update, loss, best) {
  if (update === 0) return { word: "", text: "" };
  const share = loss === best ? 1 : loss / best;
  if (share < 0.995) {
    const removed = Math.max(1, Math.round(100 * (1 - share)));
    return { word: share < 0.5 ? "learns" : "", text: `The loss is ${removed} % below that of the best constant.` };
  }
  if (update < STILL_AFTER) return { word: "", text: "" };
  if (share < 1.005) return { word: "stands still", text: "The loss is that of the best constant." };
  return { word: "", text: "The loss is above that of the best constant." };
}
