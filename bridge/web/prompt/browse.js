// The window's own file browser: a file input of a web page gives no path.

import { h, icon, notice } from './dom.js';
import { t, own, has } from './text.js';

// browser draws the folder in state.listing. act.go(path) opens a folder or
// takes a file whose path was typed, act.take(item) takes a file.
export function browser(state, act) {
  const l = state.listing;
  const pick = state.view.purpose === 'pick';
  const heading = state.view.purpose === 'make' ? t('browse.title_folder') : !pick ? t('browse.title') : state.view.directory ? t('browse.title_folder') : t('browse.title_file');
  const input = h('input', {
    type: 'text', value: state.typed ?? (l ? l.path : ''), 'aria-label': t('browse.path'), 'data-focus': 'path', spellcheck: 'false', autocomplete: 'off', dir: 'ltr',
    oninput: (e) => { state.typed = e.target.value; },
    onkeydown: (e) => {
      if (e.key !== 'Enter') return;
      e.preventDefault();
      if (!e.repeat) act.go(input.value);
    },
  });
  return h('section', { 'aria-labelledby': 'browse' },
    h('h2', { id: 'browse' }, heading),
    h('div.path', null,
      h('button.icon', { type: 'button', 'data-focus': 'up', 'aria-label': t('browse.up'), title: t('browse.up'), 'aria-disabled': String(!l || !l.parent), onclick: () => l && l.parent && act.go(l.parent) }, icon('up')),
      input,
      h('button', { type: 'button', 'data-focus': 'go', onclick: () => act.go(input.value) }, t('browse.go'))),
    l && l.places && h('nav.places', { 'aria-label': t('place.title') }, l.places.map((p) => h('button.link', { type: 'button', onclick: () => act.go(p.path) }, has(p.name) ? t(p.name) : p.name))),
    state.trouble && notice('danger', t(state.trouble)),
    l && l.error && notice('danger', t(l.error)),
    l && !l.error && items(state, l, act),
    l && l.more && h('p.small.muted', null, t('browse.more')));
}

function items(state, l, act) {
  const all = l.items || [];
  const files = all.some((i) => !i.folder);
  const kinds = (state.view.extensions || []).map((e) => `.${e}`).join(', ');
  return [
    !files && !state.view.directory && all.length > 0 && kinds && h('p.small.muted', null, t('browse.no_keys', kinds)),
    h('ul.items', { 'aria-label': t('browse.list') }, all.length === 0
      ? h('li', null, h('p', null, t('browse.empty')))
      : all.map((i) => h('li', null, h(i.folder ? 'button' : 'button.file', {
        type: 'button',
        'aria-pressed': i.folder ? null : String(state.picked === i.path),
        onclick: () => (i.folder ? act.go(i.path) : act.take(i)),
      }, icon(i.folder ? 'folder' : state.view.purpose === 'pick' ? 'document' : 'key'),
      h('span', null, i.name, i.folder
        ? h('span.unseen', null, `, ${t('browse.folder')}`)
        : h('small', null, [own(i.size), own(i.time)].filter(Boolean).join(' · '))))))),
  ];
}
