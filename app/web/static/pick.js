// Offers what fits while somebody types into a field that is looked up; without script the form itself asks.
"use strict";
(() => {
  for (const field of document.querySelectorAll("[data-pick]")) {
    let waiting;
    const offer = async () => {
      try {
        const address = new URL(field.dataset.pick, location.href);
        address.searchParams.set("q", field.value);
        const answer = await fetch(address, { credentials: "same-origin" });
        if (answer.ok) field.list.innerHTML = await answer.text();
      } catch {
        // No network for a moment: the form asks when it is sent.
      }
    };
    field.addEventListener("input", () => {
      clearTimeout(waiting);
      if (field.value.trim().length > 1) waiting = setTimeout(offer, 200);
    });
  }
})();
