// Chooses the browser's own time zone in a select that still stands on UTC.
import { onEach } from "./dom.js";

onEach("select[data-guess-zone]", (select) => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (select.value === "UTC" && [...select.options].some((option) => option.value === zone)) select.value = zone;
});
