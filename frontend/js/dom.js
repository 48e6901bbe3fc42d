const setups = [];

// Runs `setup(element)` for everything that matches, now and in whatever htmx swaps in.
export function onEach(selector, setup) {
  const run = (scope) => {
    if (scope.matches?.(selector)) setup(scope);
    scope.querySelectorAll(selector).forEach(setup);
  };
  setups.push(run);
  run(document);
}

// Runs `handler(element, event)` when an event starts inside something that matches.
export function on(type, selector, handler, options) {
  document.addEventListener(
    type,
    (event) => {
      const element = event.target instanceof Element ? event.target.closest(selector) : null;
      if (element) handler(element, event);
    },
    options,
  );
}

document.addEventListener("htmx:load", ({ detail }) => {
  if (detail.elt !== document.body) setups.forEach((run) => run(detail.elt));
});
