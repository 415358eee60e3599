// Calls to the program and the texts it speaks in.

// The address carries the language once the person has chosen one here.
let language = new URLSearchParams(location.search).get('lang') || '';
let texts = {};

export const lang = () => language;

// call posts to the program. The header is what no form and no other page can
// send.
export async function call(name, body = {}, raw = null) {
  const r = await fetch('/api/' + name, {
    method: 'POST',
    headers: { 'Tanba-Page': '1', 'Tanba-Language': language, 'Content-Type': raw ? 'application/octet-stream' : 'application/json' },
    body: raw || JSON.stringify(body),
    credentials: 'omit',
    redirect: 'error',
  }).catch(() => { throw new Error(t('pages.no_answer')); });
  if (r.headers.get('Content-Disposition')) return r.blob();
  const answer = await r.json().catch(() => ({}));
  if (!r.ok) throw new Error(answer.error || t('pages.failed'));
  return answer;
}

export async function load(chosen = language) {
  language = chosen;
  const v = await call('texts');
  language = v.lang;
  texts = v.texts;
  document.documentElement.lang = language;
}

export function t(key, ...args) {
  return fill(texts[key] ?? key, args);
}

// n is the text in the plural form of a number.
export function n(key, number, ...args) {
  const form = new Intl.PluralRules(language === 'kk' ? 'kk' : language).select(number);
  const text = texts[`${key}#${form}`] ?? texts[`${key}#other`] ?? texts[`${key}#many`] ?? key;
  return fill(text, [number.toLocaleString(language), ...args]);
}

function fill(text, args) {
  return text.replace(/\{(\d)\}/g, (whole, i) => (i in args ? String(args[i]) : whole));
}

export function say(text) {
  document.getElementById('live').textContent = text;
}
