// Elements of a page, and the editor's own tree, written down as XML.
const VOID = new Set(["area", "br", "col", "hr", "img", "input", "source", "track", "wbr"]);
const NEVER = new Set(["script", "iframe", "object", "embed", "form", "meta", "base", "link", "svg", "math", "template", "style"]);
const NAME = /^[a-z_][-\w.]*$/;

const SIGNS = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
export const escape = (text) => String(text).replace(/[&<>"]/g, (sign) => SIGNS[sign]);
const words = (text) => text.replace(/[&<>]/g, (sign) => SIGNS[sign]);

export function tag(name, attributes) {
  const said = Object.entries(attributes).filter(([key]) => NAME.test(key));
  return [name, ...said.map(([key, value]) => `${key}="${escape(value)}"`)].join(" ");
}

// What stands inside an element, whether it came from XML or somebody typed it.
export function inner(element) {
  return [...element.childNodes].map(outer).join("");
}

function outer(node) {
  if (node.nodeType === Node.TEXT_NODE) return words(node.data);
  if (node.nodeType === Node.COMMENT_NODE) return node.data.includes("--") ? "" : `<!--${node.data}-->`;
  if (node.nodeType !== Node.ELEMENT_NODE) return "";
  const name = node.tagName.toLowerCase();
  const typed = node.ownerDocument.contentType === "text/html";
  if (!NAME.test(name) || (typed && NEVER.has(name))) return "";
  const begins = tag(name, Object.fromEntries([...node.attributes].map((each) => [each.name, each.value])));
  return VOID.has(name) ? `<${begins} />` : `<${begins}>${inner(node)}</${name}>`;
}

// What a component is in MJML; `typed` is what somebody is just writing into one.
export function write(component, typed) {
  const name = component.get("tagName");
  if (component.get("type") === "comment") return `<!--${component.get("content")}-->`;
  const { id, style, ...attributes } = component.get("attributes");
  const content = typed?.component === component ? typed.content : (component.get("content") ?? "");
  const children = component.components().map((child) => write(child, typed));
  return `<${tag(name, attributes)}>${content}${children.join("")}</${name}>`;
}
