/** The page of a door: a language (or both), the prompt now, how long it stands. No picture, no name, nothing from elsewhere. */
export function doorPage(door: string): string {
  return page(
    `Menshen ${door}`,
    `<main data-door="${door}" data-state="waiting" aria-live="assertive">
<p lang="zh" id="zh"></p>
<p lang="en" id="en"></p>
<div id="left"><div></div></div>
</main>
<script src="/console.js"></script>`,
  );
}

/** The doors there are. Their ids are letters, digits, "-" and "_" by the configuration. */
export function indexPage(doors: readonly string[]): string {
  const links = doors.map((door) => `<li><a href="/doors/${door}">${door}</a></li>`).join('\n');
  return page('Menshen', `<ul>\n${links}\n</ul>`);
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="stylesheet" href="/console.css">
</head>
<body>
${body}
</body>
</html>
`;
}

export const STYLE = `* { box-sizing: border-box; margin: 0; }
html, body { height: 100%; }
body { background: #101418; color: #f2f4f6; font: 1.5rem/1.4 system-ui, "Noto Sans CJK SC", sans-serif; }
ul { padding: 2rem 3rem; } a { color: inherit; }
main { height: 100%; display: flex; flex-direction: column; justify-content: center; gap: 4vh; padding: 4vw; text-align: center; }
#zh { font-size: 9vw; font-weight: 600; } #en { font-size: 4.5vw; opacity: .85; }
main[data-lang="en"] #zh, main[data-lang="zh"] #en { display: none; }
main[data-lang="en"] #en { font-size: 8vw; }
main[data-kind="ask"] { background: #0b3d6b; } main[data-kind="remind"] { background: #6b5200; }
main[data-code="GRANTED"] { background: #0d5c2f; } main[data-kind="result"]:not([data-code="GRANTED"]) { background: #6b1f12; }
#left { height: 1vh; } #left div { height: 100%; width: 0; background: currentColor; opacity: .6; }
main[data-state="lost"] { opacity: .3; }
`;

/** Shows what the event stream says; nothing that is old: while the stream is lost the page is empty and dim. */
export const SCRIPT = `'use strict';
const main = document.querySelector('main');
const bar = document.querySelector('#left div');
const lang = new URLSearchParams(location.search).get('lang');
if (lang === 'en' || lang === 'zh') main.dataset.lang = lang;
let timer;
function show(prompt) {
  clearTimeout(timer);
  main.dataset.code = prompt === null ? '' : prompt.code;
  main.dataset.kind = prompt === null ? '' : prompt.kind;
  document.querySelector('#zh').textContent = prompt === null ? '' : prompt.text.zh;
  document.querySelector('#en').textContent = prompt === null ? '' : prompt.text.en;
  bar.getAnimations().forEach((animation) => animation.cancel());
  if (prompt === null) return;
  bar.animate([{ width: '100%' }, { width: '0' }], { duration: prompt.leftMs });
  timer = setTimeout(() => show(null), prompt.leftMs);
}
const stream = new EventSource('/doors/' + main.dataset.door + '/prompts');
stream.addEventListener('prompt', ({ data }) => show(JSON.parse(data)));
stream.addEventListener('open', () => { main.dataset.state = 'live'; });
stream.addEventListener('error', () => { main.dataset.state = 'lost'; show(null); });
`;
