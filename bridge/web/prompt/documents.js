// What will be signed: one document in full, or a list that can be searched.

import { h, icon, notice } from './dom.js';
import { t, n, own } from './text.js';
import { call } from './net.js';

const LISTED = 500; // rows in the page at a time
const SEARCHED = 5; // a shorter list needs no search

const state = { query: '', open: new Set(), whole: new Set(), source: new Set(), texts: new Map() };
let list; // ul of the rows, filled again while the person types
let count;

export function documents(view) {
  const one = view.documents.length === 1 && view.total === 1;
  return h('section', { 'aria-labelledby': 'what' },
    h('h2', { id: 'what' }, t('what.title')),
    view.warning && notice('danger', t(view.warning), t(`${view.warning}.text`)),
    view.digests && notice('danger', t('digest.title'), t('digest.text')),
    view.unseen && notice('danger', t('unseen.title'), t('unseen.text')),
    view.unseen ? h('p.small.muted', null, view.detached ? t('unseen.detached') : t('unseen.attached'))
      : one ? single(view.documents[0]) : many(view));
}

export const title = (d, i, total) => d.name || (total === 1 ? t('document.one') : t('document.numbered', i + 1));

function facts(d) {
  return [t(d.kind), own(d.size)].filter(Boolean).join(' · ');
}

function single(d) {
  return h('div.document', null,
    icon(d.kind === 'kind.digest' ? 'blind' : 'document', 22),
    h('div', null, h('div.line', null, h('h3', null, title(d, 0, 1)), h('p.small.muted', null, facts(d))), inside(d, 0)));
}

// inside is what one document shows beyond its name.
function inside(d, i) {
  return [
    d.sha256 && d.kind !== 'kind.digest' && h('p.small.muted.sha', null, h('span', null, 'SHA-256'), h('span.mono.hash', null, d.sha256)),
    d.kind === 'kind.file' && !d.sha256 && h('p.small.muted', null, t('document.unread')),
    d.kind !== 'kind.digest' && d.kind !== 'kind.file' && !d.text && h('p.small.muted', null, t('document.no_preview')),
    d.copy && openCopy(i),
    d.part && notice('plain', t('document.part', d.part)),
    d.fields && h('dl.fields', null, d.fields.map((f) => h('div', null, h(f.key ? 'dt' : 'dt.mono', null, f.key ? t(f.key) : f.name), h('dd', null, f.value)))),
    d.more && h('p.small.muted', null, t('document.more')),
    d.text && text(d, i),
  ];
}

// openCopy opens the very octets in the person's own viewer.
function openCopy(i) {
  const failed = h('p.small.ended', { hidden: true, role: 'alert' }, t('document.copy_failed'));
  return h('div', null,
    h('button.link.small', {
      type: 'button', 'data-focus': `copy-${i}`,
      onclick: () => call('/copy', { document: i }).then(() => { failed.hidden = true; }, () => { failed.hidden = false; }),
    }, t('document.open_copy')),
    failed);
}

// text shows the text of a document: its beginning at once, or after a click when
// fields stand for it; the source, when it looks different, after one more.
function text(d, i) {
  const pre = h('pre.text', { tabindex: 0, role: 'region', 'aria-label': t('document.text_of'), id: `text-${i}` });
  const cut = h('p.small.muted', { hidden: true }, d.part ? t('document.cut_part') : t('document.cut'));
  const source = h('button.link.small', { type: 'button', hidden: true, 'aria-controls': `text-${i}`, 'data-focus': `source-button-${i}` });
  const button = h('button.link.small', { type: 'button', 'aria-controls': `text-${i}`, 'data-focus': `text-button-${i}` });
  const show = () => {
    const whole = state.whole.has(i);
    const answer = state.texts.get(i);
    const raw = state.source.has(i);
    if (answer) pre.textContent = raw ? answer.source : answer.text;
    pre.hidden = Boolean(d.fields) && !whole;
    cut.hidden = pre.hidden || !answer?.cut;
    source.hidden = !whole || !answer?.source;
    source.textContent = raw ? t('document.indented') : t('document.source');
    pre.classList.toggle('whole', whole);
    button.setAttribute('aria-expanded', String(whole));
    button.textContent = whole ? t('document.hide_text') : t('document.show_text');
    button.hidden = !whole && !pre.hidden && pre.scrollHeight > 0 && pre.scrollHeight <= pre.clientHeight + 1;
  };
  const fill = (answer) => {
    state.texts.set(i, answer);
    show();
    requestAnimationFrame(show); // the height is known only now
  };
  button.addEventListener('click', () => {
    if (state.whole.has(i)) state.whole.delete(i);
    else state.whole.add(i);
    show();
  });
  source.addEventListener('click', () => {
    if (state.source.has(i)) state.source.delete(i);
    else state.source.add(i);
    show();
  });
  show();
  if (state.texts.has(i)) fill(state.texts.get(i));
  else {
    call('/text', { document: i }).then(fill, () => pre.remove());
  }
  return [pre, cut, h('div.views', null, button, source)];
}

function many(view) {
  list = h('ul.documents', { 'aria-label': t('what.title'), tabindex: -1 });
  count = h('p.small.muted', { role: 'status' });
  rows(view);
  return [
    view.documents.length > SEARCHED && h('input', {
      type: 'search', value: state.query, placeholder: t('document.search'), 'aria-label': t('document.search'),
      'data-focus': 'search', autocomplete: 'off', spellcheck: 'false',
      oninput: (e) => { state.query = e.target.value; rows(view); },
      onkeydown: (e) => { if (e.key === 'Enter') e.preventDefault(); },
    }),
    list,
    count,
  ];
}

function rows(view) {
  const query = state.query.trim().toLocaleLowerCase();
  const found = [];
  view.documents.forEach((d, i) => {
    const name = title(d, i, view.total);
    if (!query || `${name} ${t(d.kind)} ${d.sha256}`.toLocaleLowerCase().includes(query)) found.push([d, i, name]);
  });
  list.replaceChildren(...found.slice(0, LISTED).map(([d, i, name]) => h('li', null, row(d, i, name))));
  if (!found.length) list.append(h('li', null, h('p.none', null, t('document.none_found'))));
  const lines = [];
  if (query) lines.push(n('document.found', found.length));
  if (found.length > LISTED) lines.push(n('document.narrow', found.length - LISTED));
  if (view.total > view.documents.length) lines.push(n('document.not_listed', view.total - view.documents.length));
  count.textContent = lines.join(' · ');
  count.hidden = !lines.length;
}

function row(d, i, name) {
  const body = h('div.inside');
  const details = h('details', {
    open: state.open.has(i),
    ontoggle: () => {
      if (details.open) state.open.add(i);
      else state.open.delete(i);
      if (details.open && !body.childNodes.length) body.append(...inside(d, i).flat().filter(Boolean));
    },
  }, h('summary', null, h('span.title', null, name), h('span.facts', null, facts(d))), body);
  return details;
}
