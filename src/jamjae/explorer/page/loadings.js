// The panel of loadings: how the features of a row move with each component of its code.

const STEP = 0.25; // standard deviations, to either side

function loadingsOf(facts, model, directions, drawings, signed) {
  const [count] = directions.shape, k = model.k;
  const spreads = facts.image ? null : spreadsOf();
  let seen = -1;

  // Deviations of features among the rows shown, in which those of a table are drawn.
  function spreadsOf() {
    return Array.from({ length: model.d }, (_, i) => {
      let total = 0, squares = 0;
      for (let row = 0; row < model.n; row++) {
        const value = model.value(row, i);
        total += value / model.n;
        squares += value ** 2 / model.n;
      }
      return Math.sqrt(Math.max(squares - total ** 2, 0)) || 1;
    });
  }

  // What each feature changes by with a component, per standard deviation of the component.
  function changes(z) {
    return Array.from({ length: count }, (_, c) => {
      const along = directions.values.subarray(c * k, (c + 1) * k);
      const ahead = model.decode(z.map((value, i) => value + STEP * along[i]));
      const behind = model.decode(z.map((value, i) => value - STEP * along[i]));
      return ahead.map((value, i) => (value - behind[i]) / (2 * STEP) / (spreads ? spreads[i] : 1));
    });
  }

  function show(row, again = false) {
    if (row === seen && !again) return;
    seen = row;
    const found = changes(model.code(row));
    const full = Math.max(...found.map((change) => change.reduce((a, b) => Math.max(a, Math.abs(b)), 0))) || 1;
    $("loadings-of").textContent = translate("row", { n: row + 1 });
    const label = (c) => translate("component", { n: c + 1 });
    drawings.strip($("moves"), facts.image
      ? found.map((change, c) => ({ text: `${c + 1}`, label: label(c), paint: (canvas) => signed.pixels(canvas, change, full) }))
      : [{ label: translate("loadings_tab"), text: "", paint: (canvas) => signed.table(canvas, found, full) }]);
    $("about-loadings").textContent = translate(facts.image ? "loadings_image" : "loadings_table", {
      what: translate(facts.directions ? "of_directions" : "of_components"), e: figures(full),
    });
  }

  return { show };
}
