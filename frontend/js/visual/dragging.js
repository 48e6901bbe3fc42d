// Dragging blocks into the mail, by mouse, pen or finger. The browser's own drag and drop loses its place as soon as
// something moves under a resting pointer, and fingers have none: so pointers are followed here.
import { placeAt } from "./placing.js";

const FAR = 6; // a press that moves farther, in pixels, drags
const HOLD = 300; // a finger that rests so long, in milliseconds, takes the block along; sooner, it scrolls the page
const EDGE = 48; // so near an edge, what is beyond comes into view
const STEP = 9;

export function dragging(editor, root, { blockOf, begin, drop }) {
  const line = mark("ec-drop-line");
  const ghost = mark("ec-drag-ghost");
  let held = null;

  function mark(name) {
    const element = document.createElement("div");
    element.className = name;
    element.hidden = true;
    root.append(element);
    return element;
  }

  function start() {
    held.isDragged = true;
    held.begun = begin();
    ghost.textContent = held.button.textContent.trim();
    document.documentElement.classList.add("is-dragging");
    follow();
  }
  function follow() {
    if (!held?.isDragged) return;
    scroll(held);
    look();
    requestAnimationFrame(follow);
  }

  // Where the block would stand if it were let go now.
  function look() {
    const box = editor.Canvas.getFrameEl().getBoundingClientRect();
    const { x, y } = held;
    const isInside = x >= box.left && x <= box.right && y >= box.top && y <= box.bottom;
    held.place = isInside ? placeAt(editor, held.block, { x: x - box.left, y: y - box.top }) : null;
    ghost.hidden = false;
    put(ghost, { left: x + 12, top: y + 12 });
    line.hidden = !held.place;
    if (!held.place) return;
    const { left, top, width } = held.place.line;
    put(line, { left: box.left + left, top: Math.min(Math.max(box.top + top, box.top), box.bottom), width });
  }
  function put({ style }, lengths) {
    for (const [name, value] of Object.entries(lengths)) style[name] = `${value}px`;
  }
  function scroll({ y }) {
    const frame = editor.Canvas.getFrameEl();
    const { top, bottom } = frame.getBoundingClientRect();
    const head = Math.max(top, 0);
    const foot = Math.min(bottom, innerHeight);
    if (y < head + EDGE && y >= head) frame.contentWindow.scrollBy(0, -STEP);
    if (y > foot - EDGE && y <= foot) frame.contentWindow.scrollBy(0, STEP);
    if (top < EDGE && y < 2 * EDGE) window.scrollBy(0, -STEP);
    if (bottom > innerHeight && y > innerHeight - EDGE) window.scrollBy(0, STEP);
  }

  function end() {
    clearTimeout(held?.timer);
    held = null;
    line.hidden = true;
    ghost.hidden = true;
    document.documentElement.classList.remove("is-dragging");
  }

  root.addEventListener("pointerdown", (event) => {
    const button = event.target.closest("[data-block], [data-own-block]");
    if (!button || !event.isPrimary || event.button !== 0) return;
    end();
    const { pointerId, clientX: x, clientY: y } = event;
    held = { button, block: blockOf(button), pointerId, x, y, from: { x, y }, isFinger: event.pointerType === "touch" };
    button.setPointerCapture(pointerId);
    if (held.isFinger) held.timer = setTimeout(start, HOLD);
  });
  document.addEventListener("pointermove", (event) => {
    if (event.pointerId !== held?.pointerId) return;
    held.x = event.clientX;
    held.y = event.clientY;
    if (held.isDragged || Math.hypot(held.x - held.from.x, held.y - held.from.y) < FAR) return;
    if (held.isFinger) end();
    else start();
  });
  document.addEventListener("pointerup", (event) => {
    if (event.pointerId !== held?.pointerId) return;
    const { isDragged, button, block, begun } = held;
    if (!isDragged) return end();
    held.x = event.clientX;
    held.y = event.clientY;
    look();
    const { place } = held;
    end();
    // The press that ends here began on the block's button, which would add it once more.
    const stop = (click) => click.stopPropagation();
    window.addEventListener("click", stop, { capture: true });
    setTimeout(() => window.removeEventListener("click", stop, { capture: true }));
    if (place) begun.then(() => drop(button, block, place));
  });
  for (const type of ["pointercancel", "lostpointercapture"]) document.addEventListener(type, (event) => event.pointerId === held?.pointerId && end());
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !held?.isDragged) return;
    event.stopPropagation();
    end();
  }, { capture: true });
  document.addEventListener("touchmove", (event) => held?.isDragged && event.preventDefault(), { passive: false });
  root.addEventListener("contextmenu", (event) => held?.isFinger && event.preventDefault());
}
