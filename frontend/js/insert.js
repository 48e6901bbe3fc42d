// Buttons that insert Liquid into the field that was last typed in; the editor's page has its own, for its editors.
import { on } from "./dom.js";

let last = null;

on("focusin", "[data-insert-into] :is(input[type=text], textarea)", (field) => {
  last = field;
});
on("click", "[data-insert]", (button) => {
  const field = last?.isConnected ? last : document.querySelector("[data-insert-first]");
  if (!field || document.querySelector("form[data-editor]")) return;
  button.closest("details").open = false;
  field.focus();
  field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
});
