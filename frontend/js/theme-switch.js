import { on, onEach } from "./dom.js";
import { applyTheme } from "./theme.js";

const NEXT = { system: "light", light: "dark", dark: "system" };
const current = () => document.documentElement.dataset.themeChoice;

function name(button) {
  button.title = `Theme: ${current()}`;
  button.setAttribute("aria-label", button.title);
}

onEach("[data-theme-toggle]", (button) => {
  button.hidden = false;
  name(button);
});
on("click", "[data-theme-toggle]", (button) => {
  const choice = NEXT[current()];
  try {
    localStorage.setItem("ec-theme", choice);
  } catch {
    // Storage is switched off: the choice lasts for this page.
  }
  applyTheme(choice);
  name(button);
});
