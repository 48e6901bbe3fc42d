// Comfort on top of pages that work without it. Everything is delegated, so htmx may swap anything.
import "./confirm.js";
import "./copy.js";
import "./dropdown.js";
import "./guard.js";
import "./guess-zone.js";
import "./insert.js";
import "./media.js";
import "./modal.js";
import "./search.js";
import "./select.js";
import "./strength.js";
import "./tabs.js";
import "./theme-switch.js";
import "./toasts.js";
import "./upload.js";
