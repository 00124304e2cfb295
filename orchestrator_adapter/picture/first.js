// The live board of the home page before anything else of it is there, as it was when the page was asked for. It only shows: nothing in it can
// be pressed, and it goes as soon as the page has drawn its own.
const LATEST_MS = 8000;
const UNSEEN_MS = 250; // a tab in the background paints nothing

const nextPaint = () => new Promise((go) => {
  setTimeout(go, UNSEEN_MS);
  const channel = new MessageChannel();
  channel.port1.onmessage = go;
  requestAnimationFrame(() => channel.port2.postMessage(0));
});

function paintFirst(data) {
  const page = document.documentElement, at = location.pathname;
  const dark = page.dataset.boot ? page.dataset.boot === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  const host = h('div', 'qd-first');
  host.setAttribute('aria-hidden', 'true');
  attr(host, 'data-dark', dark);
  host.style.setProperty('--st-background-color', dark ? '#0e1117' : '#ffffff');
  host.style.setProperty('--st-font', '"Source Sans", sans-serif');
  const root = host.attachShadow({ mode: 'closed' });
  root.append(document.getElementById('qd-picture').content.cloneNode(true));
  document.body.append(host);
  const asks = Boolean(data.board.elements.approvals || data.board.elements.alerts);
  show(root.querySelector('.attention'), asks);
  const live = new Live({ parentElement: root });
  live.run({ parentElement: root, data: { ...data, topic: '', wakes: false }, setTriggerValue() {} });
  let going = false;
  const go = () => { watch.disconnect(); clearTimeout(late); live.close(); host.remove(); };
  const watch = new MutationObserver(() => {
    if (going || (location.pathname === at && !document.querySelector('.st-key-live-holder[data-drawn]'))) return;
    going = true;
    requestAnimationFrame(() => requestAnimationFrame(go)); // the page's own is painted by then
  });
  const late = setTimeout(go, LATEST_MS);
  watch.observe(page, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-drawn'] });
}

// Streamlit's scripts take the browser for a second: what can be seen before them is painted before them.
async function beginPage() {
  const told = document.getElementById('qd-first'), start = document.querySelector('link[data-start]');
  try {
    await nextPaint();
    if (told) {
      paintFirst(JSON.parse(told.textContent));
      await nextPaint();
    }
  } finally {
    if (start) document.head.append(Object.assign(document.createElement('script'), { type: 'module', crossOrigin: '', src: start.href }));
  }
}
beginPage();
