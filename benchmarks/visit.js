// Runs in the page before anything of it: when something was painted, when cards were there, and what moved about.
(() => {
  const visit = (window.__visit = { paint: 0, cards: [], live: 0, table: 0, shift: 0 });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry.name === 'first-contentful-paint') visit.paint = entry.startTime;
  }).observe({ type: 'paint', buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) visit.shift += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });

  const painted = (then) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => then(performance.now());
    channel.port2.postMessage(0);
  });
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (how) {
    const root = attach.call(this, how);
    let waiting = false;
    new MutationObserver(() => {
      const count = root.querySelectorAll('.agent').length;
      if (count && !visit.live && !root.host.matches('.qd-first')) { visit.live = 1; painted((at) => { visit.live = at; }); }
      if (waiting || count <= (visit.cards.at(-1)?.[0] ?? 0)) return;
      waiting = true;
      painted((at) => { waiting = false; visit.cards.push([root.querySelectorAll('.agent').length, at]); });
    }).observe(root, { subtree: true, childList: true });
    return root;
  };
  const draw = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
    if (!visit.table && /^\s*\$\d/.test(text)) { visit.table = 1; painted((at) => { visit.table = at; }); }
    return draw.call(this, text, ...rest);
  };
})();
