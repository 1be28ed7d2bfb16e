// What is laid over the grids: fetched when it is switched on, drawn by the looks that come with it, explained in the legend.
"use strict";
GridGIS.part("extras", (map) => {
  const renderer = L.canvas({ pane: "extras", padding: 0.2 });
  const live = new Map(); // by key: what is shown
  let offered = [];
  let choice = { version: null, kinds: null };
  const listeners = new Set();
  document.body.dataset.extras = "";

  function tell() {
    document.body.dataset.extras = Array.from(live).filter(([, e]) => e.layer).map(([key]) => key).sort().join(" ");
    listeners.forEach((listener) => listener());
  }

  function address(item) {
    const query = new URLSearchParams();
    if (item.view) query.set("bbox", GridGIS.base.bbox(map));
    if (item.kinds && choice.kinds) query.set("kinds", choice.kinds.join(","));
    if (item.versions) query.set("version", choice.version || item.versions[0]);
    const text = query.toString();
    return text ? `${item.url}?${text}` : item.url;
  }

  function clear(entry) {
    if (entry.layer) map.removeLayer(entry.layer);
    entry.layer = null;
  }

  function drawn(found) {
    if (found.image) return L.imageOverlay(found.image.url, found.image.bounds, { pane: "heat", interactive: false });
    const looks = found.styles;
    return L.geoJSON(found, {
      pane: "extras", renderer, interactive: false, pmIgnore: true, snapIgnore: true, style: (f) => Object.assign({}, looks[f.properties.s]),
      pointToLayer: (f, at) => L.circleMarker(at, { pane: "extras", renderer, interactive: false, pmIgnore: true, snapIgnore: true }),
    });
  }

  // Opacity is each layer's own, though all are drawn on one canvas.
  function fade(entry) {
    if (!entry.layer) return;
    if (entry.layer.setOpacity) entry.layer.setOpacity(entry.strength * 0.9);
    else entry.layer.eachLayer((l) => {
      const look = entry.looks[l.feature.properties.s];
      l.setStyle({ opacity: look.opacity * entry.strength, fillOpacity: (look.fillOpacity || 0) * entry.strength });
    });
  }

  async function load(item, entry) {
    const url = address(item);
    if (entry.asked === url) return;
    entry.asked = url;
    entry.state = "waiting";
    tell();
    try {
      const found = await GridGIS.fetch(url);
      if (live.get(item.key) !== entry || entry.asked !== url) return;
      const old = entry.layer;
      entry.looks = found.styles;
      entry.layer = drawn(found).addTo(map);
      fade(entry);
      if (old) map.removeLayer(old);
      entry.state = "";
      GridGIS.legend.more(item.key, found.legend);
    } catch (error) {
      if (live.get(item.key) !== entry || entry.asked !== url) return;
      entry.state = "failed";
      entry.asked = null;
    }
    tell();
  }

  // Show a layer so strongly, or not at all with 0.
  function set(key, strength) {
    const item = offered.find((o) => o.key === key);
    const entry = live.get(key);
    if (!item || !strength) {
      if (!entry) return;
      clear(entry);
      live.delete(key);
      GridGIS.legend.more(key, null);
      tell();
      return;
    }
    if (entry) {
      entry.strength = strength;
      fade(entry);
      return;
    }
    const fresh = { strength, layer: null, asked: null, state: "", looks: [] };
    live.set(key, fresh);
    load(item, fresh);
  }

  function refresh(test) {
    offered.forEach((item) => live.has(item.key) && test(item) && load(item, live.get(item.key)));
  }

  map.on("moveend", () => refresh((item) => item.view));
  return {
    set,
    get offered() { return offered; },
    get choice() { return choice; },
    state: (key) => (live.has(key) ? live.get(key).state : ""),
    strength: (key) => (live.has(key) ? live.get(key).strength : 0),
    listen(listener) { listeners.add(listener); },
    choose(more) {
      choice = Object.assign({}, choice, more);
      refresh((item) => item.kinds || item.versions);
      tell();
    },
    apply(message) {
      const next = message.extras || [];
      const gone = offered.filter((o) => !next.some((n) => n.key === o.key));
      gone.forEach((o) => set(o.key, 0));
      offered = next;
      refresh(() => true);
      GridGIS.lay.offer();
    },
  };
});
