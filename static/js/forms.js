// Forms that send what they hold to the API: data-send="POST /v1/…".
//
// The fields bear the API's names, or those of columns, as data-field: a field whose name were
// "elements" would take the place of the form's own. data-within="search params" says in which
// object of the body the field stands.
//
// data-done is where to go then, "" the same page; {id} in it is of the answer. data-rows sends one
// row for predict, data-tell tells what came of it, data-secret shows what is told once, data-later does not wait for the work.
import { Problem, finished, isJob, send, words } from "./api.js";
import { showPredictions, showSecret } from "./answers.js";
import { clear, fail, note } from "./outcomes.js";

export function takeForm(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.dataset.confirm && !confirm(form.dataset.confirm)) return;
    clear(form);
    const button = form.querySelector("button:not([data-copy])");
    button.disabled = true;
    try {
      await sendForm(form);
    } catch (error) {
      fail(form, error);
    } finally {
      button.disabled = false;
    }
  });
}

async function sendForm(form) {
  const [method, path] = form.dataset.send.split(" ");
  const later = "later" in form.dataset;
  const prefer = later ? { Prefer: "respond-async" } : {};
  let answer = await send(method, path, bodyOf(form), prefer);
  if (isJob(answer) && !later) {
    const job = await finished(answer, (each) => note(form, words(each)));
    // The change waited for evidence: now that this is there it is asked for again.
    answer = job.kind === "compare" ? await send(method, path, bodyOf(form)) : job.result;
  }
  if ("rows" in form.dataset) return showPredictions(form, answer);
  if ("tell" in form.dataset) return note(form, verdictOf(answer));
  if ("secret" in form.dataset) return showSecret(form, answer);
  const id = encodeURIComponent(answer?.id ?? answer?.experiment ?? "");
  const place = form.dataset.done.replace("{id}", id);
  if (place) location.assign(place);
  else location.reload();
}

// What came of a version that was grown again.
function verdictOf({ identical, different }) {
  return identical ? "Grown again: the same, byte for byte." : `Grown again, and not the same: ${different.join(", ")}.`;
}

// What the form holds, as the API takes it; undefined where it holds nothing.
export function bodyOf(form) {
  const fields = Object.create(null); // a column may be named __proto__
  for (const field of fieldsOf(form)) {
    const { field: name, kind } = field.dataset;
    const value = valueOf(field);
    if (value === undefined) continue;
    const place = within(field).reduce((at, step) => (at[step] ??= {}), fields);
    if (kind === "list") (place[name] ??= []).push(value);
    else place[name] = value;
  }
  if ("rows" in form.dataset) return { rows: [rowOf(form, fields)], ...optionsOf(form) };
  return form.dataset.send.startsWith("DELETE") || !Object.keys(fields).length ? undefined : fields;
}

const within = (field) => field.dataset.within?.split(" ") ?? [];
const fieldsOf = (form) => form.querySelectorAll("[data-field]");

function rowOf(form, fields) {
  const names = [...fieldsOf(form)].map((field) => field.dataset.field);
  return Object.fromEntries(names.map((name) => [name, fields[name] ?? null]));
}

// What is said beside the rows: a column may have any name, so these have none.
function optionsOf(form) {
  const chosen = [...form.querySelectorAll("[data-option]")].filter((box) => box.checked);
  return Object.fromEntries(chosen.map((box) => [box.dataset.option, true]));
}

function valueOf(field) {
  if (["radio", "checkbox"].includes(field.type)) return field.checked ? field.value : undefined;
  if (field.validity?.badInput) throw new Problem({ detail: `${field.dataset.field}: a number is expected.` });
  if (field.value === "") return undefined;
  if (field.dataset.kind === "number") return Number(field.value);
  if (field.dataset.kind === "values") return field.value.split(",").map((each) => oneOf(each.trim()));
  if (field.dataset.kind === "boolean") return field.value === "true";
  return field.value;
}

const WORDS = new Map([["none", null], ["true", true], ["false", false]]);

// One of several values: a number, none, true or false, or a word.
function oneOf(text) {
  if (WORDS.has(text)) return WORDS.get(text);
  return text === "" || Number.isNaN(Number(text)) ? text : Number(text);
}
