// The API, as all pages ask it: an answer, or the problem (RFC 9457) that stands in its place.

const JSON_TYPE = "application/json";

export class Problem extends Error {
  constructor(problem) {
    super(problem.detail || problem.title);
    this.faults = problem.errors || [];
    this.status = problem.status;
  }
}

// The answer's JSON, or null where it has none. Throws a Problem.
export async function send(method, path, body, headers = {}) {
  const type = body === undefined ? {} : { "Content-Type": JSON_TYPE };
  const sent = body === undefined ? undefined : JSON.stringify(body);
  return answered(await ask(path, { method, body: sent, headers: { ...type, ...headers } }));
}

export async function ask(path, options) {
  try {
    return await fetch(path, options);
  } catch {
    throw new Problem({ detail: "The service does not answer. Is it running?" });
  }
}

export async function answered(response) {
  const text = await response.text();
  return read(response.status, text);
}

// Throws a Problem for a status of 400 and more.
export function read(status, text) {
  let found = null;
  try {
    found = text ? JSON.parse(text) : null;
  } catch {
    throw new Problem({ detail: `The answer is no JSON (status ${status}).`, status });
  }
  if (status >= 400) throw new Problem(found || { title: `Status ${status}`, status });
  return found;
}

// A job once it is over; `told` is called with it as often as it is looked at. Throws a Problem.
export async function finished(job, told) {
  for (let pause = 200; ["queued", "running", "paused"].includes(job.state); pause = Math.min(pause * 1.3, 2000)) {
    told(job);
    await new Promise((go) => setTimeout(go, pause));
    job = await send("GET", `/v1/jobs/${job.id}`);
  }
  if (job.error) throw new Problem(job.error);
  if (job.state === "cancelled") throw new Problem({ detail: "The work was cancelled." });
  return job;
}

export const isJob = (answer) => answer !== null && "state" in answer && "kind" in answer;
export const words = (job) => `${job.state} ${Math.round(100 * job.progress)} %${job.message ? `: ${job.message}` : ""}`;
