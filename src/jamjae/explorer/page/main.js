// The page: reads the facts, makes the parts, and passes events between them.

const facts = JSON.parse($("page-facts").textContent);
language = facts.language === "ko" ? 1 : 0;

if (typeof DecompressionStream === "undefined") throw new Error(translate("old"));
const arrays = await unpacked(facts.arrays, $("data").textContent, facts.bytes);
$("data").remove();

const model = modelOf(facts, arrays);
const drawings = drawingsOf(facts, arrays), signed = signedOf(facts, arrays);
facts.columns.forEach((column, i) => (column.values = arrays[`column${i}`].values));
const columns = [
  ...(model.pValues ? [{ key: "p_value", values: model.pValues, classes: [], log: true }] : []),
  ...(model.anomalies ? [
    { key: "score", values: model.scores, classes: [] },
    { key: "anomalies", values: model.anomalies, get classes() { return ["normal", "anomaly"].map((one) => translate(one)); } },
  ] : []),
  ...facts.columns,
  { key: "error", values: model.errors, classes: [] },
  { key: "pca_error", values: model.pcaErrors, classes: [] },
  { key: "none", values: null, classes: [] },
];
const panels = panelsOf(facts, model, drawings, signed);
const loadings = loadingsOf(facts, model, arrays.directions, drawings, signed);
panels.shown.loadings = () => loadings.show(last ? nearRow(last) : state.row, true);
const sampler = samplerOf(facts, model, arrays);
const samples = samplesOf(facts, model, drawings, sampler);
if (samples) panels.shown.samples = samples.draw;
const { state } = panels;
let layout = 0, tab = "", asked = null, frame = 0, last = null;
document.querySelector("main").hidden = false;
document.body.classList.toggle("table", !facts.image);

// --- the map ----------------------------------------------------------------------------------

const map = mapOf($("field"), facts, {
  point(x, y, row) {
    last = { x, y, row };
    if (!frame) frame = requestAnimationFrame(() => { frame = 0; pointed(); });
  },
  choose(x, y, row) {
    if (asked) return walkTo(x, y, row);
    if (row >= 0) choose(row);
  },
  lassoed,
});

function lassoed(rows) {
  state.lasso = rows;
  panels.lassoed();
  if (!rows.length) panels.row(state.row, "chosen");
}

function pointed() {
  if (!last) return;
  const { x, y, row } = last;
  const far = model.decodes ? model.nearest(model.codeAt(layout, x, y)).distance > facts.far : undefined;
  panels.decoded(model.at(layout, x, y), far);
  if (tab === "loadings") loadings.show(nearRow(last));
  if (state.lasso.length) return;
  if (row >= 0) panels.row(row, "row");
  else panels.row(state.row, "chosen");
}

// The row under the pointer, or that of the nearest code.
const nearRow = ({ x, y, row }) => (row >= 0 ? row : model.nearest(model.codeAt(layout, x, y)).row);

function choose(row) {
  state.row = row;
  map.mark({ row });
  if (!state.lasso.length) panels.row(row, "chosen");
  if (["sliders", "noise", "quality"].includes(tab)) panels.shown[tab]();
}

function walkTo(x, y, row) {
  const place = row >= 0 ? map.placeOf(row) : [x, y];
  state[asked] = row >= 0 ? { z: model.code(row), row, place } : { z: model.codeAt(layout, x, y), place };
  ask(asked === "from" ? "to" : null);
  markWalk();
  panels.shown.walk();
}

function markWalk() {
  const both = tab === "walk" && state.from && state.to;
  map.mark({ walk: both ? [state.from.place, state.to.place] : undefined });
}

function ask(end) {
  asked = end;
  for (const each of ["from", "to"]) $(each).setAttribute("aria-pressed", each === end);
}

function lay(number) {
  layout = number;
  last = null;
  $("here").classList.remove("far");
  const { shade } = facts.maps[number];
  map.lay(arrays[`points${number}`].values, shade && { ...shade, ...arrays[`shade${number}`] });
  $("shading").hidden = !shade;
  if (model.decodes) walkBegins();
  describe();
}

