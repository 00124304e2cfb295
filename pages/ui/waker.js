// Draws one live panel again when the live part of the page says that something has changed.
const CHANGED = 'quarterdeck:changed';
// Triggers of two fragments that come together are sent as one, and only one of the fragments is drawn.
const APART_MS = 60;
// So long after a key or a click nothing is woken: what a person asks for must not be sent as one with a wake.
const REST_MS = 400;
let touched = 0;
for (const kind of ['pointerdown', 'keydown']) addEventListener(kind, () => { touched = Date.now(); }, { capture: true });

class Waker {
  constructor() {
    this.onChanged = ({ detail }) => {
      detail.heard = true;
      detail.turn = (detail.turn ?? -1) + 1;
      clearTimeout(this.waiting);
      this.soon(detail.clock, detail.turn * APART_MS);
    };
    addEventListener(CHANGED, this.onChanged);
  }
  soon(clock, afterMs) {
    this.waiting = setTimeout(() => {
      const restMs = touched + REST_MS - Date.now();
      if (restMs > 0) this.soon(clock, restMs + afterMs); else this.say(clock);
    }, afterMs);
  }
  say(clock) {
    this.unsaid?.disconnect();
    this.unsaid = whenReached(() => this.emit('changed', clock));
  }
  close() { clearTimeout(this.waiting); this.unsaid?.disconnect(); removeEventListener(CHANGED, this.onChanged); }
}

const ALIVE = new WeakMap();
export default function (component) {
  const key = component.parentElement;
  if (!ALIVE.has(key)) ALIVE.set(key, new Waker());
  ALIVE.get(key).emit = component.setTriggerValue;
  return () => { ALIVE.get(key)?.close(); ALIVE.delete(key); };
}
