// Elements from plain calls.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An HTML element. Attributes that are functions are listeners; `false` leaves one out.
 *
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Node | string)} children
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/**
 * An SVG element.
 *
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Node | string)} children
 * @returns {any}
 */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** @param {Element} element @param {Record<string, any>} attributes @param {(Node | string)[]} children */
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

/** A button. @param {string} text @param {() => void} click @param {Record<string, any>} [attributes] */
export const button = (text, click, attributes) => h("button", { type: "button", click, ...attributes }, text);

/** A button with a name in words. @param {string} text @param {string} title @param {() => void} click */
export const symbolButton = (text, title, click) => button(text, click, { title, "aria-label": title });

/** Sets the text only if it is another one: an unchanged node costs the browser nothing. @param {Element} element @param {string} text */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets an attribute only if it changes. @param {Element} element @param {string} name @param {string | number} value */
export function set(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
}

/** A number in a sentence, with a power of ten where it is small or large. @param {number} x */
export function words(x) {
  if (x === 0) return "0";
  const size = Math.abs(x);
  const text = size >= 1e4 || size < 1e-3 ? x.toExponential(0) : String(Number(x.toPrecision(3)));
  return text.replace("+", "").replaceAll("-", "−");
}

/** The nearest number within the limits. @param {number} x @param {number} low @param {number} high */
export const clamp = (x, low, high) => Math.min(high, Math.max(low, x));

/** Subscript digits. @param {number} n */
export const sub = (n) => [...String(n)].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[Number(digit)]).join("");

/** @typedef {import("./partition.js").Classes} Classes */

/** A letter for the class of each unit, a minus before it for mirrored ones, 0 for silent ones. @param {Classes} classes */
export const letters = ({ labels, signs }) =>
  labels.map((label, unit) => (signs[unit] ? (signs[unit] < 0 ? "−" : "") + String.fromCharCode(65 + label) : "0"));

/** What the hue of a unit goes by: one that is alone in its class has none. @param {Classes} classes @param {number} unit */
export const hueClass = ({ labels, signs }, unit) => {
  if (!signs[unit]) return "silent";
  const shared = labels.some((label, other) => other !== unit && label === labels[unit] && signs[other]);
  return shared ? labels[unit] % 8 : "alone";
};
