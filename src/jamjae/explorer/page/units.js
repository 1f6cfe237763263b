// Columns of an encoded table in their own units, as table_units.py describes them.

// Null where rows are not encoded. A column: {name, share(x), beside(x, other), text(x)}, where a
// share from 0 to 1 is how long its bar is, and a text is a value and what is said beside it.
function unitsOf(facts, spans) {
  if (!facts.table) return null;

  function measured({ start, mean, deviation, step, origin, least, most }, x) {
    const count = x[start] * deviation + mean;
    return step ? clamp(Math.round(count), least, most) * step + origin : count;
  }

  const padded = (value) => `${value}`.padStart(2, "0");

  function date(value, { days, zone }) {
    const at = new Date(value);
    if (Number.isNaN(at.getTime())) return "–";
    const iso = at.toISOString();
    const time = iso.slice(11, 19).replace(/:00$/, "");
    return iso.slice(0, iso.indexOf("T")) + (days ? "" : ` ${time}${zone ? " UTC" : ""}`);
  }

  function duration(value, { days }) {
    const sign = value < 0 ? "−" : "", seconds = Math.floor(Math.abs(value) / 1000);
    const whole = Math.floor(seconds / 86400), rest = seconds % 86400;
    const time = [rest / 3600, (rest / 60) % 60, rest % 60].map((part) => padded(Math.floor(part)));
    return `${sign}${whole} d${days ? "" : ` ${time.join(":")}`}`;
  }

  function number(value, { step, decimals }) {
    if (!Number.isFinite(value) || Math.abs(value) >= 1e15) return figures(value);
    if (step) return `${value}`;
    return decimals === null ? figures(value) : value.toFixed(decimals);
  }

  const sharesOf = ({ names, start, scale, means }, x) => names.map((_, i) => x[start + i] * scale + means[i]);
  const likely = (shares) => shares.reduce((best, share, i) => (share > shares[best] ? i : best), 0);
  const percent = (share) => (share > 0.995 ? "" : ` ${Math.round(100 * clamp(share, 0, 1))} %`);

  function categories(column) {
    return {
      share: (x) => Math.max(...sharesOf(column, x)),
      beside: (x, other) => sharesOf(column, x)[likely(sharesOf(column, other))],
      text(x) {
        const shares = sharesOf(column, x), best = likely(shares);
        return [column.names[best], percent(shares[best])];
      },
    };
  }

  function booleans(column) {
    const share = (x) => measured(column, x);
    return {
      share,
      beside: (x, other) => share(other),
      text: (x) => (share(x) >= 0.5 ? ["True", percent(share(x))] : ["False", percent(1 - share(x))]),
    };
  }

  function measures(column) {
    const [low, high] = spans[column.start];
    const share = (x) => (x[column.start] - low) / (high - low);
    const write = { dates: date, durations: duration, numbers: number }[column.kind];
    return { share, beside: (x, other) => share(other), text: (x) => [write(measured(column, x), column), ""] };
  }

  const columns = facts.table.map((column) => {
    const make = { categories, booleans }[column.kind] || measures;
    return { name: column.name, ...make(column) };
  });
  // The text of one encoded value of a column.
  const textOf = (place, value) => columns[place].text({ [facts.table[place].start]: value })[0];
  const wide = facts.table.some(({ kind, days }) => kind === "dates" && !days) ? 152 : 105; // pixels
  return { columns, textOf, wide };
}
