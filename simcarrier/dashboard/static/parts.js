// Puts parts of the page in anew: those that the server sends while it is open, or those of the page fetched again.
"use strict";

const connection = () => document.getElementById("connection");

const tell = (text) => {
  const place = connection();
  place.hidden = !text;
  if (place.textContent !== text) place.textContent = text;
};

// The reader's place must survive: what has the focus keeps it, and what was opened stays open, be it from the server
// or made by a script that hears of the new part.
const put = (part, html) => {
  const active = part.contains(document.activeElement) ? document.activeElement.id : "";
  const opened = [...part.querySelectorAll("details[open][id]")].map((each) => each.id);
  const closed = [...part.querySelectorAll("details[id]:not([open])")].map((each) => each.id);
  const places = [...part.querySelectorAll(".scroll[id]")].map((each) => [each.id, each.scrollLeft, each.scrollTop]);
  part.innerHTML = html;
  part.dispatchEvent(new CustomEvent("parts", { bubbles: true }));
  opened.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
  closed.forEach((id) => document.getElementById(id)?.removeAttribute("open"));
  places.forEach(([id, left, top]) => document.getElementById(id)?.scrollTo({ left, top, behavior: "instant" }));
  if (active) document.getElementById(active)?.focus({ preventScroll: true });
};

const putAll = (parts) => {
  for (const [id, html] of Object.entries(parts)) {
    const part = document.getElementById(id);
    if (part) put(part, html);
  }
};

const follow = (path) => {
  const source = new EventSource(path + location.search);
  source.addEventListener("open", () => tell(""));
  source.addEventListener("parts", (event) => putAll(JSON.parse(event.data)));
  source.addEventListener("over", () => {
    source.close();
    tell("The run is over. What stands here is how it ended.");
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) tell("The connection was refused. Load the page again.");
    else tell("The connection is lost; trying again.");
  });
};

// Returns after how many seconds it is to be fetched again: sooner while something is still being counted.
const fetchAgain = async () => {
  const response = await fetch(location.href, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const part of document.querySelectorAll("[data-part][id]")) {
    const other = page.getElementById(part.id);
    if (other && other.innerHTML !== part.dataset.was) {
      part.dataset.was = other.innerHTML;
      put(part, other.innerHTML);
    }
  }
  return Number(page.body.dataset.refresh);
};

const refresh = (seconds) => {
  setTimeout(async () => {
    let next = seconds;
    if (!document.hidden) {
      try {
        next = (await fetchAgain()) || seconds;
        tell("");
      } catch {
        tell("The connection is lost; trying again.");
      }
    }
    refresh(next);
  }, seconds * 1000);
};

// A form with data-quiet changes something and stays on the page; without scripts it loads the page anew.
const quietly = async (form, button) => {
  const body = new URLSearchParams(new FormData(form, button));
  const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
  if (!response.ok) {
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    tell(page.querySelector("main")?.innerText.trim() || response.statusText);
  } else if (!document.body.dataset.live) {
    await fetchAgain();
  }
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-quiet]")) return;
  event.preventDefault();
  quietly(form, event.submitter).catch(() => tell("The connection is lost: nothing was changed."));
});

document.addEventListener("DOMContentLoaded", () => {
  const { live, refresh: seconds } = document.body.dataset;
  if (live) follow(live);
  else if (seconds) refresh(Number(seconds));
});
