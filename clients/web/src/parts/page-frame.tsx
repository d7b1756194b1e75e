import type { ReactNode } from 'react';
import { useSay } from '../app/words.tsx';
import { BrandMark } from './brand.tsx';
import { LanguageSelect } from './language-select.tsx';

/** The calm frame around a visit's own screens: no way to wander off, and who it is about in the header. */
export function PageFrame({
  children,
  aside,
}: {
  readonly children: ReactNode;
  readonly aside?: ReactNode;
}) {
  const say = useSay();
  return (
    <div className="page">
      <header className="page-header">
        <span className="brand">
          <BrandMark />
          {say('app.name')}
        </span>
        {aside}
        <LanguageSelect />
      </header>
      <main className="page-main">{children}</main>
      <footer className="page-footer">{say('app.private')}</footer>
    </div>
  );
}
