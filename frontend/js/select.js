// Select all, and the bar that says how many are selected and appears with the first.
import { on, onEach } from "./dom.js";

const rowsOf = (bar) => [...document.querySelectorAll(`[data-select-row][form="${CSS.escape(bar.id)}"]`)];

function refresh(bar) {
  const rows = rowsOf(bar);
  const count = rows.filter((row) => row.checked).length;
  bar.hidden = count === 0;
  bar.classList.toggle("is-live", count > 0);
  bar.querySelector("[data-bulk-count]").textContent = count.toLocaleString(document.documentElement.lang);
  document.querySelectorAll("[data-select-all]").forEach((all) => {
    all.checked = count > 0 && count === rows.length;
    all.indeterminate = count > 0 && count < rows.length;
  });
}

const refreshAll = () => document.querySelectorAll("[data-bulk]").forEach(refresh);

onEach("[data-select-all]", (all) => {
  all.hidden = false;
});
onEach("[data-bulk]", refresh);
onEach("[data-select-row]", refreshAll);
addEventListener("pageshow", refreshAll);
on("change", "[data-select-row]", refreshAll);
on("change", "[data-select-all]", (all) => {
  all.closest("table").querySelectorAll("[data-select-row]").forEach((row) => {
    row.checked = all.checked;
  });
  refreshAll();
});
