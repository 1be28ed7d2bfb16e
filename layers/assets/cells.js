// The cells of the plan as thin lines for painting: click or drag over them to gather them for the target.
"use strict";
GridGIS.part("cells", (map, options) => {
  const renderer = L.canvas({ pane: "cells", padding: 0.1 });
  const group = L.layerGroup();
  const chosen = new Map();
  let target = null;
  let on = false;
  let url = null;
  let pending = null;
  let stroke = null;
  let rule = "any"; // which cells the brush may take: any, free, from, parent
  let first = null; // the grid in which the stroke began

  function allowed(code) {
    const width = GridGIS.message.codeWidth;
    if (rule === "free") return !code;
    if (rule === "from") return (code ? code.slice(0, width) : null) === first;
    if (rule === "parent") return !code || code.slice(0, GridGIS.message.parentWidth) === target.slice(0, GridGIS.message.parentWidth);
    return true;
  }

  function style(feature) {
    const { id, code } = feature.properties;
    if (chosen.has(id)) return Object.assign({}, options.chosen);
    return Object.assign({}, target && code && code.startsWith(target) ? options.mine : options.plain);
  }

  async function load() {
    if (!on || !url) return;
    if (pending) pending.abort();
    pending = new AbortController();
    try {
      const found = await GridGIS.fetch(`${url}?bbox=${GridGIS.base.bbox(map)}`, pending.signal);
      if (on) draw(found);
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  }

  function draw(found) {
    group.clearLayers();
    document.body.dataset.cells = String(found.features.length);
    L.geoJSON(found, {
      pane: "cells", renderer, pmIgnore: true, snapIgnore: true, style,
      onEachFeature(feature, l) {
        l.on("mousedown", (e) => press(feature, l, e));
        l.on("mouseover", () => stroke && apply(feature, l));
      },
    }).addTo(group);
    group.addTo(map);
  }

  function press(feature, l, event) {
    L.DomEvent.stop(event.originalEvent);
    const { id, code } = feature.properties;
    if (!target) {
      // Where a branch lacks the level, its coarser grid stands in, with its shorter code.
      if (code) GridGIS.tools.cellTarget(code.slice(0, GridGIS.message.codeWidth));
      return;
    }
    stroke = chosen.has(id) ? "drop" : "take";
    if (!chosen.size) first = code ? code.slice(0, GridGIS.message.codeWidth) : null;
    apply(feature, l);
  }

  function apply(feature, l) {
    const { id, code } = feature.properties;
    if (stroke === "take" && !(code && code.startsWith(target)) && allowed(code)) chosen.set(id, true);
    if (stroke === "drop") chosen.delete(id);
    l.setStyle(style(feature));
    GridGIS.tools.refresh();
    if (chosen.size) GridGIS.live.soon(() => GridGIS.tools.gesture("paint", { cells: Array.from(chosen.keys()), to: target }));
    else GridGIS.live.hide();
  }

  document.addEventListener("mouseup", () => { stroke = null; });
  map.on("moveend", load);

  return {
    count: () => chosen.size,
    get rule() { return rule; },
    set rule(wanted) { rule = wanted; },
    chosen: () => Array.from(chosen.keys()),
    show(code) {
      on = true;
      if (target !== code) chosen.clear();
      target = code;
      map.dragging.disable();
      map.getPane("cells").style.pointerEvents = "auto";
      load();
    },
    hide() {
      on = false;
      chosen.clear();
      target = null;
      map.dragging.enable();
      map.getPane("cells").style.pointerEvents = "none";
      group.clearLayers();
      map.removeLayer(group);
      delete document.body.dataset.cells;
    },
    apply(message) {
      if (url === message.cells) return;
      url = message.cells;
      load();
    },
  };
});
