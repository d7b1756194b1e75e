import { useSay } from '../app/words.tsx';
import { Loading } from '../parts/notice.tsx';

/** A visit inside another site's page; its secret is asked from that page, never read from an address. */
export function FrameScreen() {
  const say = useSay();
  return (
    <main className="page-main">
      <p>{say('embed.waitingToken')}</p>
      <Loading />
    </main>
  );
}
