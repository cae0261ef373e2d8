// A button that opens a small panel below it. Light enough for the entry bundle, which the kit's popover is not.

import { useEffect, useRef, useState, type ReactNode } from 'react';

interface Props {
  /** The button's content. */
  face: ReactNode;
  className?: string;
  label?: string;
  title?: string;
  align?: 'start' | 'end';
  children: (close: () => void) => ReactNode;
}

export default function Dropdown({ face, className = 'button', label, title, align = 'end', children }: Props) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    if (!open) return;
    root.current?.querySelector<HTMLElement>('.dropdown-panel [data-autofocus], .dropdown-panel button')?.focus();
    const outside = (event: PointerEvent) => {
      if (event.target instanceof Node && root.current?.contains(event.target) === false) setOpen(false);
    };
    document.addEventListener('pointerdown', outside);
    return () => document.removeEventListener('pointerdown', outside);
  }, [open]);

  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (!open) return;
    if (event.key === 'Escape') {
      event.stopPropagation();
      close();
    }
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const items = [...(root.current?.querySelectorAll<HTMLElement>('.dropdown-panel button') ?? [])];
    const at = items.findIndex((item) => item === document.activeElement);
    const next = items[(at + (event.key === 'ArrowDown' ? 1 : items.length - 1)) % items.length];
    if (at >= 0 && next !== undefined) {
      event.preventDefault();
      next.focus();
    }
  };
  const onBlur = (event: React.FocusEvent) => {
    if (event.relatedTarget instanceof Node && root.current?.contains(event.relatedTarget) === false) setOpen(false);
  };

  return (
    <div className="dropdown" ref={root} onKeyDown={onKeyDown} onBlur={onBlur}>
      <button ref={button} type="button" className={className} aria-expanded={open} aria-label={label} title={title} onClick={() => setOpen(!open)}>
        {face}
      </button>
      {open && <div className={`dropdown-panel dropdown-${align}`}>{children(close)}</div>}
    </div>
  );
}
