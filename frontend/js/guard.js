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
  if (detail.successful && dirty && (detail.elt === dirty || dirty.contains(detail.elt)) && detail.requestConfig.verb !== "get") dirty = null;
});
addEventListener("beforeunload", (event) => {
  if (dirty?.isConnected) event.preventDefault();
});
