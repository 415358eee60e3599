// Drawing: what each state of the window shows.

import { h, icon, notice } from './dom.js';
import { t, n, own, lang, setLanguage } from './text.js';
import { state, form } from './state.js';
import { act } from './actions.js';
import { arm, footer } from './footer.js';
import { documents } from './documents.js';
import { browser } from './browse.js';
import { keys } from './keys.js';
import { stores } from './stores.js';
import { facts, places } from './newkey.js';
import { again, list } from './shortfall.js';

const names = { kk: 'Қаз', ru: 'Рус', en: 'Eng' };
const tongues = { kk: 'Қазақша', ru: 'Русский', en: 'English' };

export function draw(focus) {
  const active = document.activeElement;
  const keep = focus || active?.dataset?.focus;
  const range = active === document.activeElement && active?.dataset?.focus === 'path' ? [active.selectionStart, active.selectionEnd] : null;
  const scroll = form.querySelector('main')?.scrollTop || 0;
  document.documentElement.lang = lang();
  document.title = state.view ? `${siteName()} — Tanba` : 'Tanba';
  const main = h('main', { tabindex: -1 }, screens[state.screen]());
  form.replaceChildren(main, footer() || '');
  main.addEventListener('scroll', () => main.classList.toggle('scrolled', main.scrollTop > 4));
  main.scrollTop = focus ? 0 : scroll;
  const target = keep && form.querySelector(`[data-focus="${CSS.escape(keep)}"]`);
  if (target) {
    target.focus();
    if (focus) {
      target.closest('.choice')?.scrollIntoView({ block: 'nearest' });
      // A warning about who asks, or for what, comes before the password.
      if (!state.trouble) main.querySelector('.who .notice.danger, [aria-labelledby=what] > .notice.danger')?.scrollIntoView({ block: 'nearest' });
    }
    if (range && !focus) target.setSelectionRange(...range);
  } else if (focus) main.focus();
  arm();
}

const screens = {
  ask: () => [head(), who(), facts(state.view), (state.view.documents.length > 0 || state.view.unseen) && documents(state.view), state.view.purpose !== 'list' && (state.keys ? keys(state, act) : state.view.purpose === 'make' ? places(state, act) : stores(state, act)), blockLink()],
  block: () => [head(), h('section', { 'aria-labelledby': 'block' }, h('h2', { id: 'block' }, t('block.title')), notice('danger', '', t('block.text', siteName())))],
  browse: () => [head(), who(), browser(state, act)],
  work: () => [top(), h('div.state', { role: 'status' },
    icon('key', 40),
    h('h1', null, t(workTitle())),
    h('progress', { max: Math.max(1, state.view.total), value: state.done, 'aria-label': t('work.title') }),
    state.view.total > 1 && h('p.muted', null, t('work.count', state.done, state.view.total))), remark()],
  retry: () => [top(), again(state, act)],
  end: () => [top(), state.failed ? failure() : [success(), remark()]],
  gone: () => [top(), h('div.state', { role: 'status' }, icon('info', 40), h('h1', null, t('gone.title')), h('p.muted', null, t('gone.text')))],
};

function top() {
  const languages = state.view?.languages || Object.keys(names);
  return h('div.top', null,
    h('p.phrase', null, state.view?.phrase && [icon('shield', 16), h('span', { title: t('page.phrase') }, h('span.unseen', null, `${t('page.phrase')}: `), state.view.phrase)]),
    h('div.languages', { role: 'group', 'aria-label': t('page.language') }, languages.map((l) => h('button', {
      type: 'button', lang: l, 'data-focus': `language-${l}`, 'aria-pressed': String(l === lang()), 'aria-label': tongues[l], title: tongues[l],
      onclick: () => { setLanguage(l); draw(); },
    }, names[l]))));
}

function siteName() {
  const s = state.view.site;
  return s.name || (s.local ? t('site.unknown_program') : t('site.unknown'));
}

// head stays in sight while the rest scrolls: who asks, and for what.
function head() {
  const s = state.view.site;
  return h('div.head', null,
    top(),
    h('div.name', null,
      h('h1', null, s.secure && icon('lock'), s.local && icon('program'), h('span', null, siteName())),
      s.new && !s.changed && h('span.badge', null, s.local ? t('site.new_program') : t('site.new'))),
    h('p.sentence', null, own(state.view.sentence)));
}

function who() {
  const s = state.view.site;
  const how = s.local ? 'site.local' : s.secure ? 'site.secure' : s.loopback ? 'site.loopback' : 'site.insecure';
  return h('div.who', null,
    h('p.origin', null, h('span.unseen', null, `${t(how)}. `), s.local && !s.detail ? t('site.local') : s.detail),
    s.sha256 && h('p.small.muted.sha', null, h('span', null, 'SHA-256'), h('span.mono.hash', null, s.sha256)),
    s.changed && notice('danger', t('site.changed'), t('site.changed_text')),
    note() && h('p.small.muted', null, note()),
    s.suspicious && notice('danger', '', t('site.suspicious')),
    !s.secure && !s.local && !s.loopback && notice('danger', '', t('site.insecure')),
    s.new && !s.suspicious && !s.changed && h('p.small.muted', null, s.local ? t('site.new_program_note') : t('site.new_note')));
}

// blockLink leads to the question whether the asker is to be blocked.
function blockLink() {
  return state.view.block && h('p.block', null, h('button.link.small', { type: 'button', 'data-focus': 'block', onclick: act.block }, t(state.view.site.local ? 'block.link_program' : 'block.link')));
}

function note() {
  const p = state.view.purpose;
  if (p === 'make' || p === 'install') return t(`ask.${p}_note`);
  if (p === 'list') return t('ask.tokens_note');
  return p === 'show' ? t('ask.show_note') : p === 'pick' ? t('ask.pick_note') : '';
}

const workTitle = () => (['make', 'install'].includes(state.view.purpose) ? `work.${state.view.purpose}` : 'work.title');

function success() {
  const v = state.view;
  const what = v.purpose === 'make' ? t('done.made') : v.purpose === 'install' ? t('done.installed') : v.purpose === 'list' ? t('done.tokens') : v.purpose === 'show' ? t('done.shown') : v.purpose === 'pick' ? t('done.picked') : v.login ? t('done.login') : n('done.signed', v.total);
  return h('div.state', { role: 'status' }, icon('done', 48), h('h1', null, t('done.title')), h('p', null, what), h('p.small.muted', null, t('done.closes')));
}

// remark is something to know that changes nothing.
const remark = () => state.notice && notice('warn', '', t(state.notice));

// failure says what failed and what to do. Only a site that sends its documents one
// by one has signatures by then; all others get every one or none.
function failure() {
  const v = state.view;
  const begun = v.purpose === 'sign' && state.done > 0 && state.done < v.total;
  const partly = begun && v.unseen;
  return h('div.state.bad', { role: 'alert' },
    icon('failed', 48),
    h('h1', null, partly ? t('failed.partly', state.done, v.total) : t('failed.title')),
    h('p', null, !state.short?.several && `${t(state.failed)}. `, !partly && t(`${state.failed}.hint`)),
    list(state),
    begun && h('p.muted', null, partly ? t('failed.partly_note') : t('failed.partly_none', state.done, v.total)));
}
