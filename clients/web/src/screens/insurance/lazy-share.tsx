/** The parts of an insured visit's price; its code and sentences arrive where such a visit is booked or paid. */
import { lazy } from 'react';
import { saying } from '../../app/words.tsx';

export const LazyPatientShare = lazy(async () => ({
  default: (await saying(['insurance'], import('./patient-share.tsx'))).PatientShare,
}));
