// The LogQL editor: colours, completion from the server, mistakes underlined where they are. Loaded when first needed.

import { useEffect, useRef } from 'react';
import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, completionStatus, startCompletion } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, insertNewline } from '@codemirror/commands';
import { bracketMatching, syntaxHighlighting } from '@codemirror/language';
import { linter, lintKeymap, type Diagnostic } from '@codemirror/lint';
import { EditorState, Prec } from '@codemirror/state';
import { EditorView, keymap, placeholder } from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';
import { ApiError } from '../../../api/client';
import { formatLogQuery } from '../../../api/logs';
import { errorPosition } from '../../../lib/advice';
import { isWords } from '../../../lib/logs/edit';
import type { EditorProps } from './EditorSlot';
import { completeLogql } from './complete';
import { logql } from './language';

const LINT_MS = 600;

/** What the server says of the text, where it says it. */
async function lint(view: EditorView): Promise<Diagnostic[]> {
  const text = view.state.doc.toString();
  if (text.trim() === '' || isWords(text)) return [];
  try {
    await formatLogQuery(text);
    return [];
  } catch (error) {
    if (!(error instanceof ApiError) || error.kind !== 'bad_data') return [];
    const place = errorPosition(error.message, text);
    const lines = text.split('\n');
    const start = place === null ? 0 : lines.slice(0, lines.indexOf(place.line)).reduce((sum, line) => sum + line.length + 1, 0) + place.column;
    const from = Math.min(start, Math.max(text.length - 1, 0));
    const word = /^[\w.]+|^./s.exec(text.slice(from))?.[0].length ?? 1;
    return [{ from: place === null ? 0 : from, to: place === null ? text.length : Math.min(from + word, text.length), severity: 'error', message: error.message }];
  }
}

export default function LogqlEditor({ value, range, onChange, onRun }: EditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const act = useRef({ onChange, onRun, range });
  act.current = { onChange, onRun, range };

  useEffect(() => {
    if (host.current === null) return;
    const run = (target: EditorView) => {
      // While a completion is open, Enter belongs to it; in its first moment, before it can be seen, Enter meant the query.
      if (acceptCompletion(target)) return true;
      act.current.onRun();
      return true;
    };
    const editor = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: value,
        extensions: [
          history(),
          bracketMatching(),
          closeBrackets(),
          logql,
          autocompletion({ activateOnTyping: true, maxRenderedOptions: 60, override: [completeLogql(() => act.current.range)] }),
          syntaxHighlighting(classHighlighter),
          linter(lint, { delay: LINT_MS }),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': 'LogQL query', spellcheck: 'false' }),
          placeholder('Words, or LogQL, for example: {app="shop"} |= "error" | json'),
          Prec.high(keymap.of([
            { key: 'Enter', run },
            { key: 'Mod-Enter', run: () => { act.current.onRun(); return true; } },
            { key: 'Shift-Enter', run: insertNewline },
            { key: 'Escape', run: (target) => { if (completionStatus(target.state) !== null) return false; target.contentDOM.blur(); return true; } },
          ])),
          keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) act.current.onChange(update.state.doc.toString());
            // A name that was just completed with its quotation marks asks for its value at once.
            if (update.transactions.some((one) => one.isUserEvent('input.complete')) && /["`]$/.test(update.state.sliceDoc(0, update.state.selection.main.head))) setTimeout(() => startCompletion(update.view), 0);
          }),
        ],
      }),
    });
    view.current = editor;
    return () => editor.destroy();
    // The editor owns its text after creation; a changed value is written into it below.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  useEffect(() => {
    const editor = view.current;
    if (editor === null || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);

  return <div ref={host} className="promql-editor logql-editor" data-search />;
}
