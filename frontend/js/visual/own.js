// Blocks that the account keeps: a part of the mail saved under a name, and put into mails again.
import { nameOf } from "./components.js";
import { write } from "./xml.js";

export function ownBlocks(editor, root, rich, add) {
  const dialog = document.getElementById("visual-block");
  const form = dialog.querySelector("form[hx-post]");
  const blockOf = (button) => ({ inColumn: "inColumn" in button.dataset, mjml: button.dataset.ownBlock });

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
  root.addEventListener("click", ({ target }) => {
    if (target.closest("[data-keep]")) ask();
    const button = target.closest("[data-own-block]");
    if (button) rich.commit().then(() => add(blockOf(button), button.textContent.trim()));
  });
  form.addEventListener("htmx:afterRequest", ({ detail }) => detail.successful && dialog.close());

  root.addEventListener("keydown", (event) => {
    const open = event.target.closest?.(".ec-own-more[open]");
    if (event.key !== "Escape" || !open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });
}
