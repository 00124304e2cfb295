// Draws one live panel again when the live part of the page says that something has changed.
const CHANGED = 'quarterdeck:changed';
// Triggers of two fragments that come together are sent as one, and only one of the fragments is drawn.
const APART_MS = 60;

class Waker {
  constructor() {
    this.onChanged = ({ detail }) => {
      detail.heard = true;
      detail.turn = (detail.turn ?? -1) + 1;
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.emit('changed', detail.clock), detail.turn * APART_MS);
    };
    addEventListener(CHANGED, this.onChanged);
  }
  close() { clearTimeout(this.waiting); removeEventListener(CHANGED, this.onChanged); }
}

const ALIVE = new WeakMap();
export default function (component) {
  const key = component.parentElement;
  if (!ALIVE.has(key)) ALIVE.set(key, new Waker());
  ALIVE.get(key).emit = component.setTriggerValue;
  return () => { ALIVE.get(key)?.close(); ALIVE.delete(key); };
}
