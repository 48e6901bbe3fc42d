// All blocks by name, one below the other: to find one, and to choose one without a mouse.
import { nameOf } from "./components.js";

const words = (component) => {
  const holder = document.createElement("template");
  holder.innerHTML = component.get("content") ?? "";
  return (holder.content.textContent || component.getAttributes().alt || "").trim().slice(0, 40);
};

export function outline(editor, list) {
  function entry(component) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.id = component.cid;
    const said = words(component);
    button.textContent = said ? `${nameOf(component)}: ${said}` : nameOf(component);
    if (editor.getSelected() === component) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => {
      editor.select(component);
      editor.Canvas.scrollTo(component, {});
      list.querySelector(`[data-id="${component.cid}"]`)?.focus();
    });
    item.append(button);
    const children = component.components().filter((each) => each.get("type") !== "comment");
    if (children.length) {
      const inside = document.createElement("ul");
      inside.append(...children.map(entry));
      item.append(inside);
    }
    return item;
  }
  function draw() {
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    const body = editor.getWrapper().findType("mj-body")[0];
    list.replaceChildren(entry(body));
    if (focused) list.querySelector(`[data-id="${focused}"]`)?.focus();
  }
  let timer = 0;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(draw, 60);
  };
  editor.on("component:selected component:deselected component:add component:remove update undo redo", soon);
  draw();
}
