import { ApiProblem } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import { useSay } from '../app/words.tsx';
import { Icon } from '../parts/icon.tsx';
import { documentQuery } from './documents-of.ts';

/** A document that goes with a message: whether one may open it is decided for each by itself. */
export function DocumentLine({ id }: { readonly id: string }) {
  const say = useSay();
  const { data, error } = useQuery(documentQuery(id));
  if (error instanceof ApiProblem && (error.status === 403 || error.status === 404)) {
    return <p className="hint">{say('msgs.closedDocument')}</p>;
  }
  if (data === undefined) {
    return null;
  }
  const { name, state } = data.document;
  return state === 'ready' ? (
    <p>
      <a className="link" href={contentOf(id)} download={name}>
        <Icon name="note" /> {name}
      </a>
    </p>
  ) : (
    <p className="hint">{name}</p>
  );
}

/** Where its bytes are read. Each reading is written down. */
export function contentOf(id: string): string {
  return `/v1/documents/${encodeURIComponent(id)}/content`;
}
