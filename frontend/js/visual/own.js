// Blocks that the account keeps: a part of the mail saved under a name, and put into mails again.
import { nameOf } from "./components.js";
import { write } from "./xml.js";

export function ownBlocks(editor, root, rich) {
  const dialog = document.getElementById("visual-block");
  const form = dialog.querySelector("form[hx-post]");

  async function ask() {
    const component = editor.getSelected();
    if (!component) return;
    await rich.commit();
    form.elements.element.value = write(component);
    form.elements.name.value = nameOf(component);
    form.querySelector("#block-problem").replaceChildren();
    dialog.showModal();
    form.elements.name.select();
  }
  root.addEventListener("click", ({ target }) => target.closest("[data-keep]") && ask());
  form.addEventListener("htmx:afterRequest", ({ detail }) => detail.successful && dialog.close());

  root.addEventListener("keydown", (event) => {
    const open = event.target.closest?.(".ec-own-more[open]");
    if (event.key !== "Escape" || !open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });
}
