// Shows a part of the page anew every few seconds while it says that it is still going on; without script the page
// asks to be loaded again by itself.
"use strict";
(() => {
  let part = document.querySelector("[data-live]");
  const again = async () => {
    try {
      const answer = await fetch(location.href, { credentials: "same-origin" });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("[data-live]");
      // What goes on has ended: the whole page says what is next.
      if (!fresh) return location.reload();
      if (fresh.outerHTML !== part.outerHTML) part.replaceWith(document.adoptNode(fresh));
      part = document.querySelector("[data-live]");
    } catch {
      // No network for a moment: the next turn asks again.
    }
  };
  if (part) setInterval(again, 2000);
})();
