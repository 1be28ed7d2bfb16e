// Choosing many grids at once: a box with Shift, a lasso, one more or less with Ctrl.
"use strict";
GridGIS.part("choose", (map, options) => {
  const container = map.getContainer();
  let start = null;
  let box = null;

  function inside(test) {
    const out = [];
    GridGIS.grids.byCode.forEach((l, code) => {
      const [lng, lat] = l.feature.properties.at;
      if (test(L.latLng(lat, lng))) out.push(code);
    });
    return out.sort();
  }

  function within(ring, p) {
    let odd = false;
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
      const [a, b] = [ring[i], ring[j]];
      if (a.lat > p.lat !== b.lat > p.lat && p.lng < ((b.lng - a.lng) * (p.lat - a.lat)) / (b.lat - a.lat) + a.lng) odd = !odd;
    }
    return odd;
  }

  function down(event) {
    if (!event.shiftKey || event.button !== 0 || !["select", "merge"].includes(GridGIS.tools.tool)) return;
    L.DomEvent.stop(event);
    map.dragging.disable();
    start = map.mouseEventToLatLng(event);
    box = L.rectangle(L.latLngBounds(start, start), {
      pane: "preview", color: options.accent, weight: 1.5, dashArray: "5 4", fillOpacity: 0.08, interactive: false, pmIgnore: true, snapIgnore: true,
    }).addTo(map);
  }

  function move(event) {
    if (start) box.setBounds(L.latLngBounds(start, map.mouseEventToLatLng(event)));
  }

  function up(event) {
    if (!start) return;
    const bounds = L.latLngBounds(start, map.mouseEventToLatLng(event));
    const size = map.latLngToLayerPoint(bounds.getSouthEast()).subtract(map.latLngToLayerPoint(bounds.getNorthWest()));
    map.removeLayer(box);
    start = null;
    box = null;
    map.dragging.enable();
    // The click that ends the drag is none.
    container.addEventListener("click", (e) => L.DomEvent.stop(e), { capture: true, once: true });
    if (size.x > 4 || size.y > 4) GridGIS.tools.chosen(inside((p) => bounds.contains(p)));
  }

  // Capturing, before Leaflet takes the drag for itself.
  container.addEventListener("mousedown", down, true);
  document.addEventListener("mousemove", move);
  document.addEventListener("mouseup", up);

  return { lasso: (ring) => GridGIS.tools.chosen(inside((p) => within(ring, p))) };
});
