// Draws one live panel again when the live part of the page says that something has changed.
const CHANGED = 'quarterdeck:changed';

class Waker {
  constructor() {
    this.turn = new Turn();
    this.onChanged = ({ detail }) => {
      detail.heard = true;
      this.turn.ask(() => this.emit('changed', detail.clock));
    };
    addEventListener(CHANGED, this.onChanged);
  }
  run(component) { this.emit = component.setTriggerValue; this.turn.drew(); }
  close() { this.turn.close(); removeEventListener(CHANGED, this.onChanged); }
}

const ALIVE = new WeakMap();
export default function (component) {
  const key = component.parentElement;
  if (!ALIVE.has(key)) ALIVE.set(key, new Waker());
  ALIVE.get(key).run(component);
  return () => { ALIVE.get(key)?.close(); ALIVE.delete(key); };
}
