// The text of a line: cut where it is long, in its colours, with what is looked for marked.

import { memo, type CSSProperties } from 'react';
import { hasAnsi, parseAnsi, stripAnsi, type Style } from '../../lib/logs/ansi';
import { cut, jsonPieces, LONG_CHARS, mark, prettyJson, SHORT_CHARS, SHORT_CHARS_NARROW, SHORT_LINES } from '../../lib/logs/text';
import { grouped } from '../../lib/units';

function cssOf(style: Style): { className: string; style: CSSProperties } {
  const names: string[] = [];
  const css: CSSProperties = {};
  const [wanted, bg] = style.inverse === true ? [style.bg ?? 'inverse', style.fg ?? 'inverse'] : [style.fg, style.bg];
  // On a ground of its own, black and white are what they say; on the page's they must be readable in both themes.
  const fg = bg === undefined ? wanted : wanted === 7 || wanted === 15 ? '#ffffff' : wanted === 0 ? '#000000' : wanted;
  if (typeof fg === 'number') names.push(`ansi-fg-${fg}`);
  else if (fg === 'inverse') names.push('ansi-fg-inverse');
  // A colour of its own was chosen for a black terminal: towards the page's ink, so that it can be read in both themes.
  else if (fg !== undefined) css.color = bg === undefined ? `color-mix(in oklab, ${fg} 62%, var(--text))` : fg;
  if (typeof bg === 'number') names.push(`ansi-bg-${bg}`);
  else if (bg === 'inverse') names.push('ansi-bg-inverse');
  else if (bg !== undefined) css.backgroundColor = bg;
  if (style.bold === true) names.push('ansi-bold');
  if (style.dim === true) names.push('ansi-dim');
  if (style.italic === true) names.push('ansi-italic');
  if (style.underline === true) names.push('ansi-underline');
  if (style.strike === true) names.push('ansi-strike');
  return { className: names.join(' '), style: css };
}

function Marked({ text, needles }: { text: string; needles: readonly RegExp[] }) {
  if (needles.length === 0) return text;
  return mark(text, needles).map((piece, at) => (piece.mark ? <mark key={at}>{piece.text}</mark> : piece.text));
}

interface Props {
  line: string;
  open: boolean;
  colors: boolean;
  pretty: boolean;
  needles: readonly RegExp[];
}

export default memo(function LineBody({ line, open, colors, pretty, needles }: Props) {
  const laid = pretty ? prettyJson(line) : null;
  const short = innerWidth > 760 ? SHORT_CHARS : SHORT_CHARS_NARROW;
  const shown = open ? cut(laid ?? line, LONG_CHARS, Number.MAX_SAFE_INTEGER) : cut(laid ?? line, short, laid === null ? SHORT_LINES : SHORT_LINES * 3);
  const left = shown.left > 0 && (
    <span className="ll-left">{open ? ` … ${grouped(shown.left)} more characters; copy or save the line to have them` : ` … ${grouped(shown.left)} more characters`}</span>
  );
  if (laid !== null) {
    return (
      <>
        {jsonPieces(shown.text).map(({ text, kind }, at) => (kind === 'plain' ? <Marked key={at} text={text} needles={needles} /> : <span key={at} className={`json-${kind}`}><Marked text={text} needles={needles} /></span>))}
        {left}
      </>
    );
  }
  if (!colors || !hasAnsi(shown.text)) {
    return <><Marked text={stripAnsi(shown.text)} needles={needles} />{left}</>;
  }
  return (
    <>
      {parseAnsi(shown.text).map(({ text, style }, at) => {
        if (style === null) return <Marked key={at} text={text} needles={needles} />;
        return <span key={at} {...cssOf(style)}><Marked text={text} needles={needles} /></span>;
      })}
      {left}
    </>
  );
});
