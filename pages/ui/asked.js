// Hears that a person is asked something, or that it was answered: from the live part of the page where that watches
// the whole fleet, else over a connection of its own.
const MOST_WAIT_MS = 30000;

const asked = (element) => (element ? `${element.count}:${element.items.map((item) => item.id).join()}` : '');

class Ear {
  constructor(component) {
    this.fails = 0;
    this.known = null;
    this.onBoard = (event) => { if (event.detail.topic === this.data.topic) this.hear(asked(event.detail.approvals)); };
    this.run(component);
    if (this.data.own) this.open(); else addEventListener('quarterdeck:board', this.onBoard);
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
    removeEventListener('quarterdeck:board', this.onBoard);
    this.ws?.close();
  }
}

const ALIVE = new WeakMap();
export default function (component) {
  const key = component.parentElement;
  if (ALIVE.has(key)) ALIVE.get(key).run(component);
  else ALIVE.set(key, new Ear(component));
  return () => { ALIVE.get(key)?.close(); ALIVE.delete(key); };
}
