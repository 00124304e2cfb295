// Runs in the page before anything of it: notes when rows of a conversation were drawn, and when a text was on the screen.
(() => {
  const seen = (window.__talk = { tails: {}, frames: [] });
  const painted = (then) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = then;
    channel.port2.postMessage(0);
  });
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (how) {
    const root = attach.call(this, how);
    new MutationObserver((changes) => {
      if (!root.querySelector('.talk')) return;
      window.__root = root;
      for (const change of changes) for (const node of change.addedNodes) {
        if (!node.classList?.contains('row') || node.classList.contains('wait')) continue;
        seen.rows ??= painted(() => { seen.rowsAt ??= Date.now(); }) ?? true;
        const found = node.textContent.match(/tail-\d+/);
        if (found) painted(() => { seen.tails[found[0]] ??= Date.now(); });
      }
    }).observe(root, { subtree: true, childList: true });
    return root;
  };
  // Scrolls to a share of the whole and resolves with the time until what is in sight is drawn.
  window.__jump = (share) => new Promise((done) => {
    const scroll = window.__root.querySelector('.scroll'), began = performance.now();
    scroll.dispatchEvent(new WheelEvent('wheel'));
    scroll.scrollTop = share * (scroll.scrollHeight - scroll.clientHeight);
    const look = () => {
      const box = scroll.getBoundingClientRect();
      const inSight = [...window.__root.querySelectorAll('.row')].filter((row) => { const r = row.getBoundingClientRect(); return r.bottom > box.top && r.top < box.bottom; });
      if (inSight.length > 3 && inSight.every((row) => !row.classList.contains('wait'))) painted(() => done(performance.now() - began));
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  // Scrolls on for two seconds and resolves with the times between frames.
  window.__roll = () => new Promise((done) => {
    const scroll = window.__root.querySelector('.scroll'), frames = [];
    scroll.scrollTop = scroll.scrollHeight / 3;
    let last = performance.now();
    const began = last;
    const step = (now) => {
      frames.push(now - last);
      last = now;
      scroll.scrollTop += 90;
      if (now - began < 2000) requestAnimationFrame(step); else done(frames.slice(2));
    };
    requestAnimationFrame(step);
  });
})();
