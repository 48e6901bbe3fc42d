// Shows how much of a file is up while htmx sends it; without it the browser's own way of waiting is there.
const bar = (form) => form.querySelector("[data-upload-progress]");

document.addEventListener("htmx:xhr:progress", ({ target, detail }) => {
  const form = target instanceof Element ? target.closest("form[data-upload]") : null;
  if (!form || !detail.lengthComputable || !detail.total) return;
  const place = bar(form);
  const meter = place.querySelector("progress");
  const percent = Math.floor((detail.loaded / detail.total) * 100);
  place.hidden = false;
  meter.max = detail.total;
  meter.value = detail.loaded;
  place.querySelector("[data-upload-percent]").textContent = percent < 100 ? `${percent} %` : "Reading the file …";
});

document.addEventListener("htmx:afterRequest", ({ target }) => {
  const form = target instanceof Element ? target.closest("form[data-upload]") : null;
  if (form) bar(form).hidden = true;
});
