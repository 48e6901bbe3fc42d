// Forms with data-guard: leaving with unsaved changes asks first.
import { on } from "./dom.js";

let dirty = null;

on("input", "form[data-guard]", (form) => {
  dirty = form;
});
document.addEventListener("submit", (event) => {
  if (event.target === dirty && !event.defaultPrevented) dirty = null;
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  // What only changes the page (a question moved, a preview) saves nothing: the form has something to lose from then on.
  const draws = detail.elt.closest("[data-guard-keep]");
  if (draws) {
    dirty = draws.closest("form[data-guard]") ?? dirty;
    return;
  }
  if (detail.successful && dirty && (detail.elt === dirty || dirty.contains(detail.elt)) && detail.requestConfig.verb !== "get") dirty = null;
});
addEventListener("beforeunload", (event) => {
  if (dirty?.isConnected) event.preventDefault();
});
