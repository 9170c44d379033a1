// Reads off the page what each panel shows.
(() => {
  const plain = (colour) => (colour === "rgba(0, 0, 0, 0)" || colour === "transparent" ? "" : colour);

  // Whether the text is wider than the box that shows it, with or without an ellipsis.
  function wide(element) {
    const range = document.createRange();
    const box = element.getBoundingClientRect();
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      range.selectNodeContents(walker.currentNode);
      const text = range.getBoundingClientRect();
      if (text.width > 0 && (text.right > box.right + 1 || text.left < box.left - 1)) {
        return true;
      }
    }
    return false;
  }

  function table(section) {
    const grid = section.querySelector('[role="table"]');
    if (!grid) {
      return null;
    }
    const headers = [...grid.querySelectorAll('[role="columnheader"]')];
    const rows = [...grid.querySelectorAll('[role="row"]')].map((row) => [...row.querySelectorAll('[role="cell"]')]).filter((row) => row.length);
    const cells = rows.flat();
    const box = grid.getBoundingClientRect();
    const right = Math.max(...headers.map((header) => header.getBoundingClientRect().right));
    return {
      headers: headers.map((header) => header.innerText.trim()),
      rows: rows.map((row) => row.map((cell) => cell.innerText.trim())),
      colours: rows.map((row) => row.map((cell) => plain(getComputedStyle(cell).backgroundColor))),
      cut: [...headers, ...cells].filter(wide).map((each) => each.innerText.trim()),
      scrolled: Math.max(0, Math.round(right - box.right)),
    };
  }

  // An axis is what is written at one x, right-aligned, or at one y, centred.
  function axes(section) {
    const found = {};
    for (const canvas of section.querySelectorAll("canvas")) {
      for (const { text, x, y, align } of window.written(canvas)) {
        const key = align === "right" || align === "left" ? `x${Math.round(x)}` : `y${Math.round(y)}`;
        (found[key] ??= []).push(text);
      }
    }
    return Object.values(found);
  }

  return [...document.querySelectorAll("section[data-panel]")].map((section) => ({
    id: section.dataset.panel,
    title: section.querySelector("h2, h6")?.innerText ?? section.dataset.title,
    kind: section.dataset.type,
    text: section.innerText,
    noValue: section.querySelector(".no-value")?.innerText ?? "",
    table: table(section),
    axes: axes(section),
    cut: [...section.querySelectorAll(".row-name")].filter(wide).map((each) => each.innerText.trim()),
  }));
})();
