/** The note's code arrives when it is wanted; without it a call goes on all the same. */
import { ApiProblem } from '@bedside/core';
import { lazy } from 'react';
import { saying } from '../app/words.tsx';
import { ProblemNotice } from '../parts/notice.tsx';

const note = () => saying(['records', 'care'], import('./index.ts'));

export const LazyNotePanel = lazy(async () => {
  try {
    return { default: (await note()).NotePanel };
  } catch {
    return { default: NotThere };
  }
});

export const LazyNoteEditor = lazy(async () => {
  try {
    return { default: (await note()).NoteEditor };
  } catch {
    return { default: NotThere };
  }
});

export const LazyPrescriptions = lazy(async () => {
  try {
    return { default: (await note()).Prescriptions };
  } catch {
    return { default: NotThere };
  }
});

export const LazyPatientRecords = lazy(async () => {
  try {
    return { default: (await note()).PatientRecords };
  } catch {
    return { default: NotThere };
  }
});

export const LazyVisitRecords = lazy(async () => {
  try {
    return { default: (await note()).VisitRecords };
  } catch {
    return { default: NotThere };
  }
});

function NotThere() {
  return <ProblemNotice error={new ApiProblem({ kind: 'offline', status: 0 })} />;
}
