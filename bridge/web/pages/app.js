// The frame of every page: navigation, language, and which page is shown.

import { h, icon } from '/app/dom.js';
import { load, lang, t, say } from '/app/api.js';
import { status } from '/app/status.js';
import { keys } from '/app/keys.js';
import { renew } from '/app/renew.js';
import { permissions } from '/app/permissions.js';
import { journal } from '/app/journal.js';
import { verify } from '/app/verify.js';
import { settings } from '/app/settings.js';
import { about } from '/app/about.js';

const pages = {
  '/': ['status', status, 'shield'],
  '/keys': ['keys', keys, 'key'],
  '/renew': ['renew', renew, 'program'],
  '/permissions': ['permissions', permissions, 'lock'],
  '/journal': ['journal', journal, 'document'],
  '/verify': ['verify', verify, 'done'],
  '/settings': ['settings', settings, 'program'],
  '/about': ['about', about, 'info'],
};

const languages = { kk: 'Қазақша', ru: 'Русский', en: 'English' };
const app = document.getElementById('app');
let shown = 0;

function go(event) {
  const a = event.currentTarget;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  history.pushState(null, '', a.getAttribute('href') + location.search);
  show(true);
}

// link goes to another page without loading it anew.
export function link(path, ...children) {
  return h('a', { href: path, onclick: go }, ...children);
}

async function show(moved = false) {
  const turn = ++shown;
  const [name, page] = pages[location.pathname] || pages['/'];
  document.title = `${t('pages.nav.' + name)} – Tanba`;
  const main = h('main', { id: 'main', tabindex: '-1' }, h('h1', null, t('pages.nav.' + name)), h('p.muted', { role: 'status' }, t('pages.loading')));
  app.replaceChildren(
    h('header', null,
      h('a.skip', { href: '#main', onclick: (e) => { e.preventDefault(); main.focus(); } }, t('pages.skip')),
      h('a.brand', { href: '/', onclick: go }, h('img', { src: '/app/icon.svg', alt: '', width: 28, height: 28 }), 'Tanba'),
      h('button.menu', { type: 'button', 'aria-expanded': 'false', 'aria-controls': 'pages', onclick: unfold }, t('pages.navigation')),
      h('nav', { id: 'pages', 'aria-label': t('pages.navigation') }, Object.entries(pages).map(([path, [id, , sign]]) =>
        h('a', { href: path, onclick: go, 'aria-current': id === name ? 'page' : null }, icon(sign, 18), t('pages.nav.' + id))))),
    main,
    h('footer', null, h('div.languages', { role: 'group', 'aria-label': t('pages.language') }, Object.entries(languages).map(([code, label]) =>
      h('button.plain', { type: 'button', lang: code, 'aria-pressed': String(code === lang()), onclick: () => speak(code) }, label)))));
  if (moved) main.focus({ preventScroll: false });
  let content;
  try {
    content = await page();
  } catch (e) {
    content = [h('div.card.fault', { role: 'alert' }, icon('warning'), h('div', null, h('p', null, e.message), h('button', { type: 'button', onclick: () => show() }, t('pages.again'))))];
  }
  if (turn !== shown) return;
  main.replaceChildren(h('h1', null, t('pages.nav.' + name)), ...[content].flat());
  say('');
}

// unfold shows the list of pages, which a narrow window has no room for.
function unfold(event) {
  const open = document.getElementById('pages').classList.toggle('open');
  event.currentTarget.setAttribute('aria-expanded', String(open));
}

async function speak(code) {
  await load(code);
  history.replaceState(null, '', location.pathname + '?lang=' + code);
  show();
}

// A file that misses its place must not replace the page.
for (const type of ['dragover', 'drop']) addEventListener(type, (e) => e.preventDefault());
addEventListener('popstate', () => show(true));
load().then(() => show(), (e) => { app.textContent = e.message; });
