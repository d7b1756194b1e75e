import { Heading } from '../parts/heading.tsx';
import { useSay } from './words.tsx';

export function NotFoundScreen() {
  const say = useSay();
  return (
    <main className="page-main">
      <section className="card card-narrow card-message">
        <Heading title={say('notFound.title')}>{say('notFound.title')}</Heading>
        <p className="lead">{say('notFound.text')}</p>
        <a href="/" className="button button-primary">
          {say('nav.home')}
        </a>
      </section>
    </main>
  );
}

/** What should never happen, in words; also when a new version was installed while this page was open. */
export function CrashScreen() {
  const say = useSay();
  return (
    <main className="page-main">
      <section className="card card-narrow card-message" data-testid="problem" role="alert">
        <h1>{say('error.title')}</h1>
        <p className="lead">{say('error.crashed')}</p>
        <button
          type="button"
          className="button button-primary"
          onClick={() => globalThis.location.reload()}
        >
          {say('common.reload')}
        </button>
      </section>
    </main>
  );
}
