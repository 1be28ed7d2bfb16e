// Incidents on the map: their density as a picture made on the server, crowds with their number, hatching of thin figures.
"use strict";
GridGIS.part("heat", (map) => {
  let shown = null;
  let layer = null;
  document.body.dataset.heat = "";
  return {
    apply(message) {
      const heat = message.heat || null;
      const url = heat ? heat.url : null;
      if (url === shown) return;
      shown = url;
      const old = layer;
      layer = null;
      if (!heat) {
        if (old) map.removeLayer(old);
        document.body.dataset.heat = "";
        return;
      }
      // The picture is in metres on the ground, so that it looks alike at every zoom.
      const next = L.imageOverlay(url, heat.bounds, { pane: "heat", interactive: false, opacity: 0.9 });
      layer = next;
      next.on("load", () => {
        if (old) map.removeLayer(old);
        if (shown === url) document.body.dataset.heat = String(heat.total);
      });
      next.on("error", () => {
        if (old) map.removeLayer(old);
        if (shown === url) GridGIS.emit("expired", {});
      });
      next.addTo(map);
    },
  };
});

GridGIS.part("hatch", (map) => {
  const renderer = L.svg({ pane: "hatch", padding: 0.25 });
  let wanted = [];
  let layer = null;
  document.body.dataset.hatch = "0";

  function pattern() {
    const name = "http://www.w3.org/2000/svg";
    const svg = renderer._container;
    if (!svg || svg.querySelector("#gg-hatch")) return;
    const defs = document.createElementNS(name, "defs");
    const tile = document.createElementNS(name, "pattern");
    Object.entries({ id: "gg-hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" })
      .forEach(([key, value]) => tile.setAttribute(key, value));
    const line = document.createElementNS(name, "rect");
    Object.entries({ width: 1.4, height: 6, fill: "#54677a", "fill-opacity": 0.75 }).forEach(([key, value]) => line.setAttribute(key, value));
    tile.appendChild(line);
    defs.appendChild(tile);
    svg.appendChild(defs);
  }

  function draw() {
    if (layer) map.removeLayer(layer);
    layer = null;
    const found = wanted.map((code) => GridGIS.grids.byCode.get(code)).filter(Boolean).map((l) => l.feature);
    document.body.dataset.hatch = String(found.length);
    if (!found.length) return;
    layer = L.geoJSON(found, {
      pane: "hatch", renderer, interactive: false, pmIgnore: true, snapIgnore: true,
      style: { stroke: false, fillColor: "url(#gg-hatch)", fillOpacity: 1 },
    }).addTo(map);
    pattern();
  }

  return {
    draw,
    apply(message) {
      const codes = message.hatch || [];
      if (codes.join() === wanted.join()) return;
      wanted = codes;
      draw();
    },
  };
});

GridGIS.part("crowds", (map, options) => {
  const group = L.layerGroup().addTo(map);
  let url = null;
  let pending = null;
  document.body.dataset.crowds = "";

  function draw(rows) {
    group.clearLayers();
    const most = Math.max(1, ...rows.map((r) => r[2]));
    rows.forEach(([lat, lng, n]) => {
      const size = Math.round(options.size[0] + (options.size[1] - options.size[0]) * Math.sqrt(n / most));
      const box = GridGIS.element("span", null, GridGIS.number(n));
      box.style.width = box.style.height = box.style.lineHeight = `${size}px`;
      const icon = L.divIcon({ className: "crowd", html: box, iconSize: [0, 0] });
      L.marker([lat, lng], { icon, pane: "flags", interactive: false, keyboard: false, pmIgnore: true, snapIgnore: true }).addTo(group);
    });
    document.body.dataset.crowds = String(rows.reduce((sum, r) => sum + r[2], 0));
  }

  async function load() {
    if (!url) return;
    if (pending) pending.abort();
    pending = new AbortController();
    const asked = url;
    try {
      const found = await GridGIS.fetch(`${asked}?bbox=${GridGIS.base.bbox(map)}`, pending.signal);
      if (url === asked) draw(found.points);
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  }

  map.on("moveend", load);
  return {
    apply(message) {
      if ((message.crowds || null) === url) return;
      url = message.crowds || null;
      if (!url) {
        group.clearLayers();
        document.body.dataset.crowds = "";
      }
      load();
    },
  };
});
