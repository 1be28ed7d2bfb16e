// The map page's core: one object that the parts of the map register with and that receives messages.
//
// A message is the whole picture the page wants shown; every part compares it with what it already shows
// and changes only the difference, so a message may come twice or late without harm.
"use strict";
(function () {
  const parts = new Map();
  let whole = null;

  const GridGIS = {
    map: null,
    words: {},
    message: null,
    send: null,
    sent: 0,
    part(name, build) {
      parts.set(name, { build, live: null });
    },
    begin(map, options) {
      GridGIS.map = map;
      GridGIS.options = options;
      GridGIS.words = options.words;
      options.panes.forEach(([name, z, interactive]) => {
        const pane = map.createPane(name);
        pane.style.zIndex = z;
        if (!interactive) pane.style.pointerEvents = "none";
      });
      L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
      L.control.zoom({ position: "bottomright", zoomInTitle: options.words.zoom_in, zoomOutTitle: options.words.zoom_out }).addTo(map);
      restoreView(map, options);
      map.on("moveend", () => saveView(map, options));
    },
    add(name, options) {
      const part = parts.get(name);
      part.live = part.build(GridGIS.map, options || {});
      GridGIS[name] = part.live;
    },
    ready() {
      GridGIS.started = true;
      GridGIS.grids.listen(GridGIS.tools.onGrid);
      GridGIS.tools.use(GridGIS.tools.first);
      if (GridGIS.message) GridGIS.apply(GridGIS.message);
    },
    apply(message) {
      GridGIS.message = message;
      if (!GridGIS.started || !message) return;
      document.body.dataset.theme = message.theme || "";
      parts.forEach(({ live }) => live && live.apply && live.apply(message));
    },
    // One event per finished gesture; the number comes back as `ack` when the answer is there.
    emit(type, detail) {
      GridGIS.sent = Math.max(GridGIS.sent + 1, Date.now());
      const event = Object.assign({ n: GridGIS.sent, type }, detail);
      if (GridGIS.send) GridGIS.send(event);
      return event.n;
    },
    connect(send) {
      GridGIS.send = send;
    },
    element(tag, className, text) {
      const node = document.createElement(tag);
      if (className) node.className = className;
      if (text !== undefined && text !== null) node.textContent = String(text);
      return node;
    },
    number(value, digits) {
      if (value === null || value === undefined) return "–";
      return Number(value).toLocaleString("en-US", { maximumFractionDigits: digits || 0, minimumFractionDigits: digits || 0 });
    },
    area(m2) {
      if (m2 === null || m2 === undefined) return "–";
      const km2 = m2 / 1e6;
      return GridGIS.number(km2, km2 < 10 ? 2 : km2 < 100 ? 1 : 0) + " km²";
    },
    // Ask a short question; null where there is no answer. Nothing is saved by it.
    async ask(url, question) {
      try {
        const answer = await fetch(url, {
          method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json" }, body: JSON.stringify(question),
        });
        return answer.ok ? answer.json() : null;
      } catch (error) {
        return null;
      }
    },
    // Fetch JSON by URL; an expired address (404) is reported so that the page sends a fresh one.
    async fetch(url, signal) {
      const answer = await fetch(url, { signal, credentials: "same-origin" });
      if (answer.status === 404) GridGIS.emit("expired", {});
      if (!answer.ok) throw new Error(`layer ${answer.status}`);
      return answer.json();
    },
  };

  // The view is the browser's own: kept per county for the tab, so page switches and reloads return to it.
  function restoreView(map, options) {
    let kept = null;
    try {
      kept = JSON.parse(sessionStorage.getItem(options.viewKey));
    } catch (error) {
      kept = null;
    }
    if (kept && Number.isFinite(kept.lat) && Number.isFinite(kept.lng) && Number.isFinite(kept.zoom)) {
      map.setView([kept.lat, kept.lng], kept.zoom, { animate: false });
    } else {
      map.fitBounds(options.bounds, { padding: [24, 24], animate: false });
      whole = map.getZoom();
    }
  }

  // The whole county is not a view to keep: maps of another size fit it anew.
  function saveView(map, options) {
    const centre = map.getCenter();
    if (map.getZoom() === whole && map.getPixelBounds().contains(map.project(L.latLngBounds(options.bounds).getCenter()))) return;
    whole = null;
    const view = { lat: centre.lat, lng: centre.lng, zoom: map.getZoom() };
    sessionStorage.setItem(options.viewKey, JSON.stringify(view));
  }

  window.GridGIS = GridGIS;
})();
