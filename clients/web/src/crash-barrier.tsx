import { Component, type ReactNode } from 'react';

/** Catches what should never happen, so that people see words instead of an empty page. */
export class CrashBarrier extends Component<
  { readonly children: ReactNode },
  { readonly crashed: boolean }
> {
  override state = { crashed: false };

  static getDerivedStateFromError(): { crashed: boolean } {
    return { crashed: true };
  }

  override render(): ReactNode {
    if (!this.state.crashed) {
      return this.props.children;
    }
    return (
      <main className="page-main">
        <section className="card card-narrow card-message" data-testid="problem" role="alert">
          <h1>Something went wrong</h1>
          <p className="lead">
            This page stopped working. Reload it to return to the consultation.
          </p>
          <button
            type="button"
            className="button button-primary"
            onClick={() => globalThis.location.reload()}
          >
            Reload
          </button>
        </section>
      </main>
    );
  }
}
