// Pictures and partial dependence: both are made when they are first asked for.
import { finished, isJob, send, words } from "./api.js";
import { clear, element, fail, note } from "./outcomes.js";

const LATER = { Prefer: "respond-async" }; // a wait would hold a place that an upload may need

// Pictures are asked for once somebody comes to where they stand, and shown once they are drawn.
export function showPictures(section) {
  const seen = new IntersectionObserver(async (entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    seen.disconnect();
    try {
      await made(section, section.dataset.pictures);
      for (const image of section.querySelectorAll("img")) image.src = image.dataset.src;
    } catch (error) {
      fail(section, error);
    }
  });
  seen.observe(section);
}

// What is at the address, once the job has made it that it leads to.
async function made(place, path) {
  const told = await send("GET", path, undefined, LATER);
  if (!isJob(told)) return told;
  await finished(told, (job) => note(place, words(job)));
  clear(place);
  return send("GET", path);
}

export function followDependence(form) {
  const [feature, label] = form.querySelectorAll("select");
  const place = form.querySelector(".answer");
  const show = async () => {
    clear(form);
    try {
      const path = `${form.dataset.dependence}?feature=${encodeURIComponent(feature.value)}`;
      const told = await made(form, path);
      const at = told.classes ? told.classes.indexOf(label.value) : null;
      place.replaceChildren(table(told, told.means.map((each) => (at === null ? each : each[at]))));
    } catch (error) {
      fail(form, error);
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show();
  });
  form.addEventListener("change", show);
}

function table(told, means) {
  const made = element("table", "");
  made.createCaption().textContent = `The mean answer to ${told.rows} test rows once ${told.feature} is`;
  told.values.forEach((value, at) => {
    const row = made.insertRow();
    row.append(element("th", typeof value === "number" ? Number(value.toPrecision(6)) : value));
    row.firstChild.scope = "row";
    const meter = element("meter", "");
    Object.assign(meter, { min: Math.min(0, ...means), max: Math.max(...means, told.classes ? 1 : 0), value: means[at] });
    meter.setAttribute("aria-label", String(value));
    row.insertCell().append(meter);
    const cell = row.insertCell();
    cell.className = "number";
    cell.textContent = means[at].toPrecision(4);
  });
  return made;
}
