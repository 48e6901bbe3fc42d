import { on, onEach } from "./dom.js";

onEach("[data-copy] > button", (button) => {
  button.hidden = !navigator.clipboard;
});

on("click", "[data-copy] > button", async (button) => {
  await navigator.clipboard.writeText(button.parentElement.dataset.copy);
  const label = button.querySelector("[data-copy-label]");
  const before = label.textContent;
  label.textContent = "Copied";
  button.disabled = true;
  setTimeout(() => {
    label.textContent = before;
    button.disabled = false;
  }, 1500);
});
