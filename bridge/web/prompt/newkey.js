// A new key: what is asked for, and where it is to live. The file of a new key
// gets a password of its own, typed twice; nothing is written before the last yes.

import { h, icon } from './dom.js';
import { own, t } from './text.js';
import { missing, token } from './tokens.js';
import { lookable, password, trouble } from './stores.js';

// facts is what is said of the new key, or of the certificate for one.
export function facts(view) {
  if (!view.facts?.length) return null;
  return h('section', { 'aria-labelledby': 'facts' },
    h('h2', { id: 'facts' }, t(`fact.title_${view.purpose}`)),
    h('dl.facts', null, view.facts.map((f) => [h('dt', null, f.key ? t(f.key) : f.name), h('dd', null, own(f.value))])));
}

// The fields are made once, so that drawing the page anew does not lose what is
// typed.
let fields;

function typed() {
  fields ||= ['new-password', 'new-again'].map((id) => h('input', {
    type: 'password', id, 'data-focus': id, autocomplete: 'new-password', autocapitalize: 'none', spellcheck: 'false', maxlength: 64,
  }));
  return fields;
}

export function newPassword() {
  const [first, again] = typed();
  return { value: first.value, same: first.value === again.value, first, again };
}

export function forgetNew() {
  for (const f of fields || []) f.value = '';
}

// places is the choice of a file or a token for the new key.
export function places(state, act) {
  const { view } = state;
  const tokens = (state.tokens || []).map((x, i) => token(x, i, state, act, password));
  return h('section', { 'aria-labelledby': 'place' },
    h('h2', { id: 'place' }, t('new.title')),
    view.newfile && view.tokens && h('p.small.muted', null, t('new.safer')),
    h('div.choices', { role: 'radiogroup', 'aria-labelledby': 'place' },
      view.first ? [tokens, view.newfile && file(state, act)] : [view.newfile && file(state, act), tokens]),
    missing(state),
    lookable(state) && h('div.views', null, h('button.link', { type: 'button', 'data-focus': 'look', onclick: act.look }, t('token.find'))));
}

function file(state, act) {
  return h('div.choice', { onclick: state.fresh ? null : act.fresh },
    h('input', { type: 'radio', name: 'file', id: 'fresh', checked: state.fresh, 'data-focus': 'fresh', onchange: act.fresh }),
    h('div', null,
      h('label', { for: 'fresh' }, h('h3', null, t('new.file'))),
      state.fresh && form(state, act)));
}

function form(state, act) {
  const [first, again] = typed();
  const strength = h('p.hint', { id: 'new-hints', 'aria-live': 'polite' });
  const check = () => {
    const differ = again.value && first.value !== again.value;
    const words = differ ? t('new.differ') : first.value.length >= 6 ? t(`new.strength_${strengthOf(first.value)}`) : t('new.rules');
    strength.replaceChildren(icon(differ ? 'warning' : 'info', 16), words);
  };
  first.setAttribute('aria-describedby', state.trouble ? 'trouble new-hints' : 'new-hints');
  first.oninput = again.oninput = check;
  check();
  return h('div.password', null,
    h('label', { for: 'folder' }, t('new.folder_label')),
    h('div.row', null,
      h('input', { type: 'text', id: 'folder', 'data-focus': 'folder', value: state.folder, spellcheck: 'false', autocomplete: 'off', dir: 'ltr', oninput: (e) => { state.folder = e.target.value; } }),
      h('button.link', { type: 'button', 'data-focus': 'browse', onclick: act.browseFolder }, t('new.choose_folder'))),
    h('label', { for: 'new-password' }, t('new.password')),
    h('div.row', null, first),
    h('label', { for: 'new-again' }, t('new.again')),
    h('div.row', null, again),
    strength,
    state.trouble && trouble(state.trouble),
    h('p.hint', null, icon('warning', 16), t('new.lost')));
}

// strengthOf is enrollment.StrengthOf: length, kinds of characters, repetition.
export function strengthOf(text) {
  const codes = [...text].map((c) => c.charCodeAt(0));
  const kinds = new Set(codes.map((c) => (c >= 48 && c <= 57 ? 0 : c >= 97 && c <= 122 ? 1 : c >= 65 && c <= 90 ? 2 : 3)));
  const runs = codes.filter((c, i) => i > 0 && Math.abs(c - codes[i - 1]) <= 1).length;
  const points = Math.min(codes.length - runs, new Set(codes).size + 2) + Math.max(kinds.size - 2, 0);
  return points >= 14 ? 'good' : points >= 10 ? 'fair' : 'weak';
}
