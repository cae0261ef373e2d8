// A query as plain text: what stands in an editor's place until its code is there, and works.

interface Props {
  value: string;
  label: string;
  /** Whether `/` leads here, as to the editor that comes. */
  isSearch?: boolean;
  onChange(text: string): void;
  onRun(): void;
}

export default function PlainQueryField({ value, label, isSearch = false, onChange, onRun }: Props) {
  return (
    <textarea
      className="promql-editor promql-plain"
      aria-label={label}
      data-search={isSearch ? '' : undefined}
      rows={1}
      value={value}
      spellCheck={false}
      onChange={(event) => onChange(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || event.shiftKey) return;
        event.preventDefault();
        onRun();
      }}
    />
  );
}
