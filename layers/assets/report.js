// The page for residents: a place on the map, a few words, a photo; sent once, answered with a number.
"use strict";
(function () {
  const at = (id) => document.getElementById(id);
  const given = JSON.parse(document.body.dataset.options);
  const W = given.words;
  const map = L.map("map", { attributionControl: false, preferCanvas: true, minZoom: 8, maxZoom: 18, zoomControl: false, zoomSnap: 0.25, zoomDelta: 1 });
  L.control.zoom({ zoomInTitle: W.zoom_in, zoomOutTitle: W.zoom_out }).addTo(map);
  map.fitBounds(given.bounds, { padding: [6, 6] });
  let mark = null;
  let place = null;
  // Says that a second try is the same report, should the answer to the first be lost on its way.
  const once = Array.from(crypto.getRandomValues(new Uint8Array(16)), (v) => v.toString(16).padStart(2, "0")).join("");

  async function draw() {
    await GridGIS.ground(map, given.ground);
    const towns = await (await fetch(given.towns)).json();
    towns.features.forEach((f) => {
      const name = document.createElement("span");
      name.textContent = f.properties.name;
      L.geoJSON(f, { interactive: false, style: { color: "#5d7184", weight: 1, dashArray: [4, 4], fill: false } }).addTo(map);
      const [lng, lat] = f.properties.at;
      L.marker([lat, lng], { icon: L.divIcon({ className: "town", html: name, iconSize: [0, 0] }), interactive: false, keyboard: false }).addTo(map);
    });
    map.on("zoomend", spread);
    spread();
    document.body.dataset.map = "ready";
  }

  // A name that would cover another waits until the map is closer; where streets have names, towns need none.
  function spread() {
    const kept = [];
    document.querySelectorAll(".town span").forEach((name) => {
      name.style.visibility = map.getZoom() > 13.5 ? "hidden" : "";
      const box = name.getBoundingClientRect();
      const covers = kept.some((b) => box.left < b.right && b.left < box.right && box.top < b.bottom && b.top < box.bottom);
      if (covers) name.style.visibility = "hidden";
      else kept.push(box);
    });
  }

  function choose(latlng) {
    place = latlng;
    if (mark) mark.setLatLng(latlng);
    else mark = L.circleMarker(latlng, { radius: 10, color: "#fff", weight: 3, fillColor: "#c22f3d", fillOpacity: 1 }).addTo(map);
    mark.bringToFront();
    const text = at("where");
    text.className = "ok";
    text.textContent = W.where_ok.replace("{lon}", latlng.lng.toFixed(5)).replace("{lat}", latlng.lat.toFixed(5));
    tell("");
  }

  // What a telephone takes is many times what is kept; a smaller picture goes through where the net is weak.
  async function small(photo) {
    if (photo.size <= given.most) return photo;
    try {
      const picture = await createImageBitmap(photo);
      const scale = Math.min(1, given.side / Math.max(picture.width, picture.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.width * scale);
      canvas.height = Math.round(picture.height * scale);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      return (await new Promise((done) => { canvas.toBlob(done, "image/jpeg", 0.85); })) || photo;
    } catch (error) {
      return photo;
    }
  }

  function tell(text) {
    at("problem").textContent = text;
  }

  function busy(on) {
    at("send").disabled = on;
    at("send").textContent = on ? W.sending : W.send;
  }

  async function send(event) {
    event.preventDefault();
    if (!place) return tell(W.no_place);
    busy(true);
    tell("");
    const chosen = at("photo").files[0];
    const photo = chosen && (await small(chosen));
    if (photo && photo.size > given.photo) {
      busy(false);
      return tell(W.too_large);
    }
    const form = new FormData();
    form.append("once", once);
    form.append("lon", place.lng.toFixed(7));
    form.append("lat", place.lat.toFixed(7));
    form.append("category", at("category").value);
    form.append("note", at("note").value);
    if (photo) form.append("photo", photo, "photo");
    try {
      const answer = await fetch(given.url, { method: "POST", body: form, headers: { "X-GridGIS": "report" } });
      const told = await answer.json();
      if (!answer.ok) return tell(told.message || W.failed);
      at("number").textContent = W.done.replace("{id}", told.id);
      at("form").hidden = true;
      at("done").hidden = false;
      window.scrollTo(0, 0);
    } catch (error) {
      tell(W.failed);
    } finally {
      busy(false);
    }
    return undefined;
  }

  function show() {
    const photo = at("photo").files[0];
    at("preview").hidden = !photo;
    if (photo) at("preview").src = URL.createObjectURL(photo);
  }

  map.on("click", (e) => choose(e.latlng));
  at("locate").addEventListener("click", () => {
    if (!navigator.geolocation) return tell(W.no_position);
    navigator.geolocation.getCurrentPosition(
      (p) => {
        const found = L.latLng(p.coords.latitude, p.coords.longitude);
        choose(found);
        map.setView(found, 16);
      },
      () => tell(W.no_position), { enableHighAccuracy: true, timeout: 15000 });
    return undefined;
  });
  at("photo").addEventListener("change", show);
  at("form").addEventListener("submit", send);
  at("again").addEventListener("click", () => window.location.reload());
  draw().catch(() => tell(W.failed));
})();
