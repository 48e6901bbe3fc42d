import { on, onEach } from "./dom.js";

on("click", "[data-opens]", (opener, event) => {
  const dialog = document.getElementById(opener.dataset.opens);
  if (!dialog) return; // the link's own page does it
  event.preventDefault();
  dialog.showModal();
});

onEach("dialog[data-open]", (dialog) => dialog.showModal());
onEach("[data-focus]", (element) => element.focus());

// A click on the backdrop closes, unless something was typed.
on("click", "dialog.ec-modal", (dialog, event) => {
  const typed = [...dialog.querySelectorAll("input, textarea")].some((input) => input.value !== input.defaultValue);
  if (event.target === dialog && !typed) dialog.close();
});
