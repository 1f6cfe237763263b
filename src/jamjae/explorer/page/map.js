// The map: points on a canvas that can be moved, zoomed, lassoed and pointed at.

const VIRIDIS = ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779",
  "#6ece58", "#b5de2b", "#fde725"];
const REACH = 12; // pixels around a point that count as the point
const SHADES = 64;
const UNLABELLED = "#999999"; // of rows whose label or value is missing

const isDark = () => {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};

function mixed(from, to, share) {
  const part = (color, i) => parseInt(color.slice(1 + 2 * i, 3 + 2 * i), 16);
  return `rgb(${[0, 1, 2].map((i) => Math.round(part(from, i) * (1 - share) + part(to, i) * share))})`;
}

function viridis(share) {
  const place = clamp(share, 0, 1) * (VIRIDIS.length - 1), low = Math.min(Math.floor(place), 8);
  return mixed(VIRIDIS[low], VIRIDIS[low + 1], place - low);
}

function classColor(number, palette) {
  if (number >= palette.length) return `hsl(${(number * 137.5) % 360} 65% ${isDark() ? 65 : 42}%)`;
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(palette[number].slice(i, i + 2), 16));
  const dim = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  if (isDark() && dim < 75) return mixed(palette[number], "#ffffff", 0.55);
  return palette[number];
}

// A column as colors: the number of each row's color, the colors, and the entries of the legend.
// Rows without a label or value (NaN) have the last color, gray.
function coloring(column, n, palette) {
  if (!column.values) return { bins: new Uint8Array(n), colors: [classColor(0, palette)], classes: [] };
  const missing = column.values.some(Number.isNaN);
  if (column.classes.length) {
    const last = column.classes.length, classes = [...column.classes];
    const colors = classes.map((_, number) => classColor(number, palette));
    if (missing) classes.push(translate("unlabelled"));
    return {
      bins: Array.from(column.values, (v) => (Number.isNaN(v) ? last : v)),
      colors: [...colors, UNLABELLED],
      classes,
    };
  }
  const values = column.log ? column.values.map(Math.log10) : column.values;
  const sorted = Float32Array.from(values.filter((v) => !Number.isNaN(v))).sort();
  const end = sorted.length - 1;
  const low = sorted[Math.floor(0.01 * end)], high = sorted[Math.ceil(0.99 * end)];
  const bins = Uint8Array.from(values, (v) => Number.isNaN(v) ? SHADES :
    Math.round(clamp((v - low) / (high - low || 1), 0, 1) * (SHADES - 1)));
  const least = isDark() ? 0.2 : 0; // the darkest colors are invisible on a dark page
  const colors = Array.from({ length: SHADES }, (_, i) =>
    viridis(least + ((1 - least) * i) / (SHADES - 1)));
  return { bins, colors: [...colors, UNLABELLED], classes: [], span: column.log ? [10 ** low, 10 ** high] : [low, high] };
}

