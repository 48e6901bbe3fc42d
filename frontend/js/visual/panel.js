// The settings of what is selected. Fields stand in the page; which are shown, and what they mean, is told here.
import { nameOf } from "./components.js";
import { read, say } from "./conditions.js";

const SIDES = ["top", "right", "bottom", "left"];

// The four distances that an element says, whichever way it says them.
function padding(attributes) {
  const short = (attributes.padding ?? "").split(/\s+/).filter(Boolean);
  const [top, right = top, bottom = top, left = right] = short;
  const found = { top, right, bottom, left };
  for (const side of SIDES) found[side] = attributes[`padding-${side}`] ?? found[side];
  return found;
}

const number = (value) => (value === undefined || value === "" ? "" : String(Number.parseFloat(value) || 0));

const SPECIAL = {
  "space-y": {
    get: (attributes) => number(padding(attributes).top),
    set: (attributes, value) => ({ "padding-top": `${value || 0}px`, "padding-bottom": `${value || 0}px` }),
  },
  "space-x": {
    get: (attributes) => number(padding(attributes).left),
    set: (attributes, value) => ({ "padding-left": `${value || 0}px`, "padding-right": `${value || 0}px` }),
  },
};

export function panel(editor, root, rich) {
  const fields = [...root.querySelectorAll("[data-setting]")];
  const condition = root.querySelector("[data-condition]");
  const [field, how, value] = condition.querySelectorAll("select, input");

  const unit = (element) => element.dataset.unit ?? "";
  function valueOf(component, name) {
    if (name === "label") return new DOMParser().parseFromString(component.get("content") ?? "", "text/html").body.textContent;
    const attributes = component.get("attributes");
    return SPECIAL[name]?.get(attributes) ?? attributes[name] ?? "";
  }

  function show(component) {
    const type = component?.get("type") ?? "";
    root.querySelector("[data-title]").textContent = component ? nameOf(component) : "Nothing selected";
    for (const each of root.querySelectorAll("[data-for]")) each.hidden = !each.dataset.for.split(" ").includes(type);
    root.querySelector("[data-hint]").hidden = Boolean(component);
    if (!component) return;
    for (const element of fields) {
      if (element === document.activeElement && element.type !== "color") continue;
      const said = valueOf(component, element.dataset.setting);
      if (element.type === "color") showColour(element, said);
      else element.value = unit(element) ? number(said) : said;
    }
    showCondition(component.get("attributes")["data-ec-if"] ?? "");
    const siblings = component.parent()?.components();
    root.querySelector("[data-do=up]").disabled = !siblings || component.index() === 0;
    root.querySelector("[data-do=down]").disabled = !siblings || component.index() === siblings.length - 1;
  }

  function showColour(element, said) {
    const isColour = /^#[0-9a-f]{6}$/i.test(said);
    element.value = isColour ? said : /^#[0-9a-f]{3}$/i.test(said) ? said.replace(/[0-9a-f]/gi, "$&$&") : "#ffffff";
    element.closest("[data-colour]").classList.toggle("is-none", !said);
  }

  function showCondition(text) {
    const simple = read(text);
    const isKnown = simple && [...field.options].some((each) => each.value === simple.field);
    condition.querySelector("[data-own]").hidden = !text || isKnown;
    condition.querySelector("[data-own] code").textContent = text;
    if (condition.contains(document.activeElement) && !isKnown) return;
    field.value = isKnown ? simple.field : "";
    how.value = isKnown ? simple.how : "is";
    if (value !== document.activeElement) value.value = isKnown ? simple.value : "";
    toggleValue();
  }
  function toggleValue() {
    how.parentElement.hidden = !field.value;
    value.parentElement.hidden = !field.value || how.value === "known" || how.value === "unknown";
  }

  async function apply(attributes) {
    const component = editor.getSelected();
    if (!component) return;
    await rich.commit();
    const kept = { ...component.get("attributes") };
    for (const [name, said] of Object.entries(attributes)) {
      if (said === null) delete kept[name];
      else kept[name] = said;
    }
    if (Object.keys(attributes).some((name) => name.startsWith("padding-")) && kept.padding !== undefined) {
      for (const [side, said] of Object.entries(padding(component.get("attributes")))) kept[`padding-${side}`] ??= said;
      delete kept.padding;
    }
    component.setAttributes(kept);
  }

  async function take(element) {
    const name = element.dataset.setting;
    const component = editor.getSelected();
    if (name === "label") {
      await rich.commit();
      component.set("content", element.value.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign]));
      return;
    }
    if (SPECIAL[name]) return apply(SPECIAL[name].set(component.get("attributes"), element.value));
    const isEmpty = element.value === "" && name !== "alt";
    await apply({ [name]: isEmpty ? null : `${element.value}${unit(element)}` });
    if (element.type === "color") showColour(element, element.value);
  }

  for (const swatch of root.querySelectorAll("[data-swatch]")) swatch.style.backgroundColor = swatch.dataset.swatch;
  root.addEventListener("input", ({ target }) => target.dataset.setting && take(target));
  root.addEventListener("change", ({ target }) => {
    if (![field, how, value].includes(target)) return;
    toggleValue();
    const type = field.selectedOptions[0]?.dataset.type;
    const said = say({ field: field.value, how: how.value, value: value.value }, type);
    if (said || !field.value) apply({ "data-ec-if": said || null });
  });
  root.addEventListener("click", ({ target }) => {
    const swatch = target.closest("[data-swatch]");
    if (!swatch) return;
    const input = swatch.closest("[data-colour]").querySelector("input");
    const said = swatch.dataset.swatch;
    apply({ [input.dataset.setting]: said || null }).then(() => showColour(input, said));
  });
  root.addEventListener("media:picked", ({ detail }) => {
    const alt = editor.getSelected()?.get("attributes").alt || detail.alt || "";
    apply({ src: new URL(detail.url, location.href).href, alt, ...(detail.width < 600 ? { width: `${detail.width}px` } : {}) });
  });

  let timer = 0;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => show(editor.getSelected()), 30);
  };
  editor.on("component:selected component:deselected update undo redo", soon);
  show(null);
}
