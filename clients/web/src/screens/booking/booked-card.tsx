import { Link } from '../../app/navigation.tsx';
import { useSay } from '../../app/words.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Icon } from '../../parts/icon.tsx';
import { calendarFile } from '../patient/calendar-file.ts';
import { VisitFacts } from './confirm-card.tsx';
import type { Service } from './directory.ts';
import { ToQuestions } from './to-questions.tsx';

export function BookedCard({
  name,
  zone,
  service,
  start,
  appointment,
  requested,
}: {
  readonly name: string;
  readonly zone: string;
  readonly service: Service;
  readonly start: string;
  readonly appointment: string;
  readonly requested: boolean;
}) {
  const say = useSay();
  const title = say(requested ? 'book.requested' : 'book.done');
  const end = new Date(new Date(start).getTime() + service.duration_min * 60_000);
  return (
    <section className="card" data-testid="booked">
      <span className="card-emblem">
        <Icon name="check" />
      </span>
      <Heading title={title}>{title}</Heading>
      {requested && <p className="lead">{say('book.requestedText')}</p>}
      <VisitFacts name={name} zone={zone} service={service} start={start} />
      <div className="actions">
        <Link to="/appointments" className="button button-primary">
          {say('book.toAppointments')}
        </Link>
        <ToQuestions service={service.id} appointment={appointment} />
        {!requested && (
          <a
            className="button"
            download="visit.ics"
            href={calendarFile({
              id: appointment,
              start,
              end: end.toISOString(),
              title: say('book.doneText', { service: service.name, name }),
              url: `${location.origin}/visit/${appointment}`,
            })}
          >
            <Icon name="calendar" />
            {say('book.addCalendar')}
          </a>
        )}
      </div>
    </section>
  );
}
