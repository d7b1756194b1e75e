import { Component, type ReactNode } from 'react';
import { CrashScreen } from './last-screens.tsx';

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
    return this.state.crashed ? <CrashScreen /> : this.props.children;
  }
}
