// HTML and MJML in CodeMirror. The textarea stays the form's field: it changes only when somebody types.
import { html } from "@codemirror/lang-html";
import { liquid } from "@codemirror/lang-liquid";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { basicSetup } from "codemirror";

const colours = HighlightStyle.define([
  { tag: [tags.tagName, tags.angleBracket], color: "var(--ec-accent-text)" },
  { tag: [tags.attributeName, tags.propertyName], color: "var(--ec-warning-text)" },
  { tag: [tags.string, tags.attributeValue], color: "var(--ec-success-text)" },
  { tag: [tags.keyword, tags.controlKeyword, tags.brace, tags.variableName], color: "var(--ec-danger-text)" },
  { tag: [tags.comment, tags.processingInstruction, tags.documentMeta], color: "var(--ec-text-quiet)" },
]);
const look = EditorView.theme({
  "&": { backgroundColor: "var(--ec-surface)", color: "var(--ec-text)", fontSize: "0.875rem" },
  "&.cm-focused": { outline: "2px solid var(--ec-accent-text)", outlineOffset: "-1px" },
  ".cm-scroller": { fontFamily: "var(--ec-font-mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--ec-text-strong)" },
  ".cm-cursor": { borderLeftColor: "var(--ec-text-strong)" },
  ".cm-gutters": { backgroundColor: "var(--ec-sunken)", color: "var(--ec-text-quiet)", borderRight: "1px solid var(--ec-line)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--ec-hover) 55%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--ec-accent-soft)" },
  ".cm-tooltip, .cm-panels": { backgroundColor: "var(--ec-raised)", color: "var(--ec-text)", borderColor: "var(--ec-line)" },
});

export function open(field) {
  const nonce = document.querySelector("meta[name=csp-nonce]").content;
  const view = new EditorView({
    state: EditorState.create({
      doc: field.value,
      extensions: [
        EditorView.cspNonce.of(nonce),
        basicSetup,
        liquid({ base: html({ selfClosingTags: true }) }),
        syntaxHighlighting(colours),
        look,
        EditorView.lineWrapping,
        EditorView.editorAttributes.of({ class: "ec-code-editor" }),
        EditorView.contentAttributes.of({ "aria-label": "Body" }),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          field.value = update.state.doc.toString();
          field.dispatchEvent(new Event("input", { bubbles: true }));
        }),
      ],
    }),
  });
  field.before(view.dom);
  field.hidden = true;
  const place = (line, column) => {
    const found = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines));
    return { at: Math.min(found.from + Math.max(column - 1, 0), found.to), end: found.to };
  };
  return {
    insert(text) {
      view.dispatch(view.state.replaceSelection(text));
      view.focus();
    },
    goTo(line, column) {
      view.dispatch({ selection: { anchor: place(line, column).at }, scrollIntoView: true });
      view.focus();
    },
    mark(problems) {
      const found = problems.filter(({ line }) => line > 0).map(({ line, column, message }) => {
        const { at, end } = place(line, column);
        return { from: at, to: end, severity: "error", message };
      });
      view.dispatch(setDiagnostics(view.state, found));
    },
  };
}
