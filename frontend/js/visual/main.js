// The page of the visual editor: GrapesJS draws the mail, all around it is the page's own.
import grapesjs from "grapesjs";
import * as plugin from "grapesjs-mjml";

import { blocks } from "./blocks.js";
import { components } from "./components.js";
import { dragging } from "./dragging.js";
import { editing } from "./editing.js";
import { outline } from "./outline.js";
import { ownBlocks } from "./own.js";
import { panel } from "./panel.js";
import { add, duplicate, move, place, remove } from "./placing.js";
import { saving } from "./saving.js";

const mjml = plugin.default.default ?? plugin.default;
const CANVAS = `
  body { font-family: Ubuntu, Helvetica, Arial, sans-serif; }
  [data-ec-if] { position: relative; outline: 2px dashed #b7791f; outline-offset: -2px; }
  [data-ec-if]::before { content: "Only if " attr(data-ec-if); position: absolute; z-index: 1; top: 0; left: 0; padding: 1px 6px; background: #fdf0d3; color: #774a00; font: 11px/1.5 sans-serif; }
  .ec-code { padding: 6px 10px; background: #eef0f4; color: #4a5364; font: 12px/1.5 monospace; white-space: pre-wrap; }
  mj-head, [hidden] { display: none; }
  .gjs-hovered { outline-color: #8aa0e8 !important; }
  [contenteditable=true]:focus { outline: 2px solid #2f55d4; outline-offset: 2px; }
`;

export async function open(_source, form) {
  const root = document.querySelector("[data-visual]");
  const editor = grapesjs.init({
    container: root.querySelector("[data-canvas]"),
    height: "100%",
    width: "auto",
    fromElement: false,
    storageManager: false,
    telemetry: false,
    cssIcons: "",
    noticeOnUnload: false,
    showToolbar: true,
    showDevices: false,
    avoidInlineStyle: false,
    canvasCss: CANVAS,
    panels: { defaults: [] },
    canvas: { allowExternalDrop: false },
    blockManager: { custom: true },
    layerManager: { custom: true },
    styleManager: { custom: true },
    traitManager: { custom: true },
    selectorManager: { custom: true },
    assetManager: { custom: true },
    deviceManager: { devices: [{ id: "desktop", name: "Desktop", width: "" }, { id: "phone", name: "Phone", width: "375px" }] },
    richTextEditor: { custom: true },
    plugins: [
      (each) =>
        mjml(each, {
          useXmlParser: true,
          useCustomTheme: false,
          blocks: [],
          columnsPadding: "",
          resetDevices: false,
          resetStyleManager: false,
          fonts: {},
          customComponents: [components],
        }),
    ],
  });

  const rich = editing(editor, root.querySelector("[data-writing]"));
  const shelf = blocks(root.dataset.colour);
  const say = (text) => {
    root.querySelector("[data-said]").textContent = text;
  };

  function select(component) {
    editor.select(component);
    editor.Canvas.scrollTo(component, {});
  }

  const actions = {
    up: (component) => move(component, -1),
    down: (component) => move(component, 1),
    copy: (component) => editor.select(duplicate(component)),
    delete: (component) => remove(editor, component),
    around: (component) => component.parent() && component.get("type") !== "mj-body" && editor.select(component.parent()),
    edit: (component) => rich.begin(component),
    undo: () => editor.UndoManager.undo(),
    redo: () => editor.UndoManager.redo(),
  };

  async function act(name) {
    const component = editor.getSelected();
    if (name === "edit") return actions.edit(component);
    await rich.commit();
    if (component || name === "undo" || name === "redo") actions[name](component);
  }

  const blockOf = ({ dataset }) => shelf[dataset.block] ?? { inColumn: "inColumn" in dataset, mjml: dataset.ownBlock };
  function tell(button) {
    say(`${button.textContent.trim()} added.`);
  }
  async function press(button) {
    await rich.commit();
    select(place(editor, blockOf(button)));
    tell(button);
  }

  function listen() {
    root.addEventListener("click", ({ target }) => {
      const block = target.closest("[data-block], [data-own-block]");
      if (block) press(block);
      const button = target.closest("[data-do]");
      if (button) act(button.dataset.do);
      const command = target.closest("[data-run]");
      if (command) rich.run(command.dataset.run);
    });
    root.addEventListener("change", ({ target }) => {
      if (target.name === "device") editor.setDevice(target.value);
      if (target.dataset.insertName === undefined || !target.value) return;
      rich.insert(target.value);
      target.value = "";
    });
    dragging(editor, root, {
      blockOf,
      begin: rich.commit,
      drop(button, block, where) {
        editor.select(add(where, block));
        tell(button);
      },
    });
    const steps = () => {
      root.querySelector("[data-do=undo]").disabled = !editor.UndoManager.hasUndo();
      root.querySelector("[data-do=redo]").disabled = !editor.UndoManager.hasRedo();
    };
    editor.on("update undo redo", () => setTimeout(steps));
    steps();
  }

  // The editor's own keys would take two steps back at a time with these.
  for (const name of ["core:undo", "core:redo"]) editor.Keymaps.remove(name);
  function stepByKey(event) {
    if (!(event.ctrlKey || event.metaKey) || event.target.closest("input, textarea, select, [contenteditable=true]")) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    act(key === "y" || event.shiftKey ? "redo" : "undo");
  }

  // Links of the mail lead nowhere while it is written.
  function tame(frame) {
    frame.contentDocument.addEventListener("click", (event) => event.target.closest?.("a") && event.preventDefault(), { capture: true });
    frame.title = "Your mail";
  }

  await new Promise((resolve) => editor.onReady(resolve));
  editor.setComponents(document.getElementById("visual-document").value);
  tame(editor.Canvas.getFrameEl());
  for (const each of [document, editor.Canvas.getDocument()]) each.addEventListener("keydown", stepByKey);
  editor.UndoManager.clear();
  editor.select(null);
  panel(editor, root, rich);
  outline(editor, root.querySelector("[data-outline]"));
  ownBlocks(editor, root, rich);
  saving(editor, form, rich);
  listen();
  root.dataset.ready = "";
  return { insert: rich.insert, goTo() {}, mark() {} };
}
