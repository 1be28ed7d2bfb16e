// The county's own base map: its land, and water, roads, buildings and names as tiles made from its e-map.
"use strict";
GridGIS.part("base", (map, options) => {
  const land = { url: null, layer: null };
  const tiles = {};
  const renderer = L.canvas({ pane: "base", padding: 0.3 });
  document.body.dataset.emap = "";

  function bbox(m) {
    const b = m.getBounds().pad(0.05);
    return [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()].map((v) => v.toFixed(6)).join(",");
  }

  function counted() {
    document.body.dataset.emap = Object.keys(tiles).map((name) => `${name}:${tiles[name].tally()}`).join(" ");
  }

  function lay(name, url) {
    if (tiles[name] && tiles[name].url === url) return;
    if (tiles[name]) {
      GridGIS.names.leave(tiles[name]);
      map.removeLayer(tiles[name]);
    }
    const strokes = options.strokes.filter((s) => (s.k === "building") === (name === "buildings"));
    const first = name === "buildings" ? options.buildingZoom : 0;
    tiles[name] = GridGIS.vectorTiles(url, { pane: name, strokes, minZoom: first - 0.5, maxZoom: 20 });
    tiles[name].on("load", counted);
    if (name === "network") GridGIS.names.follow(tiles[name]);
    tiles[name].addTo(map);
  }

  async function ground(url) {
    if (land.url === url) return;
    land.url = url;
    const collection = await GridGIS.fetch(url);
    if (land.url !== url) return;
    if (land.layer) map.removeLayer(land.layer);
    land.layer = L.geoJSON(collection, {
      pane: "base", renderer, interactive: false, pmIgnore: true, snapIgnore: true, style: options.land, smoothFactor: 1.2,
    }).addTo(map);
  }

  return {
    bbox,
    loading: () => Object.values(tiles).some((layer) => map.hasLayer(layer) && layer.isLoading()),
    async apply(message) {
      Object.entries(message.tiles).forEach(([name, url]) => lay(name, url));
      await ground(message.base);
    },
  };
});
