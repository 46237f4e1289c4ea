// A film is loaded when its button is pressed: frames with their player, or a moving picture.

function playFilm(button) {
  const address = button.dataset.film;
  if (!address.endsWith(".js")) {
    button.parentElement.querySelector("img").src = address;
    button.remove();
    return;
  }
  const player = button.parentElement.querySelector(".animation");
  const program = document.createElement("script");
  program.src = address;
  program.onload = () => {
    player.querySelector(".anim-controls").hidden = false;
    button.remove();
    // The player is made one turn of the event loop after its program was read.
    setTimeout(() => player.querySelector("button[title=Play]").click());
    player.querySelector("button[title=Pause]").focus();
  };
  document.head.append(program);
}

document.addEventListener("click", event => {
  const button = event.target.closest(".film-button");
  if (button) playFilm(button);
});
