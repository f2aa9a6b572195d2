// The request of a form, as the curl that makes it.
import { bodyOf } from "./forms.js";

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

export function followCurl(form) {
  const code = form.querySelector(".curl code");
  const write = () => {
    try {
      code.textContent = command(form);
    } catch (error) {
      code.textContent = error.message;
    }
  };
  form.addEventListener("input", write);
  form.addEventListener("change", write);
  write();
  const button = form.querySelector("[data-copy]");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
}

function command(form) {
  const { upload, score, send } = form.dataset;
  const file = form.querySelector("[type=file]")?.files[0]?.name ?? "table.csv";
  if (upload !== undefined) return curl(["-T", quoted(file)], `/v1/datasets/${form.elements.name.value || "NAME"}`);
  if (score !== undefined) {
    return curl(["-H 'Content-Type: text/csv'", "--data-binary", quoted(`@${file}`), "-o predicted.csv"], score);
  }
  const [method, path] = send.split(" ");
  const body = bodyOf(form);
  const json = body && ["-H 'Content-Type: application/json'", "-d", quoted(JSON.stringify(body))];
  return curl(json && method === "POST" ? json : [`-X ${method}`, ...(json ?? [])], path);
}

// Where keys are asked for, the pages' own session stands for one; curl has it in $GROVE_API_KEY.
function curl(options, path) {
  const key = document.querySelector("[data-sign-out]") ? ['-H "Authorization: Bearer $KEY"'] : [];
  return ["curl", ...key, ...options, quoted(location.origin + path)].join(" ");
}
