// Incidents of the ledger on the map: overdue ones stand out; a click chooses one.
"use strict";
GridGIS.part("ledger", (map, options) => {
  let shown = null;
  let group = null;
  document.body.dataset.ledger = "";
  return {
    apply(message) {
      const found = message.ledger || [];
      const key = JSON.stringify(found);
      if (key === shown) return;
      shown = key;
      if (group) map.removeLayer(group);
      group = L.layerGroup().addTo(map);
      document.body.dataset.ledger = message.ledger ? String(found.length) : "";
      // The pressing ones are drawn last, over the others.
      [...found].sort((a, b) => options.order.indexOf(a.kind) - options.order.indexOf(b.kind)).forEach((p) => {
        const style = Object.assign({ pane: "ledger", pmIgnore: true, snapIgnore: true, bubblingMouseEvents: false }, options.styles[p.kind]);
        const mark = L.circleMarker([p.at[1], p.at[0]], style).addTo(group);
        mark.bindTooltip(GridGIS.element("span", null, p.words), { direction: "top", offset: [0, -6], className: "grid-tip" });
        mark.on("click", () => GridGIS.emit("incident", { id: p.id }));
        if (mark.getElement()) mark.getElement().dataset.incident = p.id;
      });
    },
  };
});
