// Live progress: what the server sends goes into the fields of the same names.
// Everything else on these pages works without this file.
"use strict";

// What was done is told once, and not again when the page is loaded anew.
const here = new URL(location.href);
if (here.searchParams.has("done")) {
  here.searchParams.delete("done");
  history.replaceState(null, "", here);
}

const announceEvery = 15000; // milliseconds between two announcements to screen readers

for (const place of document.querySelectorAll("[data-live]")) {
  const waiting = new Set([...document.querySelectorAll("[data-task]")]
    .filter((box) => box.querySelector("progress")).map((box) => box.dataset.task));
  const stream = new EventSource(place.dataset.live);
  let announced = Date.now();
  let status = "";

  stream.addEventListener("progress", (event) => {
    const now = JSON.parse(event.data);
    show(now);
    if (now.ended) {
      waiting.delete(now.id);
      if (waiting.size === 0) stream.close();
      if (place.dataset.reload) location.reload();
      return;
    }
    const spoken = document.querySelector("[data-announce]");
    if (spoken && (now.fields.status !== status || Date.now() - announced > announceEvery)) {
      spoken.textContent = `${now.fields.status}: ${now.fields.fetched} ${now.fields.expected} posts`;
      announced = Date.now();
      status = now.fields.status;
    }
  });
}

function show(now) {
  const box = document.querySelector(`[data-task="${CSS.escape(now.id)}"]`);
  if (!box) return;
  for (const [name, text] of Object.entries(now.fields)) {
    const field = box.querySelector(`[data-field="${name}"]`);
    if (field && field.textContent !== text) field.textContent = text;
  }
  const bar = box.querySelector("progress");
  if (!bar) return;
  if (now.ended) bar.remove();
  else if (now.percent >= 0) bar.value = now.percent;
}
