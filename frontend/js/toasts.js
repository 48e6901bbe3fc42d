// Toasts leave after 10 seconds (the time in which Undo is offered), but not while pointed at, focused, or if they report an error.
import { on, onEach } from "./dom.js";

const STAY = 10_000;

onEach("[data-dismiss]", (button) => {
  button.hidden = false;
});
onEach("[data-toast]", (toast) => {
  if (toast.classList.contains("ec-tone-danger")) return;
  const leave = () => {
    if (toast.matches(":hover, :focus-within")) setTimeout(leave, 2000);
    else toast.remove();
  };
  setTimeout(leave, STAY);
});
on("click", "[data-dismiss]", (button) => button.closest("[data-toast]").remove());

// When htmx got no good answer, say so instead of nothing.
document.addEventListener("htmx:responseError", ({ detail }) =>
  say(
    detail.xhr.status === 401
      ? "You are signed out. Sign in in another tab, then go on here: what you typed is still there."
      : "That did not work. Nothing was changed. Reload the page and try again.",
  ),
);
document.addEventListener("htmx:sendError", () => say("There is no connection right now. What you typed is still here."));

function say(text) {
  const region = document.getElementById("toasts");
  const isSaid = [...(region?.querySelectorAll("p") ?? [])].some((each) => each.textContent === text);
  if (isSaid) return;
  const toast = document.createElement("div");
  toast.className = "ec-toast ec-tone-danger";
  toast.dataset.toast = "";
  const words = document.createElement("p");
  words.textContent = text;
  const close = document.createElement("button");
  close.className = "btn btn-sm ec-btn-quiet";
  close.type = "button";
  close.dataset.dismiss = "";
  close.textContent = "Dismiss";
  toast.append(words, close);
  region?.append(toast);
}
