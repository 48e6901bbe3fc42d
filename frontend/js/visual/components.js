// How MJML is drawn and kept: what people write stays as it is, what can't be drawn is one piece that is carried along.
import { inner, tag, write } from "./xml.js";

const LAID_OUT = ["mj-wrapper", "mj-section", "mj-group", "mj-column", "mj-image", "mj-divider", "mj-spacer"];
const WRITTEN = ["mj-text", "mj-button"];
const IN_COLUMN = ["mj-table", "mj-social", "mj-navbar", "mj-accordion", "mj-carousel"];
const NO_PICTURE =
  "data:image/svg+xml," +
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" width="600" height="300"><rect width="600" height="300" fill="#e6e9ef"/><path d="M240 190l45-55 35 40 20-24 30 39z" fill="#aab2c0"/><circle cx="352" cy="118" r="14" fill="#aab2c0"/></svg>',
  );
const NAMES = {
  "mj-body": "Whole mail",
  "mj-wrapper": "Group of sections",
  "mj-section": "Section",
  "mj-group": "Group",
  "mj-column": "Column",
  "mj-text": "Text",
  "mj-button": "Button",
  "mj-image": "Image",
  "mj-divider": "Line",
  "mj-spacer": "Space",
  "mj-raw": "Code",
  "mj-table": "Table",
  "mj-social": "Social links",
  "mj-navbar": "Menu",
  "mj-accordion": "Accordion",
  "mj-carousel": "Carousel",
  "mj-hero": "Hero",
};
export const nameOf = (component) => NAMES[component.get("type")] ?? "Block";

const isLiquid = (value) => /\{[{%]/.test(value);

function drawable(attributes) {
  const drawn = { ...attributes };
  delete drawn.id;
  delete drawn.style;
  if ("src" in drawn && (!drawn.src || isLiquid(drawn.src))) drawn.src = NO_PICTURE;
  if (isLiquid(drawn["background-url"] ?? "")) delete drawn["background-url"];
  return drawn;
}

function innerTemplate() {
  const name = this.model.get("tagName");
  const attributes = drawable(this.model.get("attributes"));
  if (name === "mj-image" && !("src" in attributes)) attributes.src = NO_PICTURE;
  return { start: `<${tag(name, attributes)}>`, end: `</${name}>` };
}

// Columns bring styles for their widths: each is written into the canvas once.
function addStyles(document, styles) {
  for (const style of styles) {
    const known = [...document.head.querySelectorAll("style[data-column]")];
    if (known.some((each) => each.textContent === style)) continue;
    const element = document.createElement("style");
    element.dataset.column = "";
    element.textContent = style;
    document.head.append(element);
  }
}

function headOf(editor) {
  const head = editor.getWrapper()?.findType("mj-head")[0]?.get("content") ?? "";
  return head.match(/<mj-attributes>.*?<\/mj-attributes>/s)?.[0] ?? "";
}

export function components(editor, { opt, coreMjmlView }) {
  const { Components } = editor;
  const compile = opt.mjmlParser;
  // Defaults of the head count for every block; no font is ever asked for anywhere.
  opt.mjmlParser = (text, options) =>
    compile(text.replace(/^<mjml>(?!<mj-head)/, `<mjml><mj-head>${headOf(editor)}</mj-head>`), {
      ...options,
      fonts: {},
      validationLevel: "skip",
    });
  coreMjmlView.getInnerMjmlTemplate = innerTemplate;

  // What is said of a block is its attributes, nothing else; the plugin would fill in and leave out what it takes for usual.
  const plain = { init() {}, handleAttributeChange() {}, handleStyleChange() {} };
  const exact = (type) => (element) => element.tagName === type;
  for (const type of LAID_OUT) {
    const view = { getInnerMjmlTemplate: innerTemplate };
    if (type === "mj-column") view.render = renderColumn;
    Components.addType(type, {
      isComponent: exact(type),
      model: { ...plain, defaults: { "style-default": {}, resizable: false, highlightable: true } },
      view,
    });
  }
  Components.addType("mj-body", { isComponent: exact("mj-body"), model: { ...plain, defaults: { "style-default": {} } } });
  for (const type of WRITTEN) {
    Components.addType(type, {
      isComponent: (element) => element.tagName === type && { type, content: inner(element), components: [] },
      model: { ...plain, defaults: { "style-default": {}, highlightable: true } },
      view: { getInnerMjmlTemplate: innerTemplate },
    });
  }
  for (const type of [...IN_COLUMN, "mj-hero", "mj-raw", "mj-head"]) addCarried(editor, type, coreMjmlView, plain, (text) => opt.mjmlParser(text, {}).html);

  function renderColumn() {
    this.renderAttributes();
    const mjml = this.getMjmlTemplate();
    const { start, end } = this.getInnerMjmlTemplate();
    const made = new DOMParser().parseFromString(opt.mjmlParser(`${mjml.start}${start}${end}${mjml.end}`, {}).html, "text/html");
    const column = made.querySelector("body > div table > tbody > tr > td > div");
    this.el.innerHTML = column.innerHTML;
    for (const { name, value } of column.attributes) this.el.setAttribute(name, value);
    addStyles(editor.Canvas.getDocument(), [...made.querySelectorAll("style")].map((each) => each.textContent));
    this.renderChildren();
    this.updateStatus();
    this.postRender();
    return this;
  }
}

// What is carried along as it stands; code is shown as such, all else as it will look.
function addCarried(editor, type, coreMjmlView, plain, compile) {
  const isInColumn = IN_COLUMN.includes(type);
  const view = {
    ...coreMjmlView,
    tagName: isInColumn ? "tr" : "div",
    attributes: isInColumn ? { style: "display: table; width: 100%" } : {},
    getChildrenSelector: undefined,
    render() {
      this.renderAttributes();
      if (type === "mj-head") this.el.hidden = true;
      else if (type === "mj-raw") {
        this.el.classList.add("ec-code");
        this.el.textContent = this.model.get("content").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
      } else this.el.innerHTML = this.draw();
      this.postRender();
      return this;
    },
    draw() {
      const around = isInColumn ? ["<mjml><mj-body><mj-section><mj-column>", "</mj-column></mj-section></mj-body></mjml>"] : ["<mjml><mj-body>", "</mj-body></mjml>"];
      const text = compile(around.join(write(this.model)));
      const made = new DOMParser().parseFromString(text, "text/html");
      return (isInColumn ? made.querySelector("div table table tr") : made.body.firstElementChild)?.innerHTML ?? "";
    },
  };
  editor.Components.addType(type, {
    isComponent: (element) => element.tagName === type && { type, content: inner(element), components: [] },
    model: {
      ...plain,
      defaults: {
        "style-default": {},
        editable: false,
        droppable: false,
        draggable: type === "mj-head" ? false : isInColumn ? '[data-gjs-type="mj-column"]' : undefined,
      },
    },
    view,
  });
}
