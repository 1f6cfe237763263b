// Drawings of numbers with a sign: maps of pixels, bars of features, tables of features.

const FULL = 5; // errors, in units of what is normal, that have the full color
const WORST = 8; // features of a row whose errors are shown
const MOVED = 40; // features, at most, in a table of features and components
const SIDE = 18, WIDE = 320; // pixels of a line, and across

function signedOf(facts, arrays) {
  const [height, width, channels = 1] = facts.shape;
  const d = sizeOf(facts.shape), units = arrays.error_units.values;
  const names = facts.table
    ? facts.table.flatMap(({ name, names: each }) => (each ? each.map((one) => `${name}=${one}`) : [name]))
    : Array.from({ length: facts.image ? 0 : d }, (_, i) => facts.features[i] || `x${i + 1}`);

  // Red above zero, blue below; nothing at zero, so that the ground of either theme shows.
  const color = (share) => {
    const strength = clamp(Math.abs(share), 0, 1);
    return share > 0 ? [214, 48, 39, strength] : [44, 105, 214, strength];
  };
  const css = (share) => `rgba(${color(share)})`;
  const ink = () => getComputedStyle(document.documentElement).getPropertyValue("--ink");

  // Of several channels the one that is farthest from zero.
  function pixels(canvas, values, full) {
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d"), image = context.createImageData(width, height);
    for (let i = 0; i < width * height; i++) {
      let most = 0;
      for (let c = i * channels; c < (i + 1) * channels; c++)
        if (Math.abs(values[c]) > Math.abs(most)) most = values[c];
      const [r, g, b, strength] = color(most / full);
      image.data.set([r, g, b, 255 * strength], 4 * i);
    }
    context.putImageData(image, 0, 0);
  }

  function started(canvas, lines) {
    canvas.width = 2 * WIDE;
    canvas.height = 2 * SIDE * lines;
    const context = canvas.getContext("2d");
    context.scale(2, 2);
    context.font = "11px system-ui, sans-serif";
    context.textBaseline = "middle";
    context.fillStyle = ink();
    return context;
  }

  // The errors of a row by feature, or column of a table: [name, error], the largest first.
  function worst(x, other) {
    const errors = Array.from(x, (value, i) => (value - other[i]) / units[i]);
    const found = facts.table
      ? facts.table.map(({ name, names: each, start }) => [
        name, each ? Math.max(...each.map((_, i) => Math.abs(errors[start + i]))) : errors[start],
      ])
      : errors.map((error, i) => [names[i], error]);
    return found.sort((a, b) => Math.abs(b[1]) - Math.abs(a[1])).slice(0, WORST);
  }

  function signed(value) {
    const near = Math.round(100 * value) / 100;
    return `${near > 0 ? "+" : near < 0 ? "−" : ""}${figures(Math.abs(near))}`;
  }

  // How far a row is from its reconstruction, in units of what is normal.
  function errors(canvas, x, other) {
    if (facts.image) return pixels(canvas, x.map((value, i) => (value - other[i]) / units[i]), FULL);
    const lines = worst(x, other), context = started(canvas, lines.length);
    const left = 130, right = 48, half = (WIDE - left - right) / 2, zero = left + half;
    const most = Math.max(FULL, ...lines.map(([, error]) => Math.abs(error)));
    lines.forEach(([name, error], i) => {
      const length = (half * error) / most, middle = SIDE * (i + 0.5);
      context.fillStyle = ink();
      context.fillText(fitted(context, name, left - 8), 2, middle);
      context.fillText(signed(error), WIDE - right + 6, middle);
      context.fillStyle = css(Math.sign(error));
      context.fillRect(Math.min(zero, zero + length), middle - 6, Math.max(Math.abs(length), 1), 12);
    });
    context.fillStyle = ink();
    context.fillRect(zero, 0, 1, SIDE * lines.length);
  }

  const spoken = (x, other) => (facts.image ? "" :
    `: ${worst(x, other).map(([name, error]) => `${name} ${signed(error)}`).join(", ")}`);

  // Changes of features, (components of features) each, as a table with a column per component.
  function table(canvas, changes, full) {
    const sizes = names.map((_, i) => Math.max(...changes.map((change) => Math.abs(change[i]))));
    const order = names.map((_, i) => i).sort((a, b) => sizes[b] - sizes[a]).slice(0, MOVED).sort((a, b) => a - b);
    const context = started(canvas, order.length + 1);
    const left = 130, step = Math.min((WIDE - left) / changes.length, 44);
    changes.forEach((_, c) => context.fillText(`${c + 1}`, left + step * (c + 0.5) - 3, SIDE / 2));
    order.forEach((i, line) => {
      const top = SIDE * (line + 1);
      context.fillStyle = ink();
      context.fillText(fitted(context, names[i], left - 8), 2, top + SIDE / 2);
      changes.forEach((change, c) => {
        context.fillStyle = css(change[i] / full);
        context.fillRect(left + step * c, top + 1, step - 2, SIDE - 2);
      });
    });
  }

  return { errors, pixels, table, spoken };
}
