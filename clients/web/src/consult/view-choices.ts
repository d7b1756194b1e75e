/** How somebody likes to see a call. Remembered on this device. */
import { useState } from 'react';

export interface ViewChoices {
  /** Cuts the edges off, so that no bars are left. Off at first: what is at the edge may matter. */
  readonly fills: boolean;
  readonly sideBySide: boolean;
  readonly hidesSelf: boolean;
}

export type ChooseView = (change: Partial<ViewChoices>) => void;

const KEY = 'bedside.view';
const FIRST: ViewChoices = { fills: false, sideBySide: false, hidesSelf: false };

export function useViewChoices(): readonly [ViewChoices, ChooseView] {
  const [choices, setChoices] = useState(remembered);
  const choose: ChooseView = (change) => {
    const next = { ...choices, ...change };
    setChoices(next);
    try {
      localStorage.setItem(KEY, JSON.stringify(next));
    } catch {
      // It then lasts for this call.
    }
  };
  return [choices, choose];
}

function remembered(): ViewChoices {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? 'null');
    if (typeof value === 'object' && value !== null) {
      const isOn = (name: keyof ViewChoices): boolean => Reflect.get(value, name) === true;
      return { fills: isOn('fills'), sideBySide: isOn('sideBySide'), hidesSelf: false };
    }
  } catch {
    // As at first.
  }
  return FIRST;
}
