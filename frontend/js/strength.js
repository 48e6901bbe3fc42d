// A hint while a password is typed; the server decides.
import { onEach } from "./dom.js";

const COMMON = ["password", "passwort", "123456", "qwerty", "azerty", "abc123", "letmein", "welcome", "iloveyou", "admin", "monkey", "dragon", "football", "sunshine", "princess", "master", "login", "secret", "summer", "winter", "emailconcert"];
const WORDS = ["Too easy to guess", "Weak: make it longer", "Fair: a few more words help", "Good", "Strong"];

export function score(password) {
  const plain = password.toLowerCase();
  if (password.length < 8) return 0;
  const rest = COMMON.reduce((text, word) => text.replaceAll(word, ""), plain);
  const classes = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9]/].filter((kind) => kind.test(password)).length;
  const variety = new Set(rest).size;
  const bits = Math.min(rest.length, variety * 1.6) * (2.2 + 0.7 * classes);
  return [28, 42, 58, 74].filter((limit) => bits >= limit).length;
}

onEach("[data-strength]", (hint) => {
  const input = document.getElementById(hint.dataset.strength);
  const [meter, words] = [hint.querySelector("meter"), hint.querySelector("[data-strength-words]")];
  input?.addEventListener("input", () => {
    hint.hidden = input.value === "";
    meter.value = score(input.value);
    words.textContent = WORDS[meter.value];
  });
});
