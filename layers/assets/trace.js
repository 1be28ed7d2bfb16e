// Drawing that follows the ground: lines of roads and rivers to snap to, and one click per corner along them.
"use strict";
GridGIS.part("trace", (map, options) => {
  const ways = new Map(); // "lng,lat|lng,lat" of two clicks -> the way between them
  const shown = L.layerGroup().addTo(map);
  const snaps = L.layerGroup();
  const renderer = L.canvas({ pane: "cells", padding: 0.1 });
  let on = false;
  let drawing = false;
  let pending = null;
  let last = null;
  document.body.dataset.traced = "0";

  const key = (a, b) => [a, b].map((p) => `${p.lng.toFixed(7)},${p.lat.toFixed(7)}`).join("|");

  // Roads and rivers in view, unseen, so that the cursor finds them; far out they would be too many.
  async function loadSnaps() {
    if (!drawing || map.getZoom() < 14 || !GridGIS.message || !GridGIS.message.lines) return snaps.clearLayers();
    if (pending) pending.abort();
    pending = new AbortController();
    try {
      const found = await GridGIS.fetch(`${GridGIS.message.lines}?bbox=${GridGIS.base.bbox(map)}`, pending.signal);
      snaps.clearLayers();
      if (!drawing) return;
      L.geoJSON(found, { pane: "cells", renderer, interactive: false, style: { opacity: 0, fillOpacity: 0, weight: 1 } })
        .eachLayer((l) => snaps.addLayer(l));
      snaps.addTo(map);
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  }

  async function follow(a, b) {
    const k = key(a, b);
    const question = { from: [a.lng, a.lat], to: [b.lng, b.lat] };
    const answer = await GridGIS.ask(GridGIS.message.trace, question);
    if (!answer || !answer.way) {
      GridGIS.tools.whisper(GridGIS.words.trace_none);
      return;
    }
    ways.set(k, answer.way);
    L.polyline(answer.way.map(([lng, lat]) => [lat, lng]), {
      pane: "preview", color: options.accent, weight: 4, opacity: 0.85, interactive: false, pmIgnore: true, snapIgnore: true,
    }).addTo(shown);
    document.body.dataset.traced = String(ways.size);
  }

  function vertex(event) {
    const here = event.latlng || event.marker.getLatLng();
    if (on && last) follow(last, here);
    last = here;
  }

  map.on("pm:drawstart", ({ workingLayer }) => {
    last = null;
    ways.clear();
    shown.clearLayers();
    document.body.dataset.traced = "0";
    workingLayer.on("pm:vertexadded", vertex);
    drawing = true;
    loadSnaps();
  });
  map.on("pm:drawend", () => {
    drawing = false;
    snaps.clearLayers();
    shown.clearLayers();
  });
  map.on("moveend", loadSnaps);

  return {
    get on() { return on; },
    toggle() {
      on = !on;
      GridGIS.tools.refresh();
    },
    // The drawn corners with the ways between them; one whose corner was taken back is not asked for.
    filled(latlngs) {
      const out = [];
      latlngs.forEach((p, i) => {
        const way = i ? ways.get(key(latlngs[i - 1], p)) : null;
        if (way) out.push(...way);
        else out.push([p.lng, p.lat]);
      });
      return out;
    },
  };
});
