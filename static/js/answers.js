// Answers that are shown and not gone on from.
import { element } from "./outcomes.js";

const place = (form) => form.querySelector(".answer");

// The classes with their probabilities, the likeliest first; or the value.
export function showPredictions(form, answer) {
  const [prediction] = answer.predictions;
  const head = element("p", `Version ${answer.version} says `);
  head.append(element("strong", String(prediction.label ?? prediction.value)));
  place(form).replaceChildren(head, ...(prediction.probabilities ? [table(prediction.probabilities)] : []));
  if (prediction.explanation) place(form).append(reasons(prediction));
  for (const warning of answer.warnings ?? []) place(form).append(element("p", warning.message));
}

function table(probabilities) {
  const made = element("table", "");
  const ordered = Object.entries(probabilities).sort(([, one], [, other]) => other - one);
  for (const [label, share] of ordered) {
    const row = made.insertRow();
    row.append(element("th", label));
    row.firstChild.scope = "row";
    const meter = element("meter", "");
    meter.value = share;
    meter.setAttribute("aria-label", `probability of ${label}`);
    row.insertCell().append(meter);
    const cell = row.insertCell();
    cell.className = "number";
    cell.textContent = share.toFixed(4);
  }
  return made;
}

// What each column added to the answer, the most first.
function reasons({ label, probabilities, explanation }) {
  // A class 1.0 is the number 1 to JavaScript, and "1.0" to the service.
  const likeliest = Object.entries(probabilities ?? {}).sort(([, one], [, other]) => other - one)[0]?.[0];
  const key = probabilities && String(label) in probabilities ? String(label) : likeliest;
  const of = (each) => (typeof each === "number" ? each : each[key]);
  const made = element("table", "");
  const title = label === undefined ? "What each column adds" : `What each column adds to the probability of ${label}`;
  made.createCaption().textContent = title;
  const columns = Object.entries(explanation.contributions).map(([name, each]) => [name, of(each)]);
  columns.sort(([, one], [, other]) => Math.abs(other) - Math.abs(one));
  for (const [name, share] of [["all training rows", of(explanation.base)], ...columns]) {
    const row = made.insertRow();
    row.append(element("th", name));
    row.firstChild.scope = "row";
    const cell = row.insertCell();
    cell.className = "number";
    cell.textContent = (share > 0 ? "+" : "") + share.toPrecision(3);
  }
  return made;
}

// A key that was just made: it is nowhere to be had later.
export function showSecret(form, answer) {
  const pre = element("pre", answer.key);
  const again = element("a", "Go on");
  again.href = "/keys";
  place(form).replaceChildren(element("p", `The key ${answer.name}, told this once:`), pre, again);
}
