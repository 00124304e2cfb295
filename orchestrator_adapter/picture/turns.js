// Wakes of a page, one after another. When Streamlit tells the browser that the run of a part has ended, the browser takes away what that part
// no longer shows; when the next run begins within some 10 ms it is never told, and what is gone would stay on the page. So each wake waits until
// the run before it has ended, as far as the browser knows, and until the server can be reached: what is sent without it is lost without a word.
const ANSWER_MS = 3000; // after so long without an answer the next one goes ahead
const RUN_MS = 15000; // and so long a run of something else is waited for
// So long after a key, a click, or the end of a run that was no wake, nothing is woken: what a person asks for must not be sent as one with a
// wake, and a run that opens another page ends before that page's own run begins. A wake in between would end the new page before it is drawn.
const REST_MS = 400;

const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });
const busy = (app) => ['running', 'rerunRequested'].includes(app.dataset.testScriptState);
const wakes = (globalThis.quarterdeckWakes ??= begin());

function begin() {
  const page = { last: Promise.resolve(), touched: 0, ours: false, app: null };
  for (const kind of ['pointerdown', 'keydown']) addEventListener(kind, () => { page.touched = Date.now(); page.ours = false; }, { capture: true });
  return page;
}

// Sees runs end, as far as the browser knows.
function follow() {
  const app = document.querySelector('[data-testid="stApp"]');
  if (!app || wakes.app === app) return;
  wakes.app = app;
  let was = busy(app);
  new MutationObserver(() => {
    const ended = was && !busy(app);
    was = busy(app);
    if (!ended) return;
    if (!wakes.ours) wakes.touched = Date.now();
    wakes.ours = false;
  }).observe(app, { attributes: true });
}

// What a person asked for was sent: nothing is woken until its run has begun, as far as the browser knows.
function hold() {
  const app = document.querySelector('[data-testid="stApp"]');
  if (!app) return;
  wakes.begun = new Promise((done) => {
    const end = () => { watch.disconnect(); clearTimeout(timer); done(); };
    const watch = new MutationObserver(() => { if (busy(app)) end(); }), timer = setTimeout(end, ANSWER_MS);
    watch.observe(app, { attributes: true });
  });
}

function settled() {
  const app = document.querySelector('[data-testid="stApp"]');
  if (!app || (reached(app) && !busy(app))) return null;
  return new Promise((done) => {
    let late = false;
    const look = () => {
      if (!reached(app) || (busy(app) && !late)) return;
      watch.disconnect();
      clearTimeout(timer);
      done();
    };
    const watch = new MutationObserver(look), timer = setTimeout(() => { late = true; look(); }, RUN_MS);
    watch.observe(app, { attributes: true });
  });
}

async function quiet() {
  for (;;) {
    await wakes.begun;
    await settled();
    const restMs = wakes.touched + REST_MS - Date.now();
    if (restMs <= 0) return;
    await sleep(restMs);
  }
}

// One part of the page: asked often, it is woken once.
class Turn {
  constructor() { follow(); }
  ask(send) {
    const queued = this.send;
    this.send = send;
    if (!queued) wakes.last = wakes.last.then(() => this.take());
  }
  async take() {
    await quiet();
    const send = this.send;
    this.send = null;
    if (!send) return;
    const drawn = new Promise((done) => { this.drew = done; });
    wakes.ours = true;
    send();
    await Promise.race([drawn, sleep(ANSWER_MS)]);
  }
  drew() {}
  close() { this.send = null; this.drew(); }
}