function walkBegins() {
  if (!state.from) {
    const [from, to] = [state.row, model.farthest(state.row)];
    state.from = { z: model.code(from), row: from };
    state.to = { z: model.code(to), row: to };
  }
  for (const end of [state.from, state.to])
    end.place = map.placeOf(end.row === undefined ? model.nearest(end.z).row : end.row);
  markWalk();
  if (tab === "walk") panels.shown.walk();
}

// --- colors and the legend -------------------------------------------------------------------

function color(again) {
  const column = columns[$("color").value], look = coloring(column, model.n, facts.palette);
  map.color(look, again === true);
  $("legend").replaceChildren(...(look.span ? scale(look) : look.classes.map((name, i) => {
    const button = document.createElement("button"), dot = document.createElement("i");
    dot.style.background = look.colors[i];
    button.type = "button";
    button.setAttribute("aria-pressed", !map.hides(i));
    button.append(dot, name);
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") !== "true");
      map.toggle(i);
    });
    return button;
  })));
}

function scale({ span: [low, high], colors }) {
  const { key = "", place } = columns[$("color").value];
  const unit = key.endsWith("error") ? facts.unit : 1;
  const ends = [low, high].map((value) => {
    const at = document.createElement("span");
    at.textContent = place === undefined ? figures(value / unit) : drawings.units.textOf(place, value);
    return at;
  });
  const bar = document.createElement("i");
  bar.className = "scale";
  bar.style.background = `linear-gradient(90deg, ${colors.slice(0, SHADES)})`;
  return [ends[0], bar, ends[1]];
}

// --- texts ------------------------------------------------------------------------------------

function describe() {
  translatePage();
  const { shape, rows, of: all, components: k, unknown } = facts;
  const mean = (values) => figures(values.reduce((a, b) => a + b, 0) / rows / facts.unit);
  $("facts").textContent = translate("summary", {
    rows: rows < all ? translate("some_of", { rows: rows.toLocaleString(), all: all.toLocaleString() }) : rows.toLocaleString(),
    shape: translate(facts.image ? "pixels" : "features", { s: facts.table ? facts.table.length : shape.slice(0, 2).join(" × ") }),
    k, e: mean(model.errors), p: mean(model.pcaErrors),
  });
  const way = model.decodes ? facts.maps[layout].way : "grid";
  $("way").textContent = [
    translate(`decodes_${way}`, { n: way === "grid" ? facts.grid : facts.neighbors, why: unknown.decoder }),
    shaded(facts.maps[layout].shade),
  ].join(" ");
  $("meaning").textContent = translate(facts.directions ? "directions" : "components");
  $("without").textContent = [
    !model.decodes ? translate("no_decoder", { why: unknown.decoder })
      : facts.image && !model.encodes ? translate("no_encoder", { why: unknown.encoder }) : "",
    facts.image && facts.levels < 255 ? translate("levels", { n: facts.levels + 1 }) : "",
    facts.table ? translate("own_units") : "",
    facts.incomplete ? translate("imputed", { n: facts.incomplete.toLocaleString() }) : "",
  ].join(" ");
  options($("color"), columns.map((column, i) => [i, column.key ? translate(column.key) : column.name]));
  options($("layout"), facts.maps.map(({ title }, i) => [i, title]));
  options($("which"), [["", translate("everything")], ...panels.present]);
  for (const button of $("tabs").children) button.textContent = translate(`${button.dataset.panel}_tab`);
  if (samples) samples.describe();
  if (last) pointed();
  else $("warning").textContent = translate("start");
  panels.row(state.row, "chosen");
  panels.lassoed();
  if (tab) panels.shown[tab]();
}

