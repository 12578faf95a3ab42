// Checks the text while it is typed, and takes the reader from a fault to its line in the field.
"use strict";

const PAUSE = 700;

const field = () => document.getElementById("text");

// A text as the server numbers its lines: YAML knows more characters that end one than a text field does.
const startOf = (text, line) => {
  const breaks = /[\n\u0085\u2028\u2029]/g;
  for (let at = 1; at < line; at += 1) if (!breaks.exec(text)) return text.length;
  return breaks.lastIndex;
};

const select = (line, column) => {
  const area = field();
  const start = startOf(area.value, line);
  const rest = area.value.slice(start).search(/[\n\u0085\u2028\u2029]/);
  const end = rest < 0 ? area.value.length : start + rest;
  // Columns count characters; a text field counts those beyond the first 65,536 as two.
  const before = Array.from(area.value.slice(start, end)).slice(0, column - 1).join("").length;
  area.focus();
  area.setSelectionRange(Math.min(start + before, end), end);
  const height = parseFloat(getComputedStyle(area).lineHeight) || 18;
  area.scrollTop = Math.max(0, (line - 4) * height);
  area.scrollIntoView({ block: "nearest" });
};

let checking = null;

const check = async () => {
  checking?.abort();
  checking = new AbortController();
  const body = new URLSearchParams(new FormData(document.getElementById("editor")));
  body.set("only", "findings");
  const response = await fetch("/scenario/check", { method: "POST", body, signal: checking.signal });
  if ((response.headers.get("content-type") || "").startsWith("text/html")) {
    document.getElementById("findings").innerHTML = await response.text();
  }
};

document.addEventListener("DOMContentLoaded", () => {
  const area = field();
  if (!area) return;
  let due = 0;
  let changed = false;
  const typed = () => {
    changed = true;
    clearTimeout(due);
    due = setTimeout(() => check().catch(() => {}), PAUSE);
  };
  area.addEventListener("input", typed);
  if (area.value !== area.defaultValue) typed(); // before this was loaded, or kept by the browser
  document.getElementById("editor").addEventListener("submit", () => {
    clearTimeout(due);
    changed = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (changed) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-line]");
    if (!link) return;
    event.preventDefault();
    select(Number(link.dataset.line), Number(link.dataset.column));
  });
});
