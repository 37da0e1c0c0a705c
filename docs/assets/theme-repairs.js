// What the theme's script adds to a page after it has loaded, made accessible.
new MutationObserver(() => {
  // Copy buttons stand in a <nav> without a name: one landmark per snippet, all alike.
  for (const nav of document.querySelectorAll("nav.md-code__nav:not([role])")) {
    nav.setAttribute("role", "none");
  }
  // Wide tables scroll in a box that the keyboard does not reach.
  for (const box of document.querySelectorAll(".md-typeset__scrollwrap:not([tabindex])")) {
    box.setAttribute("tabindex", "0");
  }
}).observe(document.body, { childList: true, subtree: true });

// The theme prepares code when it comes into view; until then the keyboard would not scroll it.
const wide = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
for (const code of document.querySelectorAll("pre > code")) wide.observe(code);

// The menus of a narrow window open by labels, which the keyboard passes over; Enter works on them.
const narrow = matchMedia("(max-width: 76.234375em)");
const menus =
  ".md-header__button:is([for='__drawer'], [for='__search']), .md-nav--primary label[for^='__']";
const reach = () => {
  for (const label of document.querySelectorAll(menus)) {
    label.tabIndex = narrow.matches ? 0 : -1;
    label.title = { __drawer: "Menu", __search: "Search" }[label.htmlFor] ?? "";
  }
};
narrow.addEventListener("change", reach);
reach();

// The table of contents follows the page smoothly, even for readers who want no motion.
const scrollElement = Element.prototype.scrollTo;
Element.prototype.scrollTo = function (...place) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (still && place.length === 1) place[0] = { ...place[0], behavior: "instant" };
  return scrollElement.apply(this, place);
};

// The first tap on a term shows its definition, as pointing at it does; the next one follows it.
let shown = null;
document.addEventListener("click", (event) => {
  const term = event.target.closest(".ie-term");
  if (term && term !== shown && event.pointerType === "touch") {
    event.preventDefault();
  }
  shown = term;
});

// The page for addresses that lead nowhere says which one it was.
for (const address of document.querySelectorAll(".ie-missing")) {
  address.querySelector("code").textContent = location.pathname;
  address.hidden = false;
}
