// Wakes of a page, one after another. When Streamlit tells the browser that the run of a part has ended, the browser takes away what that part
// no longer shows; when the next run begins within some 10 ms it is never told, and what is gone would stay on the page. So each wake waits until
// the run before it has ended, as far as the browser knows, and until the server can be reached: what is sent without it is lost without a word.
const ANSWER_MS = 3000; // after so long without an answer the next one goes ahead
const RUN_MS = 15000; // and so long a run of something else is waited for
// So long after a key or a click nothing is woken: what a person asks for must not be sent as one with a wake.
const REST_MS = 400;

const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });
const wakes = (globalThis.quarterdeckWakes ??= begin());

function begin() {
  const page = { last: Promise.resolve(), touched: 0 };
  for (const kind of ['pointerdown', 'keydown']) addEventListener(kind, () => { page.touched = Date.now(); }, { capture: true });
  return page;
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

const busy = (app) => ['running', 'rerunRequested'].includes(app.dataset.testScriptState);

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
    send();
    await Promise.race([drawn, sleep(ANSWER_MS)]);
  }
  drew() {}
  close() { this.send = null; this.drew(); }
}
