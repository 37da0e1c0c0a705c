// The theme loads the search index with every page: as much as all the rest of it. Here the request
// waits until the reader turns to the search, or has come from it (the address then has a query).
(() => {
  const form = document.forms.namedItem("search");
  const { open } = XMLHttpRequest.prototype;
  const wanted = () => location.search || form.contains(document.activeElement);

  XMLHttpRequest.prototype.open = function (method, address, ...rest) {
    if (form && String(address).endsWith("/search/search_index.json") && !wanted()) {
      const send = this.send.bind(this);
      this.send = (body) => form.addEventListener("focusin", () => send(body), { once: true });
    }
    return open.call(this, method, address, ...rest);
  };
})();
