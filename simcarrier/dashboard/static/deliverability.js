// Hours are the reader's: the zone goes along with what is asked. And fields for times are there when they are needed.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const field = document.getElementById("zone");
  if (!field) return;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  const here = new URL(location.href);
  if (!here.searchParams.get("zone") && zone !== "UTC") {
    here.searchParams.set("zone", zone);
    location.replace(here);
    return;
  }
  if (!field.value) field.value = zone;

  const range = document.getElementById("range");
  const own = [...document.querySelectorAll(".field.own")];
  const show = () => own.forEach((each) => {
    each.hidden = range.value !== "own";
    each.querySelector("input").disabled = each.hidden; // and then goes not along
  });
  range.addEventListener("change", show);
  show();
});
