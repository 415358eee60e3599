// What a batch lacks: which documents failed, why, and what happens now.

import { h, icon } from './dom.js';
import { t, n } from './text.js';
import { title } from './documents.js';
import { password } from './stores.js';
import { pin } from './tokens.js';

// again asks whether to try those again. Where a token has to be opened anew, its
// PIN is asked for here.
export function again(state, act) {
  const { short, view } = state;
  const many = view.total > 1;
  return h(many ? 'div.state.bad.short' : 'div.state.bad', { role: 'alert' },
    icon('warning', many ? 32 : 48),
    h('h1', null, short.several ? t('retry.title') : t(state.failed)),
    h('p', null, t(`again.${state.failed.replace(/^failed\./, '')}`)),
    short.pin && pin({ pin: short.pin }, state, act, password),
    many && h('p', null, t('failed.partly', short.signed, view.total), '. ', short.waiting > 0 && n('retry.waiting', short.waiting)),
    list(state),
    many && h('p.muted.small', null, t('retry.kept'), ' ', t('retry.stop')));
}

// list names the documents that failed by number and name, each with its reason
// where there are several.
export function list(state) {
  const { short, view } = state;
  if (!short || short.failed.length === 0) return null;
  return h('section.failures', { 'aria-labelledby': 'failures' },
    h('h2', { id: 'failures' }, n('retry.failed', short.failed.length + short.more)),
    h('ul', { tabindex: 0, 'aria-labelledby': 'failures' }, short.failed.map((f) => item(f, short, view)),
      short.more > 0 && h('li.muted', null, n('retry.more', short.more))));
}

function item(f, short, view) {
  const d = view.documents[f.document];
  const number = t('document.numbered', f.document + 1);
  const name = d && d.name ? title(d, f.document, view.total) : '';
  return h('li', null, h('b', null, number), name && ` · ${name}`, short.several && h('span.small.muted', null, t(f.reason)));
}
