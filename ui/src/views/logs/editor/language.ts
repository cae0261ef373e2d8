// LogQL for CodeMirror: the grammar with its colours.

import { parser } from '@grafana/lezer-logql';
import { LRLanguage } from '@codemirror/language';
import { styleTags, tags as t } from '@lezer/highlight';

export const logql = LRLanguage.define({
  parser: parser.configure({
    props: [
      styleTags({
        LineComment: t.comment,
        'Identifier LabelName': t.labelName,
        String: t.string,
        'Number Duration Bytes': t.number,
        'Json Logfmt Unpack Pattern Regexp Unwrap LabelFormat LineFormat Decolorize Drop Keep ParserFlag Ip': t.keyword,
        'By Without On Ignoring GroupLeft GroupRight Bool Offset And Or Unless': t.keyword,
        'RangeOp/... VectorOp/... LabelReplace Vector ConvOp/... LabelAggOp/...': t.function(t.variableName),
        'Eq Neq Re Nre Eql Gtr Gte Lss Lte Add Sub Mul Div Mod Pow PipeExact PipeMatch PipePattern Npa Pipe': t.operator,
      }),
    ],
  }),
  languageData: { commentTokens: { line: '#' }, closeBrackets: { brackets: ['(', '[', '{', '"', '`'] } },
});
