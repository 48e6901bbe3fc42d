// Pictures: uploads one by one with a bar each, dropped or chosen; and the dialog in which other pages choose one.
import { on, onEach } from "./dom.js";

function send(form, file, row) {
  return new Promise((resolve) => {
    const body = new FormData();
    body.append("files", file);
    body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("HX-Request", "true");
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      row.querySelector("progress").value = (loaded / total) * 100;
    });
    // Elsewhere is where one signs in.
    const isOurs = () => request.status === 200 && request.responseURL === form.action;
    request.addEventListener("load", () => resolve(isOurs() ? request.responseText : ""));
    request.addEventListener("error", () => resolve(""));
    request.send(body);
  });
}

async function sendAll(form, files) {
  const list = form.querySelector("[data-media-uploads]");
  list.replaceChildren();
  const rows = files.map((file) => {
    const row = form.querySelector("template").content.firstElementChild.cloneNode(true);
    row.firstElementChild.textContent = file.name;
    row.querySelector("progress").setAttribute("aria-label", `Uploading ${file.name}`);
    list.append(row);
    return row;
  });
  for (const [number, file] of files.entries()) {
    const answer = await send(form, file, rows[number]);
    if (answer) rows[number].outerHTML = answer;
    else rows[number].lastElementChild.replaceWith("It did not arrive. Load the page again, then try once more.");
  }
  form.reset();
  const target = `#${form.dataset.mediaUpload}`;
  window.htmx.ajax("GET", location.href, { target, select: target, swap: "outerHTML" });
}

onEach("form[data-media-upload]", (form) => {
  form.querySelector("[data-media-plain]").hidden = true;
  const input = form.querySelector("input[type=file]");
  const take = (files) => files.length && sendAll(form, [...files]);
  input.addEventListener("change", () => take(input.files));
  form.addEventListener("dragover", (event) => {
    event.preventDefault();
    form.classList.add("is-over");
  });
  for (const type of ["dragleave", "drop"]) form.addEventListener(type, () => form.classList.remove("is-over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    take(event.dataTransfer.files);
  });
});

let asking = null;

on("click", "[data-media-choose]", (button) => {
  asking = button.closest("[data-media-field]");
  window.htmx.ajax("GET", asking.dataset.mediaUrl, "#media-picker-body");
});

on("click", "[data-media-pick]", ({ dataset: { file, url, alt, width, height } }) => {
  document.getElementById("media-picker").close();
  const detail = { file, url, alt, width: Number(width), height: Number(height) };
  const value = asking.querySelector("[data-media-value]");
  if (value) value.value = file;
  asking.dispatchEvent(new CustomEvent("media:picked", { bubbles: true, detail }));
  asking.querySelector("[data-media-changed]")?.click();
});

// What is searched for from here on is asked once the picture is up; until then everything is shown.
on("change", "#media-picker-file", () => {
  document.querySelector("#media-picker input[type=search]").value = "";
});

document.addEventListener("htmx:afterRequest", ({ target }) => {
  const form = target instanceof Element ? target.closest("#media-picker form[data-upload]") : null;
  if (form) form.reset();
});
