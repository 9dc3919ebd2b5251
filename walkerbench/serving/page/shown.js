// Small parts of the page: tables, bars and lines; their text is never read as mark-up.

export const byId = (id) => document.getElementById(id);

export function fixed(value, digits) {
  return value === null || value === undefined || Number.isNaN(value) ? "–" : value.toFixed(digits);
}

/** A number of unknown size: whole ones as they are, others with four significant digits. */
export function figure(value) {
  if (value === null || value === undefined) return "–";
  return Number.isInteger(value) ? String(value) : Number(value.toPrecision(4)).toString();
}

export function words(name) {
  return name.replaceAll("_", " ");
}

function element(kind, text) {
  const made = document.createElement(kind);
  made.textContent = text;
  return made;
}

/** Fills a table's body; a cell is a text, an element, or a text with a kind, which is its class. */
export function fillTable(id, lines) {
  byId(id).tBodies[0].replaceChildren(...lines.map(([name, ...cells]) => {
    const row = document.createElement("tr"), head = document.createElement("th");
    head.scope = "row";
    head.append(name);
    row.append(head);
    for (const each of cells) {
      const cell = document.createElement("td");
      cell.append(each?.text ?? each);
      if (each?.kind) cell.className = each.kind;
      row.append(cell);
    }
    return row;
  }));
}

/** Lines of a name, a bar for a share of 0…1, and a text. */
export function fillBars(id, values) {
  byId(id).replaceChildren(...values.map(([name, share, text]) => {
    const line = document.createElement("div"), bar = document.createElement("progress");
    line.className = "bar";
    bar.max = 1;
    bar.value = share ?? 0;
    bar.setAttribute("aria-label", `${name}: ${text}`);
    line.append(element("span", name), bar, element("span", text));
    return line;
  }));
}

export function definitions(pairs) {
  const list = document.createElement("dl");
  list.append(...pairs.flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
  return list;
}

/** A title that opens to what is below it. */
export function foldable(title, content, open) {
  const made = document.createElement("details");
  made.open = open;
  made.append(element("summary", title), content);
  return made;
}

/** A line through numbers at equal distances. */
export function sparkline(values) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 100 20");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(svg.namespaceURI, "polyline");
  const low = Math.min(...values), span = Math.max(...values) - low || 1, step = 100 / Math.max(1, values.length - 1);
  line.setAttribute("points", values.map((value, place) => `${(place * step).toFixed(1)},${(19 - 18 * (value - low) / span).toFixed(1)}`).join(" "));
  svg.append(line);
  return svg;
}
