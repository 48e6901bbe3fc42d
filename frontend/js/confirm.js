// Asks before a form is sent: data-confirm on the form or its button; data-confirm-type must be typed word for word.
import { on } from "./dom.js";

function element(name, properties = {}, children = []) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

export function ask({ question, type, label, isDanger }) {
  return new Promise((resolve) => {
    const cancel = element("button", { type: "button", className: "btn ec-btn-secondary", textContent: "Cancel" });
    const go = element("button", {
      className: `btn ${isDanger ? "ec-btn-danger" : "ec-btn-primary"}`,
      textContent: label,
      value: "yes",
      disabled: Boolean(type),
    });
    const parts = [element("p", { textContent: question, id: "confirm-text" })];
    if (type) {
      const input = element("input", { className: "form-control", id: "confirm-type", autocomplete: "off" });
      input.addEventListener("input", () => {
        go.disabled = input.value.trim().replaceAll(",", "") !== type.replaceAll(",", "");
      });
      const name = element("label", { htmlFor: "confirm-type", textContent: `Type ${type} to go on` });
      parts.push(element("div", { className: "ec-field ec-confirm-field" }, [name, input]));
    }
    parts.push(element("div", { className: "ec-modal-actions" }, [cancel, go]));
    const body = element("form", { method: "dialog", className: "ec-modal-body" }, parts);
    const dialog = element("dialog", { className: "ec-modal ec-confirm" }, [body]);
    dialog.setAttribute("aria-labelledby", "confirm-text");
    cancel.addEventListener("click", () => dialog.close(""));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

const wording = (form, button) => {
  const source = button?.dataset.confirm ? button : form;
  return (
    source.dataset.confirm && {
      question: source.dataset.confirm,
      type: source.dataset.confirmType,
      label: source.dataset.confirmButton ?? button?.textContent.trim() ?? "Go on",
      isDanger: Boolean(button?.classList.contains("ec-btn-danger") || button?.classList.contains("is-danger")),
    }
  );
};

const agreed = new WeakSet();

on("submit", "form", async (form, event) => {
  const words = wording(form, event.submitter);
  if (!words || agreed.delete(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (await ask(words)) {
    agreed.add(form);
    form.requestSubmit(event.submitter);
  }
}, true);

// An htmx button outside a form: hold its request until the person agrees.
document.addEventListener("htmx:confirm", async (event) => {
  const source = event.detail.elt;
  if (source.tagName === "FORM" || source.form || !source.dataset.confirm) return;
  event.preventDefault();
  if (await ask(wording(source, source))) event.detail.issueRequest(true);
});
