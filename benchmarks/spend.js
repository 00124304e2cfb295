// Runs in the page before anything of it: notes when the sum that the Costs page answers with was on the screen.
(() => {
  const seen = (window.__spend = []);
  let last = '';
  // After the next frame was handed to the compositor: a task posted from within an animation frame runs behind it.
  const painted = (text) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => seen.push([text, Date.now()]);
    channel.port2.postMessage(0);
  });
  new MutationObserver(() => {
    const text = document.querySelector('[data-testid="stMarkdownContainer"] strong')?.textContent ?? '';
    if (text !== last && /^\$[\d,]+\.\d\d$/.test(text)) painted((last = text));
  }).observe(document, { subtree: true, childList: true, characterData: true });
})();
