// Shows a drawing that the server made: Streamlit lets no SVG through in a page's own HTML.
export default function ({ data, parentElement }) {
  const box = parentElement.querySelector('.flow');
  if (box.drawn === data.svg) return;
  box.drawn = data.svg;
  box.innerHTML = data.svg;
}
