// Where blocks go: below what is selected, and up and down among their like.
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
    return add(after(editor, near), { mjml: `<mj-section background-color="#ffffff"><mj-column>${block.mjml}</mj-column></mj-section>` });
  }
  return add(after(editor, near), block);
}

function after(editor, near) {
  const section = near ? top(editor, near) : lastSection(editor);
  return section ? below(section) : { parent: body(editor), at: body(editor).components().length };
}

function add({ parent, at }, { mjml }) {
  const [made] = parent.append(mjml, { at });
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
