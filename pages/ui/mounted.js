// The live parts as a component of a page: there as long as their place on it is.
const ALIVE = new WeakMap();
export default function (component) {
  const key = component.parentElement;
  if (!ALIVE.has(key)) ALIVE.set(key, new Live(component));
  ALIVE.get(key).run(component);
  return () => { ALIVE.get(key)?.close(); ALIVE.delete(key); };
}