function shaded(shade) {
  if (!shade || !pressed("shading")) return "";
  const kind = translate(`kind_${facts.density.kind}`), [low, high] = [shade.low, shade.high].map(figures);
  return translate(`shaded_${shade.way}`, { kind, low, high, n: facts.shade_samples.toLocaleString() });
}

function options(select, entries) {
  const chosen = select.value;
  select.replaceChildren(...entries.map(([value, text]) => new Option(text, value)));
  if (entries.some(([value]) => `${value}` === chosen)) select.value = chosen;
}

// --- tabs -------------------------------------------------------------------------------------

const TABS = ["class", "samples", "walk", "sliders", "loadings", "noise", "quality"];
const possible = { noise: facts.image && model.encodes, samples: samples !== null, quality: facts.codec !== null };
const open = TABS.filter((name) => model.decodes && possible[name] !== false);
for (const name of TABS) $(name).hidden = true;
$("tabs").replaceChildren(...open.map((name) => {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", id: `tab-${name}` });
  button.dataset.panel = name;
  button.setAttribute("role", "tab");
  button.setAttribute("aria-controls", name);
  $(name).setAttribute("aria-labelledby", button.id);
  button.addEventListener("click", () => turnTo(name));
  return button;
}));
$("tabs").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  turnTo(open[(open.indexOf(tab) + step + open.length) % open.length]);
  $(`tab-${tab}`).focus();
});

function turnTo(name) {
  tab = name;
  for (const button of $("tabs").children) {
    const here = button.dataset.panel === name;
    button.setAttribute("aria-selected", here);
    button.tabIndex = here ? 0 : -1;
    $(button.dataset.panel).hidden = !here;
  }
  ask(null);
  markWalk();
  panels.shown[name]();
}

// --- controls ---------------------------------------------------------------------------------

const on = (id, kind, act) => $(id).addEventListener(kind, act);
on("layout", "change", () => lay(Number($("layout").value)));
on("color", "change", color);
on("nearer", "click", () => map.zoom(1.4));
on("farther", "click", () => map.zoom(1 / 1.4));
on("whole", "click", map.whole);
const pressed = (id) => $(id).getAttribute("aria-pressed") === "true";
function press(id) {
  $(id).setAttribute("aria-pressed", !pressed(id));
  return pressed(id);
}
on("lasso", "click", () => {
  const lassoing = press("lasso");
  map.lasso(lassoing);
  if (!lassoing) lassoed([]);
});
on("shading", "click", () => { map.shade(press("shading")); describe(); });
on("which", "change", panels.shown.class);
on("spread", "input", panels.shown.class);
on("again", "click", () => { panels.vary(); panels.shown.class(); });
for (const end of ["from", "to"]) on(end, "click", () => ask(asked === end ? null : end));
on("along", "input", panels.shown.walk);
on("centre", "click", () => {
  for (const { input } of state.knobs) input.value = 0;
  panels.shown.sliders();
});
on("strength", "input", panels.shown.noise);
on("step", "input", panels.shown.quality);
on("anew", "click", () => { state.noise = null; panels.shown.noise(); });
if (samples) {
  for (const id of ["drawn-of", "seed"]) on(id, "change", samples.draw);
  on("temperature", "input", samples.draw);
  on("draw", "click", samples.another);
}
on("language", "change", () => { language = Number($("language").value === "ko"); describe(); color(true); });
const themed = () => { color(true); describe(); };
on("theme", "change", () => {
  document.documentElement.dataset.theme = $("theme").value;
  if (!$("theme").value) delete document.documentElement.dataset.theme;
  themed();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", themed);

$("language").value = facts.language;
$("which-map").hidden = facts.maps.length < 2;
if (model.decodes) panels.knobs(arrays.directions);
describe();
if (panels.present.length) $("which").value = panels.present[0][0];
color();
lay(0);
choose(0);
if (open.length) turnTo(open[0]);
// For use in the browser's console.
window.jamjae = { facts, map, sampler, units: drawings.units, ...model };
document.documentElement.dataset.ready = "";
