import type { Response } from 'express';
import type { Language } from '../contracts/language';
import { Html, html } from './html';
import { sendHtml } from './pages';

const STYLE = new Html(`
:root{color-scheme:light dark;--text:light-dark(#1c1e21,#e8eaed);--muted:light-dark(#55585e,#a9adb4);--line:light-dark(#d9dce0,#3c4046);
--back:light-dark(#fff,#16181b);--box:light-dark(#f4f5f7,#212429);--link:light-dark(#0b57c2,#8ab4f8)}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--text);font:1rem/1.6 system-ui,-apple-system,"Apple SD Gothic Neo","Noto Sans KR",sans-serif}
header,main{max-width:52rem;margin:0 auto;padding:1rem}
header{display:flex;flex-wrap:wrap;border-bottom:1px solid var(--line)}header nav{display:flex;gap:1.25rem}
header a[aria-current]{font-weight:600;color:var(--text);text-decoration:none}
nav.languages{margin-left:auto}
h1{font-size:1.6rem;line-height:1.25;margin:1.5rem 0 .5rem;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:2rem 0 .5rem;overflow-wrap:anywhere}
a{color:var(--link)}a:focus-visible{outline:2px solid var(--link);outline-offset:2px}
.muted{color:var(--muted)}
code,pre{font:.9rem/1.5 ui-monospace,SFMono-Regular,Menlo,monospace}
code{background:var(--box);border-radius:.25rem;padding:.1rem .3rem;overflow-wrap:anywhere}
pre{background:var(--box);border-radius:.5rem;padding:1rem;overflow:auto}pre code{background:none;padding:0}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.4rem .75rem .4rem 0;border-bottom:1px solid var(--line)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem}dt{color:var(--muted)}dd{margin:0;overflow-wrap:anywhere}
`);

const LINKS = [
  { path: '/docs', en: 'API', ko: 'API' },
  { path: '/docs/events', en: 'Events', ko: '이벤트' },
  { path: '/problems', en: 'Problems', ko: '오류' },
] as const;

export interface PlainPage {
  readonly path: string;
  readonly language: Language;
  readonly title: string;
  readonly content: Html;
}

/** Sends a page of the documentation that needs no script, in the reader's language and colors. */
export function sendPlainPage(response: Response, page: PlainPage): void {
  sendPage(response, page, headerOf(page));
}

/** Sends a page that says one thing to somebody who is no reader of the documentation. */
export function sendMessagePage(response: Response, page: Omit<PlainPage, 'path'>): void {
  sendPage(response, page, html``);
}

function headerOf({ path, language }: PlainPage): Html {
  const other = language === 'en' ? 'ko' : 'en';
  const isHere = (link: string) => path === link || (link !== '/docs' && path.startsWith(`${link}/`));
  const links = LINKS.map(
    (link) =>
      html`<a href="${link.path}?lang=${language}"${isHere(link.path) ? html` aria-current="page"` : ''}>${link[language]}</a>`,
  );
  return html`<header><nav aria-label="${language === 'en' ? 'Documentation' : '문서'}">${links}</nav>
<nav class="languages" aria-label="${language === 'en' ? 'Language' : '언어'}"><a href="${path}?lang=${other}" lang="${other}" hreflang="${other}">${other === 'en' ? 'English' : '한국어'}</a></nav></header>`;
}

function sendPage(response: Response, { language, title, content }: Omit<PlainPage, 'path'>, header: Html): void {
  sendHtml(
    response.vary('Accept-Language'),
    (nonce) =>
      html`<!doctype html>
<html lang="${language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · ordersaga</title><link rel="icon" href="data:,"><style nonce="${nonce}">${STYLE}</style></head>
<body>${header}
<main>${content}</main></body></html>`.text,
  );
}
