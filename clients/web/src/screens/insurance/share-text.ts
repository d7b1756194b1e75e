import type { Payer } from '@bedside/core';
import { useFormat } from '../../app/format.ts';
import { useSay } from '../../app/words.tsx';
import { percentOf } from '../clinic/percent.ts';

/** Says which part of a price an insurer's patients pay. */
export function useShareText(): (share: Payer['share']) => string {
  const say = useSay();
  const format = useFormat();
  return (share) =>
    share.kind === 'fixed'
      ? say('share.fixed', { amount: format.money(share.amount) })
      : say('share.percent', { percent: percentOf(share.bps) });
}
