import { useSay } from '../app/words.tsx';
import { Dialog } from '../parts/dialog.tsx';

/** Asks once. Ending it for everybody is another button, and only for who leads the visit. */
export function LeaveDialog({
  onStay,
  onLeave,
  onEndForAll,
}: {
  readonly onStay: () => void;
  readonly onLeave: () => void;
  readonly onEndForAll: (() => void) | null;
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
      {onEndForAll !== null && (
        <div className="end-all">
          <p className="hint">{say('call.endAllText')}</p>
          <button type="button" className="button button-danger-quiet" onClick={onEndForAll}>
            {say('call.endAll')}
          </button>
        </div>
      )}
    </Dialog>
  );
}
