// Keys go from slide to slide.

const slides = [...document.querySelectorAll("section")];
const FORWARD = new Set(["ArrowRight", "ArrowDown", "PageDown", " "]);
const BACK = new Set(["ArrowLeft", "ArrowUp", "PageUp"]);

document.addEventListener("keydown", event => {
  const step = FORWARD.has(event.key) - BACK.has(event.key);
  if (!step || event.target.closest("a")) return;
  event.preventDefault();
  const middle = innerHeight / 2;
  const shown = slides.findIndex(slide => slide.getBoundingClientRect().bottom > middle);
  slides[Math.max(0, Math.min(slides.length - 1, shown + step))].scrollIntoView();
});
