// Drawings of rows: pixels of an image, or bars of a table's features.

function fitted(context, text, room) {
  while (text.length > 1 && context.measureText(text).width > room) text = `${text.slice(0, -2)}…`;
  return text;
}

const NAMED = 40; // features and columns, up to which their names are shown

function drawingsOf(facts, arrays) {
  const [height, width, channels = 1] = facts.shape;
  const d = sizeOf(facts.shape);
  const spans = facts.image ? null : spansOf();
  const units = unitsOf(facts, spans);

  function spansOf() {
    const values = arrays.values.values, n = facts.rows;
    return Array.from({ length: d }, (_, feature) => {
      let low = Infinity, high = -Infinity;
      for (let i = feature * n; i < (feature + 1) * n; i++) {
        low = Math.min(low, values[i]);
        high = Math.max(high, values[i]);
      }
      return [low, high > low ? high : low + 1];
    });
  }

  function pixels(canvas, x) {
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d");
    const image = context.createImageData(width, height);
    const colors = channels === 3 || channels === 4 ? 3 : 1;
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++) {
        const value = x[i * channels + (colors === 3 ? c : 0)];
        image.data[4 * i + c] = (255 * (value - facts.low)) / (facts.high - facts.low);
      }
      image.data[4 * i + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  }

  // A bar per feature or column of a table; a line marks the original.
  function bars(canvas, x, beside) {
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue(name);
    const lines = linesOf(), count = lines.length;
    const named = count <= NAMED, step = named ? 20 : Math.max(480 / count, 0.5);
    const ratio = 2, wide = 320;
    canvas.width = ratio * wide;
    canvas.height = ratio * Math.min(step * count, 1600);
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    context.font = "11px system-ui, sans-serif";
    context.textBaseline = "middle";
    const longest = Math.max(...lines.map(({ name }) => context.measureText(name).width));
    const left = named ? Math.min(longest + 12, 110) : 0, right = named ? (units ? units.wide : 60) : 0;
    const room = wide - left - right;
    lines.forEach((line, number) => {
      const top = number * step, at = (share) => clamp(share, 0, 1) * room;
      context.fillStyle = color("--line");
      context.fillRect(left, top + 1, room, step - Math.min(step / 3, 4));
      context.fillStyle = color("--accent");
      context.fillRect(left, top + 1, Math.max(at(line.share(x)), 1), step - Math.min(step / 3, 4));
      context.fillStyle = color("--ink");
      if (beside) context.fillRect(left + at(line.beside(x, beside)) - 1, top, 2, step - 2);
      if (!named) return;
      const [text, more] = line.text(x), length = right - 8 - context.measureText(more).width;
      context.fillText(fitted(context, line.name, left - 8), 2, top + step / 2 - 1);
      context.fillText(fitted(context, text, length) + more, left + room + 6, top + step / 2 - 1);
    });
  }

  // Columns of an encoded table in its own units, or features: from their minimum to their maximum.
  function linesOf() {
    return units ? units.columns : spans.map(([low, high], feature) => {
      const share = (x) => (x[feature] - low) / (high - low);
      return {
        name: facts.features[feature] || `x${feature + 1}`,
        share,
        beside: (x, other) => share(other),
        text: (x) => [figures(x[feature]), ""],
      };
    });
  }

  // What the bars of a table show, in words.
  function spoken(x) {
    const lines = linesOf();
    if (lines.length > NAMED) return "";
    return `: ${lines.map((line) => `${line.name} ${line.text(x).join("")}`).join(", ")}`;
  }

  function draw(canvas, x, beside) {
    if (facts.image) pixels(canvas, x);
    else bars(canvas, x, beside);
  }

  // Draws rows with their captions, and labels for those who see neither: [{x, text, label, beside}].
  // One with a paint(canvas) draws itself.
  function strip(place, rows) {
    place.classList.toggle("table", !facts.image);
    while (place.children.length > rows.length) place.lastChild.remove();
    while (place.children.length < rows.length) {
      const figure = document.createElement("figure");
      figure.append(document.createElement("canvas"), document.createElement("figcaption"));
      place.append(figure);
    }
    rows.forEach(({ x, text = "", label = text, beside, paint }, i) => {
      const [canvas, caption] = place.children[i].children;
      if (paint) paint(canvas);
      else draw(canvas, x, beside);
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", facts.image || paint ? label : label + spoken(x));
      caption.textContent = text;
    });
  }

  return { draw, strip, units };
}
