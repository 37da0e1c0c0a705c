// Random numbers from a seed: the same in every browser, today and in ten years.

/**
 * @typedef {object} Generator
 * @property {() => number} uniform From [0, 1).
 * @property {() => number} normal From N(0, 1).
 */

/** What draws from a seed, each from a stream of its own; mini-batches from one for every epoch. */
export const STREAMS = { weights: 0, biases: 1, data: 2, batches: 3 };

/** Mixes the bits of a 32-bit number (the finalizer of MurmurHash3). @param {number} x */
function mix(x) {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/**
 * A generator of its own for each stream of a seed: the algorithm mulberry32.
 *
 * @param {number} seed A whole number.
 * @param {number} [stream]
 * @returns {Generator}
 */
export function generator(seed, stream = 0) {
  let state = mix(mix(seed) + stream);
  const bits = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return (t ^ (t >>> 14)) >>> 0;
  };
  // 53 random bits, as many as a float64 holds
  const uniform = () => ((bits() >>> 5) * 2 ** 26 + (bits() >>> 6)) / 2 ** 53;
  // Box and Muller; 1 - u is never 0
  const normal = () =>
    Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal };
}

/**
 * The numbers 0 to `count - 1` in random order (Fisher and Yates).
 *
 * @param {Generator} rng
 * @param {number} count
 */
export function permutation(rng, count) {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(rng.uniform() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
