// Hears that a person is asked something, that it was answered, and that alerts come and go: from the live part of the page where that watches
// the whole fleet, else over a connection of its own.
const MOST_WAIT_MS = 30000;

const listed = (element) => (element ? `${element.count}:${element.items.map((item) => item.id).join()}` : '');
const asked = ({ approvals, alerts }) => `${listed(approvals)}|${listed(alerts)}`;

class Ear {
  constructor(component) {
    this.fails = 0;
    this.known = null;
    this.parts = {};
    this.onBoard = (event) => { if (event.detail.topic === this.data.topic) this.hear(asked(event.detail)); };
    this.run(component);
    if (this.data.own) this.open(); else addEventListener('quarterdeck:board', this.onBoard);
  }
  run(component) {
    this.data = component.data;
    this.emit = (name, value) => {
      this.unsaid?.disconnect();
      this.unsaid = whenReached(() => component.setTriggerValue(name, value));
    };
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
    for (const name of ['approvals', 'alerts']) {
      if (set[name]) this.parts[name] = set[name];
      else if (full || drop?.includes(name)) delete this.parts[name];
    }
    this.hear(asked(this.parts));
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
    this.unsaid?.disconnect();
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
