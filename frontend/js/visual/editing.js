// Writing in the mail itself: what is typed stays XML, what is pasted is plain text.
import { inner } from "./xml.js";

export function editing(editor, bar) {
  let at = null; // where somebody writes just now

  function paste(event) {
    event.preventDefault();
    at.ownerDocument.execCommand("insertText", false, event.clipboardData.getData("text/plain"));
  }
  function leave(event) {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    commit().then(() => bar.querySelector("[data-do=edit]")?.focus());
  }
  editor.setCustomRte({
    parseContent: false,
    enable(element) {
      at = element;
      element.contentEditable = "true";
      element.addEventListener("paste", paste);
      element.addEventListener("keydown", leave);
      element.ownerDocument.execCommand("defaultParagraphSeparator", false, "p");
      element.focus();
      return { element };
    },
    disable(element) {
      at = null;
      element.contentEditable = "false";
      element.removeEventListener("paste", paste);
      element.removeEventListener("keydown", leave);
    },
    getContent: (element) => inner(element),
  });

  const view = () => editor.getEditing()?.view;
  async function commit() {
    await view()?.disableEditing();
  }

  // Whoever presses something of the bar goes on writing.
  bar.addEventListener("mousedown", (event) => event.stopPropagation());
  const run = (command, value) => at?.ownerDocument.execCommand(command, false, value);

  async function begin(component) {
    if (at) return;
    component.trigger("active");
    await new Promise((resolve) => setTimeout(resolve));
    const selection = at?.ownerDocument.getSelection();
    selection?.selectAllChildren(at);
    selection?.collapseToEnd();
  }

  async function insert(text) {
    if (!at) await begin(editor.getSelected());
    at?.focus();
    run("insertText", text);
  }

  const dialog = document.getElementById("visual-link");
  const address = dialog.querySelector("input");
  let range = null;
  function askLink() {
    const selection = at?.ownerDocument.getSelection();
    if (!selection?.rangeCount) return;
    range = selection.getRangeAt(0);
    address.value = selection.anchorNode.parentElement.closest("a")?.getAttribute("href") ?? "";
    dialog.showModal();
  }
  dialog.addEventListener("mousedown", (event) => event.stopPropagation());
  dialog.addEventListener("close", () => {
    if (!at || !range) return;
    at.focus();
    const selection = at.ownerDocument.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    const link = selection.anchorNode.parentElement.closest("a");
    if (dialog.returnValue === "set" && address.value.trim()) {
      if (link) link.setAttribute("href", address.value.trim());
      else run("createLink", address.value.trim());
    } else if (dialog.returnValue === "remove" && link) link.replaceWith(...link.childNodes);
    range = null;
    dialog.returnValue = "";
  });

  return {
    begin,
    commit,
    insert,
    run: (command) => (command === "link" ? askLink() : run(command)),
    isOn: () => Boolean(at),
    typed: () => (at && editor.getEditing() ? { component: editor.getEditing(), content: inner(at) } : undefined),
  };
}
