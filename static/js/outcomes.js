// What became of a form: what is wrong stands beside the field that it is about.

export function clear(form) {
  form.querySelectorAll(".fault").forEach((each) => each.remove());
  form.querySelectorAll("[aria-invalid]").forEach((each) => {
    each.removeAttribute("aria-invalid");
    each.removeAttribute("aria-errormessage");
  });
  for (const each of form.querySelectorAll(".alert, .note[role], .faults")) {
    each.hidden = true;
    each.textContent = "";
  }
}

export function note(form, text) {
  show(form.querySelector(".note[role]"), text);
}

// Show a Problem: each fault at its field, what has none in the form's own place.
export function fail(form, error) {
  clear(form);
  const others = (error.faults || []).filter((fault) => !atField(form, fault));
  const text = others.length ? others.map((fault) => fault.message).join("\n") : "";
  const list = form.querySelector(".faults");
  show(form.querySelector(".alert"), list || !text ? error.message : text);
  if (list && others.length) {
    list.hidden = false;
    list.replaceChildren(...others.map((fault) => element("li", fault.message)));
  }
  form.querySelector("[aria-invalid]")?.focus();
}

function atField(form, fault) {
  const name = decoded(fault.pointer || "");
  const fields = [...form.querySelectorAll("[data-field]:not([type=hidden]), [name=name]")];
  const field = fields.find((each) => (each.dataset.field ?? each.name) === name);
  if (!field || field.type === "radio") return false;
  const told = element("span", fault.message);
  told.className = "fault";
  told.id = `${field.id || name}-fault`;
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-errormessage", told.id);
  field.after(told);
  return true;
}

// The field that a JSON pointer (RFC 6901) names, in a row or in an object of the body.
function decoded(pointer) {
  const steps = pointer.split("/").map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (steps[1] === "rows") return steps[3];
  return steps[1] === "search" ? steps[steps[2] === "params" ? 3 : 2] : steps[1];
}

export function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function show(place, text) {
  if (!place) return;
  place.hidden = false;
  place.textContent = text;
}
