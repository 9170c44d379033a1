// Remembers what charts write on their canvases, which nobody can read off pixels, and when drawing ended.
(() => {
  const written = new WeakMap();
  let last = performance.now();
  const write = CanvasRenderingContext2D.prototype.fillText;
  const clear = CanvasRenderingContext2D.prototype.clearRect;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...more) {
    last = performance.now();
    const { e, f } = this.getTransform();
    const list = written.get(this.canvas) ?? [];
    list.push({ text: String(text), x: x + e, y: y + f, align: this.textAlign, base: this.textBaseline });
    written.set(this.canvas, list);
    return write.call(this, text, x, y, ...more);
  };
  CanvasRenderingContext2D.prototype.clearRect = function (x, y, width, height) {
    last = performance.now();
    if (width >= this.canvas.width && height >= this.canvas.height) {
      written.set(this.canvas, []);
    }
    return clear.call(this, x, y, width, height);
  };
  window.written = (canvas) => written.get(canvas) ?? [];
  new MutationObserver(() => {
    last = performance.now();
  }).observe(document, { subtree: true, childList: true, attributes: true });
  window.settled = () => document.fonts.status === "loaded" && performance.now() - last > 400;
})();
