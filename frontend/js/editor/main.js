// The editor's page: says whether what was written is saved, inserts, leads to mistakes, and loads heavy editors when one is open.
import { on } from "../dom.js";
import { plain } from "./plain.js";

const RETRY = 10_000;
const form = document.querySelector("form[data-editor]");
const fields = { body: form.elements.source, text: form.elements.text };
const editors = { body: plain(fields.body), text: fields.text && plain(fields.text) };
let last = editors.body;

const heavy = { html: () => import("./code.js"), mjml: () => import("./code.js"), rich: () => import("./rich.js"), visual: () => import("../visual/main.js") };
const load = heavy[form.dataset.editor];
if (load) {
  load()
    .then(({ open }) => open(fields.body, form))
    .then((editor) => {
      if (last === editors.body) last = editor;
      editors.body = editor;
      mark();
    });
}

document.addEventListener("focusin", ({ target }) => {
  if (!form.contains(target)) return;
  last = target === fields.text ? editors.text : target.closest(".ec-write-text") ? last : editors.body;
});

on("click", "[data-insert]", (button) => {
  button.closest("details").open = false;
  last.insert(button.dataset.insert);
});

const quoted = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
const picture = {
  markdown: ({ url, alt }) => `![${alt.replace(/[[\]]/g, "")}](${url})`,
  html: ({ url, alt, width }) => `<img src="${url}" alt="${quoted(alt)}" width="${width}">`,
  mjml: ({ url, alt }) => `<mj-image src="${url}" alt="${quoted(alt)}" />`,
}[form.dataset.editor];
document.addEventListener("media:picked", ({ detail }) => picture && editors.body.insert(picture(detail)));

on("click", "[data-goto]", (button) => {
  const { part, line, column } = button.closest("[data-problem]").dataset;
  if (part === "text") form.querySelector(".ec-write-text").open = true;
  document.querySelector("[name=pane][value=write]").click();
  editors[part === "text" ? "text" : "body"].goTo(Number(line), Number(column));
});

function mark() {
  const found = [...document.querySelectorAll("#outcome [data-problem][data-part=body]")].map(({ dataset }) => dataset);
  editors.body.mark(found.map(({ line, column, message }) => ({ line: Number(line), column: Number(column), message })));
}
document.addEventListener("htmx:afterSwap", ({ detail }) => detail.target.id === "outcome" && mark());

// What is not saved is said where "Saved" stood, and tried again until it is.
let retry = 0;
function say(text, isBad) {
  const state = document.getElementById("save-state");
  const words = document.createElement("span");
  words.className = `ec-write-note${isBad ? " is-warning" : ""}`;
  words.textContent = text;
  state.replaceChildren(words);
}
// What is pressed waits while something is being saved; htmx would forget which button it was as soon as somebody writes on.
form.addEventListener("htmx:configRequest", ({ target, detail }) => {
  if (target !== form) return;
  const pressed = detail.triggeringEvent?.submitter;
  if (pressed?.name) detail.parameters[pressed.name] = pressed.value;
  else delete detail.parameters.do;
});
const save = () => window.htmx.trigger(form, "input");
// What was typed before anybody listened is saved, too.
const begin = () => fields.body.value !== fields.body.defaultValue && save();
if (document.readyState === "complete") begin();
else addEventListener("load", begin);
const WHY = {
  401: "Not saved: you are signed out. Sign in in another tab, then go on here",
  429: "Not saved yet: a lot at once. It is tried again",
};
function failed(event) {
  if (event.target !== form) return;
  event.stopPropagation();
  say(event.type === "htmx:responseError" ? (WHY[event.detail.xhr.status] ?? "Not saved: the server did not take it") : "Not saved: no connection", true);
  clearTimeout(retry);
  retry = setTimeout(save, RETRY);
}
for (const type of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) form.addEventListener(type, failed);
form.addEventListener("htmx:beforeRequest", ({ target }) => target === form && say("Saving…"));
form.addEventListener("htmx:afterOnLoad", ({ detail }) => {
  if (!detail.successful) return; // htmx says this of refusals too
  clearTimeout(retry);
  retry = 0;
});
for (const type of ["online", "focus"]) addEventListener(type, () => retry && save());

// Whoever signs in anew in another tab has another token; who is there is asked all the time, so that it comes with the answer.
const presence = document.getElementById("presence");
presence.addEventListener("htmx:responseError", (event) => event.stopPropagation());
presence.addEventListener("htmx:sendError", (event) => event.stopPropagation());
presence.addEventListener("htmx:afterSwap", () => {
  const token = presence.querySelector("[data-token]")?.dataset.token;
  if (!token) return;
  form.elements.csrfmiddlewaretoken.value = token;
  document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
  if (retry) save();
});

// Who closes the page has left at once, not when nothing was heard of them for a while.
addEventListener("pagehide", () => {
  const address = document.getElementById("presence").getAttribute("hx-get");
  fetch(`${address}?leave=1&page=${encodeURIComponent(form.elements.page.value)}`, { keepalive: true });
});

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
    event.preventDefault();
    [...form.elements].find(({ name, value }) => name === "do" && value === "save")?.click();
  }
});
