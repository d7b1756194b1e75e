import type { ReactNode } from 'react';

/** The calm frame around everything but the call itself. */
export function PageFrame({ children }: { readonly children: ReactNode }) {
  return (
    <div className="page">
      <header className="page-header">
        <span className="brand">
          <svg className="brand-mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
            <rect width="32" height="32" rx="9" />
            <path d="M9 8v16M9 19h14v5M9 15.5h9a5 5 0 0 1 5 3.5" />
          </svg>
          Bedside
        </span>
      </header>
      <main className="page-main">{children}</main>
      <footer className="page-footer">Sound and picture go only through this server.</footer>
    </div>
  );
}
