// Runs before the first paint, so that a remembered theme never flashes. "system" follows the system.
const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");

function remembered() {
  try {
    return localStorage.getItem("ec-theme") ?? "system";
  } catch {
    return "system"; // storage is switched off
  }
}

export function applyTheme(choice = remembered()) {
  const theme = choice === "system" ? (dark.matches ? "dark" : "light") : choice;
  root.dataset.themeChoice = choice;
  root.dataset.bsTheme = theme;
  root.dataset.theme = theme;
}

applyTheme();
dark.addEventListener("change", () => applyTheme());
