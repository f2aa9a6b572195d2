// Tables that are sorted by a column, and two versions side by side.
import { finished, isJob, send } from "./api.js";
import { element } from "./outcomes.js";

export function makeSortable(table) {
  table.querySelectorAll("thead th").forEach((head, at) => {
    const button = element("button", head.textContent);
    button.type = "button";
    head.replaceChildren(button);
    button.addEventListener("click", () => sort(table, head, at));
  });
}

function sort(table, head, at) {
  const up = head.getAttribute("aria-sort") !== "ascending";
  table.querySelectorAll("[aria-sort]").forEach((each) => each.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", up ? "ascending" : "descending");
  const [body] = table.tBodies;
  const rows = [...body.rows].sort((one, other) => compare(valueOf(one, at), valueOf(other, at)));
  body.append(...(up ? rows : rows.reverse()));
}

const valueOf = (row, at) => row.cells[at].dataset.value ?? row.cells[at].textContent.trim();

// Numbers by size, before words; what is missing comes first.
function compare(one, other) {
  const [a, b] = [one, other].map((text) => Number(text.replaceAll(",", "")));
  if (Number.isNaN(a) || Number.isNaN(b)) return one.localeCompare(other);
  return a - b;
}

export function makeComparable(table) {
  const versions = JSON.parse(document.getElementById("versions-data").textContent);
  const place = document.getElementById("compared");
  const boxes = [...table.querySelectorAll("tbody [type=checkbox]")];
  table.addEventListener("change", () => {
    const chosen = boxes.filter((box) => box.checked).map((box) => Number(box.value));
    boxes.forEach((box) => (box.disabled = chosen.length === 2 && !box.checked));
    const two = versions.filter((each) => chosen.includes(each.version));
    place.replaceChildren(...(two.length === 2 ? [sideBySide(two.reverse())] : []));
    if (two.length === 2) tellEvidence(place, table.dataset.compare, two);
  });
}

// How sure it is which of two is better, on the same test rows.
async function tellEvidence(place, path, two) {
  const told = element("p", "Both answer the test rows…");
  place.append(told);
  const numbers = two.map((each) => each.version);
  try {
    const asked = `${path}?versions=${numbers}`;
    let found = await send("GET", asked);
    if (isJob(found)) found = (await finished(found, () => {})).result.comparison;
    const [low, high] = found.interval.map((end) => end.toPrecision(3));
    told.textContent =
      `On the same ${found.rows} test rows the ${found.score} of version ${numbers[1]} differs by ` +
      `${found.difference.toPrecision(3)} (95 %: ${low} to ${high}; ${found.test.name}: p = ` +
      `${found.test.p_value.toPrecision(2)}). It is ${found.verdict}.`;
  } catch (error) {
    told.textContent = error.message;
  }
}

function sideBySide([one, other]) {
  const made = element("table", "");
  made.createCaption().textContent = `Version ${one.version} and version ${other.version}`;
  const head = made.createTHead().insertRow();
  for (const text of ["", one.version, other.version, "difference"]) {
    const cell = element("th", text);
    cell.scope = "col";
    head.append(cell);
  }
  for (const kind of ["result", "hyper_parameters"]) {
    const names = new Set([...Object.keys(one[kind] ?? {}), ...Object.keys(other[kind] ?? {})]);
    for (const name of names) line(made.createTBody(), name, one[kind]?.[name], other[kind]?.[name]);
  }
  return made;
}

function line(body, name, one, other) {
  if ([one, other].some((each) => each !== null && typeof each === "object")) return;
  const row = body.insertRow();
  const head = element("th", name);
  head.scope = "row";
  const numbers = typeof one === "number" && typeof other === "number";
  const difference = numbers && one !== other ? (other - one).toPrecision(3) : "";
  row.append(head, ...[one, other, difference].map((each) => element("td", shown(each))));
}

const shown = (value) => (typeof value === "number" && !Number.isInteger(value) ? value.toFixed(4) : String(value ?? "–"));
