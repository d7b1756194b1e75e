import { type ReactNode, useEffect, useRef } from 'react';

/**
 * The heading of a page. Takes the focus when the page changes, so that keyboards and screen readers start where the
 * new page starts; names the tab after it.
 */
export function Heading({
  children,
  title,
  className,
}: {
  readonly children: ReactNode;
  readonly title: string;
  readonly className?: string;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Bedside`;
    globalThis.scrollTo(0, 0);
    heading.current?.focus({ preventScroll: true });
  }, [title]);
  return (
    <h1 ref={heading} tabIndex={-1} className={className}>
      {children}
    </h1>
  );
}
