// Drawings of rows: pixels of an image, or bars of a table's features.

function drawingsOf(facts, arrays) {
  const [height, width, channels = 1] = facts.shape;
  const d = sizeOf(facts.shape);
  const spans = facts.image ? null : spansOf();

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

  // A bar per feature, from its minimum to its maximum; a line marks the original.
  function bars(canvas, x, beside) {
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue(name);
    const named = d <= 40, step = named ? 20 : Math.max(480 / d, 0.5);
    const ratio = 2, wide = 320, left = named ? 110 : 0, right = named ? 60 : 0;
    canvas.width = ratio * wide;
    canvas.height = ratio * Math.min(step * d, 1600);
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    context.font = "11px system-ui, sans-serif";
    context.textBaseline = "middle";
    const room = wide - left - right;
    x.forEach((value, feature) => {
      const [low, high] = spans[feature], top = feature * step;
      const at = (v) => clamp((v - low) / (high - low), 0, 1) * room;
      context.fillStyle = color("--line");
      context.fillRect(left, top + 1, room, step - Math.min(step / 3, 4));
      context.fillStyle = color("--accent");
      context.fillRect(left, top + 1, Math.max(at(value), 1), step - Math.min(step / 3, 4));
      context.fillStyle = color("--ink");
      if (beside) context.fillRect(left + at(beside[feature]) - 1, top, 2, step - 2);
      if (!named) return;
      const name = facts.features[feature] || `x${feature + 1}`;
      context.fillText(fitted(context, name, left - 8), 2, top + step / 2 - 1);
      context.fillText(figures(value), left + room + 6, top + step / 2 - 1);
    });
  }

  function fitted(context, text, room) {
    while (text.length > 1 && context.measureText(text).width > room) text = `${text.slice(0, -2)}…`;
    return text;
  }

  function draw(canvas, x, beside) {
    if (facts.image) pixels(canvas, x);
    else bars(canvas, x, beside);
  }

  // Draws rows with their captions, and labels for those who see neither: [{x, text, label, beside}].
  function strip(place, rows) {
    place.classList.toggle("table", !facts.image);
    while (place.children.length > rows.length) place.lastChild.remove();
    while (place.children.length < rows.length) {
      const figure = document.createElement("figure");
      figure.append(document.createElement("canvas"), document.createElement("figcaption"));
      place.append(figure);
    }
    rows.forEach(({ x, text = "", label = text, beside }, i) => {
      const [canvas, caption] = place.children[i].children;
      draw(canvas, x, beside);
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", label);
      caption.textContent = text;
    });
  }

  return { draw, strip };
}
