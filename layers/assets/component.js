// The Streamlit side: keeps the map page mounted in a frame, hands messages in and finished gestures out.
// A key belongs to the field being typed in; Enter and Escape also to a button or link in focus.
function taken(node, event) {
  if (!node) return false;
  if (node.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(node.tagName)) return true;
  return event.key === "Enter" && ["BUTTON", "A"].includes(node.tagName);
}

function mount(parentElement, data) {
  const host = parentElement.querySelector(".gridgis-host");
  const frame = document.createElement("iframe");
  const desk = { url: data.url, frame, message: null, send: null };
  frame.title = data.title;
  frame.className = "gridgis-map";
  frame.addEventListener("load", () => {
    const page = frame.contentWindow.GridGIS;
    if (!page) return;
    page.connect((event) => desk.send(event));
    page.apply(desk.message);
  });
  frame.src = data.url;
  host.replaceChildren(frame);
  const key = (event) => {
    if (!frame.isConnected) return document.removeEventListener("keydown", key);
    const page = frame.contentWindow && frame.contentWindow.GridGIS;
    const bare = ["Escape", "Enter", "?"].includes(event.key) || event.ctrlKey || event.metaKey;
    if (page && page.tools && data.keys && bare && !taken(document.activeElement, event)) page.tools.key(event);
  };
  document.addEventListener("keydown", key);
  return desk;
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  let desk = parentElement.gridgis;
  if (!desk || desk.url !== data.url || !desk.frame.isConnected) desk = parentElement.gridgis = mount(parentElement, data);
  desk.frame.style.height = data.height;
  desk.send = (event) => setTriggerValue("event", event);
  desk.message = data.message;
  const page = desk.frame.contentWindow && desk.frame.contentWindow.GridGIS;
  if (page) page.apply(data.message);
}
