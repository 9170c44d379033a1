// Fetches the page again while it is looked at and replaces the parts marked data-live,
// keeping focus, scroll and what is typed. Without it the page works by reloading.
(() => {
  "use strict";
  const period = Number(document.body.dataset.refresh) * 1000;
  const button = document.getElementById("pause");
  const contact = document.getElementById("contact");
  if (!button || !contact || !(period > 0)) return;
  let paused = false;
  let timer = 0;

  const address = (element) => element.id ? `#${CSS.escape(element.id)}` : `a[href="${CSS.escape(element.getAttribute("href") || "")}"]`;

  function swap(old, fresh) {
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const find = focused && focused !== old ? address(focused) : null;
    const places = [...old.querySelectorAll(".scroll")].map((box) => box.scrollLeft);
    const open = new Map([...old.querySelectorAll("details[id]")].map((box) => [box.id, box.open]));
    old.replaceChildren(...fresh.childNodes);
    old.querySelectorAll("details[id]").forEach((box) => { box.open = open.get(box.id) ?? box.open; });
    old.querySelectorAll(".scroll").forEach((box, index) => { box.scrollLeft = places[index] || 0; });
    if (find) (old.querySelector(find) || document.querySelector("h1")).focus({ preventScroll: true });
  }

  function selecting() {
    const selection = document.getSelection();
    return selection !== null && !selection.isCollapsed;
  }

  async function refresh() {
    timer = 0;
    if (paused || document.hidden) return;
    if (!selecting()) {
      try {
        const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(period) });
        if (!answer.ok) throw new Error(`status ${answer.status}`);
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (paused || selecting()) return;
        for (const old of document.querySelectorAll("[data-live]")) {
          const part = fresh.getElementById(old.id);
          if (part) swap(old, part);
        }
        document.title = fresh.title;
        if (contact.textContent) contact.textContent = "";
      } catch {
        if (!contact.textContent) contact.textContent = contact.dataset.lost;
      }
    }
    plan();
  }

  function plan() {
    clearTimeout(timer);
    timer = paused || document.hidden ? 0 : setTimeout(refresh, period);
  }

  button.addEventListener("click", () => {
    paused = !paused;
    button.textContent = paused ? button.dataset.resume : button.dataset.pause;
    if (paused) plan(); else refresh();
  });
  document.addEventListener("visibilitychange", () => { if (document.hidden) plan(); else refresh(); });
  button.hidden = false;
  plan();
})();
