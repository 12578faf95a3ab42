// An arrow of the ladder opens its message; a button copies the call as text.
"use strict";

const openMessage = () => {
  const message = location.hash.startsWith("#message-") && document.getElementById(location.hash.slice(1));
  if (message) message.open = true;
};

// Where the clipboard is not to be had, as in a page without TLS from elsewhere, the text is shown and selected.
const showText = (text) => {
  const place = document.getElementById("copy");
  place.textContent = text;
  place.hidden = false;
  getSelection().selectAllChildren(place);
  place.focus();
  return "The clipboard cannot be had here; the text is selected below.";
};

const copied = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
};

const copyText = async (button) => {
  const told = document.getElementById("copied");
  try {
    const response = await fetch(button.dataset.copy);
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    told.textContent = (await copied(text)) ? "Copied." : showText(text);
  } catch {
    told.textContent = "The text could not be fetched.";
  }
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-copy]");
  if (button) copyText(button);
  // The same arrow again does not change the address.
  if (event.target.closest(".ladder a")) setTimeout(openMessage);
});

addEventListener("hashchange", openMessage);

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("button[data-copy]").forEach((button) => {
    button.hidden = false;
  });
  openMessage();
});
