// Elements are built here and nowhere else. Text becomes text nodes only: no
// string of a site, a document or a certificate is ever parsed as markup.

const SVG = 'http://www.w3.org/2000/svg';

// Shapes on a grid of 24 × 24, drawn with a line of the text's colour.
const shapes = {
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  open: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 6.8-1.2',
  program: 'M4 5h16v14H4zM4 9h16M8 13l2 2-2 2M13 17h4',
  warning: 'M12 4 2.8 20h18.4zM12 10v5M12 17.4v.2',
  info: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5M12 7.8v.2',
  document: 'M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6',
  blind: 'M6 3h8l4 4v14H6zM14 3v4h4M9.5 11.5l5 6M14.5 11.5l-5 6',
  folder: 'M3 6h6l2 2h10v11H3z',
  key: 'M11 12a3.5 3.5 0 1 1-7 0 3.5 3.5 0 0 1 7 0zM11 12h9.5v3.4M16.5 12v2.6',
  token: 'M8.5 3h7v5.5h-7zM6 8.5h12V16a4.5 4.5 0 0 1-4.5 4.5h-3A4.5 4.5 0 0 1 6 16zM10.6 5.6v.2M13.4 5.6v.2',
  shield: 'M12 3l7 3v5c0 4.6-3 8-7 10-4-2-7-5.4-7-10V6zM9 11.8l2.2 2.2L15 10',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6z',
  noeye: 'M4 4l16 16M9.5 5.9A10 10 0 0 1 12 5.5c6 0 9.5 6.5 9.5 6.5a17 17 0 0 1-3 3.7M6.2 7.5A16 16 0 0 0 2.5 12S6 18.5 12 18.5a9.6 9.6 0 0 0 4-.9M10 10.2a2.8 2.8 0 0 0 3.8 3.9',
  done: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8 12.3l2.8 2.8L16 9.5',
  failed: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9 9l6 6M15 9l-6 6',
  up: 'M12 19V6M6.5 11 12 5.5l5.5 5.5',
};

export function icon(name, size = 20) {
  const svg = document.createElementNS(SVG, 'svg');
  const path = document.createElementNS(SVG, 'path');
  for (const [k, v] of Object.entries({ viewBox: '0 0 24 24', width: size, height: size, fill: 'none', stroke: 'currentColor', 'stroke-width': 1.6, 'stroke-linecap': 'round', 'stroke-linejoin': 'round', 'aria-hidden': 'true', focusable: 'false' })) svg.setAttribute(k, v);
  path.setAttribute('d', shapes[name]);
  svg.append(path);
  return svg;
}

// h makes an element: h('p.small', {id: 'x', onclick: f}, 'text', child, …).
// null, undefined and false children are left out.
export function h(tag, props, ...children) {
  const [name, ...classes] = tag.split('.');
  const e = document.createElement(name);
  if (classes.length) e.className = classes.join(' ');
  for (const [k, v] of Object.entries(props || {})) {
    if (v === null || v === undefined || v === false) continue;
    if (k.startsWith('on')) e.addEventListener(k.slice(2), v);
    else if (k === 'value' || k === 'checked' || k === 'open' || k === 'max') e[k] = v;
    else e.setAttribute(k, v === true ? '' : v);
  }
  append(e, children);
  return e;
}

function append(e, children) {
  for (const c of children) {
    if (c === null || c === undefined || c === false) continue;
    if (Array.isArray(c)) append(e, c);
    else e.append(c);
  }
}

// notice is a text that must not be overlooked: kind is "warn", "danger" or
// "plain".
export function notice(kind, title, ...text) {
  return h(`div.notice.${kind}`, { role: 'note' },
    icon(kind === 'plain' ? 'info' : 'warning'),
    h('div', null, title && h('b', null, title), text.map((t) => (typeof t === 'string' ? h('p', null, t) : t))));
}
