// The editor for a rule file: lines, colours, and the linter's words at their lines. Loaded when first needed.

import { useEffect, useRef } from 'react';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { indentUnit, StreamLanguage, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { EditorState, Prec } from '@codemirror/state';
import { EditorView, keymap, lineNumbers } from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';
import type { Finding } from '../../../api/rules';
import { toneOfFinding } from '../../../lib/rules';

interface Props {
  value: string;
  findings: readonly Finding[];
  onChange(text: string): void;
  onRun(): void;
}

/** Enough of YAML to read it: keys, texts, numbers, comments. */
const yaml = StreamLanguage.define<null>({
  name: 'yaml',
  startState: () => null,
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match(/^#.*/)) return 'comment';
    if (stream.match(/^- /)) return 'operator';
    if (stream.match(/^("(?:[^"\\]|\\.)*"|'[^']*'|[\w.$/-]+)(?=\s*:(\s|$))/)) return 'propertyName';
    if (stream.match(/^"(?:[^"\\]|\\.)*"?|^'[^']*'?/)) return 'string';
    if (stream.match(/^\d+(\.\d+)?(ms|[smhdwy])?(?![\w.])/)) return 'number';
    if (stream.match(/^[\w$]+/)) return null;
    stream.next();
    return null;
  },
  languageData: { commentTokens: { line: '#' } },
});

function diagnosticsOf(state: EditorState, findings: readonly Finding[]): Diagnostic[] {
  return findings
    .filter(({ line }) => line >= 1 && line <= state.doc.lines)
    .map(({ line, text }) => {
      const { from, to, text: words } = state.doc.line(line);
      return { from: from + (words.length - words.trimStart().length), to, severity: toneOfFinding(text), message: text };
    });
}

export default function RuleEditor({ value, findings, onChange, onRun }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const act = useRef({ onChange, onRun });
  act.current = { onChange, onRun };

  useEffect(() => {
    if (host.current === null) return;
    const editor = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: value,
        extensions: [
          lineNumbers(),
          history(),
          yaml,
          indentUnit.of('  '),
          syntaxHighlighting(classHighlighter),
          lintGutter(),
          EditorView.contentAttributes.of({ 'aria-label': 'Rule file', spellcheck: 'false' }),
          Prec.high(keymap.of([
            { key: 'Mod-Enter', run: () => { act.current.onRun(); return true; } },
            // Tab indents; Escape first leaves the editor to the keyboard.
            { key: 'Escape', run: (target) => { target.contentDOM.blur(); return true; } },
          ])),
          keymap.of([indentWithTab, ...defaultKeymap, ...historyKeymap]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) act.current.onChange(update.state.doc.toString());
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

  useEffect(() => {
    const editor = view.current;
    if (editor !== null) editor.dispatch(setDiagnostics(editor.state, diagnosticsOf(editor.state, findings)));
  }, [findings]);

  return <div ref={host} className="rule-editor" data-search />;
}
