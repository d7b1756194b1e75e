import { problemText } from '@bedside/core';
import type { ReactNode } from 'react';
import { useTell, useSay } from '../app/words.tsx';
import { Icon } from './icon.tsx';

/** Something that went wrong and what to do about it; said aloud at once. */
export function ProblemNotice({
  error,
  children,
}: {
  readonly error: unknown;
  readonly children?: ReactNode;
}) {
  const tell = useTell();
  return error == null ? null : (
    <div className="notice notice-bad" role="alert">
      <Icon name="notice" />
      <p>{tell(problemText(error))}</p>
      {children}
    </div>
  );
}

export function Notice({
  kind,
  children,
}: {
  readonly kind: 'good' | 'plain' | 'warning';
  readonly children: ReactNode;
}) {
  return (
    <div className={`notice notice-${kind}`} role="status">
      <Icon name={kind === 'good' ? 'check' : 'notice'} />
      <div>{children}</div>
    </div>
  );
}

/** Stands where something will be. Said only once it takes long enough to be noticed. */
export function Loading() {
  const say = useSay();
  return (
    <p className="loading" role="status">
      <span className="spinner" aria-hidden="true" />
      {say('app.loading')}
    </p>
  );
}

/** What was asked for: the answer, waiting for it, or why it did not come. */
export function Asked<T>({
  query,
  children,
}: {
  readonly query: {
    readonly data: T | undefined;
    readonly error: unknown;
    readonly refetch: () => unknown;
  };
  readonly children: (data: T) => ReactNode;
}) {
  const say = useSay();
  if (query.data !== undefined) {
    return children(query.data);
  }
  if (query.error !== null) {
    return (
      <ProblemNotice error={query.error}>
        <button type="button" className="button button-quiet" onClick={() => void query.refetch()}>
          {say('common.tryAgain')}
        </button>
      </ProblemNotice>
    );
  }
  return <Loading />;
}
