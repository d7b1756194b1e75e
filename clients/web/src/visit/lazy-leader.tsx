/** What only who leads a visit has beside it: others load none of its code, and without it a call goes on all the same. */
import { ApiProblem } from '@bedside/core';
import { lazy } from 'react';
import { ProblemNotice } from '../parts/notice.tsx';

export const LazyLeaderPanel = lazy(async () => {
  try {
    return { default: (await import('./leader-panel.tsx')).LeaderPanel };
  } catch {
    return { default: NotThere };
  }
});

export const LazyLookAfter = lazy(async () => {
  try {
    return { default: (await import('./look-after.tsx')).LookAfter };
  } catch {
    return { default: NotThere };
  }
});

function NotThere() {
  return <ProblemNotice error={new ApiProblem({ kind: 'offline', status: 0 })} />;
}
