// A textarea as an editor: what the code and rich text editors can do, too.
export function plain(field) {
  const changed = () => field.dispatchEvent(new Event("input", { bubbles: true }));
  return {
    insert(text) {
      field.focus();
      field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
      changed();
    },
    goTo(line, column) {
      const before = field.value.split("\n").slice(0, line - 1).join("\n");
      const at = before.length + (line > 1 ? 1 : 0) + column - 1;
      field.focus();
      field.setSelectionRange(at, at);
    },
    mark() {},
  };
}
