// The panels beside the map: the selected row and its errors, classes, interpolation, sliders, noise.

const $ = (id) => document.getElementById(id);
const SHEET = 10, FILM = 10, LASSOED = 20;

function panelsOf(facts, model, drawings, signed) {
  const mse = (value) => translate("mse", { e: figures(value / facts.unit) });
  const classes = facts.columns.find((column) => column.classes.length);
  const seen = new Set(classes ? classes.values : []);
  const present = classes ? classes.classes.map((name, i) => [i, name]).filter(([i]) => seen.has(i)) : [];
  const state = { row: 0, lasso: [], from: null, to: null, knobs: [], variation: [], noise: null };

  function decoded(x, far) {
    drawings.draw($("decoded").querySelector("canvas"), x);
    $("here").classList.toggle("far", far === true);
    $("warning").textContent = far === undefined ? "" : translate(far ? "far" : "near");
  }

  function row(number, title) {
    $("row-title").textContent = translate(title, { n: number + 1 });
    const x = model.original(number), made = model.reconstructed(number);
    const original = { x, text: translate("original") }, name = translate("error");
    const error = {
      text: name,
      label: name + signed.spoken(x, made),
      paint: (canvas) => signed.errors(canvas, x, made),
    };
    drawings.strip($("beside"), [
      ...(facts.image ? [original] : [error, original]),
      { x: made, text: `${translate("model")}, ${mse(model.errors[number])}`, beside: x },
      ...(facts.image ? [error] : []),
      { x: model.linear(x), text: `${translate("pca")}, ${mse(model.pcaErrors[number])}`, beside: x },
    ]);
    $("error-key").textContent = [
      translate(facts.image ? "errors_image" : "errors_table", { n: FULL }),
      translate(facts.detector ? "errors_normal" : "errors_shown"),
    ].join(" ");
    verdict(number);
  }

  function verdict(number) {
    $("verdict").hidden = !model.anomalies;
    if (!model.anomalies) return;
    const anomalous = model.anomalies[number] > 0;
    $("verdict").textContent = translate(model.pValues ? "verdict" : "verdict_score", {
      what: translate(anomalous ? "anomaly" : "normal"),
      p: model.pValues && figures(model.pValues[number]),
      s: figures(model.scores[number]),
    });
    $("verdict").classList.toggle("anomalous", anomalous);
  }

  function lassoed() {
    const rows = state.lasso;
    if (!rows.length) return $("lassoed").replaceChildren();
    $("row-title").textContent = translate("lassoed", { n: rows.length });
    $("verdict").hidden = true;
    $("error-key").textContent = "";
    const few = rows.slice(0, facts.image ? LASSOED : 1);
    const mean = model.decodes ? [{ x: model.decode(model.meanOf(rows)), text: translate("mean_of") }] : [];
    drawings.strip($("beside"), mean);
    drawings.strip($("lassoed"), few.map((one) => ({ x: model.original(one), text: `${one + 1}` })));
  }

  // --- classes -------------------------------------------------------------------------------

  function rowsOfClass() {
    const wanted = $("which").value, all = [];
    for (let i = 0; i < model.n; i++)
      if (wanted === "" || classes.values[i] === Number(wanted)) all.push(i);
    return all;
  }

  function ofClass() {
    const rows = rowsOfClass(), mean = model.meanOf(rows);
    const spread = Number($("spread").value);
    document.querySelector("output[for=spread]").textContent = spread.toFixed(2);
    const near = model.nearest(mean).row;
    drawings.strip($("representative"), [
      { x: model.decode(mean), text: translate("representative", { n: rows.length }) },
      { x: model.original(near), text: `${translate("nearest")}, ${near + 1}` },
    ]);
    if (!state.variation.length) vary();
    drawings.strip($("variations"), state.variation.map((noise) => ({
      x: model.decode(mean.map((value, c) => value * (1 + spread * noise[c]))),
    })));
  }

  function vary() {
    const sheet = facts.image ? SHEET : 3;
    state.variation = Array.from({ length: sheet }, () => Array.from({ length: model.k }, normal));
  }

  // --- interpolation: ends are {z, place} ----------------------------------------------------

  function between(share) {
    return state.from.z.map((value, c) => value + share * (state.to.z[c] - value));
  }

  function walk() {
    if (!state.from || !state.to) return;
    const share = Number($("along").value);
    drawings.strip($("ends"), [
      { x: model.decode(state.from.z), text: translate("start_of") },
      { x: model.decode(between(share)), text: translate("between", { p: Math.round(100 * share) }) },
      { x: model.decode(state.to.z), text: translate("end_of") },
    ]);
    const film = facts.image ? FILM : 0;
    drawings.strip($("film"), Array.from({ length: film }, (_, i) => ({
      x: model.decode(between(i / (film - 1))),
    })));
  }

  // --- sliders -------------------------------------------------------------------------------

  function knobs(directions) {
    const [count] = directions.shape;
    state.knobs = Array.from({ length: count }, (_, i) => {
      const label = document.createElement("label"), name = document.createElement("span");
      const input = document.createElement("input"), output = document.createElement("output");
      name.textContent = i + 1;
      Object.assign(input, { type: "range", min: -3, max: 3, step: 0.05, value: 0 });
      label.append(name, input, output);
      input.addEventListener("input", turned);
      return { input, output, along: directions.values.subarray(i * model.k, (i + 1) * model.k) };
    });
    $("knobs").replaceChildren(...state.knobs.map(({ input }) => input.parentNode));
  }

  function turned() {
    const z = model.code(state.row), before = z.slice();
    for (const { input, output, along } of state.knobs) {
      output.textContent = Number(input.value).toFixed(2);
      for (let c = 0; c < z.length; c++) z[c] += Number(input.value) * along[c];
    }
    drawings.strip($("turned"), [
      { x: model.decode(before), text: translate("row", { n: state.row + 1 }) },
      { x: model.decode(z), text: translate("turned") },
    ]);
  }

  // --- noise ---------------------------------------------------------------------------------

  function noisy() {
    const strength = Number($("strength").value);
    document.querySelector("output[for=strength]").textContent = strength.toFixed(2);
    if (!state.noise) state.noise = Float32Array.from({ length: model.d }, normal);
    const clean = model.original(state.row), span = facts.high - facts.low;
    const x = clean.map((v, i) => clamp(v + strength * span * state.noise[i], facts.low, facts.high));
    const denoised = model.decode(model.encode(x)), linear = model.linear(x);
    const captioned = (name, y) => `${translate(name)}, ${mse(model.error(clean, y))}`;
    drawings.strip($("denoised"), [
      { x, text: captioned("noise", x) },
      { x: denoised, text: captioned("denoised", denoised) },
      { x: linear, text: captioned("pca", linear) },
      { x: clean, text: translate("original") },
    ]);
  }

  // --- a codec: larger steps, fewer bytes ----------------------------------------------------

  function quality() {
    const at = Number($("step").value), { ratios, means } = facts.codec;
    document.querySelector("output[for=step]").textContent = `× ${ratios[at]}`;
    const x = model.original(state.row), rounded = model.decode(model.rounded(state.row, at));
    const bytes = (count) => translate("bytes", { n: figures(count) });
    drawings.strip($("rounded"), [
      { x, text: translate("original") },
      { x: rounded, text: `${bytes(model.bytes(state.row, at))}, ${mse(model.error(x, rounded))}`, beside: x },
    ]);
    const [size, error] = means[at];
    $("mean-bytes").textContent = translate("mean_bytes", { b: figures(size), e: figures(error / facts.unit) });
  }

  const shown = { class: ofClass, walk, sliders: turned, noise: noisy, quality };
  return { state, decoded, row, lassoed, vary, knobs, present, shown };
}
