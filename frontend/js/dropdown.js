// Menus are <details>: close them on a click elsewhere, on Escape, and when another opens; arrows move inside.
const opened = () => document.querySelectorAll("[data-dropdown][open]");

document.addEventListener("click", ({ target }) => {
  opened().forEach((menu) => {
    if (!menu.contains(target)) menu.open = false;
  });
});

document.addEventListener("keydown", (event) => {
  const menu = event.target instanceof Element && event.target.closest("[data-dropdown][open]");
  if (event.key === "Escape") {
    opened().forEach((other) => {
      other.open = false;
      if (other.contains(event.target)) other.querySelector("summary").focus();
    });
  } else if (menu && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    const items = [...menu.querySelectorAll(":scope > :not(summary) :is(a[href], button)")];
    const step = event.key === "ArrowDown" ? 1 : -1;
    const index = items.indexOf(event.target);
    items.at(index < 0 && step < 0 ? -1 : (index + step) % items.length)?.focus();
    event.preventDefault();
  }
});
