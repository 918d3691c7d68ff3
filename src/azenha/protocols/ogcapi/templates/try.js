// Makes the page of operations one where each can be tried. What comes back is shown as text, never as markup.

const SHOWN = 200000; // characters of a body; the rest can be downloaded
const main = document.querySelector("main");
const base = new URL(".", import.meta.url).pathname.replace(/\/api\/$/, "");

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// -- the form of an operation, made from its reference ---------------------------------------------

function field(row) {
  const { name, choices, required, kind } = row.dataset;
  const place = row.dataset.in;
  let input;
  if (choices) {
    input = element("select", {}, ...["", ...choices.split(" ")].map((one) => element("option", { value: one }, one)));
  } else {
    input = element("input", { type: "text", autocomplete: "off", spellcheck: false });
  }
  input.required = Boolean(required);
  Object.assign(input.dataset, { name, in: place, kind });
  if (kind === "object") { // parameters of any name, as they stand in the query
    input.placeholder = "name=value&other=value";
  }
  return element("label", {}, `${name} (${place}${required ? ", required" : ""})`, input);
}

function accept(operation) {
  const types = operation.dataset.method === "DELETE" || !operation.querySelector("pre.body")
    ? ["application/json", "*/*"]
    : ["application/json", "*/*", "text/plain", "multipart/related"];
  const input = element("select", {}, ...types.map((one) => element("option", { value: one }, one)));
  Object.assign(input.dataset, { name: "Accept", in: "header" });
  return element("label", {}, "Accept (header)", input);
}

function form(operation) {
  const rows = [...operation.querySelectorAll("tr[data-name]")];
  const fields = element("div", { className: "fields" }, ...rows.map(field), accept(operation));
  const made = element("form", {}, fields);
  const example = operation.querySelector("pre.body");
  if (example) {
    const text = example.textContent;
    const body = element("textarea", { value: text, rows: Math.min(20, text.split("\n").length + 1), spellcheck: false });
    body.dataset.type = example.dataset.type;
    example.hidden = true; // it stands in the field now
    made.append(element("label", {}, `Body (${example.dataset.type})`, body));
  }
  const send = element("button", { type: "submit" }, "Try it");
  const answer = element("div", { className: "answer" });
  answer.setAttribute("aria-live", "polite");
  made.append(send, answer);
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    send.disabled = true;
    answer.replaceChildren("…");
    try {
      answer.replaceChildren(...(await ask(request(operation, made))));
    } catch (error) {
      answer.replaceChildren(element("p", { className: "failed" }, `No answer: ${error.message}`));
    } finally {
      send.disabled = false;
    }
  });
  made.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      made.requestSubmit();
    }
  });
  return made;
}

// -- the request -------------------------------------------------------------------------------------

function request(operation, form) {
  let path = operation.dataset.path;
  const query = new URLSearchParams();
  const headers = {};
  for (const input of form.querySelectorAll("[data-name]")) {
    const { name } = input.dataset;
    const value = input.value;
    if (input.dataset.in === "path") {
      path = path.replace(`{${name}}`, encodeURIComponent(value));
    } else if (input.dataset.kind === "object") {
      new URLSearchParams(value).forEach((one, of) => query.append(of, one));
    } else if (value !== "" && input.dataset.in === "query") {
      query.append(name, value);
    } else if (value !== "") {
      headers[name] = value;
    }
  }
  const body = form.querySelector("textarea");
  if (body) {
    headers["Content-Type"] = body.dataset.type;
  }
  const asked = query.size ? `?${query}` : "";
  return { address: `${base}${path}${asked}`, method: operation.dataset.method, headers, body: body?.value };
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function command({ address, method, headers, body }) {
  const words = ["curl", "-i"];
  if (method !== "GET") {
    words.push("-X", method);
  }
  for (const [name, value] of Object.entries(headers)) {
    words.push("-H", quoted(`${name}: ${value}`));
  }
  if (body !== undefined) {
    words.push("--data-binary", quoted(body));
  }
  return [...words, quoted(location.origin + address)].join(" ");
}

// -- the answer --------------------------------------------------------------------------------------

async function ask(asked) {
  const began = performance.now();
  const { method, headers, body } = asked;
  const reply = await fetch(asked.address, { method, headers, body, cache: "no-store" });
  const content = await reply.blob();
  const milliseconds = Math.round(performance.now() - began);
  const status = element("p", { className: reply.ok ? "status successful" : "status failed" });
  status.append(`${reply.status} ${reply.statusText} · ${content.size} bytes · ${milliseconds} ms`);
  const shown = [status, element("pre", {}, command(asked)), told(reply.headers)];
  if (content.size) {
    shown.push(...(await bodyOf(content)));
  }
  return shown;
}

function told(headers) {
  const list = element("dl");
  for (const [name, value] of headers) {
    list.append(element("dt", {}, name), element("dd", {}, ...linked(value)));
  }
  return list;
}

/** A header's value, with the addresses of this server in it as links. */
function linked(value) {
  return value.split(/(https?:\/\/[^\s<>"]+)/).map((part) =>
    part.startsWith(`${location.origin}/`) ? element("a", { href: part }, part) : part);
}

async function bodyOf(content) {
  const address = URL.createObjectURL(content);
  if (/^image\/(png|jpeg|gif|webp)/.test(content.type)) {
    return [element("img", { src: address, alt: "the image that came back" }), download(address)];
  }
  if (!/^text\/|json|xml|^multipart\/related/.test(content.type)) {
    return [download(address)];
  }
  const text = layout(await content.slice(0, 4 * SHOWN).text(), content);
  const cut = text.length > SHOWN ? "\n…" : "";
  return [element("pre", { tabIndex: 0 }, text.slice(0, SHOWN) + cut), download(address)];
}

function download(address) {
  return element("p", {}, element("a", { href: address, download: "answer" }, "Download the body"));
}

/** JSON on several lines, where that changes nothing else: JavaScript would round long numbers. */
function layout(text, content) {
  if (!content.type.includes("json")) {
    return text;
  }
  try {
    const value = JSON.parse(text);
    return JSON.stringify(value) === text ? JSON.stringify(value, null, 2) : text;
  } catch {
    return text;
  }
}

// -- the page ----------------------------------------------------------------------------------------

for (const operation of document.querySelectorAll(".operation[data-method]")) {
  operation.addEventListener("toggle", () => {
    if (operation.open && !operation.querySelector("form")) {
      operation.querySelector(".inside").append(form(operation));
    }
  });
}

function open() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
  }
}
addEventListener("hashchange", open);
open();

const find = element("input", { type: "search", id: "find", placeholder: "Find an operation or a process" });
find.setAttribute("aria-label", "Find an operation or a process");
find.addEventListener("input", () => {
  const wanted = find.value.trim().toLowerCase();
  for (const one of document.querySelectorAll(".operation")) {
    one.hidden = !one.querySelector("summary").textContent.toLowerCase().includes(wanted);
  }
});
main.querySelector("section").before(find);
