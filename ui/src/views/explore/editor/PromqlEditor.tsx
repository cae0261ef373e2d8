// The PromQL editor: completion from the server, problems underlined while typing. Loaded when first needed.

import { useEffect, useRef } from 'react';
import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, insertNewline } from '@codemirror/commands';
import { bracketMatching, syntaxHighlighting } from '@codemirror/language';
import { lintKeymap } from '@codemirror/lint';
import { EditorState, Prec } from '@codemirror/state';
import { EditorView, keymap, placeholder } from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';
import { PromQLExtension } from '@prometheus-io/codemirror-promql';
import type { EditorProps } from './EditorSlot';

/** One for all editors of the page, so that they share the cache of names. */
const promql = new PromQLExtension().setComplete({ remote: { url: '' } }).activateLinter(true);

export default function PromqlEditor({ value, label, autoFocus, onChange, onRun, onFocus }: EditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const act = useRef({ onChange, onRun, onFocus });
  act.current = { onChange, onRun, onFocus };

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
          autocompletion({ activateOnTyping: true, maxRenderedOptions: 60 }),
          syntaxHighlighting(classHighlighter),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false' }),
          placeholder('PromQL, for example: rate(node_cpu_seconds_total[5m])'),
          Prec.high(keymap.of([
            { key: 'Enter', run },
            { key: 'Mod-Enter', run },
            { key: 'Shift-Enter', run: insertNewline },
            { key: 'Escape', run: (target) => { target.contentDOM.blur(); return false; } },
          ])),
          keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap]),
          promql.asExtension(),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) act.current.onChange(update.state.doc.toString());
            if (update.focusChanged && update.view.hasFocus) act.current.onFocus();
          }),
        ],
      }),
    });
    view.current = editor;
    if (autoFocus) editor.focus();
    return () => editor.destroy();
    // The editor owns its text after creation; a changed value is written into it below.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  useEffect(() => {
    const editor = view.current;
    if (editor === null || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);

  return <div ref={host} className="promql-editor" data-search />;
}
