// The county's own base map: outline, water, roads, and buildings where the map is close enough.
"use strict";
GridGIS.part("base", (map, options) => {
  const renderers = {};
  ["base", "network"].forEach((pane) => { renderers[pane] = L.canvas({ pane, padding: 0.3 }); });
  const shown = { url: null, layers: [] };
  const buildings = L.layerGroup();
  const buildingRenderer = L.canvas({ pane: "buildings", padding: 0.1 });
  let pending = null;
  let wanted = null;

  function weightAt(style, zoom) {
    const grow = Math.pow(1.32, zoom - 13);
    return Math.min(style.max, Math.max(style.min, style.weight * grow));
  }

  // One Leaflet layer per stroke, casing below core, in the order the styles are given.
  function draw(collection) {
    shown.layers.forEach((entry) => map.removeLayer(entry.layer));
    const byClass = new Map();
    collection.features.forEach((f) => {
      const list = byClass.get(f.properties.k) || [];
      list.push(f);
      byClass.set(f.properties.k, list);
    });
    shown.layers = options.strokes
      .filter((stroke) => byClass.has(stroke.k))
      .map((stroke) => ({
        stroke,
        layer: L.geoJSON({ type: "FeatureCollection", features: byClass.get(stroke.k) }, {
          pane: stroke.pane, renderer: renderers[stroke.pane], interactive: false, pmIgnore: true, snapIgnore: true,
          style: Object.assign({ lineCap: "round", lineJoin: "round", smoothFactor: 1.2 }, stroke.style),
        }),
      }));
    restyle();
  }

  function restyle() {
    const zoom = map.getZoom();
    shown.layers.forEach(({ stroke, layer }) => {
      const visible = zoom >= stroke.zoom;
      if (visible && !map.hasLayer(layer)) map.addLayer(layer);
      if (!visible && map.hasLayer(layer)) map.removeLayer(layer);
      if (visible && stroke.weight) layer.setStyle({ weight: weightAt(stroke, zoom) });
    });
    // Adding late puts a stroke on top; bring all to the front in order instead.
    shown.layers.forEach(({ layer }) => map.hasLayer(layer) && layer.bringToFront());
  }

  async function loadBuildings() {
    if (!wanted || map.getZoom() < options.buildingZoom) {
      buildings.clearLayers();
      map.removeLayer(buildings);
      return;
    }
    if (pending) pending.abort();
    pending = new AbortController();
    try {
      const found = await GridGIS.fetch(`${wanted}?bbox=${bbox(map)}`, pending.signal);
      buildings.clearLayers();
      L.geoJSON(found, {
        pane: "buildings", renderer: buildingRenderer, interactive: false, pmIgnore: true, snapIgnore: true,
        style: options.buildingStyle,
        // A county may know its buildings as points only.
        pointToLayer: (feature, latlng) => L.circleMarker(latlng, {
          pane: "buildings", renderer: buildingRenderer, radius: 2.4, interactive: false, pmIgnore: true, snapIgnore: true,
        }),
      }).addTo(buildings);
      buildings.addTo(map);
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  }

  function bbox(m) {
    const b = m.getBounds().pad(0.05);
    return [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()].map((v) => v.toFixed(6)).join(",");
  }

  map.on("zoomend", restyle);
  map.on("moveend", loadBuildings);

  return {
    bbox,
    async apply(message) {
      if (wanted !== message.buildings) {
        wanted = message.buildings;
        loadBuildings();
      }
      if (shown.url === message.base) return;
      shown.url = message.base;
      const collection = await GridGIS.fetch(message.base);
      if (shown.url === message.base) draw(collection);
    },
  };
});
