// Times are written in UTC; here they become the reader's own. UTC stays in the title, for the pointer.
"use strict";

const inReadersZone = (element) => {
  const at = new Date(element.dateTime);
  if (Number.isNaN(at.getTime())) return;
  const today = at.toDateString() === new Date().toDateString();
  const text = today ? at.toLocaleTimeString() : at.toLocaleString();
  if (element.textContent !== text) element.textContent = text;
};

const timesIn = (root) => root.querySelectorAll("time[datetime]").forEach(inReadersZone);

document.addEventListener("DOMContentLoaded", () => timesIn(document));
document.addEventListener("parts", (event) => timesIn(event.target));
