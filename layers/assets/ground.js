// Under the pages for everybody: the parts that draw the county's own e-map, on a plain map without the rest of the application.
"use strict";
(function () {
  const made = {};

  window.GridGIS = {
    // Names of the e-map keep clear of what the page has written itself.
    labels: { taken: [] },
    emit() {},
    part(name, make) { made[name] = make; },
    async fetch(url) {
      return (await fetch(url, { credentials: "same-origin" })).json();
    },
    // Lay the e-map under a map; done when its land is there.
    ground(map, given) {
      ["base", "buildings", "network", "names"].forEach((name, k) => {
        const pane = map.createPane(name);
        pane.style.zIndex = 200 + k;
        pane.style.pointerEvents = "none";
      });
      GridGIS.names = made.names(map, given.names);
      return made.base(map, given.styles).apply(given.message);
    },
  };
})();
