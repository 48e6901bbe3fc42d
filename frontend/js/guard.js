// Forms with data-guard: leaving with unsaved changes asks first.
import { on } from "./dom.js";

let dirty = null;

on("input", "form[data-guard]", (form) => {
  dirty = form;
});
document.addEventListener("submit", (event) => {
  if (event.target === dirty && !event.defaultPrevented) dirty = null;
});
// What only redraws the page (a question moved, a preview) saves nothing: there is something to lose from then on.
const redraws = (element) => element.closest("[data-guard-keep]");
document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (redraws(detail.elt)) dirty = detail.elt.closest("form[data-guard]") ?? dirty;
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  // The element that asked, which may be swapped away by now.
  if (redraws(detail.requestConfig?.elt ?? detail.elt)) return;
  if (detail.xhr.status === 422) return; // refused: nothing is saved
  if (detail.successful && dirty && (detail.elt === dirty || dirty.contains(detail.elt)) && detail.requestConfig.verb !== "get") dirty = null;
});
addEventListener("beforeunload", (event) => {
  if (dirty?.isConnected) event.preventDefault();
});
