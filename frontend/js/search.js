// "/" and Ctrl-K (⌘K) go to the search box.
document.addEventListener("keydown", (event) => {
  const isTyping = event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]");
  const isSlash = event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey;
  const isK = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey);
  const search = document.querySelector("[data-search]") ?? document.querySelector("main [type=search]");
  if (search && (isSlash || isK)) {
    event.preventDefault();
    search.focus();
    search.select();
  }
});
