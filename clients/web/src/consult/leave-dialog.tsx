import { useState } from 'react';
import { useSay } from '../app/words.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { ProblemNotice } from '../parts/notice.tsx';

/** Asks once. Ending it for everybody is another button, and only for who gives the visit. */
export function LeaveDialog({
  onStay,
  onLeave,
  onEndForAll,
}: {
  readonly onStay: () => void;
  readonly onLeave: () => void;
  readonly onEndForAll: (() => Promise<void>) | null;
}) {
  const say = useSay();
  return (
    <Dialog title={say('call.leaveTitle')} onClose={onStay}>
      <p>{say('call.leaveText')}</p>
      <div className="actions">
        <button type="button" className="button button-danger" onClick={onLeave}>
          {say('call.leaveNow')}
        </button>
        <button type="button" className="button" onClick={onStay}>
          {say('call.stay')}
        </button>
      </div>
      {onEndForAll !== null && <EndForAll end={onEndForAll} />}
    </Dialog>
  );
}

/** The call goes on where the server could not end it, and it is said. */
function EndForAll({ end }: { readonly end: () => Promise<void> }) {
  const say = useSay();
  const [isEnding, setEnding] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const press = async (): Promise<void> => {
    setEnding(true);
    setError(null);
    await end().catch(setError);
    setEnding(false);
  };
  return (
    <div className="end-all">
      <p className="hint">{say('call.endAllText')}</p>
      <ProblemNotice error={error} />
      <button
        type="button"
        className="button button-danger-quiet"
        aria-busy={isEnding}
        onClick={() => void press()}
      >
        {say('call.endAll')}
      </button>
    </div>
  );
}
