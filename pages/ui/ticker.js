// Asks for the next moment of a replay, a while after the last one was drawn: so a slow page is never overrun.
export default function ({ data, parentElement, setTriggerValue }) {
  clearTimeout(parentElement.__tick);
  parentElement.__tick = setTimeout(() => setTriggerValue('tick', data.at), data.ms);
  return () => clearTimeout(parentElement.__tick);
}
