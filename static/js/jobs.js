// The jobs of an experiment: how far they are, and to stop them.
import { send } from "./api.js";
import { element } from "./outcomes.js";

const QUICK = 1000;
const SLOW = 10_000;
const OPEN = ["queued", "running", "paused"];
const SHOWN = 5;
const ASIDE = ["inspect", "compare", "verify"]; // what comes of them is told where it was asked for

export function followJobs(section) {
  const list = section.querySelector("ul");
  const path = `/v1/jobs?experiment=${encodeURIComponent(section.dataset.jobs)}&page_size=${SHOWN}`;
  const known = section.dataset.over.split(" "); // the jobs that were over when the page was made
  let touched = false;
  document.addEventListener("input", () => (touched = true));
  const look = async () => {
    let jobs = null;
    try {
      jobs = (await send("GET", path)).items;
    } catch (error) {
      list.replaceChildren(element("li", error.message));
    }
    if (jobs) {
      draw(list, jobs);
      say(section, jobs[0]);
      // What was made stands in the page itself: that is read anew, unless somebody fills it in.
      const over = jobs.filter((job) => !OPEN.includes(job.state) && !ASIDE.includes(job.kind));
      if (over.some((job) => !known.includes(job.id))) {
        if (!touched) return location.reload();
        renew(section);
      }
    }
    setTimeout(look, jobs?.some((job) => OPEN.includes(job.state)) ? QUICK : SLOW);
  };
  look();
}

// A screen reader hears when the newest work begins and ends, and not each percent of it.
function say(section, job) {
  const status = section.querySelector("[role=status]");
  const text = job ? `${job.kind}: ${job.state}` : "";
  if (status.textContent !== text) status.textContent = text;
}

function renew(section) {
  if (section.querySelector("a")) return;
  const link = element("a", "There is something new: show it");
  link.href = "";
  section.append(link);
}

function draw(list, jobs) {
  if (list.contains(document.activeElement)) return; // a button is about to be pressed
  list.replaceChildren(...jobs.map(item));
  if (!jobs.length) list.replaceChildren(element("li", "Nothing so far."));
}

function item(job) {
  const made = element("li", "");
  const state = element("span", job.state);
  state.className = `state ${job.state}`;
  made.append(element("strong", job.kind), " ", state, " ", job.error?.detail ?? job.message);
  if (!OPEN.includes(job.state)) return made;
  const bar = element("progress", "");
  bar.value = job.progress;
  bar.setAttribute("aria-label", `${job.kind}, ${Math.round(100 * job.progress)} %`);
  made.append(bar);
  if (job.estimated_end_at) {
    made.append(element("small", `until about ${new Date(job.estimated_end_at).toLocaleTimeString()} `));
  }
  const actions = job.state === "paused" ? ["resume", "cancel"] : ["pause", "cancel"];
  made.append(...actions.map((action) => button(job, action)));
  return made;
}

function button(job, action) {
  const made = element("button", action);
  made.className = "quiet";
  made.setAttribute("aria-label", `${action} ${job.kind}`);
  made.addEventListener("click", async () => {
    made.disabled = true;
    try {
      await send("POST", `/v1/jobs/${job.id}/${action}`);
    } catch (error) {
      made.after(element("span", error.message));
    }
    made.blur();
  });
  return made;
}
