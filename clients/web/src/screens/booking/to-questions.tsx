import { useQuery } from '@tanstack/react-query';
import { Link } from '../../app/navigation.tsx';
import { useSay } from '../../app/words.tsx';
import { questionnairesFor } from '../../parts/questionnaires.ts';

/** To what the clinic asks before a visit; nothing where it asks nothing. */
export function ToQuestions({
  service,
  appointment,
}: {
  readonly service: string;
  readonly appointment: string;
}) {
  const say = useSay();
  const { data = [] } = useQuery(questionnairesFor(service));
  return data.length === 0 ? null : (
    <Link to="/appointments/$id/questions" params={{ id: appointment }} className="button">
      {say('appts.questions')}
    </Link>
  );
}
