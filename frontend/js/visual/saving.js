// Puts what the editor has into the form, which is then saved as every editor's is; untouched, it is the source itself.
import { write } from "./xml.js";

const PAUSE = 400;

export function saving(editor, form, rich) {
  const { source, drawn } = form.elements;
  const original = source.value;
  const now = () => write(editor.getWrapper().findType("mjml")[0], rich.typed());
  const opened = now();
  let timer = 0;

  function take() {
    clearTimeout(timer);
    const made = now();
    const isOriginal = made === opened;
    const value = isOriginal ? original : made;
    if (value === source.value) return;
    source.value = value;
    drawn.value = isOriginal ? "" : "1";
    source.dispatchEvent(new Event("input", { bubbles: true }));
  }
  editor.on("update component:input", () => {
    clearTimeout(timer);
    timer = setTimeout(take, PAUSE);
  });
  // Whoever presses a button of the page means all that they wrote.
  form.addEventListener("submit", take, { capture: true });
  form.addEventListener("htmx:configRequest", ({ detail }) => {
    take();
    detail.parameters.source = source.value;
    detail.parameters.drawn = drawn.value;
  });
  document.addEventListener("pointerdown", ({ target }) => target.closest?.("button[form]") && take(), { capture: true });
}
