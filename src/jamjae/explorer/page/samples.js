// The panel of new samples: drawn from the model's density, each beside the nearest row.

const SAMPLES = 12, SLICE = 40; // samples of images, and milliseconds of work between two frames

function samplesOf(facts, model, drawings, sampler) {
  if (!sampler) return null;
  const { density } = facts, sheet = $("sheet");
  const classes = facts.columns.find((column) => column.classes.length);
  const n = facts.image ? SAMPLES : 3;
  let turn = 0;

  const nameOf = (number) => {
    const group = density.groups.find((each) => each.number === number);
    return group.name || (density.groups.length > 1 ? translate("unlabelled") : "");
  };
  const classOf = (row) => (classes && classes.classes[classes.values[row]]) || "";
  const listed = (...parts) => parts.filter((part) => part !== "").join(", ");

  function describe() {
    const entries = density.groups.filter(({ number }) => number >= 0 || density.way !== "pool");
    const several = density.groups.length > 1;
    $("of-class").hidden = !several;
    options($("drawn-of"), [
      ["", translate("all_classes")],
      ...entries.map(({ number }) => [number, nameOf(number)]),
    ]);
    $("warmth").hidden = density.way === "pool";
    $("about-samples").textContent = [
      translate(facts.image ? "beside_image" : "beside_table", { n: facts.rows.toLocaleString() }),
      translate(density.way === "pool" ? "drawn_before" : "drawn_here", {
        kind: translate(`kind_${density.kind}`), n: density.size,
      }),
    ].join(" ");
  }

  const value = (id) => $(id).value;
  const seed = () => Math.min(Math.floor(Math.abs(Number(value("seed")))) || 0, 4294967295);

  async function draw() {
    const now = ++turn, temperature = Number(value("temperature"));
    const group = value("drawn-of") === "" ? null : Number(value("drawn-of"));
    document.querySelector("output[for=temperature]").textContent = temperature.toFixed(2);
    places();
    sheet.setAttribute("aria-busy", "true");
    let since = performance.now();
    for (const [i, one] of sampler.plan(seed(), group, temperature, n).entries()) {
      show(sheet.children[i], one, i);
      if (performance.now() - since < SLICE) continue;
      await new Promise((done) => setTimeout(done));
      if (now !== turn) return;
      since = performance.now();
    }
    sheet.setAttribute("aria-busy", "false");
    $("drawn").textContent = translate("drawn", { n, seed: seed() });
  }

  function places() {
    sheet.classList.toggle("table", !facts.image);
    while (sheet.children.length < n) {
      const pair = document.createElement("div");
      pair.setAttribute("role", "group");
      sheet.append(pair);
    }
  }

  function show(pair, { group, code }, i) {
    const z = code(), x = sampler.decode(z), near = model.nearest(z).row;
    const name = translate("sample", { n: i + 1 }), nearest = translate("nearest");
    const made = listed(nameOf(group)) || name, row = listed(`${near + 1}`, classOf(near));
    const told = listed(name, nameOf(group)), beside = `${nearest} ${row}`;
    pair.setAttribute("aria-label", told);
    if (facts.image) {
      drawings.strip(pair, [
        { x, text: made, label: told },
        { x: model.original(near), text: translate("row_short", { n: row }), label: beside },
      ]);
    } else drawings.strip(pair, [{ x, text: `${told}; ${beside}`, beside: model.original(near) }]);
  }

  function another() {
    $("seed").value = (seed() + 1) % 4294967296;
    draw();
  }

  return { describe, draw, another };
}
