// Draws one live panel again when the live part of the page says that something has changed.
const CHANGED = 'quarterdeck:changed';

class Waker {
  constructor() {
    this.onChanged = (event) => { event.detail.heard = true; this.emit('changed', event.detail.clock); };
    addEventListener(CHANGED, this.onChanged);
  }
  close() { removeEventListener(CHANGED, this.onChanged); }
}

const ALIVE = new WeakMap();
export default function (component) {
  const key = component.parentElement;
  if (!ALIVE.has(key)) ALIVE.set(key, new Waker());
  ALIVE.get(key).emit = component.setTriggerValue;
  return () => { ALIVE.get(key)?.close(); ALIVE.delete(key); };
}
