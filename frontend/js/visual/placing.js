// Where blocks go: below what is selected, where they are dragged, and up and down among their like.
const inside = (component, type) => component?.closestType(type) ?? null;
export const body = (editor) => editor.getWrapper().findType("mj-body")[0];

const isContent = (component) => inside(component, "mj-column") && component.get("type") !== "mj-column";

function below(component) {
  return { parent: component.parent(), at: component.index() + 1 };
}

// The last section that people fill, so that what is added without choosing a place stands above a footer.
function lastSection(editor) {
  const sections = body(editor).components().filter((each) => each.get("type") === "mj-section");
  const isFooter = (each) => each.findType("mj-text").some((one) => one.get("content").includes("unsubscribe_url"));
  return sections.filter((each) => !isFooter(each)).at(-1) ?? null;
}

function top(editor, component) {
  let found = component;
  while (found && found.parent()?.get("type") !== "mj-body" && found.parent()?.get("type") !== "mj-wrapper") found = found.parent();
  return found;
}

export function place(editor, block) {
  const selected = editor.getSelected();
  const near = selected && selected.get("type") !== "mj-body" ? selected : null;
  if (block.inColumn) {
    if (near && isContent(near)) return add(below(near), block);
    const holder = inside(near, "mj-column") ?? (near ?? lastSection(editor))?.findType("mj-column").at(-1);
    if (holder) return add({ parent: holder, at: holder.components().length }, block);
  }
  return add(after(editor, near), block);
}

// Where a block goes that is held over a point of the canvas, and the line that shows it.
export function placeAt(editor, block, point) {
  const columns = block.inColumn ? body(editor).findType("mj-column") : [];
  if (columns.length) return among(nearest(columns, point), point);
  const wrapper = body(editor).findType("mj-wrapper").find((each) => distance(each, point) === 0);
  return among(wrapper ?? body(editor), point);
}

const box = (component) => component.getEl().getBoundingClientRect();

function distance(component, { x, y }) {
  const { left, right, top, bottom } = box(component);
  return Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom));
}

function nearest(components, point) {
  return components.reduce((best, each) => (distance(each, point) < distance(best, point) ? each : best));
}

function among(parent, { y }) {
  const { left, width, top } = box(parent);
  const drawn = parent.components().filter((each) => each.getEl()?.getClientRects?.().length);
  const next = drawn.find((each) => y < box(each).top + box(each).height / 2);
  if (next) return { parent, at: next.index(), line: { left, width, top: box(next).top } };
  const last = drawn.at(-1);
  return { parent, at: last ? last.index() + 1 : parent.components().length, line: { left, width, top: last ? box(last).bottom : top } };
}

function after(editor, near) {
  const section = near ? top(editor, near) : lastSection(editor);
  return section ? below(section) : { parent: body(editor), at: body(editor).components().length };
}

const SECTION = '<mj-section background-color="#ffffff">';

export function add({ parent, at }, { mjml, inColumn }) {
  const isLoose = inColumn && parent.get("type") !== "mj-column";
  const [made] = parent.append(isLoose ? `${SECTION}<mj-column>${mjml}</mj-column></mj-section>` : mjml, { at });
  return made;
}

export function move(component, by) {
  const parent = component.parent();
  const at = component.index() + by;
  if (at < 0 || at >= parent.components().length) return false;
  component.move(parent, { at: by > 0 ? at + 1 : at });
  return true;
}

export function remove(editor, component) {
  const parent = component.parent();
  const next = parent.components().at(component.index() + 1) ?? parent.components().at(component.index() - 1) ?? parent;
  component.remove();
  editor.select(next);
}

export function duplicate(component) {
  return component.parent().append(component.clone(), { at: component.index() + 1 })[0];
}
