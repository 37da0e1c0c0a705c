// The challenges below the lab: what is solved stays so in this browser.

import { CHALLENGES } from "./challenges.js";
import { h } from "./dom.js";

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

  /** @param {import("./challenges.js").Challenge} challenge @param {(address: string, what: string) => void} open */
  item({ name, title, task, hint, page, address }, open) {
    return h("li", { id: `challenge-${name}` },
      h("h3", {}, title, h("span", { class: "lab-solved" })), h("p", {}, task),
      h("button", { type: "button", "aria-label": `Begin: ${title}`, click: () => open(`#${address}`, `${title}: ${task}`) }, "Begin"),
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
