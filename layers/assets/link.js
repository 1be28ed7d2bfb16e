// The view as an address: it follows code, place, level, layers, colour and version, opens them again, and can be copied.
"use strict";
GridGIS.part("link", (map) => {
  let timer = null;
  const outside = window.parent;

  function address() {
    const message = GridGIS.message;
    const query = new URLSearchParams();
    const c = map.getCenter();
    const put = (key, value) => value && query.set(key, value);
    put("code", message.selected.join(","));
    put("at", [c.lat.toFixed(5), c.lng.toFixed(5), Number(map.getZoom().toFixed(1))].join(","));
    Object.entries(message.address).forEach(([key, value]) => put(key, value));
    put("layers", GridGIS.lay.text);
    if (GridGIS.extras.strength("earlier")) put("version", GridGIS.extras.choice.version);
    if (GridGIS.extras.strength("places") && GridGIS.extras.choice.kinds) put("kinds", GridGIS.extras.choice.kinds.join(","));
    // Commas and colons stay readable.
    const text = query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
    return `${outside.location.pathname}?${text}`;
  }

  function write() {
    if (!GridGIS.message || !GridGIS.message.address || outside === window) return;
    const now = address();
    if (now !== outside.location.pathname + outside.location.search) outside.history.replaceState(outside.history.state, "", now);
    document.body.dataset.link = now;
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(write, 250);
  }

  // Hosts of an intranet are often plain http, where the clipboard is closed to scripts: a selected field serves there.
  async function put(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch (error) {
      const field = GridGIS.element("textarea");
      field.value = text;
      document.body.appendChild(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
  }

  async function copy() {
    write();
    const text = outside.location.origin + address();
    await put(text);
    document.body.dataset.copied = text;
    const button = document.querySelector("[data-deed=lay_link]");
    if (!button) return;
    button.textContent = GridGIS.words.lay_copied;
    setTimeout(() => { button.textContent = GridGIS.words.lay_link; }, 2000);
  }

  function open(view) {
    if (!view || sessionStorage.getItem("gridgis:link") === view.key) return;
    sessionStorage.setItem("gridgis:link", view.key);
    if (view.kinds || view.version) GridGIS.extras.choose({ kinds: view.kinds || null, version: view.version || null });
    if (view.layers) GridGIS.lay.take(view.layers);
    if (view.at) map.setView([view.at[0], view.at[1]], view.at[2], { animate: false });
  }

  map.on("moveend", later);
  GridGIS.lay.listen(later);
  return {
    copy,
    address,
    apply(message) {
      open(message.view);
      later();
    },
  };
});
