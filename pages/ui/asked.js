// Hears on pages that do not watch the whole fleet that a person is asked something, or that it was answered.
const MOST_WAIT_MS = 30000;

const asked = (element) => (element ? `${element.count}:${element.items.map((item) => item.id).join()}` : '');

class Ear {
  constructor(component) {
    this.fails = 0;
    this.known = null;
    this.run(component);
    this.open();
  }
  run(component) {
    this.data = component.data;
    this.emit = component.setTriggerValue;
  }
  open() {
    const url = new URL('api/v1/events', document.baseURI.replace(/[?#].*$/, '').replace(/[^/]*$/, ''));
    url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    url.search = `topics=${encodeURIComponent(this.data.topic)}`;
    this.ws = new WebSocket(url);
    this.ws.onmessage = (message) => this.receive(JSON.parse(message.data));
    this.ws.onclose = () => this.lost();
  }
  receive(message) {
    if (message.kind !== 'board') return;
    this.fails = 0;
    const { full, set, drop } = message.data;
    if (set.approvals) this.hear(asked(set.approvals));
    else if (full || drop?.includes('approvals')) this.hear('');
  }
  hear(now) {
    const before = this.known ?? this.data.seen;
    this.known = now;
    if (now !== before) this.emit('asked', now);
  }
  lost() {
    if (this.closed) return;
    this.fails += 1;
    this.retry = setTimeout(() => this.open(), Math.min(250 * 2 ** this.fails, MOST_WAIT_MS));
  }
  close() {
    this.closed = true;
    clearTimeout(this.retry);
    this.ws.close();
  }
}

const ALIVE = new WeakMap();
export default function (component) {
  const key = component.parentElement;
  if (ALIVE.has(key)) ALIVE.get(key).run(component);
  else ALIVE.set(key, new Ear(component));
  return () => { ALIVE.get(key)?.close(); ALIVE.delete(key); };
}
