// Rich text in Trix. The textarea stays the form's field: it changes only when somebody writes.
import "trix";

function styles(address) {
  return new Promise((resolve) => {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: address, onload: resolve, onerror: resolve });
    document.head.append(link);
  });
}

export async function open(field, form) {
  await styles(form.dataset.richStyles);
  const value = Object.assign(document.createElement("input"), { type: "hidden", id: "rich-value", value: field.value });
  const editor = document.createElement("trix-editor");
  editor.setAttribute("input", value.id);
  editor.setAttribute("aria-label", "Body");
  editor.className = "ec-rich-editor";
  editor.addEventListener("trix-file-accept", (event) => event.preventDefault());
  const ready = new Promise((resolve) => editor.addEventListener("trix-initialize", resolve, { once: true }));
  field.before(value, editor);
  field.hidden = true;
  await ready;
  let known = value.value;
  editor.addEventListener("trix-change", () => {
    if (value.value === known) return;
    known = field.value = value.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  const insert = (text) => {
    editor.focus();
    editor.editor.insertString(text);
  };
  return { insert, goTo: () => editor.focus(), mark() {} };
}