function inside(polygon, x, y) {
  let odd = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [ax, ay] = polygon[i], [bx, by] = polygon[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}

// listener: {point(x, y, row), choose(x, y, row), lassoed(rows)}, in the map's coordinates.
function mapOf(field, facts, listener) {
  const n = facts.rows;
  const [base, over] = field.querySelectorAll("canvas");
  let points = null, look = null, hidden = new Set(), dots = [];
  let view = { x: 0, y: 0, scale: 1 }; // of the middle, in places; pixels a place
  let pointer = null, marks = {}, lassoing = false, polygon = null;
  let shades = null, shading = true;
  let own = false, seen = { width: 0, height: 0 }, full = 1; // whether the view was moved by hand
  const size = () => ({ width: field.clientWidth, height: field.clientHeight });
  const toPixel = (x, y) => {
    const { width, height } = size();
    return [width / 2 + (x - view.x) * view.scale, height / 2 - (y - view.y) * view.scale];
  };
  const toPlace = (px, py) => {
    const { width, height } = size();
    return [view.x + (px - width / 2) / view.scale, view.y - (py - height / 2) / view.scale];
  };
  const visible = (row) => !hidden.has(look.bins[row]);

  function whole() {
    const { width, height } = size();
    let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let row = 0; row < n; row++) {
      left = Math.min(left, points[row]);
      right = Math.max(right, points[row]);
      bottom = Math.min(bottom, points[n + row]);
      top = Math.max(top, points[n + row]);
    }
    const wide = right - left || 1, tall = top - bottom || (right - left) / 4 || 1;
    own = false;
    seen = { width, height };
    view = { x: (left + right) / 2, y: (bottom + top) / 2, scale: 0.9 * Math.min(width / wide, height / tall) || 1 };
    full = view.scale;
    later();
  }

  function zoom(factor, px = size().width / 2, py = size().height / 2) {
    const [x, y] = toPlace(px, py);
    own = true;
    view.scale = clamp(view.scale * factor, full / 100, full * 10000);
    const [nx, ny] = toPlace(px, py);
    view.x += x - nx;
    view.y += y - ny;
    later();
  }

  let waiting = false;
  function later() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(); });
  }

  function prepared(canvas) {
    const { width, height } = size(), ratio = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    return context;
  }

  function stamps() {
    const radius = n > 20000 ? 1.6 : n > 2000 ? 2.4 : 3.4, ratio = 2;
    dots = look.colors.map((color) => {
      const dot = document.createElement("canvas");
      dot.width = dot.height = Math.ceil(ratio * 2 * (radius + 1));
      const context = dot.getContext("2d");
      context.fillStyle = color;
      context.globalAlpha = 0.85;
      context.beginPath();
      context.arc(dot.width / 2, dot.width / 2, ratio * radius, 0, 7);
      context.fill();
      return dot;
    });
  }

  // Levels on a grid as a small image, which is drawn under the points.
  function shadesOf({ box, values, shape: [rows, columns] }) {
    const image = document.createElement("canvas");
    [image.width, image.height] = [columns, rows];
    const context = image.getContext("2d"), pixels = context.createImageData(columns, rows);
    const ink = isDark() ? 255 : 40, most = isDark() ? 0.3 : 0.36;
    for (let row = 0, i = 0; row < rows; row++)
      for (let column = 0; column < columns; column++, i += 4) {
        pixels.data.fill(ink, i, i + 3);
        pixels.data[i + 3] = most * values[(rows - 1 - row) * columns + column];
      }
    context.putImageData(pixels, 0, 0);
    return { image, box };
  }

  // Its pixels stand for points of the grid, so that they reach half a pixel beyond the box.
  function drawShades(context, { image, box: [left, bottom, right, top] }) {
    const [x0, y0] = toPixel(left, top), [x1, y1] = toPixel(right, bottom);
    const wide = (x1 - x0) / (image.width - 1), tall = (y1 - y0) / (image.height - 1);
    context.imageSmoothingQuality = "high";
    context.drawImage(image, x0 - wide / 2, y0 - tall / 2, x1 - x0 + wide, y1 - y0 + tall);
  }

  function draw() {
    if (!points || !look) return;
    const context = prepared(base), { width, height } = size();
    if (shades && shading) drawShades(context, shades.drawn);
    const side = dots[0].width / 2, half = side / 2;
    for (let row = 0; row < n; row++) {
      if (!visible(row)) continue;
      const [px, py] = toPixel(points[row], points[n + row]);
      if (px < -half || py < -half || px > width + half || py > height + half) continue;
      context.drawImage(dots[look.bins[row]], px - half, py - half, side, side);
    }
    drawOver();
  }

  function drawOver() {
    const context = prepared(over);
    const ink = getComputedStyle(document.documentElement).getPropertyValue("--ink");
    context.strokeStyle = context.fillStyle = ink;
    context.lineWidth = 1.5;
    if (marks.walk) {
      const ends = marks.walk.map(([x, y]) => toPixel(x, y));
      context.setLineDash([5, 4]);
      context.beginPath();
      ends.forEach(([px, py]) => context.lineTo(px, py));
      context.stroke();
      context.setLineDash([]);
      ends.forEach(([px, py]) => context.fillRect(px - 4, py - 4, 8, 8));
    }
    if (marks.row !== undefined) {
      const [px, py] = toPixel(points[marks.row], points[n + marks.row]);
      context.beginPath();
      context.arc(px, py, 8, 0, 7);
      context.stroke();
    }
    if (polygon) {
      context.beginPath();
      polygon.forEach(([x, y]) => context.lineTo(...toPixel(x, y)));
      context.closePath();
      context.stroke();
      context.globalAlpha = 0.12;
      context.fill();
      context.globalAlpha = 1;
    }
    if (pointer) {
      const [px, py] = toPixel(...pointer);
      context.beginPath();
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        context.moveTo(px + 5 * dx, py + 5 * dy);
        context.lineTo(px + 13 * dx, py + 13 * dy);
      }
      context.stroke();
    }
  }

  function rowAt(px, py, reach = REACH) {
    let best = -1, least = reach * reach;
    for (let row = 0; row < n; row++) {
      if (!visible(row)) continue;
      const [x, y] = toPixel(points[row], points[n + row]);
      const square = (x - px) ** 2 + (y - py) ** 2;
      if (square <= least) [best, least] = [row, square];
    }
    return best;
  }

  function point(px, py) {
    pointer = toPlace(px, py);
    listener.point(...pointer, rowAt(px, py));
    drawOver();
  }

  function choose(px, py, reach) {
    listener.choose(...toPlace(px, py), rowAt(px, py, reach));
  }

  // --- pointers and keys ---------------------------------------------------------------------

  const held = new Map();
  let moved = 0;
  const local = (event) => {
    const box = field.getBoundingClientRect();
    return [event.clientX - box.left - field.clientLeft, event.clientY - box.top - field.clientTop];
  };

  field.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    try { field.setPointerCapture(event.pointerId); } catch { /* a pointer that is gone */ }
    held.set(event.pointerId, local(event));
    moved = 0;
    if (lassoing && held.size === 1) polygon = [toPlace(...local(event))];
  });
  field.addEventListener("pointermove", (event) => {
    const now = local(event), before = held.get(event.pointerId);
    if (!before) return point(...now);
    moved += Math.hypot(now[0] - before[0], now[1] - before[1]);
    held.set(event.pointerId, now);
    if (held.size === 2) {
      const [other] = [...held].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
      const apart = (a) => Math.hypot(a[0] - other[0], a[1] - other[1]) || 1;
      zoom(apart(now) / apart(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
    } else if (lassoing && polygon) {
      polygon.push(toPlace(...now));
      drawOver();
    } else if (moved > 4) {
      own = true;
      view.x -= (now[0] - before[0]) / view.scale;
      view.y += (now[1] - before[1]) / view.scale;
      later();
    }
  });
  const lifted = (event) => {
    const last = held.get(event.pointerId);
    if (!held.delete(event.pointerId) || event.type === "pointercancel") return;
    if (lassoing && polygon && moved > 4) {
      const rows = [];
      for (let row = 0; row < n; row++)
        if (visible(row) && inside(polygon, points[row], points[n + row])) rows.push(row);
      listener.lassoed(rows);
    } else if (moved <= 4) {
      if (polygon) listener.lassoed([]);
      polygon = null;
      point(...last);
      choose(...last);
    }
  };
  field.addEventListener("pointerup", lifted);
  field.addEventListener("pointercancel", lifted);
  field.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(-clamp(event.deltaY, -200, 200) / 400), ...local(event));
  }, { passive: false });
  field.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const at = pointer ? toPixel(...pointer) : [size().width / 2, size().height / 2];
    if (steps[event.key]) {
      const length = event.shiftKey ? 2 : 12;
      point(...at.map((value, i) => value + length * steps[event.key][i]));
    } else if (event.key === "+" || event.key === "=") zoom(1.3, ...at);
    else if (event.key === "-") zoom(1 / 1.3, ...at);
    else if (event.key === "0") whole();
    else if (event.key === "Enter") choose(...at, Infinity);
    else if (event.key === "Escape") {
      polygon = null;
      listener.lassoed([]);
      drawOver();
    } else return;
    event.preventDefault();
  });
  new ResizeObserver(() => {
    const now = size();
    if (!points || !now.width || (own && !seen.width)) return;
    if (!own) return whole();
    const factor = Math.min(now.width, now.height) / Math.min(seen.width, seen.height);
    view.scale *= factor;
    full *= factor;
    seen = now;
    later();
  }).observe(field);

  return {
    whole,
    zoom: (factor) => zoom(factor),
    lay(array, shade) {
      points = array;
      shades = shade && { ...shade, drawn: shadesOf(shade) };
      polygon = pointer = null;
      whole();
    },
    color(found, again) {
      look = found;
      stamps();
      if (shades) shades.drawn = shadesOf(shades);
      if (!again) hidden = new Set();
      later();
    },
    shade(on) { shading = on; later(); },
    hides: (number) => hidden.has(number),
    toggle(number) {
      if (!hidden.delete(number)) hidden.add(number);
      later();
    },
    lasso(on) { lassoing = on; if (!on) polygon = null; drawOver(); },
    mark(more) { marks = { ...marks, ...more }; if (points) drawOver(); },
    placeOf: (row) => [points[row], points[n + row]],
    pixelOf: (row) => toPixel(points[row], points[n + row]),
  };
}
