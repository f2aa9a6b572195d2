// Files: dropped or picked, sent with a progress bar, and what comes back of them.
import { Problem, answered, ask, finished, isJob, read, words } from "./api.js";
import { clear, fail, note } from "./outcomes.js";

const CSV = "text/csv";
const LONGEST_NAME = 64;

export function takeUpload(form) {
  const { file, name } = form.elements;
  takeDrops(form, file);
  file.addEventListener("change", () => {
    name.value = nameOf(file.files[0]?.name ?? "");
    name.dispatchEvent(new Event("input", { bubbles: true }));
  });
  submitted(form, async () => {
    const place = `/v1/datasets/${encodeURIComponent(name.value)}`;
    const answer = await put(place, file.files[0], form.querySelector("progress"));
    if (isJob(answer)) await finished(answer, (job) => note(form, words(job)));
    location.assign(`/datasets/${encodeURIComponent(name.value)}`);
  });
}

export function takeScoring(form) {
  const input = form.querySelector("[type=file]");
  takeDrops(form, input);
  submitted(form, async () => {
    note(form, "Predicting…");
    const options = { method: "POST", headers: { "Content-Type": CSV }, body: input.files[0] };
    const response = await ask(form.dataset.score, options);
    if (!response.ok) return answered(response);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await response.blob());
    link.download = `${form.dataset.name}-predicted.csv`;
    link.click();
    note(form, `Saved as ${link.download}, predicted by version ${response.headers.get("Grove-Version")}.`);
  });
}

// What the service takes as a name.
export const nameOf = (file) =>
  file
    .toLowerCase()
    .replace(/\.(csv|tsv|txt)$/, "")
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, LONGEST_NAME);

function submitted(form, work) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clear(form);
    const button = form.querySelector("button:not([data-copy])");
    button.disabled = true;
    try {
      await work();
    } catch (error) {
      fail(form, error);
    } finally {
      button.disabled = false;
    }
  });
}

function takeDrops(form, input) {
  const over = (is) => (event) => {
    event.preventDefault();
    form.classList.toggle("over", is);
  };
  form.addEventListener("dragover", over(true));
  form.addEventListener("dragleave", over(false));
  form.addEventListener("drop", (event) => {
    over(false)(event);
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

// fetch tells nothing of how much has been sent; XMLHttpRequest does.
function put(path, file, bar) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    bar.hidden = false;
    request.upload.addEventListener("progress", (event) => (bar.value = event.loaded / event.total));
    request.addEventListener("load", () => {
      bar.hidden = true;
      try {
        done(read(request.status, request.responseText));
      } catch (problem) {
        failed(problem);
      }
    });
    request.addEventListener("error", () => failed(new Problem({ detail: "The upload broke off." })));
    request.open("PUT", path);
    request.setRequestHeader("Content-Type", CSV);
    request.setRequestHeader("Prefer", "respond-async");
    request.send(file);
  });
}
