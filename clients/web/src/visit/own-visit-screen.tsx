import { VisitApi } from '@bedside/core';
import { useShownId } from '../app/navigation.tsx';
import { useEffect, useState } from 'react';
import { SignedIn } from '../app/signed-in.tsx';
import { VisitMachine } from './visit-machine.ts';
import { VisitMemory } from './visit-memory.ts';
import { VisitScreen } from './visit-screen.tsx';

/** A visit of somebody who is signed in: patient, clinician or staff. */
export function OwnVisitScreen() {
  const appointment = useShownId();
  return <SignedIn>{() => <OwnVisit key={appointment} appointment={appointment} />}</SignedIn>;
}

function OwnVisit({ appointment }: { readonly appointment: string }) {
  const [machine] = useState(() => {
    const api = new VisitApi({ baseUrl: location.origin, newKey: () => crypto.randomUUID() });
    return new VisitMachine(api, location.origin, new VisitMemory());
  });
  useEffect(() => {
    void machine.open(() => machine.api.ofAppointment(appointment));
    return () => machine.close();
  }, [machine, appointment]);
  return <VisitScreen machine={machine} canRecover={false} />;
}
