// Runs in the page before anything of it: notes when a text reached the page's live socket, the document, and the screen.
(() => {
  const seen = (window.__seen = { socket: [], screen: [] });
  const PATTERN = /reading (?:inside|outside)_\d+\.py|\$[12],\d{3}\.\d\d/g;
  const note = (kind, value) => { for (const word of String(value).match(PATTERN) ?? []) seen[kind].push([word, Date.now()]); };
  // After the next frame was handed to the compositor: a task posted from within an animation frame runs behind it.
  const painted = (value) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => note('screen', value);
    channel.port2.postMessage(0);
  });

  const Native = window.WebSocket;
  window.WebSocket = class extends Native {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', ({ data }) => { if (typeof data === 'string') note('socket', data); });
    }
  };

  // Tables are drawn on a canvas.
  const draw = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
    if (PATTERN.test(text)) painted(text);
    PATTERN.lastIndex = 0;
    return draw.call(this, text, ...rest);
  };

  // Live parts are elements in a shadow root.
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (how) {
    const root = attach.call(this, how);
    new MutationObserver((changes) => {
      for (const change of changes) if (change.target.textContent.length < 500) painted(change.target.textContent);
    }).observe(root, { subtree: true, childList: true, characterData: true });
    return root;
  };
})();
