/** Booking visits that repeat: its code and sentences arrive where staff book them. */
import { lazy } from 'react';
import { saying } from '../../app/words.tsx';

export const LazySeriesDialog = lazy(async () => ({
  default: (await saying(['care'], import('./series-dialog.tsx'))).SeriesDialog,
}));
