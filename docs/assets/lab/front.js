// Fetches the small lab when a reader comes near it: the first visit stays as light as any page's.

const root = document.getElementById("small-lab");
const near = new IntersectionObserver((entries) => {
  if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
  near.disconnect();
  import("./small.js");
});
if (root) near.observe(root);
