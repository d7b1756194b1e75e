import type { ReactNode } from 'react';
import { Icon } from './icon.tsx';

/** Something that does not work and what to do about it; said aloud at once. */
export function TroubleNote({
  title,
  advice,
  children,
}: {
  readonly title: string;
  readonly advice: string;
  readonly children?: ReactNode;
}) {
  return (
    <div className="trouble" role="alert">
      <Icon name="notice" />
      <div className="trouble-text">
        <p className="trouble-title">{title}</p>
        <p>{advice}</p>
      </div>
      {children}
    </div>
  );
}
