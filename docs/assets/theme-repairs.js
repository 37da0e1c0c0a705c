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
