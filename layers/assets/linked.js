// Maps of one page that look at the same place: where one is moved by hand, the others follow.
//
// Only the map under the hand speaks. One that follows, or that goes somewhere by itself, stays silent, so nothing echoes.
"use strict";
GridGIS.part("linked", (map) => {
  const container = map.getContainer();
  let group = null;
  let channel = null;
  let leads = false;
  let last = "";
  let timer = null;
  document.body.dataset.linked = "";

  function view() {
    const { lat, lng } = map.getCenter();
    return { lat, lng, zoom: map.getZoom() };
  }

  function tell() {
    const now = JSON.stringify(view());
    clearTimeout(timer);
    timer = null;
    if (!channel || !leads || now === last) return;
    last = now;
    channel.postMessage({ view: view() });
    document.body.dataset.led = String(Number(document.body.dataset.led || 0) + 1);
  }

  function heard({ data }) {
    // A map that comes later asks where the others are.
    if (data.ask) return channel.postMessage({ view: view() });
    leads = false;
    last = JSON.stringify(data.view);
    if (last === JSON.stringify(view())) return undefined;
    map.stop();
    return map.setView([data.view.lat, data.view.lng], data.view.zoom, { animate: false });
  }

  ["pointerdown", "wheel", "touchstart", "keydown"].forEach((kind) => {
    container.addEventListener(kind, () => { leads = true; }, { capture: true, passive: true });
  });
  // While it moves, now and then: a map that follows fetches what it comes to see.
  map.on("move", () => { timer = timer || setTimeout(tell, 80); });
  map.on("zoomend moveend", tell);

  return {
    apply(message) {
      const wanted = message.linked || null;
      if (wanted === group) return;
      group = wanted;
      if (channel) channel.close();
      channel = group ? new BroadcastChannel(`gridgis:${group}`) : null;
      document.body.dataset.linked = group || "";
      if (!channel) return;
      channel.onmessage = heard;
      channel.postMessage({ ask: true });
    },
  };
});
