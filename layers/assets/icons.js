// The pictures on the tools, as SVG paths of 24 by 24.
"use strict";
GridGIS.icons = {
  select: "M5 3l14 8-6 1.5L10.5 19z",
  split: "M4 4h16v16H4zM13 2l-3 8 4 4-3 8",
  merge: "M4 5h7v14H4zM13 5h7v14h-7zM8 12h8M13.5 9.5 16 12l-2.5 2.5",
  transfer: "M4 8h12M12.5 4.5 16 8l-3.5 3.5M20 16H8M11.5 12.5 8 16l3.5 3.5",
  spot: "M12 21s-7-6.2-7-11.5a7 7 0 0 1 14 0C19 14.8 12 21 12 21zM12 12a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  report: "M12 21s-7-6.2-7-11.5a7 7 0 0 1 14 0C19 14.8 12 21 12 21zM12 12a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  area: "M5 7l8-3 6 6-2 9-10 1-3-6z",
  reshape: "M4 20V4M4 6c5 0 4 6 9 6s4 6 7 6M17 15l3 3-3 3",
  vertex: "M4 18 12 6l8 12M12 3.4a2.6 2.6 0 1 1 0 5.2 2.6 2.6 0 0 1 0-5.2zM4 16v4M20 16v4",
  draw: "M5 5h10v5M5 5v14h6M17 13v8M13 17h8",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  open: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 6.6-1.6",
  paint: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 17h6M17 14v6",
};
