// “Show only if…”: a field, how it is compared, and with what, as the Liquid condition that stands in the source.
const SIMPLE = /^contact\.([a-z_][a-z0-9_]*)\s*(==|!=|contains|>|<)\s*(?:"([^"]*)"|'([^']*)'|(-?[\d.]+|true|false|blank))$/;
const HOW = { "==": "is", "!=": "not", contains: "contains", ">": "more", "<": "less" };
const SIGN = { is: "==", not: "!=", contains: "contains", more: ">", less: "<" };

export function read(text) {
  const [, field, sign, quoted, other, bare] = SIMPLE.exec(text.trim()) ?? [];
  if (!field) return null;
  if (bare === "blank") return sign === "!=" || sign === "==" ? { field, how: sign === "!=" ? "known" : "unknown", value: "" } : null;
  return { field, how: HOW[sign], value: quoted ?? other ?? bare };
}

export function say({ field, how, value }, type) {
  if (!field) return "";
  if (how === "known" || how === "unknown") return `contact.${field} ${how === "known" ? "!=" : "=="} blank`;
  const typed = value.trim();
  const isBare = (type === "number" && /^-?\d+(\.\d+)?$/.test(typed)) || (type === "boolean" && /^(true|false)$/.test(typed));
  if (!typed) return "";
  return `contact.${field} ${SIGN[how]} ${isBare ? typed : `"${typed.replace(/["%{}]/g, "")}"`}`;
}
