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
// Milliseconds between two looks at the figures of a running task; the first posts are waited for.
const figuresEvery = () => (figures.querySelector("img") ? 5000 : 1000);

const figures = document.querySelector("[data-figures]");
let looked = Date.now();
let looking = false;
if (figures && figures.querySelector("[data-wanted]")) lookAgain();

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
    if (figures && Date.now() - looked > figuresEvery() && !inUse(figures)) lookAgain();
  });
}

// Somebody who reads with the keyboard or marks a text is not to lose the place.
function inUse(box) {
  const marked = getSelection();
  return box.contains(document.activeElement) || (!marked.isCollapsed && box.contains(marked.anchorNode));
}

// The new figures come in whole, pictures and all, so that nothing flickers.
async function lookAgain() {
  if (looking) return;
  looking = true;
  try {
    const answer = await fetch(figures.dataset.figures, { redirect: "error" });
    if (!answer.ok) return;
    const fresh = document.createElement("div");
    fresh.innerHTML = await answer.text();
    const pictures = [...fresh.querySelectorAll("img")];
    for (const picture of pictures) picture.loading = "eager";
    await Promise.allSettled(pictures.map((picture) => picture.decode()));
    figures.querySelector("[data-fragment]").replaceChildren(...fresh.childNodes);
  } catch {
    // The next event asks again.
  } finally {
    looked = Date.now();
    looking = false;
  }
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
