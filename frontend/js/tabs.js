// On a phone a row of tabs scrolls: bring the current one into sight.
function show() {
  for (const row of document.querySelectorAll(".ec-tabs")) {
    const current = row.querySelector("[aria-current]");
    if (current) row.scrollLeft = current.offsetLeft - row.offsetLeft - (row.clientWidth - current.offsetWidth) / 2;
  }
}

show();
addEventListener("resize", show);
